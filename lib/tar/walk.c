/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links, devices, directories and FIFOs have no data, whatever size their headers state (Go,
 * isHeaderOnlyType): the next header follows directly. Container engines read tars like this, so if
 * there is a header or the end of the archive, it counts. But `pax -o linkdata` stores the data of
 * hard links. Engines cannot read such a tar, unless they mistake that data for headers. So there
 * is a second position where the next header may be, after the data. It counts if there is nothing
 * at the first.
 *
 * The data may begin with what looks like the end of an archive, or be a tar with an end of its
 * own. Then both readings are possible, and one has entries that the other does not have. So each
 * second position is kept as a doubt. If the archive ends before a doubt at which there is a
 * header, the archive is refused.
 */
#include "tar/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "tar/header.h"

/* Second positions that are still ahead. Real tars have a handful at a time. */
enum { DOUBTS_MAX = 1 << 16, DOUBTS_FIRST = 64 };

enum found { HEADER, END, PARTIAL, LONE_ZEROS, NEITHER };

static int look_block(const struct li_tar_source *source, uint64_t at, const uint8_t **block,
                      struct li_error *err)
{
    return source->look(source->self, at, LI_TAR_BLOCK, block, err);
}

/* Two blocks of zeros are the end, or one if the tar ends after it. */
static int judge_zeros(const struct li_tar_source *source, uint64_t at, enum found *out,
                       struct li_error *err)
{
    const uint8_t *block;
    int rc;

    if (at == source->length) {
        *out = END;
        return 0;
    }
    *out = LONE_ZEROS;
    if (source->length - at < LI_TAR_BLOCK)
        return 0;
    rc = look_block(source, at, &block, err);
    if (rc == 0 && li_tar_is_zero(block))
        *out = END;
    return rc;
}

/* What is at AT, which is not after the end of the tar. */
static int judge(const struct li_tar_source *source, uint64_t at, const uint8_t **block,
                 enum found *out, struct li_error *err)
{
    int rc;

    *out = at == source->length ? END : PARTIAL;
    if (source->length - at < LI_TAR_BLOCK)
        return 0;
    rc = look_block(source, at, block, err);
    if (rc < 0)
        return rc;
    *out = li_tar_is_header(*block) ? HEADER : NEITHER;
    return li_tar_is_zero(*block) ? judge_zeros(source, at + LI_TAR_BLOCK, out, err) : 0;
}

static int explain(enum found found, uint64_t at, struct li_error *err)
{
    unsigned long long byte = at;

    if (found == PARTIAL)
        return li_fail(err, LI_ECORRUPT,
                       "not a tar that can be read: it ends within the header at byte %llu; it is "
                       "cut short",
                       byte);
    if (found == LONE_ZEROS)
        return li_fail(err, LI_ECORRUPT,
                       "not a tar that can be read: at byte %llu it has a single block of zeros "
                       "but must end with two",
                       byte);
    return li_fail(err, LI_ECORRUPT,
                   "not a tar that can be read: what is at byte %llu is not a header; its checksum "
                   "is wrong",
                   byte);
}

/* ---- doubts ---- */

/* Drops positions that the walk has passed. */
static void drop_passed(struct li_tar_walk *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->count; i++)
        if (p->doubts[i] > p->next)
            p->doubts[kept++] = p->doubts[i];
    p->count = kept;
}

/* Makes room only if less than half is free after passed positions are dropped, so that many
 * additions share the cost of dropping. */
static int reserve_doubt(struct li_tar_walk *p, struct li_error *err)
{
    size_t cap = p->cap ? 2 * p->cap : DOUBTS_FIRST;

    if (p->count < p->cap)
        return 0;
    drop_passed(p);
    if (p->count < p->cap / 2)
        return 0;
    if (cap > DOUBTS_MAX)
        return li_fail(err, LI_ELIMIT,
                       "more than %d links, devices or directories have a size that leads beyond "
                       "the entries behind them",
                       DOUBTS_MAX / 2);
    return li_array_reserve(&p->doubts, &p->cap, cap, sizeof(*p->doubts), err);
}

