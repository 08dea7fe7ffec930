/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The size and the times of a file prove little: a failing disk changes none of them, and whoever
 * may write can reset some. Every byte that is used is compared by itself (tags.h). The state
 * covers what is between the layers, and lets us tell users that their file was changed, not that
 * it is damaged.
 *
 * The change time also moves when the contents stay, because of a new name, owner or mode. So it
 * only explains a failure. A file that gets or loses a name shows this in its count of links.
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
