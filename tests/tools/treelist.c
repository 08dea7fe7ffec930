/* SPDX-License-Identifier: Apache-2.0 */
/*
 * treelist DIR: the tree at DIR in the text of listing.h, as the kernel shows it. It does not go
 * into other file systems that are mounted below.
 */
#include "tests/tools/listing.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* No call reads attributes of a name relative to a descriptor, but /proc has a path for it. */
static void read_attributes(struct listing_entry *entry, int dir, const char *name)
{
    static char value[65536];
    static char list[65536];
    char path[64 + NAME_MAX];
    ssize_t len;

    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
    len = llistxattr(path, list, sizeof(list));
    if (len < 0 && errno == ENOTSUP)
        return;
    if (len < 0)
        err(1, "%s: its extended attributes", entry->path);
    for (char *p = list; p < list + len; p += strlen(p) + 1) {
        ssize_t size = lgetxattr(path, p, value, sizeof(value));

        if (size < 0)
            err(1, "%s: attribute %s", entry->path, p);
        listing_attribute(entry, p, value, (size_t)size);
    }
}

static ssize_t read_file(void *arg, void *buf, size_t len)
{
    ssize_t n = read(*(int *)arg, buf, len);

    if (n < 0)
        err(1, "reading");
    return n;
}

static void read_content(struct listing_entry *entry, int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        err(1, "%s", entry->path);
    listing_sha256(read_file, &fd, entry->sha256);
    close(fd);
}

static void read_target(struct listing_entry *entry, int dir, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

    if (n < 0)
        err(1, "%s", entry->path);
    target[n] = '\0';
    entry->target = strdup(target);
    if (!entry->target)
        err(1, "%s", entry->path);
}

static void describe(struct listing_entry *entry, int dir, const char *name, const struct stat *st)
{
    entry->ino = st->st_ino;
    entry->size = (uint64_t)st->st_size;
    entry->mtime = st->st_mtim.tv_sec;
    entry->mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
    entry->mode = st->st_mode;
    entry->uid = st->st_uid;
    entry->gid = st->st_gid;
    entry->links = (uint32_t)st->st_nlink;
    entry->major = major(st->st_rdev);
    entry->minor = minor(st->st_rdev);
    read_attributes(entry, dir, name);
    if (S_ISREG(st->st_mode))
        read_content(entry, dir, name);
    if (S_ISLNK(st->st_mode))
        read_target(entry, dir, name);
}

static void list_directory(struct listing *listing, int fd, const char *path, dev_t device)
{
    DIR *dir = fdopendir(fd);
    struct dirent *d;

    if (!dir)
        err(1, "%s", path);
    while (errno = 0, (d = readdir(dir)) != NULL) {
        struct stat st;
        char *below;
        int child;

        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            err(1, "%s/%s", path, d->d_name);
        describe(listing_add(listing, path, d->d_name), fd, d->d_name, &st);
        if (!S_ISDIR(st.st_mode) || st.st_dev != device)
            continue;
        below = strdup(listing->entries[listing->count - 1].path);
        child = openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (!below || child < 0)
            err(1, "%s/%s", path, d->d_name);
        list_directory(listing, child, below, device);
        free(below);
    }
    if (errno)
        err(1, "reading the directory %s", path);
    closedir(dir);
}

int main(int argc, char **argv)
{
    struct listing listing = {0};
    struct stat st;
    int fd;

    if (argc != 2)
        errx(2, "usage: treelist DIR");
    fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        err(1, "%s", argv[1]);
    describe(listing_add(&listing, "", "."), fd, ".", &st);
    list_directory(&listing, fd, "", st.st_dev);
    listing_print(&listing);
    listing_free(&listing);
    return 0;
}
