/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory store: opening it, and reading.
 *
 * Each key is walked from the root's descriptor, and no symbolic link is followed on the way:
 * whoever may write into a store must not be able to lead a pusher or a reader out of it. The
 * kernel does that in one call (openat2, Linux 5.6); if it cannot, or fails, we walk one component
 * after the other. A push looks for thousands of chunks, and most of that time is walking. Only
 * regular files are opened, and read only if their size is within the limit.
 *
 * ASSUMPTION: a store is within one file system, because names are given by link() and rename().
 */
#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "base/regular.h"

enum { WIDTH = 8 };

enum { DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static int open_step(int at, const char *name, bool make)
{
    int fd = openat(at, name, DIRECTORY_FLAGS);

    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if (mkdirat(at, name, 0777) < 0 && errno != EEXIST)
        return -1;
    return openat(at, name, DIRECTORY_FLAGS);
}

static int walk_to_parent(struct li_directory *d, const char *key, bool make, int *fd,
                          const char **name, struct li_error *err)
{
    int at = openat(d->root, ".", DIRECTORY_FLAGS);
    const char *slash;

    while (at >= 0 && (slash = strchr(key, '/'))) {
        char component[LI_STORE_KEY_MAX + 1];
        int next, rc = 0;

        memcpy(component, key, (size_t)(slash - key));
        component[slash - key] = '\0';
        next = open_step(at, component, make);
        if (next < 0)
            rc = li_fail_errno(err, errno, "cannot open the directory %s", component);
        close(at);
        if (rc < 0)
            return rc;
        at = next;
        key = slash + 1;
    }
    if (at < 0)
        return li_fail_errno(err, errno, "cannot open the store's directory");
    *fd = at;
    *name = key;
    return 0;
}

/* The directory of KEY, which has a '/', in one call; -1 if that is not possible. */
static int open_at_once(const struct li_directory *d, const char *key)
{
    const char *slash = strrchr(key, '/');
    struct open_how how = {.flags = DIRECTORY_FLAGS,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    char directory[LI_STORE_KEY_MAX + 3];

    memcpy(directory, key, (size_t)(slash - key));
    directory[slash - key] = '\0';
    return (int)syscall(SYS_openat2, d->root, directory, &how, sizeof(how));
}

int li_directory_parent(struct li_directory *d, const char *key, bool make, int *fd,
                        const char **name, struct li_error *err)
{
    int at = strchr(key, '/') ? open_at_once(d, key) : -1;

    if (at >= 0) {
        *fd = at;
        *name = strrchr(key, '/') + 1;
        return 0;
    }
    return walk_to_parent(d, key, make, fd, name, err);
}

int li_directory_file(int parent, const char *name, int *fd, uint64_t *size, struct li_error *err)
{
    struct stat st;
    int got = li_open_regular(parent, name, O_RDONLY | O_NOFOLLOW, &st);

    if (got < 0 && S_ISDIR(st.st_mode))
        return li_fail(err, LI_ENOTFOUND, "it is a directory");
    if (got < 0 && S_ISLNK(st.st_mode))
        return li_fail(err, LI_ECORRUPT, "it is a symbolic link, which a store cannot hold");
    if (got < 0 && errno == ENODEV)
        return li_fail(err, LI_ECORRUPT, "it is not a regular file");
    if (got < 0)
        return li_fail_errno(err, errno, "cannot open it");
    *fd = got;
    *size = (uint64_t)st.st_size;
    return 0;
}

static int open_key(struct li_directory *d, const char *key, int *fd, uint64_t *size,
                    struct li_error *err)
{
    const char *name;
    int parent = -1;
    int rc = li_directory_parent(d, key, false, &parent, &name, err);

    if (rc < 0)
        return rc;
    rc = li_directory_file(parent, name, fd, size, err);
    close(parent);
    return rc;
}

static int read_into(struct li_directory *d, int fd, uint64_t offset, size_t len,
                     struct li_buffer *out, struct li_error *err)
{
    int rc = li_buffer_reserve(out, len, err);

    while (rc == 0 && out->len < len) {
        size_t n = len - out->len < LI_DIRECTORY_STEP ? len - out->len : LI_DIRECTORY_STEP;

        rc = li_pread_all(fd, out->data + out->len, n, offset + out->len, err);
        if (rc == 0)
            out->len += n;
        li_activity_step(&d->activity);
    }
    return rc;
}

/* At most LEN bytes from OFFSET. If they are to be the WHOLE object, no more may follow. */
struct part {
    uint64_t offset;
    size_t len;
    bool whole;
};

static int read_part(struct li_directory *d, const char *key, const struct part *part,
                     struct li_buffer *out, struct li_error *err)
{
    uint64_t size, offset;
    int fd = -1;
    int rc;

    out->len = 0;
    rc = open_key(d, key, &fd, &size, err);
    if (rc < 0)
        return rc;
    offset = part->offset < size ? part->offset : size;
    if (part->whole && size - offset > part->len)
        rc = li_fail(err, LI_ELIMIT, "it has %llu bytes; at most %zu are allowed here",
                     (unsigned long long)size, part->len);
    else
        rc = read_into(d, fd, offset,
                       part->len < size - offset ? part->len : (size_t)(size - offset), out, err);
    close(fd);
    return rc;
}

static int get(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
               struct li_error *err)
{
    const struct part whole = {.len = limit, .whole = true};

    return read_part((struct li_directory *)store, key, &whole, out, err);
}

static int get_range(struct li_store *store, const char *key, uint64_t offset, size_t len,
                     struct li_buffer *out, struct li_error *err)
{
    const struct part part = {.offset = offset, .len = len};

    return read_part((struct li_directory *)store, key, &part, out, err);
}

static int exists_one(struct li_directory *d, const char *key, uint64_t most, bool *present,
                      struct li_error *err)
{
    const char *name;
    struct stat st;
    int parent = -1;
    int rc = li_directory_parent(d, key, false, &parent, &name, err);

    *present = false;
    if (rc < 0)
        return rc == LI_ENOTFOUND ? 0 : rc;
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *present = S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size <= most;
    else if (errno != ENOENT)
        rc = li_fail_errno(err, errno, "cannot look for it");
    close(parent);
    return rc;
}

/* A name that another pusher made may not be durable yet, because it flushes later. Whoever relies
 * on an existing object must be able to flush it, too. */
static int exists(struct li_store *store, const char *const *keys, size_t count, uint64_t most,
                  bool *present, struct li_error *err)
{
    struct li_directory *d = (struct li_directory *)store;

    for (size_t i = 0; i < count; i++) {
        int rc = exists_one(d, keys[i], most, &present[i], err);

        li_activity_step(&d->activity);
        if (rc == 0 && present[i])
            rc = li_directory_changed(d, keys[i], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int remove_many(struct li_store *store, const char *const *keys, size_t count,
                       struct li_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (li_directory_remove(store, keys[i], err) < 0)
            return li_context(err, "%.300s", keys[i]);
        li_activity_step(store->activity);
    }
    return 0;
}

static void directory_free(struct li_store *store)
{
    struct li_directory *d = (struct li_directory *)store;

    for (size_t i = 0; i < d->changed_count; i++)
        free(d->changed[i]);
    free(d->changed);
    if (d->root >= 0)
        close(d->root);
    pthread_mutex_destroy(&d->flushing);
    pthread_mutex_destroy(&d->lock);
    free(store->address);
    free(d);
}

static const struct li_store_operations operations = {
    .get = get,
    .get_range = get_range,
    .put_if_absent = li_directory_put_if_absent,
    .replace = li_directory_replace,
    .replace_if = li_directory_replace_if,
    .exists = exists,
    .list = li_directory_list,
    .remove = li_directory_remove,
    .remove_many = remove_many,
    .copy = li_directory_copy,
    .flush = li_directory_flush,
    .free = directory_free,
};

static int make_root(const char *path, struct li_error *err)
{
    int parent;
    int rc = li_make_directories(path, err);

    if (rc < 0)
        return rc;
    /* So that the store's own name survives a crash. If this is not permitted, this call did not
     * make the directory. */
    parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0) {
        int above = openat(parent, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (above >= 0) {
            (void)fsync(above);
            close(above);
        }
        close(parent);
    }
    return 0;
}

int li_directory_open(const char *path, bool create, const struct li_env *env,
                      struct li_store **out, struct li_error *err)
{
    struct li_directory *d = NULL;
    int rc;

    rc = create ? make_root(path, err) : 0;
    if (rc < 0)
        return rc;
    d = calloc(1, sizeof(*d));
    if (!d)
        return li_fail_memory(err);
    d->store.ops = &operations;
    d->store.width = WIDTH;
    d->store.activity = &d->activity;
    d->env = env;
    pthread_mutex_init(&d->flushing, NULL);
    pthread_mutex_init(&d->lock, NULL);
    atomic_init(&d->named_only, access("/proc/self/fd", F_OK) < 0);
    d->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->root < 0)
        rc = li_fail_errno(err, errno, "cannot open the repository's directory %s", path);
    else if (asprintf(&d->store.address, "dir:%s", path) < 0) {
        d->store.address = NULL;
        rc = li_fail_memory(err);
    }
    if (rc < 0)
        directory_free(&d->store);
    else
        *out = &d->store;
    return rc;
}
