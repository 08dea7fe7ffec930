/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ext4 reader. An image is too large for an input, so an input is what to change in one that is
 * made here: rows of an offset (4 bytes), a length (1 byte) and so many bytes.
 */
#include "fuzz.h"

#include "base/bytes.h"
#include "files/files.h"

enum { IMAGE_SIZE = 4 << 20, FILES_MAX = 100, DEPTH_MAX = 5 };

static uint8_t base[IMAGE_SIZE], image[IMAGE_SIZE];
static uint64_t image_size;

/* One of most things, all in the first chunks. */
static void make_layer(struct li_buffer *tar)
{
    struct li_buffer pax = {0};
    char name[64], value[300];

    tar_entries(tar, "dir/ dir/file=text dir/link>file hard*dir/file");
    memset(value, 'v', sizeof(value));
    tar_record(&pax, "SCHILY.xattr.user.large", value, sizeof(value));
    tar_record_text(&pax, "SCHILY.acl.access",
                    "user::rwx,user:5:r-x,group::r-x,mask::rwx,other::---");
    tar_put(tar, &(struct tar_entry){.path = "block", .pax = &pax});
    pax.len = 0;
    tar_record_text(&pax, "SCHILY.xattr.user.small", "value");
    tar_put(tar, &(struct tar_entry){.path = "inline", .pax = &pax});
    pax.len = 0;
    tar_record_text(&pax, "GNU.sparse.size", "1000000");
    tar_record_text(&pax, "GNU.sparse.numblocks", "7");
    tar_record_text(&pax, "GNU.sparse.map", "0,5,8192,5,16384,5,24576,5,32768,5,40960,5,900000,5");
    tar_put(tar, &(struct tar_entry){
                     .path = "sparse", .data = value, .length = 35, .size = 35, .pax = &pax});
    li_buffer_free(&pax);
    memset(value, 't', 100);
    value[100] = '\0';
    tar_symlink(tar, "long", value);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "many/a-name-that-is-not-short-%d", i);
        tar_file(tar, name, "");
    }
}

static void make_base(void)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_chunk_source source;
    bool zeros;
    struct stack s = {0};

    make_layer(stack_layer(&s));
    assert_done(stack_plan(&s, &err), &err);
    source = li_ext4_source(s.ext4);
    for (uint64_t i = 0; i < IMAGE_SIZE / LI_CHUNK_SIZE && i < source.count; i++)
        assert_done(li_chunk_read(&source, i, base + i * LI_CHUNK_SIZE, &zeros, &err), &err);
    image_size = source.count * LI_CHUNK_SIZE;
    stack_free(&s);
}

static int read_image(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                      struct li_error *err)
{
    (void)blocks;
    if (offset > image_size || len > image_size - offset)
        abort(); /* it must know better */
    (void)err;
    memset(buf, 0, len);
    if (offset < IMAGE_SIZE)
        memcpy(buf, image + offset, len < IMAGE_SIZE - offset ? len : IMAGE_SIZE - offset);
    return 0;
}

static void change(const uint8_t *data, size_t size)
{
    struct li_cursor c = li_cursor(data, size);

    memcpy(image, base, sizeof(image));
    while (c.left > 0 && !c.bad) {
        uint32_t offset = li_cursor_le32(&c) % IMAGE_SIZE;
        uint32_t len = li_cursor_u8(&c);

        if (len > c.left)
            len = (uint32_t)c.left;
        if (len > IMAGE_SIZE - offset)
            len = IMAGE_SIZE - offset;
        li_cursor_bytes(&c, image + offset, len);
    }
}

struct visit {
    struct li_files *files;
    unsigned *left;
    struct li_file directory;
    unsigned depth;
};

static void look_at(struct li_files *files, uint32_t ino, unsigned *left, unsigned depth);

static int look_at_entry(void *arg, const struct li_files_entry *entry, struct li_error *err)
{
    struct visit *visit = arg;
    uint32_t found;

    assert_true(entry->len >= 1 && entry->len <= LI_FILES_NAME_MAX);
    if (*visit->left == 0)
        return 1;
    li_files_lookup(visit->files, &visit->directory, entry->name, entry->len, &found, err);
    if (entry->name[0] != '.')
        look_at(visit->files, entry->ino, visit->left, visit->depth + 1);
    return 0;
}

static void look_at_content(struct li_files *files, const struct li_file *file)
{
    static const uint64_t offsets[] = {0, 20000, 899999, UINT64_C(1) << 40};
    struct li_error err = LI_ERROR_INIT;
    uint8_t buf[9000];
    uint64_t found;

    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        size_t got = sizeof(buf);

        if (li_files_read(files, file, offsets[i], buf, &got, &err) == 0)
            assert_true(got <= sizeof(buf));
        li_files_seek(files, file, offsets[i], SEEK_DATA, &found, &err);
        li_files_seek(files, file, offsets[i], SEEK_HOLE, &found, &err);
    }
}

static void look_at_attributes(struct li_files *files, const struct li_file *file)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer list = {0}, value = {0};
    bool there;

    if (li_files_listxattr(files, file, &list, &err) == 0)
        for (size_t at = 0; at < list.len; at += strlen((char *)list.data + at) + 1)
            li_files_getxattr(files, file, (char *)list.data + at, &value, &there, &err);
    li_buffer_free(&list);
    li_buffer_free(&value);
}

static void look_at(struct li_files *files, uint32_t ino, unsigned *left, unsigned depth)
{
    struct visit visit = {.files = files, .left = left, .depth = depth};
    struct li_error err = LI_ERROR_INIT;
    char target[LI_FILES_LINK_MAX + 1];
    struct stat st;
    int rc;

    if (*left == 0 || depth > DEPTH_MAX)
        return;
    --*left;
    rc = li_files_inode(files, ino, &visit.directory, &err);
    fuzz_check_error(rc, &err);
    if (rc < 0)
        return;
    li_files_stat(files, &visit.directory, &st);
    look_at_content(files, &visit.directory);
    look_at_attributes(files, &visit.directory);
    if (li_files_readlink(files, &visit.directory, target, &err) == 0)
        assert_true(strlen(target) <= LI_FILES_LINK_MAX);
    rc = li_files_list(files, &visit.directory, 0, look_at_entry, &visit, &err);
    assert_true(rc <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_files *files = NULL;
    struct statvfs vfs;
    static const struct li_blocks_operations operations = {.read = read_image};
    struct li_blocks blocks = {.ops = &operations};
    unsigned left = FILES_MAX;
    int rc;

    if (image_size == 0)
        make_base();
    change(data, size);
    blocks.size = image_size;
    rc = li_files_open(&blocks, &files, &err);
    fuzz_check_error(rc, &err);
    if (rc == 0) {
        li_files_statvfs(files, &vfs);
        look_at(files, LI_FILES_ROOT, &left, 0);
    }
    li_files_free(files);
    return 0;
}
