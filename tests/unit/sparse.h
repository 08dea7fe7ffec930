/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files in the four ways that tars have them. */
#ifndef LI_TESTS_UNIT_SPARSE_H
#define LI_TESTS_UNIT_SPARSE_H

#include "ext4_image.h"

#include <sys/stat.h>

#include "tree.h"

enum form { OLD, PAX_0_0, PAX_0_1, PAX_1_0, FORMS };

struct sparse {
    uint64_t size;
    const struct li_sparse_run *runs;
    size_t count;
    uint64_t missing; /* bytes that the map has and the tar has not */
};

/* What the file reads as; the caller frees it. */
HELPER uint8_t *expand(const struct sparse *f, const uint8_t *data)
{
    uint8_t *bytes = calloc(1, f->size + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < f->count; i++) {
        memcpy(bytes + f->runs[i].offset, data, f->runs[i].length);
        data += f->runs[i].length;
    }
    return bytes;
}

HELPER uint64_t stored_size(const struct sparse *f)
{
    uint64_t size = 0;

    for (size_t i = 0; i < f->count; i++)
        size += f->runs[i].length;
    return size - f->missing;
}

/* Rows of the old form's map: LIMIT of them, 24 bytes each, from run FIRST on. */
HELPER void put_rows(uint8_t *to, const struct sparse *f, size_t first, size_t limit)
{
    for (size_t i = first; i < f->count && i < first + limit; i++, to += 24) {
        tar_number(to, 12, (int64_t)f->runs[i].offset);
        tar_number(to + 12, 12, (int64_t)f->runs[i].length);
    }
}

HELPER void put_old(struct li_buffer *tar, const char *path, const struct sparse *f,
                    const uint8_t *data)
{
    uint64_t stored = stored_size(f);
    struct tar_entry e = {.path = path, .type = 'S', .form = TAR_GNU, .size = stored, .mode = 0644};
    uint8_t header[TAR_BLOCK];

    tar_make_header(&e, header);
    memset(header + 345, 0, TAR_BLOCK - 345);
    put_rows(header + 386, f, 0, 4);
    header[482] = f->count > 4;
    tar_number(header + 483, 12, (int64_t)f->size);
    tar_put_header(tar, header, NULL, 0);
    for (size_t at = 4; at < f->count; at += 21) {
        memset(header, 0, sizeof(header));
        put_rows(header, f, at, 21);
        header[504] = f->count > at + 21;
        tar_append(tar, header, sizeof(header));
    }
    tar_append(tar, data, stored);
    tar_pad(tar, stored);
}

/* The map as numbers with a separator behind each. */
HELPER void put_map(struct li_buffer *out, const struct sparse *f, char separator)
{
    char text[64];

    for (size_t i = 0; i < f->count; i++) {
        int len = snprintf(text, sizeof(text), "%" PRIu64 "%c%" PRIu64 "%c", f->runs[i].offset,
                           separator, f->runs[i].length, separator);

        tar_append(out, text, (size_t)len);
    }
}

HELPER void put_pax(struct li_buffer *tar, const char *path, const struct sparse *f,
                    const uint8_t *data, enum form form)
{
    struct li_buffer pax = {0}, body = {0}, map = {0};
    char text[32];

    if (form == PAX_1_0) {
        tar_record_text(&pax, "GNU.sparse.major", "1");
        tar_record_text(&pax, "GNU.sparse.minor", "0");
        tar_record_text(&pax, "GNU.sparse.name", path);
        tar_record_number(&pax, "GNU.sparse.realsize", f->size);
        tar_append(&body, text, (size_t)snprintf(text, sizeof(text), "%zu\n", f->count));
        put_map(&body, f, '\n');
        tar_pad(&body, body.len);
    } else {
        tar_record_number(&pax, "GNU.sparse.size", f->size);
        tar_record_number(&pax, "GNU.sparse.numblocks", f->count);
    }
    for (size_t i = 0; form == PAX_0_0 && i < f->count; i++) {
        tar_record_number(&pax, "GNU.sparse.offset", f->runs[i].offset);
        tar_record_number(&pax, "GNU.sparse.numbytes", f->runs[i].length);
    }
    if (form == PAX_0_1) {
        put_map(&map, f, ',');
        tar_record(&pax, "GNU.sparse.map", map.data, map.len ? map.len - 1 : 0);
        tar_record_text(&pax, "GNU.sparse.name", path);
    }
    tar_append(&body, data, stored_size(f));
    tar_put(tar, &(struct tar_entry){.path = form == PAX_0_0 ? path : "GNUSparseFile/x",
                                     .data = body.data,
                                     .length = body.len,
                                     .size = body.len,
                                     .mode = 0644,
                                     .pax = &pax});
    li_buffer_free(&map);
    li_buffer_free(&body);
    li_buffer_free(&pax);
}

HELPER void put_sparse(struct li_buffer *tar, const char *path, const struct sparse *f,
                       const uint8_t *data, enum form form)
{
    if (form == OLD)
        put_old(tar, path, f, data);
    else
        put_pax(tar, path, f, data, form);
}

/* Blocks of the file with any data in them. */
HELPER uint64_t count_blocks(const struct sparse *f)
{
    uint64_t count = 0, done = 0;

    for (size_t i = 0; i < f->count; i++) {
        uint64_t first = f->runs[i].offset / 4096;
        uint64_t end = (f->runs[i].offset + f->runs[i].length + 4095) / 4096;

        if (f->runs[i].length == 0)
            continue;
        first = first > done ? first : done;
        count += end > first ? end - first : 0;
        done = end > done ? end : done;
    }
    return count;
}

HELPER void check_file(ext2_filsys fs, const char *path, const struct sparse *f,
                       const uint8_t *data, uint64_t extent_blocks)
{
    struct ext2_inode inode = small_inode(fs, find_ino(fs, path));
    uint8_t *want = expand(f, data);

    expect_content(fs, path, want, f->size);
    assert_int_equal(inode.i_blocks, 8 * (count_blocks(f) + extent_blocks));
    free(want);
}

#define SPARSE(size, runs)                                                                         \
    {                                                                                              \
        (size), (runs), sizeof(runs) / sizeof((runs)[0]), 0                                        \
    }

#endif
