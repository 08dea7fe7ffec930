/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the documents of an image, and how many there are. */
#include "tests/tools/costly.h"
#include "tests/tools/randomline.h"

enum { COSTLY_REST = 1 << 20 };

/* Bytes of one document, with room for what it needs. */
static size_t limit_of(const struct costly *c)
{
    return c->room < COSTLY_DOCUMENT - COSTLY_REST ? c->room : COSTLY_DOCUMENT - COSTLY_REST;
}

/* COUNT times TEXT, as an array, as far as a document has room for it. */
static void add_array(struct costly *c, const char *text, unsigned count)
{
    costly_text(&c->more, ",\"a%zu\":[0", c->more.len);
    while (count-- > 0 && c->more.len + 4096 < limit_of(c))
        costly_text(&c->more, ",%s", text);
    costly_text(&c->more, "]");
}

static void make_values(struct costly *c)
{
    static const char *const values[] = {"{}", "[]", "0", "\"\"", "{\"a\":0}"};

    add_array(c, pick_of(values), chance(70) ? COSTLY_VALUES / 2 : 8 << 20);
    c->oci = pick(2);
}

static void make_strings(struct costly *c)
{
    static const char *const strings[] = {"\\u0000", "\\ud800", "\\u00e9", "long", "1e-999"};
    const char *string = pick_of(strings);

    costly_text(&c->more, ",\"annotations\":{\"org.opencontainers.image.title\":\"");
    while (c->more.len + 4096 < limit_of(c))
        costly_text(&c->more, "%s", string);
    costly_text(&c->more, "\"}");
    c->oci = chance(70);
}

/* Keys that differ in nothing but their case. */
static void make_keys(struct costly *c)
{
    unsigned count = chance(70) ? COSTLY_VALUES / 2 : 1 << 20;

    costly_text(&c->more, ",\"annotations\":{\"a\":\"\"");
    while (count-- > 0 && c->more.len + 8192 < limit_of(c))
        costly_text(&c->more, ",\"%c%c\":\"\"", count & 1 ? 'k' : 'K', count & 2 ? 'l' : 'L');
    costly_text(&c->more, "}");
    c->oci = pick(2);
}

static void make_nested(struct costly *c)
{
    unsigned depth = 2000 + pick(100);

    for (unsigned k = 0; k < 50 && c->more.len + 8192 < limit_of(c); k++) {
        costly_text(&c->more, ",\"n%u\":", k);
        for (unsigned i = 0; i < depth; i++)
            costly_text(&c->more, "[");
        for (unsigned i = 0; i < depth; i++)
            costly_text(&c->more, "]");
    }
    c->oci = pick(2);
}

static void make_indexes(struct costly *c)
{
    make_values(c);
    c->oci = true;
    c->indexes = 1 + pick(8);
}

static void make_images(struct costly *c)
{
    c->names = 1 + pick(5000);
}

static void make_layers(struct costly *c)
{
    c->uppers = COSTLY_LAYERS - 1 + pick(2);
    c->oci = pick(2);
    costly_file(c, &c->upper, "file");
}

static void make_members(struct costly *c)
{
    c->members = (unsigned)(c->room / 2560);
    c->entries += c->members;
}

/* In the archive's own headers, which another reader reads than the layers'. */
static void make_member_acls(struct costly *c)
{
    c->members = 1 + (unsigned)(c->room >> 20);
    c->member_acls = true;
    c->entries += c->members;
}

const struct costly_kind costly_documents[] = {
    {"values of JSON", make_values},
    {"strings of JSON", make_strings},
    {"keys of JSON", make_keys},
    {"arrays within arrays of JSON", make_nested},
    {"indexes within indexes", make_indexes},
    {"images in one archive", make_images},
    {"layers of one image", make_layers},
    {"files in one archive", make_members},
    {"ACLs in one archive", make_member_acls},
    {NULL, NULL},
};
