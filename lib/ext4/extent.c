/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extent trees. Nearly every inode's extents fit in the inode: a file has one run of blocks, or two
 * where its tail lies apart. Only files over 512 MiB and sparse files have extent blocks; theirs
 * are made by walking the file's extents again for each block.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "ext4/plan.h"

enum { HEADER_SIZE = 12, ROW_SIZE = 12, MAGIC = 0xf30a, TAIL_OFFSET = LI_EXT4_BLOCK_SIZE - 4 };

struct extent {
    uint64_t logical;
    uint64_t block; /* of the image */
    uint64_t count;
};

/* A walk over the extents of an inode. */
struct walk {
    const struct li_ext4 *plan;
    const struct li_inode *inode;
    struct li_place place;
    uint64_t head;    /* content blocks in the main run */
    uint64_t content; /* content blocks behind us */
    uint64_t logical; /* of the run of content blocks we are in */
    uint64_t left;    /* blocks of that run */
    uint32_t state;
};

static struct walk walk_begin(const struct li_ext4 *plan, uint32_t index)
{
    const struct li_inode *inode = li_tree_inode(plan->tree, index);
    struct walk w = {.plan = plan, .inode = inode, .place = plan->place[index]};

    if (S_ISREG(inode->mode)) {
        w.head = li_content_main(inode, li_content_blocks(plan, inode));
    } else if (S_ISDIR(inode->mode)) {
        w.left = w.head = plan->directory[w.place.first].blocks;
    } else if (S_ISLNK(inode->mode) && inode->size > LI_EXT4_FAST_LINK_MAX) {
        w.left = w.head = 1;
    }
    return w;
}

static uint64_t block_of(const struct walk *w, uint64_t content)
{
    const struct li_ext4 *plan = w->plan;

    if (S_ISDIR(w->inode->mode))
        return plan->directory_zone.first + plan->directory[w->place.first].block + content;
    if (S_ISLNK(w->inode->mode))
        return plan->link_zone.first + w->place.first;
    if (content < w->head)
        return plan->data.first + w->place.first + content;
    return plan->data.first + w->place.tail + (content - w->head);
}

static bool walk_next(struct walk *w, struct extent *out)
{
    uint64_t count;

    if (w->left == 0 && (!S_ISREG(w->inode->mode) ||
                         !li_content_next(w->plan, w->inode, &w->state, &w->logical, &w->left)))
        return false;
    count = w->left < LI_EXT4_EXTENT_MAX ? w->left : LI_EXT4_EXTENT_MAX;
    if (w->content < w->head && count > w->head - w->content)
        count = w->head - w->content;
    *out = (struct extent){w->logical, block_of(w, w->content), count};
    w->content += count;
    w->logical += count;
    w->left -= count;
    return true;
}

uint64_t li_extent_count(const struct li_ext4 *plan, uint32_t inode)
{
    struct walk w = walk_begin(plan, inode);
    struct extent e;
    uint64_t count = 0;

    while (walk_next(&w, &e))
        count++;
    return count;
}

static uint64_t blocks_for(uint64_t rows)
{
    return (rows + LI_EXT4_BLOCK_EXTENTS - 1) / LI_EXT4_BLOCK_EXTENTS;
}

/* The shape of a tree: leaves hold extents; nodes list leaves, and are there only where the inode
 * cannot list them itself. */
struct shape {
    uint64_t extents;
    uint64_t leaves;
    uint64_t nodes;
};

static struct shape shape_of(const struct li_ext4 *plan, uint32_t inode)
{
    struct shape s = {.extents = li_extent_count(plan, inode)};

    if (s.extents > LI_EXT4_INODE_EXTENTS)
        s.leaves = blocks_for(s.extents);
    if (s.leaves > LI_EXT4_INODE_EXTENTS)
        s.nodes = blocks_for(s.leaves);
    return s;
}

int li_extent_plan(struct li_ext4 *plan, struct li_error *err)
{
    uint32_t inodes = li_tree_inodes(plan->tree);
    size_t cap = 0;
    int rc = 0;

    for (uint32_t i = 0; i < inodes && rc == 0; i++) {
        struct shape s;

        if (li_tree_inode(plan->tree, i)->links == 0)
            continue;
        s = shape_of(plan, i);
        if (s.nodes > LI_EXT4_INODE_EXTENTS) {
            li_fail(err, LI_ELIMIT, "it has %llu runs of data, more than lambdaimg maps",
                    (unsigned long long)s.extents);
            return li_ext4_blame(plan, i, err);
        }
        if (s.leaves == 0)
            continue;
        rc = li_ext4_grow((void **)&plan->extent, &cap, plan->extents + 1, sizeof(*plan->extent),
                          err);
        if (rc == 0)
            plan->extent[plan->extents++] = (struct li_extra){i, plan->extent_blocks};
        plan->extent_blocks += (uint32_t)(s.leaves + s.nodes);
    }
    return rc;
}

