/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory store: what writes.
 *
 * INVARIANT: a name never appears before its bytes are durable. Each object is written to a file
 * without a name, synced, and linked: a crash at any point leaves the whole object or nothing. The
 * sync is bearable: a push of 2,400 chunks, 483 MB sealed, of bytes that cost next to nothing to
 * compress, took 1.2 to 1.7 s with it and 1.0 to 1.1 s without on a virtual disk, and real layers
 * take zstd longer than that. Eight writers sync at once, and a journal commits for all of them, so
 * syncs are not gathered here. Directories are synced by flush().
 *
 * Where there are no files without names, and for replacing, a file ".tmp-PID-N" in the root of the
 * store is used. Names are given by link(), or, where there are no links, by a rename that does not
 * replace; and by rename() for what is to be replaced.
 *
 * replace_if() and remove() hold a lock on a file of the store while they compare and rename, some
 * microseconds. This is not a lock of the repository, which has none: nobody holds it while they
 * push, the kernel drops it with its holder, and a store that has conditional writes of its own
 * needs nothing like it. A file is used, not the directory, since NFS cannot lock directories.
 */
#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"

/* How often a directory may be removed under a writer before it gives up. */
enum { MAX_ATTEMPTS = 100 };

/* How long to wait for the lock. */
enum { LOCK_SECONDS = 30, LOCK_TRIES_A_SECOND = 200 };

struct temporary {
    int fd;
    char name[48]; /* in the root; "" while it has none */
};

static int open_named(struct li_directory *d, struct temporary *t, struct li_error *err)
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

/* ext4 says EPERM, not ENOENT, to a file without a name in a directory that was removed. */
static int explain_no_file(int parent, int sys, struct li_error *err)
{
    struct stat st;

    if (sys == EPERM && fstat(parent, &st) == 0 && st.st_nlink == 0)
        sys = ENOENT;
    return li_fail_errno(err, sys, "cannot make a file");
}

static int open_temporary(struct li_directory *d, int parent, struct temporary *t,
                          struct li_error *err)
{
    if (atomic_load(&d->named_only))
        return open_named(d, t, err);
    t->fd = openat(parent, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (t->fd >= 0)
        return 0;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOSYS)
        return explain_no_file(parent, errno, err);
    atomic_store(&d->named_only, true);
    return open_named(d, t, err);
}

static void close_temporary(struct li_directory *d, struct temporary *t)
{
    if (t->name[0])
        unlinkat(d->root, t->name, 0);
    if (t->fd >= 0)
        close(t->fd);
}

static int sync_temporary(const struct temporary *t, struct li_error *err)
{
    return fdatasync(t->fd) < 0 ? li_fail_errno(err, errno, "cannot write it to the disk") : 0;
}

static int fill(const struct temporary *t, const void *data, size_t len, struct li_error *err)
{
    int rc = li_pwrite_all(t->fd, data, len, 0, err);

    return rc < 0 ? rc : sync_temporary(t, err);
}

/* Gives the finished file its name; LI_END where that is taken. */
static int link_temporary(struct li_directory *d, struct temporary *t, int parent, const char *name,
                          struct li_error *err)
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

/* What puts bytes into a temporary file: from memory, or from another file. */
struct content {
    const void *data;
    size_t len;
    int from; /* the file, or -1 */
    uint64_t size;
};

static int copy_by_hand(int from, const struct temporary *t, uint64_t offset, uint64_t size,
                        struct li_error *err)
{
    uint8_t piece[16384];
    int rc = 0;

    while (rc == 0 && offset < size) {
        size_t n = size - offset < sizeof(piece) ? (size_t)(size - offset) : sizeof(piece);

        rc = li_pread_all(from, piece, n, offset, err);
        if (rc == 0)
            rc = li_pwrite_all(t->fd, piece, n, offset, err);
        offset += n;
    }
    return rc;
}

static int fill_from_file(const struct content *content, const struct temporary *t,
                          struct li_error *err)
{
    uint64_t done = 0;
    int rc = 0;

    if (ioctl(t->fd, FICLONE, content->from) < 0) {
        while (done < content->size) {
            off_t in = (off_t)done, to = (off_t)done;
            ssize_t n = copy_file_range(content->from, &in, t->fd, &to, content->size - done, 0);

            if (n <= 0)
                break;
            done += (uint64_t)n;
        }
        rc = copy_by_hand(content->from, t, done, content->size, err);
    }
    return rc < 0 ? rc : sync_temporary(t, err);
}

