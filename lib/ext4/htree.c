/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash trees of directories (the kernel's Documentation/filesystems/ext4/directory.rst). libext2fs
 * hashes names but does not build trees, so this file does: entries sorted by hash fill leaves in
 * order, and the root, or one level of nodes below it, lists each leaf with its least hash.
 *
 * Blocks of a directory: the root, then the nodes if there are any, then the leaves. If a leaf
 * begins with the hash that the leaf before ends with, the lowest bit of the hash is set, which is
 * clear in all other hashes.
 */
#include <stdlib.h>
#include <string.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "base/array.h"
#include "base/bytes.h"
#include "ext4/hash.h"
#include "ext4/plan.h"

enum {
    ENTRY_SIZE = 8,   /* hash and block */
    TAIL_SIZE = 8,    /* zeros and checksum */
    ROOT_OFFSET = 32, /* of the first entry in the root, after ".", ".." and the description */
    NODE_OFFSET = 8,  /* in a node, after an entry that covers the block */
    ROOT_LIMIT = (LI_EXT4_BLOCK_SIZE - ROOT_OFFSET - TAIL_SIZE) / ENTRY_SIZE,
    NODE_LIMIT = (LI_EXT4_BLOCK_SIZE - NODE_OFFSET - TAIL_SIZE) / ENTRY_SIZE,
};

/* The kernel takes this hash for the end of a directory, and gives names that have it the one
 * before (fs/ext4/hash.c); libext2fs does not. */
#define HASH_END 0xfffffffeU

const uint32_t li_ext4_hash_seed[4] = {0x616c6d62, 0x64616969, 0x6d672d65, 0x78743401};

struct entry {
    uint32_t hash;
    uint32_t minor;
    uint32_t node;
};

static uint32_t hash_of(const struct li_tree *tree, uint32_t node, uint32_t *minor)
{
    ext2_dirhash_t hash = 0, low = 0;
    size_t len;
    const char *name = li_tree_name(tree, node, &len);

    ext2fs_dirhash2(EXT2_HASH_HALF_MD4_UNSIGNED, name, (int)len, NULL, 0, li_ext4_hash_seed, &hash,
                    &low);
    if (minor)
        *minor = low;
    return hash == HASH_END ? HASH_END - 2 : hash;
}

static int compare(const void *a, const void *b, void *arg)
{
    const struct entry *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->minor != y->minor)
        return x->minor < y->minor ? -1 : 1;
    return strcmp(li_tree_name(arg, x->node, NULL), li_tree_name(arg, y->node, NULL));
}

/* Cuts the sorted entries from plan->order[first] on into leaves, and appends each leaf's first
 * entry to plan->leaf. */
static int cut_leaves(struct li_ext4 *plan, size_t first, struct li_error *err)
{
    size_t used = LI_EXT4_DIRENT_ROOM;
    int rc = 0;

    for (size_t i = first; i < plan->orders && rc == 0; i++) {
        size_t len, size;

        li_tree_name(plan->tree, plan->order[i], &len);
        size = li_dirent_size(len);
        if (used + size > LI_EXT4_DIRENT_ROOM) {
            rc = li_array_reserve(&plan->leaf, &plan->leaf_cap, plan->leaves + 1,
                                  sizeof(*plan->leaf), err);
            if (rc == 0)
                plan->leaf[plan->leaves++] = (uint32_t)i;
            used = 0;
        }
        used += size;
    }
    return rc;
}

static int sort_entries(struct li_ext4 *plan, uint32_t node, size_t entries, struct li_error *err)
{
    struct entry *list = malloc(entries * sizeof(*list));
    size_t i = 0;
    int rc;

    if (!list)
        return li_fail_memory(err);
    for (uint32_t n = li_tree_node(plan->tree, node)->first_child; n != LI_TREE_NONE;
         n = li_tree_node(plan->tree, n)->next_sibling, i++) {
        list[i] = (struct entry){.node = n};
        list[i].hash = hash_of(plan->tree, n, &list[i].minor);
    }
    qsort_r(list, entries, sizeof(*list), compare, (void *)(uintptr_t)plan->tree);
    rc = li_array_reserve(&plan->order, &plan->order_cap, plan->orders + entries,
                          sizeof(*plan->order), err);
    for (i = 0; i < entries && rc == 0; i++)
        plan->order[plan->orders++] = list[i].node;
    free(list);
    return rc;
}

/* Makes room for COUNT blocks before the leaves that begin at AT. */
static int insert_index(struct li_ext4 *plan, size_t at, size_t count, struct li_error *err)
{
    int rc = li_array_reserve(&plan->leaf, &plan->leaf_cap, plan->leaves + count,
                              sizeof(*plan->leaf), err);

    if (rc < 0)
        return rc;
    memmove(plan->leaf + at + count, plan->leaf + at, (plan->leaves - at) * sizeof(*plan->leaf));
    for (size_t i = 0; i < count; i++)
        plan->leaf[at + i] = LI_EXT4_NONE;
    plan->leaves += count;
    return 0;
}

