/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extent trees. Nearly every inode's extents fit in the inode: a file has one run of blocks, or two
 * if its tail is elsewhere. Only files over 512 MiB and sparse files have extent blocks. The plan
 * notes where in the file each leaf begins, so a block is made by a walk over its own part only.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
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
    struct li_allocation allocation;
    uint64_t head;    /* content blocks in the main run */
    uint64_t content; /* content blocks before the current position */
    uint64_t logical; /* of the current run of content blocks */
    uint64_t left;    /* blocks of that run */
    uint32_t state;
};

static struct walk walk_begin(const struct li_ext4 *plan, uint32_t index)
{
    const struct li_inode *inode = li_tree_inode(plan->tree, index);
    struct walk w = {.plan = plan, .inode = inode, .allocation = plan->allocation[index]};

    if (S_ISREG(inode->mode)) {
        w.head = li_content_main(inode, li_content_blocks(plan, inode));
    } else if (S_ISDIR(inode->mode)) {
        w.left = w.head = plan->directory[w.allocation.first].blocks;
    } else if (S_ISLNK(inode->mode) && inode->size > LI_EXT4_FAST_LINK_MAX) {
        w.left = w.head = 1;
    }
    return w;
}

static uint64_t block_of(const struct walk *w, uint64_t content)
{
    const struct li_ext4 *plan = w->plan;

    if (S_ISDIR(w->inode->mode))
        return plan->directory_zone.first + plan->directory[w->allocation.first].block + content;
    if (S_ISLNK(w->inode->mode))
        return plan->link_zone.first + w->allocation.first;
    if (content < w->head)
        return plan->data.first + w->allocation.first + content;
    return plan->data.first + w->allocation.tail + (content - w->head);
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

/* The shape of a tree: leaves hold extents. Nodes list leaves, and exist only if the inode cannot
 * list the leaves itself. */
struct shape {
    uint64_t extents;
    uint64_t leaves;
    uint64_t nodes;
};

static struct shape shape_of(uint64_t extents)
{
    struct shape s = {.extents = extents};

    if (s.extents > LI_EXT4_INODE_EXTENTS)
        s.leaves = blocks_for(s.extents);
    if (s.leaves > LI_EXT4_INODE_EXTENTS)
        s.nodes = blocks_for(s.leaves);
    return s;
}

/* Marks a leaf that begins with EXTENT, the last one that the walk gave. */
static int add_leaf(struct li_ext4 *plan, const struct walk *w, const struct extent *extent,
                    struct li_error *err)
{
    int rc = li_array_reserve(&plan->leaf_mark, &plan->leaf_mark_cap, plan->leaf_marks + 1,
                              sizeof(*plan->leaf_mark), err);

    /* A file has fewer than 2^32 blocks. */
    if (rc == 0)
        plan->leaf_mark[plan->leaf_marks++] = (struct li_leaf_mark){
            .state = w->state,
            .content = (uint32_t)(w->content - extent->count),
            .logical = (uint32_t)extent->logical,
            .left = (uint32_t)(w->left + extent->count),
        };
    return rc;
}

/* Walks a file's extents, marks the leaves, and fills in TREE. If it needs no leaves, as is usual,
 * the marks are dropped. */
static int measure(struct li_ext4 *plan, uint32_t inode, struct li_extent_tree *tree,
                   struct li_error *err)
{
    struct walk w = walk_begin(plan, inode);
    struct extent e;
    int rc = 0;

    *tree = (struct li_extent_tree){.head = w.head, .leaf = plan->leaf_marks};
    while (rc == 0 && walk_next(&w, &e)) {
        if (tree->extents % LI_EXT4_BLOCK_EXTENTS == 0)
            rc = add_leaf(plan, &w, &e, err);
        tree->extents++;
        tree->blocks += e.count;
    }
    if (tree->extents <= LI_EXT4_INODE_EXTENTS)
        plan->leaf_marks = tree->leaf;
    return rc;
}

static int add_tree(struct li_ext4 *plan, uint32_t inode, const struct li_extent_tree *tree,
                    size_t *cap, struct li_error *err)
{
    struct shape s = shape_of(tree->extents);
    int rc = li_array_reserve(&plan->extent, cap, plan->extents + 1, sizeof(*plan->extent), err);

    if (rc == 0)
        rc = li_array_reserve(&plan->extent_tree, &plan->extent_tree_cap, plan->extents + 1,
                              sizeof(*plan->extent_tree), err);
    if (rc < 0)
        return rc;
    plan->extent[plan->extents] = (struct li_extra){inode, plan->extent_blocks};
    plan->extent_tree[plan->extents++] = *tree;
    plan->extent_blocks += (uint32_t)(s.leaves + s.nodes);
    return 0;
}

int li_extent_plan(struct li_ext4 *plan, struct li_error *err)
{
    uint32_t inodes = li_tree_inodes(plan->tree);
    size_t cap = 0;
    int rc = 0;

    for (uint32_t i = 0; i < inodes && rc == 0; i++) {
        struct li_extent_tree tree;

        if (li_tree_inode(plan->tree, i)->links == 0)
            continue;
        rc = measure(plan, i, &tree, err);
        if (rc == 0 && shape_of(tree.extents).nodes > LI_EXT4_INODE_EXTENTS) {
            li_fail(err, LI_ELIMIT, "it has %llu runs of data, more than lambdaimg can map",
                    (unsigned long long)tree.extents);
            return li_ext4_blame(plan, i, err);
        }
        if (rc == 0 && tree.extents > LI_EXT4_INODE_EXTENTS)
            rc = add_tree(plan, i, &tree, &cap, err);
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

/* Writes the next COUNT extents. */
static void put_extents(struct walk *w, uint64_t count, uint8_t *rows)
{
    struct extent e;

    for (uint64_t i = 0; i < count && walk_next(w, &e); i++)
        put_extent(rows + i * ROW_SIZE, &e);
}

/* Writes COUNT index rows, one for each SPAN leaves from LEAF on, with the blocks from BLOCK on. */
static void put_indexes(const struct li_leaf_mark *leaf, uint64_t span, uint64_t count,
                        uint64_t block, uint8_t *rows)
{
    for (uint64_t i = 0; i < count; i++)
        put_index(rows + i * ROW_SIZE, leaf[i * span].logical, block + i);
}

/* Where leaf LEAF of an inode's tree begins. */
static struct walk walk_from(const struct li_ext4 *plan, uint32_t inode,
                             const struct li_extent_tree *tree, uint64_t leaf)
{
    const struct li_leaf_mark *mark = &plan->leaf_mark[tree->leaf + leaf];

    return (struct walk){.plan = plan,
                         .inode = li_tree_inode(plan->tree, inode),
                         .allocation = plan->allocation[inode],
                         .head = tree->head,
                         .content = mark->content,
                         .logical = mark->logical,
                         .left = mark->left,
                         .state = mark->state};
}

/* A root that holds all extents itself. */
static void put_plain_root(const struct li_ext4 *plan, uint32_t inode, uint8_t *buf,
                           uint64_t *blocks)
{
    struct walk w = walk_begin(plan, inode);
    struct extent e;
    uint64_t count = 0;

    for (; count < LI_EXT4_INODE_EXTENTS && walk_next(&w, &e); count++) {
        put_extent(buf + HEADER_SIZE + count * ROW_SIZE, &e);
        *blocks += e.count;
    }
    put_header(buf, count, LI_EXT4_INODE_EXTENTS, 0);
}

void li_extent_root(const struct li_ext4 *plan, uint32_t inode, uint8_t *buf, uint64_t *blocks)
{
    const struct li_extra *extra = li_extra_find(plan->extent, plan->extents, inode);
    const struct li_extent_tree *tree;
    struct shape s;

    if (!extra) {
        put_plain_root(plan, inode, buf, blocks);
        return;
    }
    tree = &plan->extent_tree[extra - plan->extent];
    s = shape_of(tree->extents);
    *blocks += tree->blocks + s.leaves + s.nodes;
    put_header(buf, s.nodes ? s.nodes : s.leaves, LI_EXT4_INODE_EXTENTS, s.nodes ? 2 : 1);
    put_indexes(plan->leaf_mark + tree->leaf, s.nodes ? LI_EXT4_BLOCK_EXTENTS : 1,
                s.nodes ? s.nodes : s.leaves, plan->extent_zone.first + extra->block,
                buf + HEADER_SIZE);
}

static bool begins_by(const void *row, const void *key)
{
    return ((const struct li_extra *)row)->block <= *(const uint32_t *)key;
}

/* The row that has block BLOCK of the zone: the last one that begins at or before it. The first
 * begins at block 0. */
static const struct li_extra *find_owner(const struct li_ext4 *plan, uint32_t block)
{
    size_t behind =
        li_array_lower_bound(plan->extent, plan->extents, sizeof(*plan->extent), begins_by, &block);

    return &plan->extent[behind - 1];
}

/* In the zone, an inode's nodes come first, then its leaves. */
void li_extent_block(const struct li_ext4 *plan, uint32_t block, uint8_t *buf)
{
    const struct li_extra *extra = find_owner(plan, block);
    const struct li_extent_tree *tree = &plan->extent_tree[extra - plan->extent];
    struct shape s = shape_of(tree->extents);
    uint64_t at = block - extra->block, first, left;
    struct walk w;

    if (at < s.nodes) {
        first = at * LI_EXT4_BLOCK_EXTENTS;
        left = s.leaves - first;
        if (left > LI_EXT4_BLOCK_EXTENTS)
            left = LI_EXT4_BLOCK_EXTENTS;
        put_header(buf, left, LI_EXT4_BLOCK_EXTENTS, 1);
        put_indexes(plan->leaf_mark + tree->leaf + first, 1, left,
                    plan->extent_zone.first + extra->block + s.nodes + first, buf + HEADER_SIZE);
    } else {
        w = walk_from(plan, extra->inode, tree, at - s.nodes);
        left = s.extents - (at - s.nodes) * LI_EXT4_BLOCK_EXTENTS;
        if (left > LI_EXT4_BLOCK_EXTENTS)
            left = LI_EXT4_BLOCK_EXTENTS;
        put_header(buf, left, LI_EXT4_BLOCK_EXTENTS, 0);
        put_extents(&w, left, buf + HEADER_SIZE);
    }
    li_put_le32(buf + TAIL_OFFSET,
                li_ext4_crc(li_ext4_inode_crc(plan->ino[extra->inode]), buf, TAIL_OFFSET));
}
