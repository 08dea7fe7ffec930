/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content-aligned layout (D8). Chunks are compared as wholes. So a file, or a group of small
 * files that always come together, should fill the same chunk in the same way in every image that
 * has them.
 *
 * Layer by layer, lowest first, in the order of the tar: a file of at least ALIGNED_MIN begins a
 * chunk, and its last part, if that is short, is packed with the small files. Small files fill
 * packs, each a chunk. A pack ends with the layer, or when the next file does not fit, or, once it
 * is a quarter full, after a file whose path says so. So packs become the same again after a file
 * was added or removed, as in content-defined chunking, without looking at the contents.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/buffer.h"
#include "ext4/plan.h"

enum {
    ALIGNED_MIN = 256 * 1024,                    /* bytes */
    TAIL_MAX = LI_CHUNK_SIZE / 2,                /* bytes: a shorter tail is packed */
    PACK_QUARTER = LI_EXT4_BLOCKS_PER_CHUNK / 4, /* blocks */
    PACK_CUT = 4 * 1024 * 1024, /* bytes: a pack ends after a file with probability size / this */
};

struct allocator {
    struct li_ext4 *plan;
    size_t cap;     /* of the pieces */
    uint32_t *node; /* a name of each inode */
    struct li_buffer path;
    uint64_t chunks; /* of the data zone so far */
    uint64_t pack;   /* the block where the open pack begins */
    uint32_t fill;   /* blocks in it; 0: no pack is open */
};

/* Bytes of a file's content; in a sparse file they end with a block. */
static uint64_t content_size(const struct li_inode *inode, uint64_t blocks)
{
    return inode->sparse == LI_TREE_NONE ? inode->size : blocks * LI_EXT4_BLOCK_SIZE;
}

uint64_t li_content_main(const struct li_inode *inode, uint64_t blocks)
{
    uint64_t size = content_size(inode, blocks);
    uint64_t tail = size % LI_CHUNK_SIZE;

    if (size < LI_CHUNK_SIZE || tail >= TAIL_MAX)
        return blocks;
    return size / LI_CHUNK_SIZE * LI_EXT4_BLOCKS_PER_CHUNK;
}

static int add_piece(struct allocator *p, uint32_t inode, uint64_t from, uint64_t block,
                     uint64_t count, struct li_error *err)
{
    struct li_ext4 *plan = p->plan;
    int rc = li_array_reserve(&plan->piece, &p->cap, plan->pieces + 1, sizeof(*plan->piece), err);

    if (rc < 0)
        return rc;
    if (block + count >= LI_EXT4_NONE)
        return li_fail(err, LI_ELIMIT, "the image's files have more than 16 TiB in all");
    plan->piece[plan->pieces++] =
        (struct li_piece){inode, (uint32_t)from, (uint32_t)block, (uint32_t)count};
    return 0;
}

/* Whether the pack ends after this file: a function of its path and size. */
static int ends_pack(struct allocator *p, uint32_t inode, uint64_t bytes, bool *ends,
                     struct li_error *err)
{
    uint64_t threshold = bytes * ((UINT64_C(1) << 32) / PACK_CUT);
    int rc;

    p->path.len = 0;
    rc = li_tree_path(p->plan->tree, p->node[inode], &p->path, err);
    if (rc == 0)
        *ends = li_ext4_crc(UINT32_MAX, p->path.data, p->path.len - 1) < threshold;
    return rc;
}

/* A member of a pack: a small file, or the tail of a large one. */
struct small {
    uint32_t inode; /* of the tree */
    uint64_t from;  /* block of the content */
    uint64_t blocks;
    uint64_t bytes; /* of the content */
};

static int allocate_small(struct allocator *p, const struct small *small, uint32_t *at,
                          struct li_error *err)
{
    bool ends = false;
    int rc;