int li_htree_plan(struct li_ext4 *plan, struct li_ext4_directory *directory, size_t entries,
                  struct li_error *err)
{
    size_t first = plan->orders, at = plan->leaves, leaves, nodes;
    int rc = sort_entries(plan, directory->node, entries, err);

    if (rc == 0)
        rc = cut_leaves(plan, first, err);
    if (rc < 0)
        return rc;
    leaves = plan->leaves - at;
    nodes = leaves <= ROOT_LIMIT ? 0 : (leaves + NODE_LIMIT - 1) / NODE_LIMIT;
    if (nodes > ROOT_LIMIT) {
        li_fail(err, LI_ELIMIT, "it has %zu entries, more than an ext4 directory holds", entries);
        return li_ext4_blame(plan, li_tree_node(plan->tree, directory->node)->inode, err);
    }
    directory->leaves = (uint32_t)leaves;
    directory->blocks = (uint32_t)(1 + nodes + leaves);
    directory->order_end = (uint32_t)plan->orders;
    return insert_index(plan, at, 1 + nodes, err);
}

/* The hash of leaf LEAF in an index. */
static uint32_t leaf_hash(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                          uint32_t leaf)
{
    uint32_t nodes = directory->blocks - directory->leaves;
    uint32_t first = plan->leaf[directory->block + nodes + leaf];
    uint32_t hash = hash_of(plan->tree, plan->order[first], NULL);

    if (leaf > 0 && hash_of(plan->tree, plan->order[first - 1], NULL) == hash)
        hash |= 1;
    return hash;
}

/* The entries of an index block. */
struct index {
    size_t offset;  /* offset in the block where they begin, bytes */
    uint32_t limit; /* the most entries it has room for */
    uint32_t count; /* children */
    uint32_t block; /* block of the directory: the first child; the others follow */
    uint32_t leaf;  /* the first leaf below the first child */
    uint32_t step;  /* leaves below each child */
};

/* Writes each child's block and, except for the first child, its hash. */
static void put_index(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                      const struct index *index, uint8_t *buf)
{
    uint8_t *entries = buf + index->offset;
    uint8_t *tail = entries + (size_t)index->limit * ENTRY_SIZE;
    uint32_t crc = li_ext4_inode_crc(li_ext4_directory_ino(plan, directory->node));

    for (uint32_t i = 0; i < index->count; i++) {
        uint8_t *at = entries + (size_t)i * ENTRY_SIZE;

        if (i > 0)
            li_put_le32(at, leaf_hash(plan, directory, index->leaf + i * index->step));
        li_put_le32(at + 4, index->block + i);
    }
    li_put_le16(entries, (uint16_t)index->limit);
    li_put_le16(entries + 2, (uint16_t)index->count);
    crc = li_ext4_crc(crc, buf, index->offset + (size_t)index->count * ENTRY_SIZE);
    crc = li_ext4_crc(crc, tail, TAIL_SIZE); /* both words are still zero */
    li_put_le32(tail + 4, crc);
}

static void put_root(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                     uint8_t *buf)
{
    uint32_t nodes = directory->blocks - directory->leaves - 1;
    const struct index index = {.offset = ROOT_OFFSET,
                                .limit = ROOT_LIMIT,
                                .count = nodes ? nodes : directory->leaves,
                                .block = 1,
                                .step = nodes ? NODE_LIMIT : 1};

    li_dirent_put_dots(plan, directory, buf);
    li_put_le16(buf + 12 + 4, LI_EXT4_BLOCK_SIZE - 12); /* ".." covers the rest */
    buf[28] = EXT2_HASH_HALF_MD4;
    buf[29] = 8; /* length of this description */
    buf[30] = nodes > 0;
    put_index(plan, directory, &index, buf);
}

void li_htree_index(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                    uint32_t block, uint8_t *buf)
{
    uint32_t nodes = directory->blocks - directory->leaves - 1;
    struct index index = {.offset = NODE_OFFSET, .limit = NODE_LIMIT, .step = 1};

    if (block == 0) {
        put_root(plan, directory, buf);
        return;
    }
    index.leaf = (block - 1) * NODE_LIMIT;
    index.block = 1 + nodes + index.leaf;
    index.count = directory->leaves - index.leaf;
    if (index.count > NODE_LIMIT)
        index.count = NODE_LIMIT;
    li_put_le16(buf + 4, LI_EXT4_BLOCK_SIZE); /* an entry without a name covers the block */
    put_index(plan, directory, &index, buf);
}
