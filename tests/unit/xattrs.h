/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes: entries of a tar that have some, and what libext2fs finds in the image. */
#ifndef LI_TESTS_UNIT_XATTRS_H
#define LI_TESTS_UNIT_XATTRS_H

#include "ext4_image.h"

/* Attributes for one entry: PAX records. */
HELPER void add_xattr(struct li_buffer *pax, const char *name, const void *value, size_t len)
{
    char key[400];

    snprintf(key, sizeof(key), "SCHILY.xattr.%s", name);
    tar_record(pax, key, value, len);
}

HELPER void put(struct li_buffer *tar, const char *path, char type, unsigned mode,
                struct li_buffer *pax)
{
    tar_put(tar, &(struct tar_entry){.path = path,
                                     .type = type,
                                     .mode = mode,
                                     .target = type == '2' ? "t" : NULL,
                                     .pax = pax});
    pax->len = 0;
}

/* A file with one attribute. */
HELPER void put_one(struct li_buffer *tar, const char *path, const char *name, const void *value,
                    size_t len)
{
    struct li_buffer pax = {0};

    add_xattr(&pax, name, value, len);
    put(tar, path, '0', 0644, &pax);
    li_buffer_free(&pax);
}

HELPER struct ext2_xattr_handle *open_xattrs(ext2_filsys fs, const char *path, size_t *count)
{
    struct ext2_xattr_handle *handle;

    assert_int_equal(ext2fs_xattrs_open(fs, find_ino(fs, path), &handle), 0);
    assert_int_equal(ext2fs_xattrs_read(handle), 0);
    assert_int_equal(ext2fs_xattrs_count(handle, count), 0);
    return handle;
}

HELPER size_t count_xattrs(ext2_filsys fs, const char *path)
{
    size_t count;
    struct ext2_xattr_handle *handle = open_xattrs(fs, path, &count);

    ext2fs_xattrs_close(&handle);
    return count;
}

HELPER void expect_xattr(ext2_filsys fs, const char *path, const char *name, const void *value,
                         size_t len)
{
    size_t count, got_len;
    struct ext2_xattr_handle *handle = open_xattrs(fs, path, &count);
    void *got = NULL;

    if (ext2fs_xattr_get(handle, name, &got, &got_len) != 0)
        fail_msg("%s has no %s", path, name);
    assert_int_equal(got_len, len);
    assert_memory_equal(got, value, len);
    ext2fs_free_mem(&got);
    ext2fs_xattrs_close(&handle);
}

#endif
