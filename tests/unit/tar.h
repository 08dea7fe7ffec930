/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tars for tests, written by hand: tests need entries that no writer would make, and names and
 * numbers in each of the forms that a tar has for them.
 */
#ifndef LI_TESTS_UNIT_TAR_H
#define LI_TESTS_UNIT_TAR_H

#include "unit.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/buffer.h"

#define HELPER static inline __attribute__((unused))

enum { TAR_BLOCK = 512, TAR_NAME = 100 };

/* Where names go. */
enum tar_form {
    TAR_SHORT, /* into the header, and into a PAX record where they are too long for it */
    TAR_PAX,   /* into PAX records */
    TAR_GNU,   /* into GNU's own entries, "L" and "K" */
    TAR_USTAR, /* into the header's two fields */
};

struct tar_entry {
    const char *path;
    const char *target; /* of a link */
    const void *data;
    uint64_t length; /* of the data, bytes; without data it is text, or nothing */
    uint64_t size;   /* that the header states, if it is not the length */
    int64_t mtime;
    uint64_t uid;
    uint64_t gid;
    unsigned mode;
    unsigned major;
    unsigned minor;
    enum tar_form form;
    char type;                   /* as in a header, '0' where it is not set */
    const struct li_buffer *pax; /* more PAX records */
};

HELPER void tar_append(struct li_buffer *tar, const void *data, size_t len)
{
    struct li_error err = LI_ERROR_INIT;

    assert_done(li_buffer_append(tar, data, len, &err), &err);
}

HELPER void tar_pad(struct li_buffer *tar, uint64_t len)
{
    static const char zeros[TAR_BLOCK];

    tar_append(tar, zeros, (size_t)(-len % TAR_BLOCK));
}

/* A PAX record, "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
HELPER void tar_record(struct li_buffer *pax, const char *key, const void *value, size_t len)
{
    size_t rest = strlen(key) + len + 3, total = rest + 1;
    char digits[32];

    while (rest + (size_t)snprintf(digits, sizeof(digits), "%zu", total) != total)
        total++;
    tar_append(pax, digits, strlen(digits));
    tar_append(pax, " ", 1);
    tar_append(pax, key, strlen(key));
    tar_append(pax, "=", 1);
    tar_append(pax, value, len);
    tar_append(pax, "\n", 1);
}

HELPER void tar_record_text(struct li_buffer *pax, const char *key, const char *value)
{
    tar_record(pax, key, value, strlen(value));
}

HELPER void tar_record_number(struct li_buffer *pax, const char *key, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    tar_record_text(pax, key, text);
}

/* A number of a header: octal, or in base 256 where it is too large or negative. */
HELPER void tar_number(uint8_t *field, size_t len, int64_t value)
{
    if (value >= 0 && (3 * (len - 1) >= 63 || value >> (3 * (len - 1)) == 0)) {
        for (size_t i = len - 1; i > 0; i--, value >>= 3)
            field[i - 1] = (uint8_t)('0' + (value & 7));
        return;
    }
    for (size_t i = len; i > 0; i--, value >>= 8)
        field[i - 1] = (uint8_t)value;
    field[0] |= 0x80;
}

HELPER void tar_checksum(uint8_t header[TAR_BLOCK])
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

/* The name, split between the two fields where the form is TAR_USTAR. */
HELPER void tar_header_name(const struct tar_entry *e, uint8_t header[TAR_BLOCK])
{
    size_t len = strlen(e->path), split = 0;

    if (e->form == TAR_USTAR && len > TAR_NAME) {
        while (len - split - 1 > TAR_NAME || e->path[split] != '/')
            split++;
        assert_true(split <= 155);
        memcpy(header + 345, e->path, split);
        memcpy(header, e->path + split + 1, len - split - 1);
    } else {
        memcpy(header, e->path, len < TAR_NAME ? len : TAR_NAME);
    }
}

HELPER void tar_make_header(const struct tar_entry *e, uint8_t header[TAR_BLOCK])
{
    size_t len = e->target ? strlen(e->target) : 0;

    memset(header, 0, TAR_BLOCK);
    tar_header_name(e, header);
    tar_number(header + 100, 8, e->mode);
    tar_number(header + 108, 8, (int64_t)e->uid);
    tar_number(header + 116, 8, (int64_t)e->gid);
    tar_number(header + 124, 12, (int64_t)e->size);
    tar_number(header + 136, 12, e->mtime);
    header[156] = (uint8_t)e->type;
    if (len)
        memcpy(header + 157, e->target, len < TAR_NAME ? len : TAR_NAME);
    memcpy(header + 257, e->form == TAR_GNU ? "ustar  " : "ustar\00000", 8);
    tar_number(header + 329, 8, e->major);
    tar_number(header + 337, 8, e->minor);
    tar_checksum(header);
}

