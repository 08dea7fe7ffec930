/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ext4 image as others see it: e2fsck checks it, and libext2fs, which shares no code with the
 * reader, tells what is in it.
 */
#ifndef LI_TESTS_UNIT_EXT4_IMAGE_H
#define LI_TESTS_UNIT_EXT4_IMAGE_H

#include "stack.h"

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <sys/stat.h>

/* What e2fsck says, in TEXT; 0 where it finds nothing to complain of. */
HELPER int run_e2fsck(const char *path, char *text, size_t room)
{
    char command[128];
    size_t len;
    FILE *f;

    snprintf(command, sizeof(command), "LC_ALL=C /sbin/e2fsck -fn %s 2>&1", path);
    f = popen(command, "r");
    assert_non_null(f);
    len = fread(text, 1, room - 1, f);
    text[len] = '\0';
    while (fread(command, 1, sizeof(command), f) > 0)
        ; /* or it would end by a broken pipe */
    return pclose(f);
}

/* Makes the image of a plan, checks it, opens it. Its file has no name any more. */
HELPER ext2_filsys open_planned(struct stack *s)
{
    char dir[] = "/tmp/unit-ext4-XXXXXX", path[64], text[2000];
    struct li_error err = LI_ERROR_INIT;
    struct li_chunk_source source = li_ext4_source(s->ext4);
    ext2_filsys fs = NULL;
    int rc, check;
    long opened;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/image", dir);
    rc = li_chunk_write_file(&source, &(struct li_chunk_file){.path = path, .threads = 2}, &err);
    check = run_e2fsck(path, text, sizeof(text));
    opened = ext2fs_open(path, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
    assert_done(rc, &err);
    if (check != 0)
        fail_msg("e2fsck: %s", text);
    assert_int_equal(opened, 0);
    return fs;
}

HELPER ext2_filsys open_ext4(struct stack *s)
{
    struct li_error err = LI_ERROR_INIT;

    assert_done(stack_plan(s, &err), &err);
    return open_planned(s);
}

HELPER void close_ext4(struct stack *s, ext2_filsys fs)
{
    assert_int_equal(ext2fs_close(fs), 0);
    stack_free(s);
}

/* The inode of a path, whose last component is not followed where it is a link. */
HELPER ext2_ino_t find_ino(ext2_filsys fs, const char *path)
{
    ext2_ino_t ino = 0;

    if (ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, &ino) != 0)
        fail_msg("%s is not in the image", path);
    return ino;
}

struct raw_inode {
    ext2_ino_t ino;
    struct ext2_inode_large large;
    uint8_t rest[256 - sizeof(struct ext2_inode_large)];
};

HELPER struct raw_inode inode_at(ext2_filsys fs, const char *path)
{
    struct raw_inode raw = {.ino = find_ino(fs, path)};

    assert_int_equal(
        ext2fs_read_inode_full(fs, raw.ino, (struct ext2_inode *)(void *)&raw.large, 256), 0);
    return raw;
}

HELPER struct ext2_inode small_inode(ext2_filsys fs, ext2_ino_t ino)
{
    struct ext2_inode inode;

    assert_int_equal(ext2fs_read_inode(fs, ino, &inode), 0);
    return inode;
}

/* A regular file's bytes, which the caller frees. */
HELPER uint8_t *content_of(ext2_filsys fs, ext2_ino_t ino, size_t *len)
{
    struct ext2_inode inode = small_inode(fs, ino);
    size_t size = (size_t)EXT2_I_SIZE(&inode), at = 0;
    uint8_t *data = malloc(size + 1);
    ext2_file_t file;

    assert_non_null(data);
    assert_int_equal(ext2fs_file_open(fs, ino, 0, &file), 0);
    while (at < size) {
        unsigned want = size - at > 1 << 20 ? 1 << 20 : (unsigned)(size - at), got = 0;

        assert_int_equal(ext2fs_file_read(file, data + at, want, &got), 0);
        assert_int_not_equal(got, 0);
        at += got;
    }
    data[size] = '\0';
    ext2fs_file_close(file);
    *len = size;
    return data;
}

HELPER void expect_content(ext2_filsys fs, const char *path, const void *want, size_t want_len)
{
    size_t len = 0;
    uint8_t *data = content_of(fs, find_ino(fs, path), &len);

    assert_int_equal(len, want_len);
    if (memcmp(data, want, len) != 0)
        fail_msg("%s has other contents", path);
    free(data);
}

