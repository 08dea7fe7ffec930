/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/tarsparse.h"

#include <stdio.h>
#include <string.h>

#include "tests/tools/randomline.h"

enum { RUNS_MAX = 40, AT_RUNS = 386, RUNS_IN_HEADER = 4, RUNS_IN_BLOCK = 21, RUN = 24 };

struct map {
    struct {
        uint64_t offset, length;
    } run[RUNS_MAX + 1];
    unsigned count;
    uint64_t stored, size;
};

static void add_run(struct map *map, uint64_t offset, uint64_t length)
{
    map->run[map->count].offset = offset;
    map->run[map->count++].length = length;
    map->stored += length;
}

static void make_map(struct map *map)
{
    uint64_t at = 0;

    *map = (struct map){.count = 0};
    for (unsigned i = pick(4) ? pick(6) : pick(RUNS_MAX); i > 0; i--) {
        uint64_t length = 1 + pick(700);

        at += (uint64_t)512 * (1 + pick(20));
        add_run(map, at, length);
        at += length;
    }
    map->size = at + (pick(2) ? pick(100000) : 0);
    /* GNU tar ends a map so where a file ends with a hole. */
    if (map->size > at || map->count == 0)
        add_run(map, map->size, 0);
}

/* What is wrong with a map that was right. */
static void break_map(struct map *map)
{
    unsigned i = pick(map->count);

    switch (pick(6)) {
    case 0:
        map->run[i].offset += 100000;
        break;
    case 1:
        map->run[i].length += pick(100);
        break;
    case 2:
        map->size /= 2;
        break;
    case 3:
        map->run[i].offset = UINT64_MAX - pick(1000);
        break;
    case 4:
        map->stored += 1 + pick(1000);
        break;
    default:
        map->size = (uint64_t)1 << (20 + pick(40));
    }
}

/* ---- the old form, in headers ---- */

static void put_runs(uint8_t *to, const struct map *map, unsigned from, unsigned room)
{
    for (unsigned i = 0; i < room && from + i < map->count; i++) {
        tar_number(to + RUN * i, 12, (int64_t)map->run[from + i].offset, TAR_OCTAL);
        tar_number(to + RUN * i + 12, 12, (int64_t)map->run[from + i].length, TAR_OCTAL);
    }
    to[RUN * room] = map->count > from + room;
}

static void put_old(struct li_buffer *tar, struct tar_header *h, const struct map *map)
{
    size_t at;

    h->type = 'S';
    h->magic = TAR_GNU;
    h->size = (int64_t)map->stored;
    at = tar_put_header(tar, h);
    put_runs(tar->data + at + AT_RUNS, map, 0, RUNS_IN_HEADER);
    tar_number(tar->data + at + 483, 12, (int64_t)map->size, TAR_OCTAL);
    tar_checksum(tar->data + at);
    for (unsigned from = RUNS_IN_HEADER; from < map->count; from += RUNS_IN_BLOCK) {
        uint8_t block[TAR_BLOCK] = {0};

        put_runs(block, map, from, RUNS_IN_BLOCK);
        tar_append(tar, block, sizeof(block));
    }
}

/* ---- the three forms in PAX records ---- */

static void add_number(struct li_buffer *records, const char *key, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    tar_record_text(records, key, text);
}

static void add_map_0_0(struct li_buffer *records, const struct map *map)
{
    add_number(records, "GNU.sparse.size", map->size);
    add_number(records, "GNU.sparse.numblocks", map->count);
    for (unsigned i = 0; i < map->count; i++) {
        add_number(records, "GNU.sparse.offset", map->run[i].offset);
        add_number(records, "GNU.sparse.numbytes", map->run[i].length);
    }
}

static void add_map_0_1(struct li_buffer *records, const struct map *map)
{
    char text[50 * RUNS_MAX] = "";

    for (unsigned i = 0; i < map->count; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%llu,%llu", i ? "," : "",
                 (unsigned long long)map->run[i].offset, (unsigned long long)map->run[i].length);
    add_number(records, "GNU.sparse.size", map->size);
    add_number(records, "GNU.sparse.numblocks", map->count);
    tar_record_text(records, "GNU.sparse.name", "sparse-of-0.1");
    tar_record_text(records, "GNU.sparse.map", text);
}

static void add_map_1_0(struct li_buffer *records, const struct map *map)
{
    tar_record_text(records, "GNU.sparse.major", "1");
    tar_record_text(records, "GNU.sparse.minor", "0");
    tar_record_text(records, "GNU.sparse.name", "sparse-of-1.0");
    add_number(records, "GNU.sparse.realsize", map->size);
}

/* The map that lies before the contents. */
static void make_front(struct li_buffer *front, const struct map *map)
{
    char text[64];

    snprintf(text, sizeof(text), "%u\n", map->count);
    tar_append(front, text, strlen(text));
    for (unsigned i = 0; i < map->count; i++) {
        snprintf(text, sizeof(text), "%llu\n%llu\n", (unsigned long long)map->run[i].offset,
                 (unsigned long long)map->run[i].length);
        tar_append(front, text, strlen(text));
    }
    tar_pad(front);
}

static void put_pax(struct li_buffer *tar, struct tar_header *h, const struct map *map)
{
    static void (*const add[])(struct li_buffer *, const struct map *) = {add_map_0_0, add_map_0_1,
                                                                          add_map_1_0};
    struct li_buffer records = {0}, front = {0};
    unsigned form = pick(3);

    add[form](&records, map);
    if (form == 2)
        make_front(&front, map);
    h->type = '0';
    h->magic = TAR_USTAR;
    h->size = (int64_t)(front.len + map->stored);
    tar_put_special(tar, 'x', records.data, records.len);
    tar_put_header(tar, h);
    if (front.len > 0)
        tar_append(tar, front.data, front.len);
    li_buffer_free(&records);
    li_buffer_free(&front);
}

void tar_put_sparse(struct li_buffer *tar, struct tar_header *header, bool odd)
{
    struct map map;

    make_map(&map);
    if (odd && chance(25))
        break_map(&map);
    if (!odd)
        header->prefix[0] = '\0'; /* no part of GNU's headers */
    if (header->type == 'S' || chance(30))
        put_old(tar, header, &map);
    else
        put_pax(tar, header, &map);
    tar_put_contents(tar, map.stored);
}
