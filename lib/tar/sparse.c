/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GNU tar, "Storing Sparse Files", describes the forms; where it is silent Go's archive/tar decides
 * (reader.go). A map is read once, from its start to its end, and only the runs that have data are
 * kept.
 */
#include "tar/sparse.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "tar/number.h"

enum {
    NUMBER = 12,     /* bytes of a number of the old form */
    OLD_AT = 386,    /* the first run in a header */
    OLD_COUNT = 4,   /* runs in a header */
    OLD_SIZE = 483,  /* the file's size */
    MORE_COUNT = 21, /* runs in a block after it */
    TOKEN_MAX =
        32, /* digits of a number as text; Go has no limit, and no writer has more than 19 */
};

static int broken(struct li_error *err)
{
    return li_fail(err, LI_ECORRUPT, "its sparse map is broken");
}

static void clear(struct li_tar_map *map)
{
    map->count = 0;
    map->end = map->stored = 0;
}

static int reserve_run(struct li_tar_map *map, struct li_error *err)
{
    if (map->count == LI_TAR_RUNS_MAX)
        return li_fail(err, LI_ELIMIT, "it has more than %d runs of data between holes",
                       LI_TAR_RUNS_MAX);
    return li_array_reserve(&map->runs, &map->cap, map->count + 1, sizeof(*map->runs), err);
}

/* Runs ascend and do not overlap. A run without data, which ends a file with a hole at its end,
 * must do so, too, and is left out. */
static int add_run(struct li_tar_map *map, int64_t offset, int64_t length, struct li_error *err)
{
    int rc = 0;

    if (offset < 0 || length < 0 || (uint64_t)offset < map->end || length > INT64_MAX - offset)
        return broken(err);
    if (length > 0)
        rc = reserve_run(map, err);
    if (rc < 0)
        return rc;
    map->end = (uint64_t)offset + (uint64_t)length;
    map->stored += (uint64_t)length;
    if (length > 0)
        map->runs[map->count++] = (struct li_tar_run){(uint64_t)offset, (uint64_t)length};
    return 0;
}

/* ---- GNU's old form ---- */

/* The runs in a block, up to the first one without an offset. */
static int add_old_runs(struct li_tar_map *map, const uint8_t *at, size_t count,
                        struct li_error *err)
{
    int rc = 0;

    for (; rc == 0 && count > 0 && at[0] != 0; count--, at += 2 * (size_t)NUMBER) {
        int64_t offset, length;

        if (!li_tar_number(at, NUMBER, &offset) || !li_tar_number(at + NUMBER, NUMBER, &length))
            return broken(err);
        rc = add_run(map, offset, length, err);
    }
    return rc;
}

int li_tar_map_old(struct li_tar_map *map, const struct li_tar_source *source, const uint8_t *block,
                   uint64_t offset, uint64_t *used, struct li_error *err)
{
    bool more = block[OLD_AT + OLD_COUNT * 2 * NUMBER] != 0;
    int rc;

    clear(map);
    *used = 0;
    rc = add_old_runs(map, block + OLD_AT, OLD_COUNT, err);
    while (rc == 0 && more) {
        if (source->length - offset - *used < LI_TAR_BLOCK)
            return li_fail(err, LI_ECORRUPT, "its sparse map is cut short");
        rc = source->look(source->self, offset + *used, LI_TAR_BLOCK, &block, err);
        if (rc < 0)
            break;
        more = block[MORE_COUNT * 2 * NUMBER] != 0;
        *used += LI_TAR_BLOCK;
        rc = add_old_runs(map, block, MORE_COUNT, err);
    }
    return rc;
}

bool li_tar_old_size(const uint8_t *block, int64_t *out)
{
    return li_tar_number(block + OLD_SIZE, NUMBER, out);
}

/* ---- PAX 0.0 and 0.1 ---- */

static bool is_value(const struct li_tar_record *r, const char *value)
{
    return r && strlen(value) == r->value_length && memcmp(value, r->value, r->value_length) == 0;
}

/* 0.0 and the first 0.1 did not state their version. A record with any other version is not a map.
 */
enum li_tar_sparse li_tar_sparse_form(const struct li_tar_pax *pax)
{
    const struct li_tar_record *major = pax->known[LI_TAR_PAX_SPARSE_MAJOR];
    const struct li_tar_record *minor = pax->known[LI_TAR_PAX_SPARSE_MINOR];

    if (is_value(major, "0") && (is_value(minor, "0") || is_value(minor, "1")))
        return LI_TAR_SPARSE_0;
    if (is_value(major, "1") && is_value(minor, "0"))
        return LI_TAR_SPARSE_1;
    if (major || minor)
        return LI_TAR_DENSE;
    return pax->known[LI_TAR_PAX_SPARSE_MAP] || pax->pairs.count > 0 ? LI_TAR_SPARSE_0
                                                                     : LI_TAR_DENSE;
}

