/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary files have no name if the file system allows that (O_TMPFILE), so that a killed process
 * leaves nothing behind. Otherwise a name is made and, for scratch files, removed at once; an
 * output file keeps its temporary name until it is committed.
 */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

int li_pread_all(int fd, void *buf, size_t len, uint64_t offset, struct li_error *err)
{
    uint8_t *to = buf;
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, to + done, len - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return li_fail_errno(err, errno, "reading at byte %llu",
                                 (unsigned long long)(offset + done));
        if (n == 0)
            return li_fail(err, LI_ECORRUPT, "the file ends after %llu bytes; it is cut short",
                           (unsigned long long)(offset + done));
        done += (size_t)n;
    }
    return 0;
}

int li_pwrite_all(int fd, const void *buf, size_t len, uint64_t offset, struct li_error *err)
{
    const uint8_t *from = buf;
    size_t done = 0;

    while (done < len) {
        ssize_t n = pwrite(fd, from + done, len - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return li_fail_errno(err, errno, "writing at byte %llu",
                                 (unsigned long long)(offset + done));
        done += (size_t)n;
    }
    return 0;
}

int li_read_rest(int fd, size_t limit, struct li_buffer *out, struct li_error *err)
{
    size_t start = out->len;
    int rc;

    for (;;) {
        ssize_t n;

        rc = li_buffer_reserve(out, out->len + 65536, err);
        if (rc < 0)
            return rc;
        n = read(fd, out->data + out->len, out->cap - out->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return li_fail_errno(err, errno, "reading");
        if (n == 0)
            return 0;
        out->len += (size_t)n;
        if (out->len - start > limit)
            return li_fail(err, LI_ELIMIT, "it has more than the %zu bytes that are allowed here",
                           limit);
    }
}

int li_read_file(const char *path, size_t limit, struct li_buffer *out, struct li_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return li_fail_errno(err, errno, "cannot open %s", path);
    rc = li_read_rest(fd, limit, out, err);
    if (rc < 0)
        li_context(err, "%s", path);
    close(fd);
    return rc;
}

int li_temporary_file(const char *dir, int *fd, struct li_error *err)
{
    char *path = NULL;
    int got = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

    if (got < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        if (asprintf(&path, "%s/lambdaimg-XXXXXX", dir) < 0)
            return li_fail_memory(err);
        got = mkostemp(path, O_CLOEXEC);
        if (got >= 0)
            unlink(path);
        free(path);
    }
    if (got < 0)
        return li_fail_errno(err, errno, "cannot make a temporary file in %s", dir);
    *fd = got;
    return 0;
}

static int make_directories(const char *dir, mode_t mode, struct li_error *err)
{
    char *path = strdup(dir);
    int rc = 0;

    if (!path)
        return li_fail_memory(err);
    for (char *p = path + 1;; p++) {
        char c = *p;

        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(path, mode) < 0 && errno != EEXIST) {
            rc = li_fail_errno(err, errno, "cannot make the directory %s", path);
            break;
        }
        *p = c;
        if (c == '\0')
            break;
    }
    free(path);
    return rc;
}

int li_make_directories(const char *dir, struct li_error *err)
{
    return make_directories(dir, 0777, err);
}

int li_make_private_directories(const char *dir, struct li_error *err)
{
    return make_directories(dir, 0700, err);
}

char *li_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int li_sync_directory(const char *dir, struct li_error *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0 || fsync(fd) < 0)
        rc = li_fail_errno(err, errno, "cannot write the directory %s to the disk", dir);
    if (fd >= 0)
        close(fd);
    return rc;
}

struct li_output {
    char *path;
    char *dir;
    char *temporary; /* the name it has before the commit; NULL if it has none */
    int fd;
    mode_t mode; /* to be set, like the group, which counts if GROUPED is set */
    gid_t group;
    bool grouped;
    pthread_mutex_t writing;
};

