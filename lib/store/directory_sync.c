/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory store: making names durable, and removing old temporary files.
 *
 * A file that was synced and linked is on the disk, but its name is only when the directory is
 * synced as well, and the directory's own name when its parent is. A push changes the same few
 * hundred directories thousands of times, so they are collected, and flush() syncs each once.
 *
 * INVARIANT: if a directory is in the set, those above it are, too.
 */
#include "store/directory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

/* Seconds after which a temporary file has no living owner. */
enum { ABANDONED = 24 * 60 * 60 };

static bool is_before(const void *row, const void *key)
{
    return strcmp(*(char *const *)row, key) < 0;
}

/* Adds NAME ("" is the root); LI_END if it is in the set already. */
static int add(struct li_directory *d, const char *name, struct li_error *err)
{
    size_t at =
        li_array_lower_bound(d->changed, d->changed_count, sizeof(*d->changed), is_before, name);
    char *copy;
    int rc;

    if (at < d->changed_count && strcmp(d->changed[at], name) == 0)
        return LI_END;
    rc = li_array_reserve(&d->changed, &d->changed_cap, d->changed_count + 1, sizeof(*d->changed),
                          err);
    if (rc < 0)
        return rc;
    copy = strdup(name);
    if (!copy)
        return li_fail_memory(err);
    memmove(d->changed + at + 1, d->changed + at, (d->changed_count - at) * sizeof(*d->changed));
    d->changed[at] = copy;
    d->changed_count++;
    return 0;
}

int li_directory_changed(struct li_directory *d, const char *key, struct li_error *err)
{
    char name[LI_STORE_KEY_MAX + 1];
    size_t len = strlen(key);
    int rc = 0;

    memcpy(name, key, len + 1);
    pthread_mutex_lock(&d->lock);
    while (rc == 0 && len > 0) {
        char *slash = memrchr(name, '/', len);

        len = slash ? (size_t)(slash - name) : 0;
        name[len] = '\0';
        rc = add(d, name, err);
    }
    pthread_mutex_unlock(&d->lock);
    return rc < 0 ? rc : 0;
}

/* A directory that is gone has no names to make durable; its removal is recorded in its parent. */
static int sync_directory(struct li_directory *d, const char *directory, struct li_error *err)
{
    char inside[LI_STORE_KEY_MAX + 3];
    const char *name;
    size_t len = strlen(directory);
    int fd = -1;
    int rc;

    memcpy(inside, directory, len);
    memcpy(inside + len, len ? "/." : ".", len ? 3 : 2);
    rc = li_directory_parent(d, inside, false, &fd, &name, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? 0 : rc;
    /* EINVAL: this file system cannot sync directories. */
    if (fsync(fd) < 0 && errno != EINVAL)
        rc = li_fail_errno(err, errno, "cannot write the directory %s to the disk", directory);
    close(fd);
    return rc;
}

/* Removes what killed pushers left behind. If something fails here, another process tries again. */
static void sweep(struct li_directory *d)
{
    static const char prefix[] = LI_DIRECTORY_TEMPORARY "-";
    int fd = openat(d->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    struct stat st;

    if (!dir && fd >= 0)
        close(fd);
    while (dir && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0 ||
            !isdigit((unsigned char)entry->d_name[sizeof(prefix) - 1]))
            continue;
        li_activity_step(&d->activity);
        if (fstatat(d->root, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtime < d->env->now() - ABANDONED)
            unlinkat(d->root, entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
}

/* The next flush must try these again. Without memory this fails, but then this flush has failed
 * already, and its caller stores nothing that relies on them. */
static void put_back(struct li_directory *d, char **names, size_t count)
{
    struct li_error ignored = LI_ERROR_INIT;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < count; i++)
        (void)add(d, names[i], &ignored);
    pthread_mutex_unlock(&d->lock);
}

/* A flush that begins while another runs waits for it, because its caller may rely on directories
 * that the other took out of the set. */
int li_directory_flush(struct li_store *store, struct li_error *err)
{
    struct li_directory *d = (struct li_directory *)store;
    char **names;
    size_t count;
    int rc = 0;

    pthread_mutex_lock(&d->flushing);
    pthread_mutex_lock(&d->lock);
    names = d->changed;
    count = d->changed_count;
    d->changed = NULL;
    d->changed_count = d->changed_cap = 0;
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = sync_directory(d, names[i], err);
        li_activity_step(&d->activity);
    }
    if (rc < 0)
        put_back(d, names, count);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    if (rc == 0 && !d->swept) {
        sweep(d);
        d->swept = true;
    }
    pthread_mutex_unlock(&d->flushing);
    return rc;
}