static int add_pairs(struct li_tar_map *map, const struct li_tar_records *pairs, int64_t count,
                     struct li_error *err)
{
    int rc = 0;

    if (pairs->count % 2 != 0 || (uint64_t)count != pairs->count / 2)
        return broken(err);
    for (size_t i = 0; rc == 0 && i < pairs->count; i += 2) {
        const struct li_tar_record *one = &pairs->list[i], *two = &pairs->list[i + 1];
        int64_t offset, length;

        if (!li_tar_decimal(one->value, one->value_length, &offset) ||
            !li_tar_decimal(two->value, two->value_length, &length))
            return broken(err);
        rc = add_run(map, offset, length, err);
    }
    return rc;
}

/* The number before the next comma, or before the end; false if there is none. */
static bool cut_number(const char **text, const char *end, int64_t *out)
{
    const char *comma;
    bool good;

    if (!*text)
        return false;
    comma = memchr(*text, ',', (size_t)(end - *text));
    good = li_tar_decimal(*text, (size_t)((comma ? comma : end) - *text), out);
    *text = comma ? comma + 1 : NULL;
    return good;
}

static int add_list(struct li_tar_map *map, const struct li_tar_record *list, int64_t count,
                    struct li_error *err)
{
    const char *text = list ? list->value : NULL, *end = list ? text + list->value_length : NULL;
    int rc = 0;

    for (; rc == 0 && count > 0; count--) {
        int64_t offset, length;

        if (!cut_number(&text, end, &offset) || !cut_number(&text, end, &length))
            return broken(err);
        rc = add_run(map, offset, length, err);
    }
    return rc == 0 && text ? broken(err) : rc;
}

int li_tar_map_records(struct li_tar_map *map, const struct li_tar_pax *pax, struct li_error *err)
{
    const struct li_tar_record *stated = pax->known[LI_TAR_PAX_SPARSE_NUMBLOCKS];
    int64_t count;

    clear(map);
    if (!stated || !li_tar_decimal(stated->value, stated->value_length, &count) || count < 0)
        return broken(err);
    if (pax->pairs.count > 0)
        return add_pairs(map, &pax->pairs, count, err);
    return add_list(map, pax->known[LI_TAR_PAX_SPARSE_MAP], count, err);
}

/* ---- PAX 1.0 ---- */

/* Reads numbers, a line each, from the start of a file's data. */
struct lines {
    const struct li_tar_source *source;
    uint64_t next, left; /* of the data, not yet used */
    const uint8_t *block;
    size_t at; /* in the block; LI_TAR_BLOCK: it is used up */
};

static int next_block(struct lines *l, struct li_error *err)
{
    int rc;

    if (l->left < LI_TAR_BLOCK)
        return li_fail(err, LI_ECORRUPT, "its sparse map is cut short");
    rc = l->source->look(l->source->self, l->next, LI_TAR_BLOCK, &l->block, err);
    l->next += LI_TAR_BLOCK;
    l->left -= LI_TAR_BLOCK;
    l->at = 0;
    return rc;
}

static int next_line(struct lines *l, int64_t *out, struct li_error *err)
{
    char text[TOKEN_MAX];
    size_t len = 0;

    for (;;) {
        if (l->at == LI_TAR_BLOCK) {
            int rc = next_block(l, err);

            if (rc < 0)
                return rc;
        }
        if (l->block[l->at] == '\n')
            break;
        if (len == TOKEN_MAX)
            return broken(err);
        text[len++] = (char)l->block[l->at++];
    }
    l->at++;
    return li_tar_decimal(text, len, out) ? 0 : broken(err);
}

int li_tar_map_data(struct li_tar_map *map, const struct li_tar_source *source, uint64_t offset,
                    uint64_t length, uint64_t *used, struct li_error *err)
{
    struct lines l = {.source = source, .next = offset, .left = length, .at = LI_TAR_BLOCK};
    int64_t count = 0;
    int rc = next_line(&l, &count, err);

    clear(map);
    if (rc == 0 && count < 0)
        return broken(err);
    for (; rc == 0 && count > 0; count--) {
        int64_t at, bytes;

        rc = next_line(&l, &at, err);
        if (rc == 0)
            rc = next_line(&l, &bytes, err);
        if (rc == 0)
            rc = add_run(map, at, bytes, err);
    }
    *used = l.next - offset;
    return rc;
}

void li_tar_map_free(struct li_tar_map *map)
{
    free(map->runs);
    *map = (struct li_tar_map){0};
}
