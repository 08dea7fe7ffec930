/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memo's files are never changed, only replaced: a file is written under a temporary name and
 * renamed, so that concurrent pushes read a whole file that one of them wrote. Nothing is synced. A
 * file that a crash damages fails its check, and only its contents are lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/regular.h"
#include "memo/internal.h"

int li_memo_open_file(const struct li_memo *memo, const char *name, int *fd, uint64_t *size)
{
    struct stat st;
    int got = li_open_regular(memo->dir, name, O_RDONLY | O_NOFOLLOW, &st);

    if (got < 0)
        return LI_END;
    *fd = got;
    *size = (uint64_t)st.st_size;
    return 0;
}

static int write_pieces(int fd, const struct li_memo_piece *pieces, size_t count,
                        struct li_error *err)
{
    uint64_t at = 0;
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = li_pwrite_all(fd, pieces[i].data, pieces[i].len, at, err);
        at += pieces[i].len;
    }
    return rc;
}

int li_memo_write_file(const struct li_memo *memo, const char *name,
                       const struct li_memo_piece *pieces, size_t count, struct li_error *err)
{
    char own[32], hex[17];
    uint8_t number[8];
    int fd, rc;

    rc = memo->env->random(number, sizeof(number), err);
    if (rc < 0)
        return rc;
    li_hex_encode(number, sizeof(number), hex);
    snprintf(own, sizeof(own), ".tmp-%s", hex);
    fd = openat(memo->dir, own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return li_fail_errno(err, errno, "cannot make a file in %s", memo->root);
    rc = write_pieces(fd, pieces, count, err);
    if (close(fd) < 0 && rc == 0)
        rc = li_fail_errno(err, errno, "cannot write a file in %s", memo->root);
    if (rc == 0 && renameat(memo->dir, own, memo->dir, name) < 0)
        rc = li_fail_errno(err, errno, "cannot name a file in %s", memo->root);
    if (rc < 0)
        unlinkat(memo->dir, own, 0);
    return rc;
}

void li_memo_touch(const struct li_memo *memo, const char *name)
{
    struct stat st;
    int fd;

    if (fstatat(memo->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        st.st_mtime >= memo->env->now() - LI_MEMO_DAY)
        return;
    fd = openat(memo->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    futimens(fd, NULL);
    close(fd);
}