static void put_header(uint8_t *buf, uint64_t rows, unsigned max, unsigned depth)
{
    li_put_le16(buf, MAGIC);
    li_put_le16(buf + 2, (uint16_t)rows);
    li_put_le16(buf + 4, (uint16_t)max);
    li_put_le16(buf + 6, (uint16_t)depth);
}

static void put_extent(uint8_t *row, const struct extent *e)
{
    li_put_le32(row, (uint32_t)e->logical);
    li_put_le16(row + 4, (uint16_t)e->count);
    li_put_le16(row + 6, (uint16_t)(e->block >> 32));
    li_put_le32(row + 8, (uint32_t)e->block);
}

static void put_index(uint8_t *row, uint64_t logical, uint64_t block)
{
    li_put_le32(row, (uint32_t)logical);
    li_put_le32(row + 4, (uint32_t)block);
    li_put_le16(row + 8, (uint16_t)(block >> 32));
}

/* Writes COUNT extents of the inode from extent FIRST on. */
static void put_extents(const struct li_ext4 *plan, uint32_t inode, uint64_t first, uint64_t count,
                        uint8_t *rows)
{
    struct walk w = walk_begin(plan, inode);
    struct extent e;

    for (uint64_t i = 0; i < first + count && walk_next(&w, &e); i++)
        if (i >= first)
            put_extent(rows + (i - first) * ROW_SIZE, &e);
}

/* Writes COUNT index rows, each for the next SPAN extents from extent FIRST on. */
static void put_indexes(const struct li_ext4 *plan, uint32_t inode, uint64_t first, uint64_t span,
                        uint64_t count, uint64_t block, uint8_t *rows)
{
    struct walk w = walk_begin(plan, inode);
    struct extent e;

    for (uint64_t i = 0; i < first + (count - 1) * span + 1 && walk_next(&w, &e); i++)
        if (i >= first && (i - first) % span == 0)
            put_index(rows + (i - first) / span * ROW_SIZE, e.logical, block + (i - first) / span);
}

void li_extent_root(const struct li_ext4 *plan, uint32_t inode, uint8_t *buf, uint64_t *blocks)
{
    const struct li_extra *extra = li_extra_find(plan->extent, plan->extents, inode);
    struct walk w = walk_begin(plan, inode);
    struct shape s;
    struct extent e;

    while (walk_next(&w, &e))
        *blocks += e.count;
    s = shape_of(plan, inode);
    *blocks += s.leaves + s.nodes;
    if (!extra) {
        put_header(buf, s.extents, LI_EXT4_INODE_EXTENTS, 0);
        put_extents(plan, inode, 0, s.extents, buf + HEADER_SIZE);
        return;
    }
    put_header(buf, s.nodes ? s.nodes : s.leaves, LI_EXT4_INODE_EXTENTS, s.nodes ? 2 : 1);
    put_indexes(
        plan, inode, 0,
        s.nodes ? (uint64_t)LI_EXT4_BLOCK_EXTENTS * LI_EXT4_BLOCK_EXTENTS : LI_EXT4_BLOCK_EXTENTS,
        s.nodes ? s.nodes : s.leaves, plan->extent_zone.first + extra->block, buf + HEADER_SIZE);
}

/* The row whose blocks of the zone BLOCK is among. */
static const struct li_extra *find_owner(const struct li_ext4 *plan, uint32_t block)
{
    size_t low = 0, high = plan->extents;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (plan->extent[middle].block <= block)
            low = middle;
        else
            high = middle;
    }
    return &plan->extent[low];
}

/* An inode's nodes come first in the zone, then its leaves. */
void li_extent_block(const struct li_ext4 *plan, uint32_t block, uint8_t *buf)
{
    const struct li_extra *extra = find_owner(plan, block);
    struct shape s = shape_of(plan, extra->inode);
    uint64_t first, rows;
    uint64_t at = block - extra->block;
    if (at < s.nodes) {
        first = at * LI_EXT4_BLOCK_EXTENTS;
        rows = s.leaves - first < LI_EXT4_BLOCK_EXTENTS ? s.leaves - first : LI_EXT4_BLOCK_EXTENTS;
        put_header(buf, rows, LI_EXT4_BLOCK_EXTENTS, 1);
        put_indexes(plan, extra->inode, first * LI_EXT4_BLOCK_EXTENTS, LI_EXT4_BLOCK_EXTENTS, rows,
                    plan->extent_zone.first + extra->block + s.nodes + first, buf + HEADER_SIZE);
    } else {
        first = (at - s.nodes) * LI_EXT4_BLOCK_EXTENTS;
        rows =
            s.extents - first < LI_EXT4_BLOCK_EXTENTS ? s.extents - first : LI_EXT4_BLOCK_EXTENTS;
        put_header(buf, rows, LI_EXT4_BLOCK_EXTENTS, 0);
        put_extents(plan, extra->inode, first, rows, buf + HEADER_SIZE);
    }
    li_put_le32(buf + TAIL_OFFSET,
                li_ext4_crc(li_ext4_inode_crc(plan->ino[extra->inode]), buf, TAIL_OFFSET));
}
