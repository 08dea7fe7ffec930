/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This is no tar reader: libarchive has read the headers already, and what it has refused does not
 * get here. But it makes files of types that it does not know, cuts names at a NUL, loses the sign
 * of a time within the second before 1970, gives no error of its own for an ACL that it cannot
 * parse, and does not say how many bytes an entry has in the tar, which is what a sparse map must
 * fit. All of that stands in the headers, and few entries have more than one block of them.
 *
 * Special headers go before the entry's own (POSIX, pax, "ustar Interchange Format"; GNU tar,
 * "Basic Tar Format"); their limits are libarchive's.
 */
#include "layer/header.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 512,
    AT_SIZE = 124,
    SIZE_LENGTH = 12,
    AT_TYPE = 156,
    SPECIAL_COUNT = 32,
    SPECIAL_MAX = 1 << 20, /* bytes */
};

/* A record of PAX: "LENGTH KEY=VALUE\n". */
struct record {
    const char *key, *value;
    size_t key_length, value_length;
};

/* Octal, or in base 256 where the first bit is set. */
static uint64_t read_number(const uint8_t *field, size_t len)
{
    uint64_t value = 0;
    size_t i = 0;

    if (field[0] & 0x80) {
        for (i = 1; i < len; i++)
            value = value << 8 | field[i];
        return value;
    }
    while (i < len && (field[i] == ' ' || field[i] == '\t'))
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        value = value << 3 | (field[i] - '0');
    return value;
}

static bool read_decimal(const char *text, size_t len, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out = value;
    return len > 0;
}

static bool is_key(const struct record *r, const char *key)
{
    return strlen(key) == r->key_length && memcmp(key, r->key, r->key_length) == 0;
}

/* ---- the records of PAX ---- */

/* Cuts the first record off; false where there is none. */
static bool cut_record(const char **text, size_t *left, struct record *out)
{
    const char *space = memchr(*text, ' ', *left), *equals;
    uint64_t length;

    if (!space || !read_decimal(*text, (size_t)(space - *text), &length) || length > *left ||
        length < (uint64_t)(space - *text) + 2 || (*text)[length - 1] != '\n')
        return false;
    out->key = space + 1;
    equals = memchr(out->key, '=', (size_t)(*text + length - out->key));
    if (!equals)
        return false;
    out->key_length = (size_t)(equals - out->key);
    out->value = equals + 1;
    out->value_length = (size_t)(*text + length - 1 - out->value);
    *text += length;
    *left -= length;
    return true;
}

static int check_name(const struct record *r, struct li_error *err)
{
    if (!memchr(r->value, '\0', r->value_length))
        return 0;
    return li_fail(err, LI_ECORRUPT, "its PAX record \"%.*s\" has a NUL, which no name can have",
                   (int)r->key_length, r->key);
}

/* The text is parsed once more, by itself: with the whole entry its warning may be another's. */
static int check_acl(const struct record *r, int type, struct li_error *err)
{
    char *text = strndup(r->value, r->value_length);
    struct archive_entry *e = archive_entry_new();
    int rc = 0;

    if (!text || !e)
        rc = li_fail_memory(err);
    else if (strlen(text) != r->value_length ||
             archive_entry_acl_from_text(e, text, type) != ARCHIVE_OK)
        rc = li_fail(err, LI_ECORRUPT, "its ACL (%.*s) cannot be read: \"%.100s\"",
                     (int)r->key_length, r->key, text);
    archive_entry_free(e);
    free(text);
    return rc;
}

static int read_record(const struct record *r, struct li_header *out, uint64_t *length, bool *given,
                       struct li_error *err)
{
    static const char *const names[] = {"path", "linkpath", "GNU.sparse.name"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is_key(r, names[i]))
            return check_name(r, err);
    if (r->value_length == 0)
        return 0;
    if (is_key(r, "SCHILY.acl.access"))
        return check_acl(r, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, err);
    if (is_key(r, "SCHILY.acl.default"))
        return check_acl(r, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, err);
    if (is_key(r, "mtime"))
        out->time_is_negative = r->value_length > 0 && r->value[0] == '-';
    if (is_key(r, "size")) {
        *given = true;
        if (!read_decimal(r->value, r->value_length, length))
            return li_fail(err, LI_ECORRUPT, "its PAX record \"size\" is no number");
    }
    return 0;
}

static int read_records(const char *text, size_t left, struct li_header *out, uint64_t *length,
                        bool *given, struct li_error *err)
{
    struct record r;
    int rc = 0;

    while (rc == 0 && left > 0) {
        if (!cut_record(&text, &left, &r))
            return li_fail(err, LI_ECORRUPT, "its PAX records are broken");
        rc = read_record(&r, out, length, given, err);
    }
    return rc;
}

/* ---- headers ---- */

static int check_type(char type, struct li_error *err)
{
    if (type == '\0' || strchr("01234567SD", type))
        return 0;
    if (type == 'M')
        return li_fail(err, LI_EUNSUPPORTED,
                       "it is a part of a file from a tar of several volumes");
    return li_fail(
        err, LI_EUNSUPPORTED,
        "its type, byte %u of the tar format, is not known; no container engine unpacks it",
        (unsigned)(unsigned char)type);
}

int li_header_read(li_header_look *look, void *arg, uint64_t offset, struct li_header *out,
                   struct li_error *err)
{
    uint64_t size = 0, length = 0;
    bool given = false;
    int rc = 0;

    *out = (struct li_header){0};
    for (int i = 0; rc == 0 && i <= SPECIAL_COUNT; i++) {
        const uint8_t *bytes;

        rc = look(arg, offset, BLOCK, &bytes, err);
        if (rc < 0)
            return rc;
        out->type = (char)bytes[AT_TYPE];
        size = read_number(bytes + AT_SIZE, SIZE_LENGTH);
        offset += BLOCK;
        if (out->type == 'V')
            continue;
        if (out->type == '\0' || !strchr("AgKLXx", out->type))
            break;
        if (size > SPECIAL_MAX)
            return li_fail(err, LI_ECORRUPT, "it has a special header of %llu bytes",
                           (unsigned long long)size);
        if (out->type == 'X' || out->type == 'x') {
            rc = look(arg, offset, (size_t)size, &bytes, err);
            if (rc == 0)
                rc = read_records((const char *)bytes, (size_t)size, out, &length, &given, err);
        }
        offset += (size + BLOCK - 1) / BLOCK * BLOCK;
    }
    if (rc == 0)
        rc = check_type(out->type, err);
    out->end = offset;
    out->length = given ? length : size;
    return rc;
}