/* A name of its own and not one derived from the path, which may be as long as names can be. */
static int name_temporary(struct li_output *out, unsigned number, struct li_error *err)
{
    free(out->temporary);
    if (asprintf(&out->temporary, "%s/.lambdaimg-%06x", out->dir, number & 0xffffff) >= 0)
        return 0;
    out->temporary = NULL;
    return li_fail_memory(err);
}

enum { NAMES_MAX = 100 };

static unsigned number_of(unsigned attempt)
{
    return (unsigned)getpid() * 128 + attempt;
}

static int open_named(struct li_output *out, struct li_error *err)
{
    int rc;

    for (unsigned attempt = 0; attempt < NAMES_MAX; attempt++) {
        rc = name_temporary(out, number_of(attempt), err);
        if (rc < 0)
            return rc;
        out->fd = open(out->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (out->fd >= 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    rc = li_fail_errno(err, errno, "cannot make a file in %s", out->dir);
    free(out->temporary);
    out->temporary = NULL;
    return rc;
}

/* Whether the file PATH surely has no ACL. It is opened, because a process that is confined cannot
 * ask about a path. */
static bool has_no_acl(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    bool none = fd >= 0 && fgetxattr(fd, "system.posix_acl_access", NULL, 0) < 0 &&
                (errno == ENODATA || errno == EOPNOTSUPP);

    if (fd >= 0)
        close(fd);
    return none;
}

/* An image holds files that only root may read, so only the owner can read a new image. If the user
 * gave his own file other permissions, a new version keeps them. Another user's file does not
 * count: it may have been put there to be filled. If there is an ACL, the mode shows the ACL's
 * mask, so the group's permissions are not known. */
static void keep_permissions(struct li_output *out, const struct stat *old)
{
    out->mode = 0600;
    if (old->st_uid != geteuid())
        return;
    out->mode = old->st_mode & 0777;
    out->group = old->st_gid;
    out->grouped = has_no_acl(out->path);
}

static void set_permissions(struct li_output *out)
{
    struct stat st;

    if (out->mode == 0600 || fstat(out->fd, &st) < 0)
        return;
    if (!out->grouped || (st.st_gid != out->group && fchown(out->fd, (uid_t)-1, out->group) < 0))
        out->mode &= ~(mode_t)S_IRWXG;
    /* If this fails, as on file systems without permissions, they stay as they are. */
    (void)!fchmod(out->fd, out->mode);
}

/* Where the file is to be. A symbolic link is followed, because the link itself may be worth more
 * than the output (/dev/stdout is one). A path that cannot be written is refused now, and not after
 * all the work. */
static int resolve_output(struct li_output *out, const char *path, struct li_error *err)
{
    struct stat st, link;
    bool there = stat(path, &st) == 0;

    if (there && !S_ISREG(st.st_mode))
        return li_fail(err, LI_EINVALID, "cannot write %s: it exists and is not a regular file",
                       path);
    if (!there && (errno != ENOENT || *path == '\0'))
        return li_fail_errno(err, errno, "cannot write \"%.300s\"", path);
    if (!there && lstat(path, &link) == 0)
        return li_fail(err, LI_EINVALID, "cannot write %s: it is a link that leads nowhere", path);
    out->path = there ? realpath(path, NULL) : strdup(path);
    if (!out->path)
        return li_fail_errno(err, errno, "cannot write %s", path);
    out->mode = 0600;
    if (there)
        keep_permissions(out, &st);
    return 0;
}

int li_output_open(const char *path, uint64_t size, struct li_output **out, struct li_error *err)
{
    struct li_output *o = calloc(1, sizeof(*o));
    int rc = 0;

    if (!o)
        return li_fail_memory(err);
    o->fd = -1;
    pthread_mutex_init(&o->writing, NULL);
    rc = resolve_output(o, path, err);
    if (rc < 0)
        goto out;
    o->dir = li_directory_of(o->path);
    if (!o->dir) {
        rc = li_fail_memory(err);
        goto out;
    }
    /* A file without a name can get one only through /proc. */
    if (access("/proc/self/fd", F_OK) == 0)
        o->fd = open(o->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    else
        errno = EOPNOTSUPP;
    if (o->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        rc = open_named(o, err);
    else if (o->fd < 0)
        rc = li_fail_errno(err, errno, "cannot make a file in %s", o->dir);
    if (rc < 0)
        goto out;
    if (ftruncate(o->fd, (off_t)size) < 0) {
        rc = li_fail_errno(err, errno, "cannot make %s %llu bytes long", path,
                           (unsigned long long)size);
        goto out;
    }
    *out = o;
    o = NULL;
out:
    li_output_free(o);
    return rc;
}

int li_output_try(const char *path, struct li_error *err)
{
    struct li_output *out = NULL;
    int rc = li_output_open(path, 0, &out, err);

    li_output_free(out);
    return rc;
}

int li_output_write(struct li_output *out, const void *buf, size_t len, uint64_t offset,
                    struct li_error *err)
{
    int rc;

    /* The kernel lets one thread at a time write to a file, and the others spin. Here they sleep,
     * and leave the processor to threads that read and hash. */
    pthread_mutex_lock(&out->writing);
    rc = li_pwrite_all(out->fd, buf, len, offset, err);
    pthread_mutex_unlock(&out->writing);
    return rc < 0 ? li_context(err, "%s", out->path) : 0;
}

/* A link never replaces an existing file. FAT and some FUSE file systems have no links, and some
 * that do, such as NFS, cannot rename without replacing. */
int li_move_where_absent(int from_dir, const char *from, int to_dir, const char *to,
                         struct li_error *err)
{
    int done = linkat(from_dir, from, to_dir, to, 0);

    if (done == 0)
        unlinkat(from_dir, from, 0);
    else if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
        done = renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);
    if (done == 0)
        return 0;
    return errno == EEXIST ? LI_END : li_fail_errno(err, errno, "cannot name the finished file");
}

/* linkat() does not replace, so an unnamed file first gets a name beside its place. */
static int link_temporary(struct li_output *out, struct li_error *err)
{
    char self[64];
    int rc;

    snprintf(self, sizeof(self), "/proc/self/fd/%d", out->fd);
    for (unsigned attempt = 0; attempt < NAMES_MAX; attempt++) {
        rc = name_temporary(out, number_of(attempt), err);
        if (rc < 0)
            return rc;
        if (linkat(AT_FDCWD, self, AT_FDCWD, out->temporary, AT_SYMLINK_FOLLOW) == 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    rc = li_fail_errno(err, errno, "cannot name the finished file in %s", out->dir);
    free(out->temporary);
    out->temporary = NULL;
    return rc;
}

/* Writes the file to the disk, and gives it a name beside its place. */
static int finish_output(struct li_output *out, struct li_error *err)
{
    set_permissions(out);
    if (fsync(out->fd) < 0)
        return li_fail_errno(err, errno, "cannot write %s to the disk", out->path);
    return out->temporary ? 0 : link_temporary(out, err);
}

/* The file has its place. */
static int settle_output(struct li_output *out, struct li_error *err)
{
    free(out->temporary);
    out->temporary = NULL;
    return li_sync_directory(out->dir, err);
}

int li_output_commit(struct li_output *out, struct li_error *err)
{
    int rc = finish_output(out, err);

    if (rc == 0 && rename(out->temporary, out->path) < 0)
        rc = li_fail_errno(err, errno, "cannot put the finished file at %s", out->path);
    return rc < 0 ? rc : settle_output(out, err);
}

int li_output_commit_new(struct li_output *out, struct li_error *err)
{
    int rc = finish_output(out, err);

    if (rc == 0)
        rc = li_move_where_absent(AT_FDCWD, out->temporary, AT_FDCWD, out->path, err);
    return rc == 0 ? settle_output(out, err) : rc;
}

void li_output_free(struct li_output *out)
{
    if (!out)
        return;
    if (out->temporary)
        unlink(out->temporary);
    if (out->fd >= 0)
        close(out->fd);
    free(out->temporary);
    free(out->path);
    free(out->dir);
    pthread_mutex_destroy(&out->writing);
    free(out);
}