/* HEADER, which gets its checksum, and LEN bytes behind it. */
HELPER void tar_put_header(struct li_buffer *tar, uint8_t header[TAR_BLOCK], const void *data,
                           uint64_t len)
{
    tar_checksum(header);
    tar_append(tar, header, TAR_BLOCK);
    if (data)
        tar_append(tar, data, len);
    tar_pad(tar, len);
}

/* An entry whose only purpose is its data: PAX records or a GNU name. */
HELPER void tar_put_special(struct li_buffer *tar, char type, const void *data, size_t len)
{
    struct tar_entry e = {.path = "special", .type = type, .size = len};
    uint8_t header[TAR_BLOCK];

    if (type == 'L' || type == 'K')
        e.form = TAR_GNU;
    tar_make_header(&e, header);
    tar_put_header(tar, header, data, len);
}

/* Names that the entry's form, or their length, keeps out of the header. */
HELPER void tar_put_names(struct li_buffer *tar, const struct tar_entry *e)
{
    bool long_path = strlen(e->path) > TAR_NAME, long_target = false;
    struct li_buffer pax = {0};

    if (e->target)
        long_target = strlen(e->target) > TAR_NAME;
    if (e->form == TAR_GNU) {
        tar_put_special(tar, 'L', e->path, strlen(e->path) + 1);
        if (e->target)
            tar_put_special(tar, 'K', e->target, strlen(e->target) + 1);
    }
    if (e->form == TAR_PAX || (e->form == TAR_SHORT && long_path))
        tar_record_text(&pax, "path", e->path);
    if (e->target && (e->form == TAR_PAX || (e->form == TAR_SHORT && long_target)))
        tar_record_text(&pax, "linkpath", e->target);
    if (e->pax)
        tar_append(&pax, e->pax->data, e->pax->len);
    if (pax.len)
        tar_put_special(tar, 'x', pax.data, pax.len);
    li_buffer_free(&pax);
}

HELPER void tar_put(struct li_buffer *tar, const struct tar_entry *entry)
{
    struct tar_entry e = *entry;
    uint8_t header[TAR_BLOCK];

    if (!e.type)
        e.type = '0';
    if (e.data && e.length == 0)
        e.length = strlen(e.data);
    if (e.size == 0)
        e.size = e.length;
    tar_put_names(tar, &e);
    tar_make_header(&e, header);
    tar_put_header(tar, header, e.data, e.length);
}

HELPER void tar_end(struct li_buffer *tar)
{
    static const char zeros[2 * TAR_BLOCK];

    tar_append(tar, zeros, sizeof(zeros));
}

/* ---- what tests need most ---- */

HELPER void tar_file(struct li_buffer *tar, const char *path, const char *text)
{
    tar_put(tar, &(struct tar_entry){.path = path, .data = text, .mode = 0644});
}

HELPER void tar_dir(struct li_buffer *tar, const char *path)
{
    tar_put(tar, &(struct tar_entry){.path = path, .type = '5', .mode = 0755});
}

HELPER void tar_symlink(struct li_buffer *tar, const char *path, const char *target)
{
    tar_put(tar, &(struct tar_entry){.path = path, .target = target, .type = '2', .mode = 0777});
}

HELPER void tar_link(struct li_buffer *tar, const char *path, const char *target)
{
    tar_put(tar, &(struct tar_entry){.path = path, .target = target, .type = '1'});
}

/* COUNT pseudo-random bytes, none of them 0, the same for one seed; the caller frees them. */
HELPER uint8_t *tar_bytes(uint32_t seed, size_t count)
{
    uint8_t *data = malloc(count ? count : 1);

    assert_non_null(data);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (uint8_t)(1 + (seed >> 24) % 255);
    }
    return data;
}

HELPER void tar_random_file(struct li_buffer *tar, const char *path, uint32_t seed, size_t size)
{
    uint8_t *data = tar_bytes(seed, size);

    tar_put(tar, &(struct tar_entry){
                     .path = path, .data = size ? data : NULL, .length = size, .mode = 0644});
    free(data);
}

#endif
