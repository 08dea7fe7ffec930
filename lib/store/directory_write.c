/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory store: writing, through the files of directory_temporary.c.
 *
 * replace_if() and remove() hold a lock on a file of the store while they compare and rename, for
 * some microseconds. This is not a lock of the repository, which has none: nobody holds it during a
 * push, the kernel drops it with its holder, and a store with conditional writes of its own needs
 * nothing like it. It locks a file and not the directory, because NFS cannot lock directories.
 */
#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/regular.h"

/* How often a directory may be removed during a write before the writer gives up. */
enum { MAX_ATTEMPTS = 100 };

/* How long to wait for the lock. */
enum { LOCK_SECONDS = 30, LOCK_TRIES_A_SECOND = 200 };

/* The source of a temporary file's bytes: memory, or another file. */
struct content {
    const void *data;
    size_t len;
    int from; /* the file, or -1 */
    uint64_t size;
};

static int put_once(struct li_directory *d, const char *key, const struct content *content,
                    struct li_error *err)
{
    struct li_directory_temporary t = {-1, ""};
    const char *name;
    struct stat st;
    int parent = -1;
    int rc;

    rc = li_directory_parent(d, key, true, &parent, &name, err);
    if (rc < 0)
        return rc;
    /* To li_store_exists(), too, only a regular file is an object. To accept anything else here
     * would be to rely on an object that nobody can read. */
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        rc = S_ISREG(st.st_mode) ? LI_END
                                 : li_fail(err, LI_ECORRUPT,
                                           "what is in its place is not a regular file; remove it");
        goto out;
    }
    rc = li_directory_temporary_open(d, parent, &t, err);
    if (rc < 0)
        goto out;
    if (content->from >= 0)
        rc = li_directory_temporary_copy(d, &t, content->from, content->size, err);
    else
        rc = li_directory_temporary_fill(d, &t, content->data, content->len, err);
    if (rc == 0)
        rc = li_directory_temporary_link(d, &t, parent, name, err);
out:
    li_directory_temporary_close(d, &t);
    close(parent);
    return rc;
}

/* After MAX_ATTEMPTS. "Not found" would be an answer about the object. */
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
    /* Needed even if another pusher was first: its name must be durable before ours relies on it.
     */
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
    struct li_directory_temporary t = {-1, ""};
    const char *name;
    int parent = -1;
    int rc;

    rc = li_directory_parent(d, key, true, &parent, &name, err);
    if (rc < 0)
        return rc;
    rc = li_directory_temporary_open_named(d, &t, err);
    if (rc == 0)
        rc = li_directory_temporary_fill(d, &t, data, len, err);
    if (rc == 0)
        rc = li_directory_temporary_rename(d, &t, parent, name, err);
    li_directory_temporary_close(d, &t);
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

/* Waits for the lock, which is never held for long. It does not wait for ever, because anyone who
 * may read the file can hold the lock, or be stopped while holding it. */
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

/* Opens the lock file, and makes it if there is none. Whoever may only read it can still lock it on
 * a local file system. */
static int open_lock(int root, const char *name)
{
    int made = openat(root, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    struct stat st;
    int got;

    if (made >= 0 || errno != EEXIST)
        return made;
    got = li_open_regular(root, name, O_RDWR | O_NOFOLLOW, &st);
    return got < 0 && errno == EACCES ? li_open_regular(root, name, O_RDONLY | O_NOFOLLOW, &st)
                                      : got;
}

/* Closing *FD drops the lock. */
static int take_lock(struct li_directory *d, int *fd, struct li_error *err)
{
    static const char name[] = LI_DIRECTORY_TEMPORARY "-lock";
    int got = open_lock(d->root, name);
    int rc;

    if (got < 0 && errno == ENODEV)
        return li_fail(err, LI_ECORRUPT,
                       "the store's lock file %s is not a regular file: remove it", name);
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

/* LI_ECHANGED if NAME does not hold exactly EXPECTED. */
static int compare(int parent, const char *name, const struct li_buffer *expected,
                   struct li_error *err)
{
    struct li_buffer now = {0};
    uint64_t size;
    int fd = -1;
    int rc;

    rc = li_directory_file(parent, name, &fd, &size, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? li_fail(err, LI_ECHANGED, "another process removed it") : rc;
    if (size == expected->len)
        rc = li_read_rest(fd, expected->len, &now, err);
    if (rc == 0 && (now.len != expected->len ||
                    (expected->len && memcmp(now.data, expected->data, expected->len) != 0)))
        rc = li_fail(err, LI_ECHANGED, "another process changed it");
    close(fd);
    li_buffer_free(&now);
    return rc;
}

int li_directory_replace_if(struct li_store *store, const char *key,
                            const struct li_buffer *expected, const void *data, size_t len,
                            struct li_error *err)
{
    struct li_directory *d = (struct li_directory *)store;
    struct li_directory_temporary t = {-1, ""};
    const char *name;
    int parent = -1, lock = -1;
    int rc;

    rc = li_directory_parent(d, key, false, &parent, &name, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? li_fail(err, LI_ECHANGED, "another process removed it") : rc;
    rc = li_directory_temporary_open_named(d, &t, err);
    if (rc == 0)
        rc = li_directory_temporary_fill(d, &t, data, len, err);
    if (rc == 0)
        rc = take_lock(d, &lock, err);
    if (rc == 0)
        rc = compare(parent, name, expected, err);
    if (rc == 0)
        rc = li_directory_temporary_rename(d, &t, parent, name, err);
    if (lock >= 0)
        close(lock);
    li_directory_temporary_close(d, &t);
    close(parent);
    return rc < 0 ? rc : li_directory_changed(d, key, err);
}

/* Also removes its directory if it is empty, but only one level. A writer that is about to use it
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
