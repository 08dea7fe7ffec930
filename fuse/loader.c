/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That a mount is gone does not say that its loader is: it may have counts to write yet. So the
 * loader listens on a socket that the mount's device number names, and never accepts anybody. Who
 * unmounts connects before and waits for the connection to break, which the kernel sees to however
 * the loader ends. In the abstract name space nothing is left behind.
 *
 * Another user may take the name first, and with it make an umount wait for as long as its patience
 * lasts, but no more: nothing is sent or believed.
 */
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuse/internal.h"

enum { WAITERS = 16 };

typedef int at_name(int fd, const struct sockaddr *address, socklen_t len);

/* A socket that CALL, bind() or connect(), has given the name of DEVICE, or -1. */
static int named_socket(const char *device, at_name *call)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int len =
        snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "lambdaimg/mount/%s", device);

    if (fd >= 0 &&
        call(fd, (const struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int li_loader_announce(const char *device)
{
    int fd = named_socket(device, bind);

    if (fd >= 0)
        listen(fd, WAITERS);
    return fd;
}

int li_loader_watch(const char *device)
{
    return named_socket(device, connect);
}

void li_loader_outwait(int fd, int patience)
{
    struct pollfd over = {.fd = fd};

    if (fd < 0)
        return;
    poll(&over, 1, patience * 1000);
    close(fd);
}
