/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory store: listing. The directory may change meanwhile: entries that disappear are left
 * out. Temporary names are not objects; neither is the lost+found of a file system whose root is
 * the store. Names that cannot be keys are listed all the same, because whoever asks whether a
 * directory is empty needs to know about them.
 */
#include "store/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_DEPTH = 64,     /* nested directories: each holds a descriptor */
    MAX_KEYS = 1 << 26, /* in all, as in a bucket (D6o): a file system may invent names for ever */
};

struct listing {
    struct li_store_activity *activity;
    bool deep;
    size_t count; /* of the names so far */
    li_store_visit_object *visit;
    void *arg;
    char key[LI_STORE_KEY_MAX + 256 + 2]; /* a prefix with its '/', and a name */
};

static int list_directory(struct listing *l, int fd, size_t len, unsigned depth,
                          struct li_error *err);

static bool is_skipped(const char *name, size_t prefix_len)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           strncmp(name, LI_DIRECTORY_TEMPORARY, sizeof(LI_DIRECTORY_TEMPORARY) - 1) == 0 ||
           (prefix_len == 0 && strcmp(name, "lost+found") == 0);
}

/* Visits the entry whose name is at l->key + LEN. */
static int list_entry(struct listing *l, int parent, size_t len, unsigned depth,
                      struct li_error *err)
{
    const char *name = l->key + len;
    size_t end = len + strlen(name);
    struct li_store_object object = {.key = l->key, .modified = LI_STORE_NO_TIME};
    struct stat st;
    int fd;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : li_fail_errno(err, errno, "cannot look at %s", name);
    if (S_ISREG(st.st_mode)) {
        object.size = (uint64_t)st.st_size;
        object.modified = li_store_time(st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        return l->visit(l->arg, &object, err);
    }
    if (!S_ISDIR(st.st_mode))
        return 0;
    if (!l->deep) {
        memcpy(l->key + end, "/", 2);
        return l->visit(l->arg, &object, err);
    }
    if (end > LI_STORE_KEY_MAX || depth == MAX_DEPTH)
        return li_fail(err, LI_ELIMIT, "the directories within it are nested too deeply");
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : li_fail_errno(err, errno, "cannot open %s", name);
    l->key[end] = '/';
    return list_directory(l, fd, end + 1, depth + 1, err);
}

/* Takes ownership of FD. The first LEN bytes of l->key are its prefix. */
static int list_directory(struct listing *l, int fd, size_t len, unsigned depth,
                          struct li_error *err)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int rc = 0;

    if (!dir) {
        rc = li_fail_errno(err, errno, "cannot read the directory");
        close(fd);
        return rc;
    }
    while (rc >= 0 && (errno = 0, entry = readdir(dir))) {
        li_activity_step(l->activity);
        if (++l->count > MAX_KEYS)
            rc = li_fail(err, LI_ELIMIT, "the listing has more than %d keys", MAX_KEYS);
        if (rc < 0 || is_skipped(entry->d_name, len))
            continue;
        memcpy(l->key + len, entry->d_name, strlen(entry->d_name) + 1);
        rc = list_entry(l, fd, len, depth, err);
    }
    if (rc >= 0 && errno)
        rc = li_fail_errno(err, errno, "cannot read the directory");
    closedir(dir);
    return rc < 0 ? rc : 0;
}

int li_directory_list(struct li_store *store, const char *prefix, bool deep,
                      li_store_visit_object *visit, void *arg, struct li_error *err)
{
    struct listing l = {.activity = store->activity, .deep = deep, .visit = visit, .arg = arg};
    size_t len = strlen(prefix);
    const char *name;
    int fd = -1;
    int rc;

    memcpy(l.key, prefix, len + 1);
    rc = li_directory_parent((struct li_directory *)store, prefix, false, &fd, &name, err);
    if (rc < 0)
        return rc == LI_ENOTFOUND ? 0 : rc;
    return list_directory(&l, fd, len, 0, err);
}