    if (p->fill + small->blocks > LI_EXT4_BLOCKS_PER_CHUNK)
        p->fill = 0;
    if (p->fill == 0)
        p->pack = p->chunks++ * LI_EXT4_BLOCKS_PER_CHUNK;
    rc = add_piece(p, small->inode, small->from, p->pack + p->fill, small->blocks, err);
    if (rc < 0)
        return rc;
    *at = (uint32_t)(p->pack + p->fill);
    p->fill += (uint32_t)small->blocks;
    if (p->fill >= PACK_QUARTER)
        rc = ends_pack(p, small->inode, small->bytes, &ends, err);
    if (ends)
        p->fill = 0;
    return rc;
}

static int allocate_aligned(struct allocator *p, uint32_t inode, uint64_t blocks, uint32_t *at,
                            struct li_error *err)
{
    uint64_t block = p->chunks * LI_EXT4_BLOCKS_PER_CHUNK;
    int rc = add_piece(p, inode, 0, block, blocks, err);

    *at = (uint32_t)block;
    p->chunks += (blocks + LI_EXT4_BLOCKS_PER_CHUNK - 1) / LI_EXT4_BLOCKS_PER_CHUNK;
    return rc;
}

static int allocate_file(struct allocator *p, uint32_t index, const struct li_inode *inode,
                         struct li_error *err)
{
    struct li_allocation *allocation = &p->plan->allocation[index];
    uint64_t blocks = li_content_blocks(p->plan, inode);
    uint64_t head = li_content_main(inode, blocks);
    uint64_t size = content_size(inode, blocks);
    int rc;

    if (inode->size / LI_EXT4_BLOCK_SIZE >= LI_EXT4_NONE)
        return li_fail(err, LI_EUNSUPPORTED, "it has %llu bytes; ext4 holds 16 TiB",
                       (unsigned long long)inode->size);
    if (blocks == 0)
        return 0;
    if (size < ALIGNED_MIN)
        return allocate_small(p, &(struct small){index, 0, blocks, size}, &allocation->first, err);
    rc = allocate_aligned(p, index, head, &allocation->first, err);
    if (rc == 0 && head < blocks)
        rc = allocate_small(p, &(struct small){index, head, blocks - head, size % LI_CHUNK_SIZE},
                            &allocation->tail, err);
    return rc;
}

static int compare_pieces(const void *a, const void *b)
{
    const struct li_piece *x = a, *y = b;

    return x->block < y->block ? -1 : x->block > y->block;
}

int li_ext4_names(const struct li_ext4 *plan, uint32_t **node, struct li_error *err)
{
    const struct li_tree *tree = plan->tree;
    uint32_t inodes = li_tree_inodes(tree);
    uint32_t *first = malloc((inodes ? inodes : 1) * sizeof(*first));

    if (!first)
        return li_fail_memory(err);
    for (uint32_t n = li_tree_nodes(tree); n > 0; n--)
        if (li_tree_node(tree, n - 1)->inode != LI_TREE_NONE)
            first[li_tree_node(tree, n - 1)->inode] = n - 1;
    *node = first;
    return 0;
}

bool li_piece_is_packed(const struct li_ext4 *plan, const struct li_piece *piece)
{
    const struct li_inode *inode = li_tree_inode(plan->tree, piece->inode);

    return piece->from > 0 || content_size(inode, li_content_blocks(plan, inode)) < ALIGNED_MIN;
}

int li_ext4_allocate(struct li_ext4 *plan, struct li_error *err)
{
    struct allocator p = {.plan = plan};
    uint32_t inodes = li_tree_inodes(plan->tree);
    uint16_t layer = 0;
    int rc = li_ext4_names(plan, &p.node, err);

    for (uint32_t i = 0; i < inodes && rc == 0; i++) {
        const struct li_inode *inode = li_tree_inode(plan->tree, i);

        if (inode->links == 0 || !S_ISREG(inode->mode))
            continue;
        if (inode->layer != layer)
            p.fill = 0;
        layer = inode->layer;
        rc = allocate_file(&p, i, inode, err);
        if (rc < 0)
            li_ext4_blame(plan, i, err);
    }
    plan->data_chunks = p.chunks;
    if (rc == 0 && plan->pieces > 1)
        qsort(plan->piece, plan->pieces, sizeof(*plan->piece), compare_pieces);
    free(p.node);
    li_buffer_free(&p.path);
    return rc;
}
