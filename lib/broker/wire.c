/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets keep the bounds of messages, so a message is whole or is not there, and one of
 * another length is none of ours. Descriptors that nobody waits for are closed by the kernel.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/internal.h"

enum { FDS_MAX = 2 };

union ancillary {
    struct cmsghdr header; /* for its alignment */
    char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

bool li_wire_send(int socket, const void *message, size_t len, const int *fds, size_t count)
{
    struct iovec part = {(void *)message, len};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    union ancillary ancillary;
    struct cmsghdr *control;
    ssize_t n;

    if (count > 0) {
        memset(&ancillary, 0, sizeof(ancillary));
        header.msg_control = ancillary.room;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control = CMSG_FIRSTHDR(&header);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(control), fds, count * sizeof(int));
    }
    do
        n = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

bool li_wire_closed(int socket)
{
    struct pollfd end = {.fd = socket};

    return poll(&end, 1, 0) > 0 && (end.revents & POLLHUP);
}

/* Takes the descriptors that came; closes them if they are not COUNT. */
static void take_descriptors(struct msghdr *header, int *fds, size_t count)
{
    struct cmsghdr *control = header->msg_controllen ? CMSG_FIRSTHDR(header) : NULL;
    size_t came;

    if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
        return;
    came = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < came; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(fd));
        if (came == count)
            fds[i] = fd;
        else
            close(fd);
    }
}

bool li_wire_receive(int socket, void *message, size_t len, int *fds, size_t count)
{
    struct iovec part = {message, len};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    union ancillary ancillary;
    ssize_t n;

    for (size_t i = 0; i < count; i++)
        fds[i] = -1;
    if (count > 0) {
        header.msg_control = ancillary.room;
        header.msg_controllen = sizeof(ancillary.room);
    }
    do
        n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        take_descriptors(&header, fds, count);
    return n == (ssize_t)len && !(header.msg_flags & MSG_TRUNC);
}
