/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The size and the times of a file say little for certain: a disk that fails changes none of them,
 * and who may write can set one of them back. Every byte that is used is compared by itself
 * (tags.h). This is for what lies between the layers, and so that a user whose file was changed is
 * told that, and not that it is damaged.
 *
 * A file that gets or loses a name has another time of change, and the same contents.
 */
#include "layer/state.h"

#include <stdbool.h>
#include <string.h>

struct stat li_file_state(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        memset(&st, 0, sizeof(st));
    return st;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

int li_file_unchanged(int fd, const struct stat *before, struct li_error *err)
{
    static const char advice[] =
        "the file that it lies in was changed while it was read; try again when nothing writes to "
        "it any more";
    struct stat now = li_file_state(fd);

    if (now.st_size != before->st_size)
        return li_fail(err, LI_ECORRUPT, "%s (it had %lld bytes and has %lld)", advice,
                       (long long)before->st_size, (long long)now.st_size);
    if (!same_time(now.st_mtim, before->st_mtim) ||
        (now.st_nlink == before->st_nlink && !same_time(now.st_ctim, before->st_ctim)))
        return li_fail(err, LI_ECORRUPT, "%s", advice);
    return 0;
}
