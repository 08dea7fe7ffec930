/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor by O_PATH refers to a file without opening it. Once it is known to be regular, it is
 * opened by its name in /proc, so nobody can exchange it in between. Without /proc it is opened by
 * its own name, which waits for nothing, and what was opened is compared.
 */
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPEN_FLAGS = O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

static int open_again(int at, const char *name, int flags, const struct stat *st)
{
    int fd = openat(at, name, flags | OPEN_FLAGS);
    struct stat now;

    if (fd < 0)
        return -1;
    if (fstat(fd, &now) == 0 && now.st_dev == st->st_dev && now.st_ino == st->st_ino)
        return fd;
    close(fd);
    errno = ENODEV;
    return -1;
}

static int open_path(int path, int flags)
{
    char name[64];

    snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
    return open(name, (flags & ~O_NOFOLLOW) | OPEN_FLAGS);
}

int li_open_regular(int at, const char *name, int flags, struct stat *st)
{
    int path = openat(at, name, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW));
    int fd = -1, why = 0;

    memset(st, 0, sizeof(*st));
    if (path < 0)
        return -1;
    if (fstat(path, st) < 0)
        why = errno;
    else if (!S_ISREG(st->st_mode))
        why = ENODEV;
    if (why == 0 && (fd = open_path(path, flags)) < 0)
        why = errno;
    close(path);
    if (why == ENOENT && (fd = open_again(at, name, flags, st)) >= 0)
        return fd;
    if (why != 0 && why != ENOENT)
        errno = why;
    return fd;
}