static int add_doubt(struct li_tar_walk *p, uint64_t at, struct li_error *err)
{
    int rc = reserve_doubt(p, err);

    if (rc == 0)
        p->doubts[p->count++] = at;
    return rc;
}

static int compare_offsets(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The archive ends here: there must be no header at a doubt. Doubts are checked in ascending order,
 * so that SOURCE reads its bytes once. */
static int check_doubts(struct li_tar_walk *p, const struct li_tar_source *source,
                        struct li_error *err)
{
    drop_passed(p);
    if (p->count > 0)
        qsort(p->doubts, p->count, sizeof(*p->doubts), compare_offsets);
    for (size_t i = 0; i < p->count; i++) {
        const uint8_t *block;
        enum found found;
        int rc = 0;

        if (i == 0 || p->doubts[i] != p->doubts[i - 1])
            rc = judge(source, p->doubts[i], &block, &found, err);
        else
            continue;
        if (rc < 0)
            return rc;
        if (found == HEADER)
            return li_fail(err, LI_ECORRUPT,
                           "the tar can be read in two ways: it ends at byte %llu, but goes on at "
                           "byte %llu if a link, device or directory before that has the data that "
                           "its size says",
                           (unsigned long long)p->next, (unsigned long long)p->doubts[i]);
    }
    return 0;
}

/* ---- where the next header is ---- */

/* There is nothing at the first position: moves to the second, if there is one. */
static int try_second(struct li_tar_walk *p, const struct li_tar_source *source,
                      const uint8_t **block, enum found *found, struct li_error *err)
{
    enum found there;
    int rc = judge(source, p->second, block, &there, err);

    if (rc == 0 && (there == HEADER || there == END)) {
        p->next = p->second;
        *found = there;
    }
    return rc;
}

int li_tar_walk_next(struct li_tar_walk *p, const struct li_tar_source *source,
                     const uint8_t **block, uint64_t *at, struct li_error *err)
{
    enum found found;
    int rc = judge(source, p->next, block, &found, err);

    if (rc == 0 && p->second > 0)
        rc = found == HEADER || found == END ? add_doubt(p, p->second, err)
                                             : try_second(p, source, block, &found, err);
    p->second = 0;
    if (rc < 0)
        return rc;
    *at = p->next;
    if (found == END) {
        rc = check_doubts(p, source, err);
        return rc < 0 ? rc : LI_END;
    }
    return found == HEADER ? 0 : explain(found, p->next, err);
}

/* Rounded up to whole blocks, or the end if that is within the last one: like Go, this tolerates
 * missing padding after the last contents. False if LENGTH is more than there is. */
static bool behind(const struct li_tar_source *source, uint64_t at, uint64_t length, uint64_t *out)
{
    uint64_t left = source->length - at;
    uint64_t padding = (LI_TAR_BLOCK - length % LI_TAR_BLOCK) % LI_TAR_BLOCK;

    if (length > left)
        return false;
    *out = padding > left - length ? source->length : at + length + padding;
    return true;
}

int li_tar_walk_skip(struct li_tar_walk *p, const struct li_tar_source *source, uint64_t at,
                     uint64_t length, struct li_error *err)
{
    p->second = 0;
    if (behind(source, at, length, &p->next))
        return 0;
    return li_fail(err, LI_ECORRUPT, "its contents end with the layer; the tar is cut short");
}

void li_tar_walk_header_only(struct li_tar_walk *p, const struct li_tar_source *source, uint64_t at,
                             int64_t size)
{
    p->next = at;
    p->second = 0;
    if (size > 0 && !behind(source, at, (uint64_t)size, &p->second))
        p->second = 0;
}

void li_tar_walk_free(struct li_tar_walk *p)
{
    free(p->doubts);
    *p = (struct li_tar_walk){0};
}
