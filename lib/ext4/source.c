/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any chunk of the planned image, made on demand. A chunk of the data zone takes a few reads from
 * the layers; a chunk of metadata is made block by block from the plan. Nothing is changed, so any
 * number of threads may ask at once.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "ext4/plan.h"

static bool within(const struct li_zone *zone, uint64_t block)
{
    return block >= zone->first && block < zone->first + zone->count;
}

/* Fills a zeroed block; false if it stays zero. */
static bool metadata_block(const struct li_ext4 *plan, uint64_t block, uint8_t *buf)
{
    if (block == 0) {
        li_group_superblock(plan, buf);
    } else if (within(&plan->descriptors, block)) {
        li_group_descriptors(plan, (uint32_t)(block - plan->descriptors.first), buf);
    } else if (within(&plan->block_bitmaps, block)) {
        li_group_block_bitmap(plan, (uint32_t)(block - plan->block_bitmaps.first), buf);
    } else if (within(&plan->inode_bitmaps, block)) {
        li_group_inode_bitmap(plan, (uint32_t)(block - plan->inode_bitmaps.first), buf);
    } else if (within(&plan->inode_tables, block)) {
        uint64_t at = block - plan->inode_tables.first;

        if (at * LI_EXT4_INODES_PER_BLOCK >= plan->last_ino)
            return false;
        li_inode_block(plan, at, buf);
    } else if (within(&plan->directory_zone, block)) {
        li_ext4_directory_block(plan, (uint32_t)(block - plan->directory_zone.first), buf);
    } else if (within(&plan->extent_zone, block)) {
        li_extent_block(plan, (uint32_t)(block - plan->extent_zone.first), buf);
    } else if (within(&plan->xattr_zone, block)) {
        li_ext4_xattr_block(plan, (uint32_t)(block - plan->xattr_zone.first), buf);
    } else if (within(&plan->link_zone, block)) {
        const struct li_inode *inode =
            li_tree_inode(plan->tree, plan->link[block - plan->link_zone.first]);

        memcpy(buf, li_tree_target(plan->tree, inode), inode->size);
    } else {
        return false;
    }
    return true;
}

/* The first bytes of BUF are filled in already; the others up to END become zeros. */
static void fill_zeros(uint8_t *buf, uint64_t *filled, uint64_t end)
{
    if (end <= *filled)
        return;
    memset(buf + *filled, 0, end - *filled);
    *filled = end;
}

static void metadata_chunk(const struct li_ext4 *plan, uint64_t first, uint8_t *buf, bool *zeros)
{
    uint64_t end = plan->link_zone.first + plan->link_zone.count, filled = 0;
    uint8_t block[LI_EXT4_BLOCK_SIZE] = {0};

    for (uint64_t i = 0; first < end && i < LI_EXT4_BLOCKS_PER_CHUNK; i++) {
        if (!metadata_block(plan, first + i, block))
            continue;
        fill_zeros(buf, &filled, i * LI_EXT4_BLOCK_SIZE);
        memcpy(buf + filled, block, sizeof(block));
        filled += sizeof(block);
        memset(block, 0, sizeof(block));
    }
    *zeros = filled == 0;
    if (filled > 0)
        fill_zeros(buf, &filled, LI_CHUNK_SIZE);
}

/* Visits the pieces in a chunk of the data zone, and sets *POSITION to where each piece begins in
 * the chunk, in bytes. A chunk has few pieces, or none; then *POSITION is not set. */
static int each_piece(const struct li_ext4 *plan, uint64_t first, uint64_t *position,
                      li_content_visit *visit, void *arg, struct li_error *err)
{
    uint64_t end = first + LI_EXT4_BLOCKS_PER_CHUNK;
    size_t i = li_piece_find(plan, first);
    int rc = 0;

    for (; i < plan->pieces && plan->piece[i].block < end && rc == 0; i++) {
        const struct li_piece *piece = &plan->piece[i];
        uint64_t skip = piece->block < first ? first - piece->block : 0;
        uint64_t at = piece->block + skip;
        struct li_content_part part = {li_tree_inode(plan->tree, piece->inode), piece->from + skip,
                                       piece->count - skip};

        if (part.count > end - at)
            part.count = end - at;
        *position = (at - first) * LI_EXT4_BLOCK_SIZE;
        rc = li_content_each(plan, &part, visit, arg, err);
    }
    return rc;
}

