/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a mount is gone, its loader may still run, for instance to write its statistics. So the
 * loader listens on a socket whose name is made of the mount's device number, and never accepts a
 * connection. An unmounter connects to it first and waits for the connection to break; the kernel
 * breaks it however the loader ends. In the abstract name space nothing is left behind.
 *
 * The kernel gives the device number to another mount as soon as the first is gone, and that may be
 * before the first loader has ended. So each number has several names. A loader takes the first
 * that is free, and an unmounter waits for all loaders that have one of them.
 *
 * Another user may take the names first, and make an umount wait until its patience ends, but no
 * longer: nothing is sent or believed.
 */
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fuse/internal.h"

enum { WAITERS = 16 };

typedef int at_name(int fd, const struct sockaddr *address, socklen_t len);

/* A socket to which CALL, bind() or connect(), has given name N of DEVICE, or -1. */
static int named_socket(const char *device, int n, at_name *call)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
                       n ? "lambdaimg/mount/%s/%d" : "lambdaimg/mount/%s", device, n);

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
    int fd = -1;

    for (int n = 0; n < LI_LOADER_NAMES && fd < 0; n++)
        fd = named_socket(device, n, bind);
    if (fd >= 0)
        listen(fd, WAITERS);
    return fd;
}

void li_loader_watch(const char *device, struct li_loader_watch *out)
{
    for (int n = 0; n < LI_LOADER_NAMES; n++)
        out->fd[n] = device ? named_socket(device, n, connect) : -1;
}

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void li_loader_outwait(const struct li_loader_watch *watch, int patience)
{
    long long end = now_ms() + patience * 1000LL;

    for (int n = 0; n < LI_LOADER_NAMES; n++) {
        struct pollfd over = {.fd = watch->fd[n]};
        long long left = end - now_ms();

        if (over.fd < 0)
            continue;
        poll(&over, 1, left > 0 ? (int)left : 0);
        close(over.fd);
    }
}
