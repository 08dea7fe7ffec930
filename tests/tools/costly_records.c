/* SPDX-License-Identifier: Apache-2.0 */
/* What is in PAX records: attributes, ACLs, and records that nobody reads. */
#include <stdio.h>
#include <string.h>

#include "tests/tools/costly.h"
#include "tests/tools/randomline.h"

static void put_file(struct costly *c, unsigned number, const struct li_buffer *records)
{
    char path[64];

    snprintf(path, sizeof(path), "k%u/f%u", c->part, number);
    costly_put(c, &c->lower, &(struct costly_entry){path, NULL, '0', records});
}

/* A value of SIZE bytes, 8 at least, that no other NUMBER has. */
static void add_value(struct li_buffer *records, const char *key, unsigned number, size_t size)
{
    static char value[1 << 16];
    char digits[32];

    memset(value, 'A', sizeof(value));
    snprintf(digits, sizeof(digits), "%08u", number);
    memcpy(value, digits, 8);
    tar_record(records, key, value, size);
}

/* ---- attributes ---- */

static void make_large(struct costly *c)
{
    static const size_t sizes[] = {1000, 3900, 4000, 65000, 65536};
    size_t size = pick_of(sizes);
    struct li_buffer records = {0};

    for (unsigned i = 0; costly_room(c, &c->lower); i++) {
        records.len = 0;
        add_value(&records, "SCHILY.xattr.user.x", i, size);
        put_file(c, i, &records);
    }
    li_buffer_free(&records);
}

static void make_distinct(struct costly *c)
{
    struct li_buffer records = {0};

    for (unsigned i = 0; costly_room(c, &c->lower); i++) {
        records.len = 0;
        add_value(&records, "SCHILY.xattr.user.x", i, 8);
        put_file(c, i, &records);
    }
    li_buffer_free(&records);
}

/* As many as an entry may have, which fit into the space of one inode or not. */
static void make_many(struct costly *c)
{
    static const unsigned counts[] = {100, 200, 256, 257};
    unsigned count = pick_of(counts), same = pick(2);
    struct li_buffer records = {0};
    char key[64];

    for (unsigned i = 0; costly_room(c, &c->lower); i++) {
        records.len = 0;
        for (unsigned k = 0; k < count; k++) {
            snprintf(key, sizeof(key), "SCHILY.xattr.user.%u", k);
            add_value(&records, key, same ? 0 : i, 8);
        }
        put_file(c, i, &records);
    }
    li_buffer_free(&records);
}

/* 256 attributes, and each again in spellings that decode to the same name. */
static void make_spellings(struct costly *c)
{
    struct li_buffer records = {0};
    char key[300];

    for (unsigned k = 0; k < 256; k++) {
        snprintf(key, sizeof(key), "SCHILY.xattr.user.%0150u", k);
        tar_record_text(&records, key, "");
    }
    for (unsigned k = 0; records.len + 300 < COSTLY_SPECIAL; k++) {
        snprintf(key, sizeof(key), "LIBARCHIVE.xattr.%s%s%sr.%0150u", k & 256 ? "u" : "%75",
                 k & 512 ? "s" : "%73", k & 1024 ? "e" : "%65", k % 256);
        tar_record_text(&records, key, "");
    }
    for (unsigned i = 0; costly_room(c, &c->lower); i++)
        put_file(c, i, &records);
    li_buffer_free(&records);
}

/* Names that are left out, each of which comes before the last one. */
static void make_left_out(struct costly *c)
{
    struct li_buffer records = {0};
    char key[300];

    for (unsigned k = 999999; records.len + 300 < COSTLY_SPECIAL; k--) {
        snprintf(key, sizeof(key), "SCHILY.xattr.com.%06u", k);
        tar_record_text(&records, key, "");
    }
    for (unsigned i = 0; costly_room(c, &c->lower); i++)
        put_file(c, i, &records);
    li_buffer_free(&records);
}

/* ---- records ---- */

/* A hundred thousand of them: with one key, with sorted or with unsorted keys. */
static void make_tiny(struct costly *c)
{
    unsigned form = pick(3);
    struct li_buffer records = {0};

    for (unsigned k = 0; records.len + 32 < COSTLY_SPECIAL; k++) {
        char key[32] = "a";

        if (form > 0)
            snprintf(key, sizeof(key), "%x", form == 1 ? k : k * 0x9e3779b1U);
        tar_record_text(&records, key, "");
    }
    for (unsigned i = 0; costly_room(c, &c->lower); i++)
        put_file(c, i, &records);
    li_buffer_free(&records);
}

/* As many headers before an entry as there may be; the last of a kind counts. */
static void make_headers(struct costly *c)
{
    struct li_buffer records = {0};
    char comment[4003];

    memset(comment, 'n', sizeof(comment));
    while (records.len + 5000 < COSTLY_SPECIAL)
        tar_record(&records, "comment", comment, 2 + records.len % 4001);
    for (unsigned i = 0; costly_room(c, &c->lower); i++) {
        for (unsigned k = 0; k < 30; k++)
            tar_put_special(&c->lower, k % 2 ? 'g' : 'x', records.data, records.len);
        put_file(c, i, &records);
    }
    li_buffer_free(&records);
}

/* ---- ACLs ---- */

static void make_acl(struct costly *c, unsigned count, const char *between, bool distinct)
{
    struct li_buffer records = {0};

    for (unsigned i = 0; costly_room(c, &c->lower); i++) {
        if (i == 0 || distinct) {
            records.len = 0;
            costly_acl(&records, 100000 + i, count, between);
        }
        put_file(c, i, &records);
    }
    li_buffer_free(&records);
}

/* As many rules as an attribute can hold, and as fit into the space of one inode. */
static void make_acl_rules(struct costly *c)
{
    static const unsigned counts[] = {8187, 8188, 490, 5};

    make_acl(c, pick_of(counts), "", pick(2));
}

/* A header that is all ACL, with more rules than there may be, or with what is nothing. */
static void make_acl_text(struct costly *c)
{
    char between[1900];

    if (chance(50)) {
        make_acl(c, 90000, "", false);
        return;
    }
    memset(between, chance(50) ? ' ' : ',', sizeof(between));
    between[sizeof(between) - 1] = '\0';
    make_acl(c, 500, between, false);
}

const struct costly_kind costly_records[] = {
    {"attributes that are large", make_large},
    {"attributes that are distinct", make_distinct},
    {"attributes that are many", make_many},
    {"attributes in many spellings", make_spellings},
    {"attributes that are left out", make_left_out},
    {"records that are tiny", make_tiny},
    {"headers before an entry", make_headers},
    {"ACLs with many rules", make_acl_rules},
    {"ACLs with long texts", make_acl_text},
    {NULL, NULL},
};
