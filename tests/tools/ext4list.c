/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ext4list IMAGE: the tree in an ext4 image in the text of listing.h, read through libext2fs. It
 * shares no code with lambdaimg's own writer and reader, and needs neither root nor a mount.
 */
#include "tests/tools/listing.h"

#include <err.h>
#include <ext2fs/ext2fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
    ext2_filsys fs;
    struct listing *listing;
    const char *path; /* of the directory that is read */
};

static void check(errcode_t rc, const char *what)
{
    if (rc)
        errx(1, "%s: %s", what, error_message(rc));
}

/* libext2fs gives the entries that belong to no one the id 0, the kernel gives them -1. */
static void fix_acl(unsigned char *acl, size_t size)
{
    enum { HEADER = 4, ENTRY = 8, USER = 0x02, GROUP = 0x08 };

    for (size_t at = HEADER; at + ENTRY <= size; at += ENTRY) {
        unsigned tag = acl[at] | (unsigned)acl[at + 1] << 8;

        if (tag != USER && tag != GROUP)
            memset(acl + at + 4, 0xff, 4);
    }
}

struct attributes {
    struct ext2_xattr_handle *handle;
    struct listing_entry *entry;
};

static int add_attribute(char *name, char *raw, size_t raw_size, void *arg)
{
    struct attributes *a = arg;
    void *value = NULL;
    size_t size;

    (void)raw, (void)raw_size;
    check(ext2fs_xattr_get(a->handle, name, &value, &size), name);
    if (strncmp(name, "system.posix_acl_", 17) == 0)
        fix_acl(value, size);
    listing_attribute(a->entry, name, value, size);
    ext2fs_free_mem(&value);
    return 0;
}

static void read_attributes(ext2_filsys fs, ext2_ino_t ino, struct listing_entry *entry)
{
    struct attributes a = {NULL, entry};

    check(ext2fs_xattrs_open(fs, ino, &a.handle), entry->path);
    check(ext2fs_xattrs_read(a.handle), entry->path);
    check(ext2fs_xattrs_iterate(a.handle, add_attribute, &a), entry->path);
    ext2fs_xattrs_close(&a.handle);
}

static ssize_t read_file(void *arg, void *buf, size_t len)
{
    unsigned got = 0;

    check(ext2fs_file_read(*(ext2_file_t *)arg, buf, (unsigned)len, &got), "reading a file");
    return got;
}

static void read_content(ext2_filsys fs, ext2_ino_t ino, struct listing_entry *entry)
{
    ext2_file_t file;

    check(ext2fs_file_open(fs, ino, 0, &file), entry->path);
    if (S_ISREG(entry->mode)) {
        listing_sha256(read_file, &file, entry->sha256);
    } else {
        entry->target = calloc(1, entry->size + 1);
        if (!entry->target || read_file(&file, entry->target, entry->size) != (ssize_t)entry->size)
            errx(1, "%s: its target", entry->path);
    }
    ext2fs_file_close(file);
}

/* The four numbers of ext4's two forms of a device number. */
static void read_device(const struct ext2_inode_large *inode, struct listing_entry *entry)
{
    uint32_t old = inode->i_block[0];
    uint32_t new = inode->i_block[1];

    entry->major = old ? (old >> 8) & 0xff : (new >> 8) & 0xfff;
    entry->minor = old ? old & 0xff : (new & 0xff) | ((new >> 12) & 0xfff00);
}

static void describe(ext2_filsys fs, ext2_ino_t ino, struct listing_entry *entry)
{
    struct ext2_inode_large inode;
    struct ext2_inode *small = (struct ext2_inode *)&inode;

    memset(&inode, 0, sizeof(inode));
    check(ext2fs_read_inode_full(fs, ino, small, sizeof(inode)), entry->path);
    entry->ino = ino;
    entry->mode = inode.i_mode;
    entry->uid = inode_uid(inode);
    entry->gid = inode_gid(inode);
    entry->size = EXT2_I_SIZE(&inode);
    entry->links = inode.i_links_count;
    entry->mtime = (int32_t)inode.i_mtime + ((int64_t)(inode.i_mtime_extra & 3) << 32);
    entry->mtime_nsec = inode.i_mtime_extra >> 2;
    read_attributes(fs, ino, entry);
    if (S_ISCHR(entry->mode) || S_ISBLK(entry->mode))
        read_device(&inode, entry);
    if (S_ISREG(entry->mode) || (S_ISLNK(entry->mode) && !ext2fs_is_fast_symlink(small)))
        read_content(fs, ino, entry);
    else if (S_ISLNK(entry->mode))
        entry->target = strndup((const char *)inode.i_block, entry->size);
}

static void list_directory(struct walk *walk, ext2_ino_t ino);

static int list_entry(ext2_ino_t dir, int kind, struct ext2_dir_entry *d, int offset,
                      int block_size, char *buf, void *arg)
{
    struct walk *walk = arg;
    struct listing_entry *entry;
    char name[EXT2_NAME_LEN + 1];
    int len = ext2fs_dirent_name_len(d);

    (void)dir, (void)offset, (void)block_size, (void)buf;
    if (kind == DIRENT_DOT_FILE || kind == DIRENT_DOT_DOT_FILE)
        return 0;
    snprintf(name, sizeof(name), "%.*s", len, d->name);
    entry = listing_add(walk->listing, walk->path, name);
    describe(walk->fs, d->inode, entry);
    if (S_ISDIR(entry->mode)) {
        char *path = strdup(entry->path);
        struct walk below = {walk->fs, walk->listing, path};

        if (!path)
            err(1, "listing");
        list_directory(&below, d->inode);
        free(path);
    }
    return 0;
}

static void list_directory(struct walk *walk, ext2_ino_t ino)
{
    check(ext2fs_dir_iterate2(walk->fs, ino, 0, NULL, list_entry, walk), walk->path);
}

int main(int argc, char **argv)
{
    struct listing listing = {0};
    struct walk walk = {NULL, &listing, ""};

    if (argc != 2)
        errx(2, "usage: ext4list IMAGE");
    initialize_ext2_error_table();
    check(ext2fs_open(argv[1], EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &walk.fs), argv[1]);
    describe(walk.fs, EXT2_ROOT_INO, listing_add(&listing, "", "."));
    list_directory(&walk, EXT2_ROOT_INO);
    listing_print(&listing);
    listing_free(&listing);
    ext2fs_close_free(&walk.fs);
    return 0;
}
