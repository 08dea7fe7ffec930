/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The size and the times of a file say little for certain: a disk that fails changes none of them,
 * and who may write can set one of them back. Every byte that is used is compared by itself
 * (tags.h). This is for what lies between the layers, and so that a user whose file was changed is
 * told that, and not that it is damaged.
 *
 * The time of change also moves where the contents stay: by a new name, owner or mode. So it only
 * explains a failure. A file that gets or loses a name shows that by its count of links.
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

static const char advice[] = "the file that holds it was changed while it was read; try again "
                             "when nothing writes to it";

int li_file_unchanged(int fd, const struct stat *before, struct li_error *err)
{
    struct stat now = li_file_state(fd);

    if (now.st_size != before->st_size)
        return li_fail(err, LI_ECORRUPT, "%s (it had %lld bytes and has %lld)", advice,
                       (long long)before->st_size, (long long)now.st_size);
    if (!same_time(now.st_mtim, before->st_mtim))
        return li_fail(err, LI_ECORRUPT, "%s", advice);
    return 0;
}

int li_file_untouched(int fd, const struct stat *before, struct li_error *err)
{
    struct stat now = li_file_state(fd);
    int rc = li_file_unchanged(fd, before, err);

    if (rc == 0 && now.st_nlink == before->st_nlink && !same_time(now.st_ctim, before->st_ctim))
        rc = li_fail(err, LI_ECORRUPT, "%s", advice);
    return rc;
}