/* A symbolic link's target; the caller frees it. */
HELPER char *target_of(ext2_filsys fs, ext2_ino_t ino)
{
    struct ext2_inode inode = small_inode(fs, ino);
    char *target = calloc(1, fs->blocksize + 1);
    blk64_t block = 0;

    assert_non_null(target);
    assert_in_range(inode.i_size, 1, fs->blocksize - 1);
    if (ext2fs_is_fast_symlink(&inode)) {
        memcpy(target, inode.i_block, inode.i_size);
        return target;
    }
    assert_int_equal(ext2fs_bmap2(fs, ino, &inode, NULL, 0, 0, NULL, &block), 0);
    assert_int_equal(io_channel_read_blk64(fs->io, block, 1, target), 0);
    assert_int_equal(strlen(target), inode.i_size);
    return target;
}

/* ---- a tree as text ---- */

struct dump_name {
    char name[256];
    ext2_ino_t ino;
};

struct dump {
    ext2_filsys fs;
    struct li_buffer names; /* struct dump_name of one directory */
    struct li_buffer *out;
    const char *path; /* of that directory, "" or with a slash at its end */
};

HELPER int dump_collect(ext2_ino_t dir, int entry, struct ext2_dir_entry *dirent, int offset,
                        int size, char *buf, void *arg)
{
    struct dump *d = arg;
    struct dump_name row = {.ino = dirent->inode};

    (void)dir, (void)offset, (void)size, (void)buf;
    memcpy(row.name, dirent->name, (size_t)ext2fs_dirent_name_len(dirent));
    if (entry == DIRENT_OTHER_FILE)
        tar_append(&d->names, &row, sizeof(row));
    return 0;
}

HELPER int dump_compare(const void *a, const void *b)
{
    return strcmp(((const struct dump_name *)a)->name, ((const struct dump_name *)b)->name);
}

HELPER void dump_contents(struct dump *d, ext2_ino_t ino, const struct ext2_inode *inode)
{
    char number[32];
    size_t len = 0;

    if (LINUX_S_ISLNK(inode->i_mode)) {
        char *target = target_of(d->fs, ino);

        tar_append(d->out, ">", 1);
        tar_append(d->out, target, strlen(target));
        free(target);
    } else if (LINUX_S_ISREG(inode->i_mode)) {
        uint8_t *data = content_of(d->fs, ino, &len);

        tar_append(d->out, "=", 1);
        tar_append(d->out, data, len);
        free(data);
    } else {
        tar_append(d->out, "?", 1);
    }
    if (inode->i_links_count != 1)
        tar_append(d->out, number,
                   (size_t)snprintf(number, sizeof(number), "*%u", inode->i_links_count));
}

HELPER void dump_directory(ext2_filsys fs, ext2_ino_t ino, const char *path, struct li_buffer *out)
{
    struct dump d = {.fs = fs, .out = out, .path = path};
    const struct dump_name *names;

    assert_int_equal(ext2fs_dir_iterate2(fs, ino, 0, NULL, dump_collect, &d), 0);
    names = (const struct dump_name *)(const void *)d.names.data;
    if (d.names.len)
        qsort(d.names.data, d.names.len / sizeof(*names), sizeof(*names), dump_compare);
    for (size_t i = 0; i < d.names.len / sizeof(*names); i++) {
        struct ext2_inode inode = small_inode(fs, names[i].ino);
        char *below = malloc(strlen(path) + sizeof(names[i].name) + 1);

        assert_non_null(below);
        sprintf(below, "%s%s%s", path, names[i].name, LINUX_S_ISDIR(inode.i_mode) ? "/" : "");
        if (out->len)
            tar_append(out, " ", 1);
        tar_append(out, below, strlen(below));
        if (LINUX_S_ISDIR(inode.i_mode))
            dump_directory(fs, names[i].ino, below, out);
        else
            dump_contents(&d, names[i].ino, &inode);
        free(below);
    }
    li_buffer_free(&d.names);
}

/* The image's tree in the order of names, as "dir/ dir/file=CONTENT link>TARGET twice=CONTENT*2"
 * (where *N is the number of links, if not 1). The caller frees it. */
HELPER char *dump_tree(ext2_filsys fs)
{
    struct li_buffer out = {0};

    dump_directory(fs, EXT2_ROOT_INO, "", &out);
    tar_append(&out, "", 1);
    return (char *)out.data;
}

/* The image of the layers that follow, lowest first (see tar_entries()), is this tree. */
#define expect_merge(want, ...)                                                                    \
    do {                                                                                           \
        struct stack expect_stack = make_stack(__VA_ARGS__);                                       \
        expect_tree(&expect_stack, (want));                                                        \
    } while (0)

/* The stack's image is this tree. Frees the stack. */
#define expect_tree(s, want)                                                                       \
    do {                                                                                           \
        ext2_filsys expect_fs = open_ext4(s);                                                      \
        char *expect_text = dump_tree(expect_fs);                                                  \
        assert_string_equal(expect_text, (want));                                                  \
        free(expect_text);                                                                         \
        close_ext4((s), expect_fs);                                                                \
    } while (0)

#endif