static int put_once(struct li_directory *d, const char *key, const struct content *content,
                    struct li_error *err)
{
    struct temporary t = {-1, ""};
    const char *name;
    struct stat st;
    int parent = -1;
    int rc;

    rc = li_directory_parent(d, key, true, &parent, &name, err);
    if (rc < 0)
        return rc;
    /* What is no file is not there for li_store_exists() either: to call it the object would be to
     * rely on one that nobody can read. */
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        rc = S_ISREG(st.st_mode) ? LI_END
                                 : li_fail(err, LI_ECORRUPT,
                                           "what lies in its place is no regular file; remove it");
        goto out;
    }
    rc = open_temporary(d, parent, &t, err);
    if (rc < 0)
        goto out;
    if (content->from >= 0)
        rc = fill_from_file(content, &t, err);
    else
        rc = fill(&t, content->data, content->len, err);
    if (rc == 0)
        rc = link_temporary(d, &t, parent, name, err);
out:
    close_temporary(d, &t);
    close(parent);
    return rc;
}

/* After MAX_ATTEMPTS. "Not found" would tell the caller of something that it asked for. */
static int give_up(struct li_error *err)
{
    err->code = LI_EIO;
    return LI_EIO;
}

static int put(struct li_directory *d, const char *key, const struct content *content,
               struct li_error *err)
{
    int rc = LI_ENOTFOUND;
    int marked;

    for (int i = 0; i < MAX_ATTEMPTS && rc == LI_ENOTFOUND; i++)
        rc = put_once(d, key, content, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? give_up(err) : rc;
    /* Also where another pusher was first: its name must be durable before ours relies on it. */
    marked = li_directory_changed(d, key, err);
    return marked < 0 ? marked : rc;
}

int li_directory_put_if_absent(struct li_store *store, const char *key, const void *data,
                               size_t len, struct li_error *err)
{
    const struct content content = {data, len, -1, 0};

    return put((struct li_directory *)store, key, &content, err);
}

int li_directory_copy(struct li_store *store, const char *from, const char *to,
                      struct li_error *err)
{
    struct li_directory *d = (struct li_directory *)store;
    struct content content = {NULL, 0, -1, 0};
    const char *name;
    int parent = -1;
    int rc;

    rc = li_directory_parent(d, from, false, &parent, &name, err);
    if (rc == 0)
        rc = li_directory_file(parent, name, &content.from, &content.size, err);
    if (rc < 0)
        li_context(err, "copying %s", from);
    else
        rc = put(d, to, &content, err);
    if (content.from >= 0)
        close(content.from);
    if (parent >= 0)
        close(parent);
    return rc;
}

static int replace_once(struct li_directory *d, const char *key, const void *data, size_t len,
                        struct li_error *err)
{
    struct temporary t = {-1, ""};
    const char *name;
    int parent = -1;
    int rc;

    rc = li_directory_parent(d, key, true, &parent, &name, err);
    if (rc < 0)
        return rc;
    rc = open_named(d, &t, err);
    if (rc == 0)
        rc = fill(&t, data, len, err);
    if (rc == 0 && renameat(d->root, t.name, parent, name) < 0)
        rc = li_fail_errno(err, errno, "cannot put the finished file in its place");
    if (rc == 0)
        t.name[0] = '\0';
    close_temporary(d, &t);
    close(parent);
    return rc;
}

int li_directory_replace(struct li_store *store, const char *key, const void *data, size_t len,
                         struct li_error *err)
{
    struct li_directory *d = (struct li_directory *)store;
    int rc = LI_ENOTFOUND;

