/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a mount is gone, its loader may still run, for instance to write its statistics. So the
 * loader listens on a socket whose name is made of the mount's device number, and never accepts a
 * connection. An unmounter connects to it first and waits for the connection to break; the kernel
 * breaks it however the loader ends. In the abstract name space nothing is left behind.
 *
 * Another user may take the name first, and make an umount wait until its patience ends, but no
 * longer: nothing is sent or believed.
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

/* A socket to which CALL, bind() or connect(), has given the name of DEVICE, or -1. */
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
