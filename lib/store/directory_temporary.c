/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory store: files that become objects.
 *
 * INVARIANT: a name never appears before its bytes are durable. Each object is written to a file
 * without a name, synced, and linked: a crash at any point leaves the whole object or nothing. The
 * sync is bearable: a push of 2,400 chunks, 483 MB sealed, of bytes that cost next to nothing to
 * compress, took 1.2 to 1.7 s with it and 1.0 to 1.1 s without on a virtual disk, and zstd takes
 * longer than that for real layers. Eight writers sync at once, and a journal commits for all of
 * them, so syncs are not gathered here. flush() syncs directories.
 *
 * If files without names cannot be used, and for replacing, a file ".tmp-PID-N" in the root of the
 * store is used. It gets its name by link(), or, without links, by a rename that does not replace;
 * and by rename() if it is to replace.
 */
#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

int li_directory_temporary_open_named(struct li_directory *d, struct li_directory_temporary *t,
                                      struct li_error *err)
{
    do {
        snprintf(t->name, sizeof(t->name), LI_DIRECTORY_TEMPORARY "-%ld-%u", (long)getpid(),
                 atomic_fetch_add(&d->counter, 1));
        t->fd =
            openat(d->root, t->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    } while (t->fd < 0 && errno == EEXIST);
    if (t->fd >= 0)
        return 0;
    t->name[0] = '\0';
    return li_fail_errno(err, errno, "cannot make a temporary file in the store's directory");
}

/* ext4 returns EPERM, not ENOENT, for a file without a name in a directory that was removed. */
static int explain_no_file(int parent, int sys, struct li_error *err)
{
    struct stat st;

    if (sys == EPERM && fstat(parent, &st) == 0 && st.st_nlink == 0)
        sys = ENOENT;
    return li_fail_errno(err, sys, "cannot make a file");
}

int li_directory_temporary_open(struct li_directory *d, int parent,
                                struct li_directory_temporary *t, struct li_error *err)
{
    if (atomic_load(&d->named_only))
        return li_directory_temporary_open_named(d, t, err);
    t->fd = openat(parent, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (t->fd >= 0)
        return 0;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOSYS)
        return explain_no_file(parent, errno, err);
    atomic_store(&d->named_only, true);
    return li_directory_temporary_open_named(d, t, err);
}

void li_directory_temporary_close(struct li_directory *d, struct li_directory_temporary *t)
{
    if (t->name[0])
        unlinkat(d->root, t->name, 0);
    if (t->fd >= 0)
        close(t->fd);
}

static int sync_to_disk(const struct li_directory_temporary *t, struct li_error *err)
{
    return fdatasync(t->fd) < 0 ? li_fail_errno(err, errno, "cannot write it to the disk") : 0;
}

int li_directory_temporary_fill(struct li_directory *d, const struct li_directory_temporary *t,
                                const void *data, size_t len, struct li_error *err)
{
    int rc = 0;

    for (size_t done = 0, n; rc == 0 && done < len; done += n) {
        n = len - done < LI_DIRECTORY_STEP ? len - done : LI_DIRECTORY_STEP;
        rc = li_pwrite_all(t->fd, (const uint8_t *)data + done, n, done, err);
        li_activity_step(&d->activity);
    }
    return rc < 0 ? rc : sync_to_disk(t, err);
}

static int copy_by_hand(struct li_directory *d, int from, const struct li_directory_temporary *t,
                        uint64_t offset, uint64_t size, struct li_error *err)
{
    uint8_t piece[16384];
    int rc = 0;

    while (rc == 0 && offset < size) {
        size_t n = size - offset < sizeof(piece) ? (size_t)(size - offset) : sizeof(piece);

        rc = li_pread_all(from, piece, n, offset, err);
        if (rc == 0)
            rc = li_pwrite_all(t->fd, piece, n, offset, err);
        offset += n;
        li_activity_step(&d->activity);
    }
    return rc;
}

int li_directory_temporary_copy(struct li_directory *d, const struct li_directory_temporary *t,
                                int from, uint64_t size, struct li_error *err)
{
    uint64_t done = 0;
    int rc = 0;

    if (ioctl(t->fd, FICLONE, from) < 0) {
        while (done < size) {
            off_t in = (off_t)done, to = (off_t)done;
            uint64_t left = size - done;
            ssize_t n = copy_file_range(from, &in, t->fd, &to,
                                        left < LI_DIRECTORY_STEP ? left : LI_DIRECTORY_STEP, 0);

            li_activity_step(&d->activity);
            if (n <= 0)
                break;
            done += (uint64_t)n;
        }
        rc = copy_by_hand(d, from, t, done, size, err);
    }
    return rc < 0 ? rc : sync_to_disk(t, err);
}

int li_directory_temporary_link(struct li_directory *d, struct li_directory_temporary *t,
                                int parent, const char *name, struct li_error *err)
{
    char self[64];
    int rc;

    if (t->name[0]) {
        rc = li_move_where_absent(d->root, t->name, parent, name, err);
        if (rc == 0)
            t->name[0] = '\0';
        return rc;
    }
    snprintf(self, sizeof(self), "/proc/self/fd/%d", t->fd);
    if (linkat(AT_FDCWD, self, parent, name, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    return errno == EEXIST ? LI_END : li_fail_errno(err, errno, "cannot name the finished file");
}

int li_directory_temporary_rename(struct li_directory *d, struct li_directory_temporary *t,
                                  int parent, const char *name, struct li_error *err)
{
    if (renameat(d->root, t->name, parent, name) < 0)
        return li_fail_errno(err, errno, "cannot put the finished file in its place");
    t->name[0] = '\0';
    return 0;
}