    for (int i = 0; i < MAX_ATTEMPTS && rc == LI_ENOTFOUND; i++)
        rc = replace_once(d, key, data, len, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? give_up(err) : rc;
    return li_directory_changed(d, key, err);
}

/* Waits for the lock, which nobody holds for long: not for ever, since whoever may read the file
 * can hold it, or be stopped while they do. */
static int wait_for_lock(int fd)
{
    static const struct timespec nap = {0, 1000000000 / LOCK_TRIES_A_SECOND};

    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
        if (errno == EWOULDBLOCK && i == LOCK_SECONDS * LOCK_TRIES_A_SECOND)
            errno = EBUSY;
        if (errno != EINTR && errno != EWOULDBLOCK)
            return -1;
        nanosleep(&nap, NULL);
    }
    return 0;
}

/* The lock is dropped by closing *FD. One who may only read the file can still lock it where the
 * file system is local. */
static int take_lock(struct li_directory *d, int *fd, struct li_error *err)
{
    static const char name[] = LI_DIRECTORY_TEMPORARY "-lock";
    int got = openat(d->root, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    int rc;

    if (got < 0 && errno == EACCES)
        got = openat(d->root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (got < 0)
        return li_fail_errno(err, errno, "cannot open the store's lock file %s", name);
    if (wait_for_lock(got) < 0) {
        rc = li_fail_errno(err, errno, "cannot lock the store's lock file %s", name);
        close(got);
        return rc;
    }
    *fd = got;
    return 0;
}

/* LI_ECHANGED where NAME does not hold exactly EXPECTED. */
static int compare(int parent, const char *name, const void *expected, size_t len,
                   struct li_error *err)
{
    struct li_buffer now = {0};
    uint64_t size;
    int fd = -1;
    int rc;

    rc = li_directory_file(parent, name, &fd, &size, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? li_fail(err, LI_ECHANGED, "it was removed by another") : rc;
    if (size == len)
        rc = li_read_rest(fd, len, &now, err);
    if (rc == 0 && (now.len != len || (len && memcmp(now.data, expected, len) != 0)))
        rc = li_fail(err, LI_ECHANGED, "it was changed by another");
    close(fd);
    li_buffer_free(&now);
    return rc;
}

int li_directory_replace_if(struct li_store *store, const char *key, const void *expected,
                            size_t expected_len, const void *data, size_t len, struct li_error *err)
{
    struct li_directory *d = (struct li_directory *)store;
    struct temporary t = {-1, ""};
    const char *name;
    int parent = -1, lock = -1;
    int rc;

    rc = li_directory_parent(d, key, false, &parent, &name, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? li_fail(err, LI_ECHANGED, "it was removed by another") : rc;
    rc = open_named(d, &t, err);
    if (rc == 0)
        rc = fill(&t, data, len, err);
    if (rc == 0)
        rc = take_lock(d, &lock, err);
    if (rc == 0)
        rc = compare(parent, name, expected, expected_len, err);
    if (rc == 0 && renameat(d->root, t.name, parent, name) < 0)
        rc = li_fail_errno(err, errno, "cannot put the finished file in its place");
    if (rc == 0)
        t.name[0] = '\0';
    if (lock >= 0)
        close(lock);
    close_temporary(d, &t);
    close(parent);
    return rc < 0 ? rc : li_directory_changed(d, key, err);
}

/* Takes the emptied directory with it, one level and no more; a writer that is about to use it
 * makes it again. */
static void remove_emptied(struct li_directory *d, const char *key)
{
    struct li_error ignored = LI_ERROR_INIT;
    char directory[LI_STORE_KEY_MAX + 1];
    const char *slash = strrchr(key, '/');
    const char *name;
    int parent = -1;

    if (!slash)
        return;
    memcpy(directory, key, (size_t)(slash - key));
    directory[slash - key] = '\0';
    if (li_directory_parent(d, directory, false, &parent, &name, &ignored) < 0)
        return;
    unlinkat(parent, name, AT_REMOVEDIR);
    close(parent);
}

int li_directory_remove(struct li_store *store, const char *key, struct li_error *err)
{
    struct li_directory *d = (struct li_directory *)store;
    const char *name;
    int parent = -1, lock = -1;
    int rc;

    rc = li_directory_parent(d, key, false, &parent, &name, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? LI_END : rc;
    rc = take_lock(d, &lock, err);
    if (rc == 0 && unlinkat(parent, name, 0) < 0)
        rc = errno == ENOENT ? LI_END : li_fail_errno(err, errno, "cannot remove it");
    if (lock >= 0)
        close(lock);
    close(parent);
    if (rc == 0) {
        remove_emptied(d, key);
        rc = li_directory_changed(d, key, err);
    }
    return rc;
}
