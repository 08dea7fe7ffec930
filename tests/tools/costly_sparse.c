/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files of as many runs as there may be, of a byte each, in each form. */
#include <stdio.h>

#include "tests/tools/costly.h"
#include "tests/tools/randomline.h"

enum {
    RUNS = 400000,
    WIDE = 20000, /* runs in blocks of their own: each becomes 4 KiB of the image */
    AT_RUNS = 386,
    AT_SIZE = 483,
    RUN = 24,
    IN_HEADER = 4,
    IN_BLOCK = 21,
};

struct runs {
    unsigned count;
    uint64_t stride;
};

static struct runs pick_runs(void)
{
    struct runs r = {RUNS + pick(2), 2};

    if (chance(30))
        r = (struct runs){1 + pick(WIDE), 4096 * (1 + pick(3))};
    return r;
}

static size_t limit(const struct costly *c, size_t most)
{
    return most < c->room ? most : c->room;
}

static void put_data(struct costly *c, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tar_append(&c->lower, "x", 1);
    tar_pad(&c->lower);
    c->entries++;
}

static struct tar_header header(const struct costly *c, const char *name, char type)
{
    struct tar_header h = {.mode = 0644, .type = type, .magic = type == 'S' ? TAR_GNU : TAR_USTAR};

    snprintf(h.name, sizeof(h.name), "k%u/%s", c->part, name);
    return h;
}

static void put_run(uint8_t *to, const struct runs *r, unsigned i)
{
    tar_number(to, 12, (int64_t)(i * r->stride), TAR_OCTAL);
    tar_number(to + 12, 12, 1, TAR_OCTAL);
}

static void make_old(struct costly *c)
{
    struct tar_header h = header(c, "old", 'S');
    struct runs r = pick_runs();
    size_t at;

    if (r.count > limit(c, RUNS + 1))
        r.count = (unsigned)limit(c, RUNS + 1);
    h.size = r.count;
    at = tar_put_header(&c->lower, &h);
    for (unsigned i = 0; i < IN_HEADER && i < r.count; i++)
        put_run(c->lower.data + at + AT_RUNS + (size_t)i * RUN, &r, i);
    c->lower.data[at + AT_RUNS + (size_t)IN_HEADER * RUN] = r.count > IN_HEADER;
    tar_number(c->lower.data + at + AT_SIZE, 12, (int64_t)(r.count * r.stride), TAR_OCTAL);
    tar_checksum(c->lower.data + at);
    for (unsigned first = IN_HEADER; first < r.count; first += IN_BLOCK) {
        uint8_t block[TAR_BLOCK] = {0};

        for (unsigned i = 0; i < IN_BLOCK && first + i < r.count; i++)
            put_run(block + (size_t)i * RUN, &r, first + i);
        block[IN_BLOCK * RUN] = first + IN_BLOCK < r.count;
        tar_append(&c->lower, block, sizeof(block));
    }
    put_data(c, r.count);
}

/* In a record, which bounds the map: two digits less would be half as many runs again. */
static void make_0_1(struct costly *c)
{
    struct tar_header h = header(c, "0.1", '0');
    struct runs r = pick_runs();
    struct li_buffer map = {0}, records = {0};
    char text[32];
    unsigned count = 0;

    for (; count < r.count && map.len + 200 < limit(c, COSTLY_SPECIAL); count++)
        costly_text(&map, "%s%llu,1", count ? "," : "", (unsigned long long)(count * r.stride));
    snprintf(text, sizeof(text), "%llu", (unsigned long long)(count * r.stride));
    tar_record_text(&records, "GNU.sparse.size", text);
    snprintf(text, sizeof(text), "%u", count);
    tar_record_text(&records, "GNU.sparse.numblocks", text);
    tar_record(&records, "GNU.sparse.map", map.data, map.len);
    tar_put_special(&c->lower, 'x', records.data, records.len);
    h.size = count;
    tar_put_header(&c->lower, &h);
    put_data(c, count);
    li_buffer_free(&map);
    li_buffer_free(&records);
}

static void make_1_0(struct costly *c)
{
    struct tar_header h = header(c, "1.0", '0');
    struct runs r = pick_runs();
    struct li_buffer map = {0}, records = {0};
    char text[32];

    if (r.count > limit(c, RUNS + 1))
        r.count = (unsigned)limit(c, RUNS + 1);
    tar_record_text(&records, "GNU.sparse.major", "1");
    tar_record_text(&records, "GNU.sparse.minor", "0");
    snprintf(text, sizeof(text), "%llu", (unsigned long long)(r.count * r.stride));
    tar_record_text(&records, "GNU.sparse.realsize", text);
    tar_put_special(&c->lower, 'x', records.data, records.len);
    costly_text(&map, "%u\n", r.count);
    for (unsigned i = 0; i < r.count; i++)
        costly_text(&map, "%llu\n1\n", (unsigned long long)(i * r.stride));
    tar_pad(&map);
    h.size = (int64_t)map.len + r.count;
    tar_put_header(&c->lower, &h);
    tar_append(&c->lower, map.data, map.len);
    put_data(c, r.count);
    li_buffer_free(&map);
    li_buffer_free(&records);
}

const struct costly_kind costly_sparse[] = {
    {"runs of GNU's old form", make_old},
    {"runs of PAX 0.1", make_0_1},
    {"runs of PAX 1.0", make_1_0},
    {NULL, NULL},
};