struct reading {
    struct li_layers *layers;
    uint8_t *buf;
    uint64_t position; /* offset of the piece in the chunk, bytes */
    uint64_t filled;   /* bytes of buf filled so far; runs come in the order of their position */
};

/* Gaps between runs are zeros. */
static int read_run(void *arg, const struct li_inode *inode, uint64_t at, uint64_t len,
                    uint64_t stored, struct li_error *err)
{
    struct reading *r = arg;
    uint64_t begin = r->position + at;
    int rc;

    fill_zeros(r->buf, &r->filled, begin);
    r->filled = begin + len;
    rc = li_layers_read(r->layers, inode->layer, r->buf + begin, len, stored, err);
    /* The end of a layer must not count as zeros. */
    return rc > 0 ? li_as_failure(rc, err) : rc;
}

static int data_chunk(const struct li_ext4 *plan, uint64_t first, uint8_t *buf, bool *zeros,
                      struct li_error *err)
{
    struct reading r = {.layers = li_tree_layers(plan->tree), .buf = buf};
    int rc = each_piece(plan, first, &r.position, read_run, &r, err);

    if (rc < 0)
        return rc;
    *zeros = r.filled == 0;
    if (r.filled > 0)
        fill_zeros(buf, &r.filled, LI_CHUNK_SIZE);
    return 0;
}

struct describing {
    struct li_sha256 *hash;
    uint64_t position;
    size_t layer;
    bool begun, mixed;
};

static int describe_run(void *arg, const struct li_inode *inode, uint64_t at, uint64_t len,
                        uint64_t stored, struct li_error *err)
{
    struct describing *d = arg;
    uint8_t row[24];

    d->mixed |= d->begun && inode->layer != d->layer;
    d->layer = inode->layer;
    d->begun = true;
    li_put_le64(row, d->position + at);
    li_put_le64(row + 8, len);
    li_put_le64(row + 16, stored);
    return li_sha256_update(d->hash, row, sizeof(row), err);
}

/* No two layers share a chunk of data (allocate.c). If they did, the chunk would have no recipe. */
static int chunk_recipe(void *self, uint64_t index, size_t *layer, uint8_t recipe[LI_SHA256_SIZE],
                        struct li_error *err)
{
    static const char label[] = "lambdaimg chunk recipe";
    const struct li_ext4 *plan = self;
    uint64_t block = index * LI_EXT4_BLOCKS_PER_CHUNK;
    struct describing d = {0};
    uint8_t version[4];
    int rc;

    if (block < plan->data.first)
        return LI_END;
    li_put_le32(version, li_tree_layout(plan->tree));
    rc = li_sha256_new(&d.hash, err);
    if (rc == 0)
        rc = li_sha256_update(d.hash, label, sizeof(label), err);
    if (rc == 0)
        rc = li_sha256_update(d.hash, version, sizeof(version), err);
    if (rc == 0)
        rc = each_piece(plan, block - plan->data.first, &d.position, describe_run, &d, err);
    if (rc == 0 && (d.mixed || !d.begun))
        rc = LI_END;
    if (rc == 0)
        rc = li_sha256_final(d.hash, recipe, err);
    if (rc == 0)
        *layer = d.layer;
    li_sha256_free(d.hash);
    return rc;
}

static int read_chunk(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err)
{
    const struct li_ext4 *plan = self;
    uint64_t block = index * LI_EXT4_BLOCKS_PER_CHUNK;

    if (block >= plan->data.first)
        return data_chunk(plan, block - plan->data.first, buf, zeros, err);
    metadata_chunk(plan, block, buf, zeros);
    return 0;
}

static bool give_way(void *self, unsigned worker)
{
    const struct li_ext4 *plan = self;

    return li_layers_give_way(li_tree_layers(plan->tree), worker);
}

struct li_chunk_source li_ext4_source(const struct li_ext4 *ext4)
{
    return (struct li_chunk_source){(void *)(uintptr_t)ext4,
                                    ext4->blocks / LI_EXT4_BLOCKS_PER_CHUNK, read_chunk,
                                    chunk_recipe, give_way};
}
