/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory as a container. Every part of a name is opened from the directory before it and never
 * through a link. So nobody who changes the directory meanwhile can make us read a file outside of
 * it. container.c follows links that stay inside, and asks here about each part.
 *
 * Each file is opened when it is asked for, and the caller owns the descriptor: documents are
 * closed once they are read, and only layers keep theirs.
 */
#include "image/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/regular.h"

struct directory {
    struct li_image_container container;
    int fd;
};

/* Opens the directory that holds NAME and gives NAME's last part; -1 with errno on failure. */
static int open_parent(const struct directory *dir, const char *name, const char **last)
{
    char part[LI_IMAGE_MAX_NAME];
    int fd = openat(dir->fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    while (fd >= 0 && strchr(name, '/')) {
        size_t len = strcspn(name, "/");
        int next, sys;

        memcpy(part, name, len);
        part[len] = '\0';
        next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        sys = errno;
        close(fd);
        errno = sys;
        fd = next;
        name += len + 1;
    }
    *last = name[0] ? name : ".";
    return fd;
}

static enum li_image_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return LI_IMAGE_FILE;
    if (S_ISLNK(mode))
        return LI_IMAGE_SYMLINK;
    return LI_IMAGE_DIRECTORY; /* or a device or the like: not a file, in any case */
}

static int directory_look(struct li_image_container *self, const char *name,
                          enum li_image_kind *kind, char *target, struct li_error *err)
{
    const char *last;
    struct stat st;
    int parent = open_parent((struct directory *)self, name, &last);
    int rc = 0;

    if (parent < 0 || fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            *kind = LI_IMAGE_ABSENT;
        else
            rc = li_fail_errno(err, errno, "cannot open %.200s", name);
        goto out;
    }
    *kind = kind_of(st.st_mode);
    if (*kind == LI_IMAGE_SYMLINK) {
        ssize_t len = readlinkat(parent, last, target, LI_IMAGE_MAX_NAME);

        if (len < 0)
            rc = li_fail_errno(err, errno, "cannot read the link %.200s", name);
        else if (len == LI_IMAGE_MAX_NAME)
            rc = li_fail(err, LI_ELIMIT, "the target of the link %.200s is too long", name);
        else
            target[len] = '\0';
    }
out:
    if (parent >= 0)
        close(parent);
    return rc;
}

static int directory_open(struct li_image_container *self, const char *name,
                          struct li_image_extent *out, struct li_error *err)
{
    const char *last;
    struct stat st;
    int parent = open_parent((struct directory *)self, name, &last);
    int fd = -1, rc = 0;

    if (parent >= 0)
        fd = li_open_regular(parent, last, O_RDONLY | O_NOFOLLOW, &st);
    if (parent >= 0 && fd < 0 && errno == ENODEV)
        rc = li_fail(err, LI_ECORRUPT, "%.200s is not a regular file", name);
    else if (fd < 0)
        rc = li_fail_errno(err, errno, "cannot open %.200s", name);
    else
        *out = (struct li_image_extent){fd, 0, (uint64_t)st.st_size, fd};
    if (parent >= 0)
        close(parent);
    return rc;
}

static int directory_has_root_files(struct li_image_container *self)
{
    const struct directory *dir = (struct directory *)self;

    return faccessat(dir->fd, "etc", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
           faccessat(dir->fd, "usr", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void directory_forget(struct li_image_container *self)
{
    (void)self; /* it keeps nothing */
}

static void directory_free(struct li_image_container *self)
{
    struct directory *dir = (struct directory *)self;

    close(dir->fd);
    free(dir);
}

int li_image_directory_open(int fd, struct li_image_container **out, struct li_error *err)
{
    struct directory *dir = calloc(1, sizeof(*dir));

    if (!dir) {
        close(fd);
        return li_fail_memory(err);
    }
    dir->container = (struct li_image_container){
        directory_look, directory_open, directory_has_root_files, directory_forget, directory_free};
    dir->fd = fd;
    *out = &dir->container;
    return 0;
}
