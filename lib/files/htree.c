/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lookups by a directory's htree: the root and index blocks on the way to the only leaf that may
 * hold the name's hash. In a mount each of these blocks may be a chunk that must be fetched, and a
 * directory of a hundred thousand names is some twenty chunks, so this is worth the code.
 *
 * Names with one hash may fill several leaves. The index marks the later leaves with the same hash
 * with the lowest bit set, and the search continues there.
 *
 * The index is only an optimisation: if it looks wrong, it is not an error, and the index is not
 * used. A wrong index that goes unnoticed can only hide a name that the listing shows; the kernel's
 * own reader would do the same.
 */
#include "files/internal.h"

#include <ext2fs/ext2fs.h>

#include "base/array.h"

enum {
    ROOT_INFO = 24, /* after the entries "." and ".." */
    INFO_SIZE = sizeof(struct ext2_dx_root_info),
    NODE_ENTRIES = 8, /* after an unused entry that covers the block */
    ENTRY_SIZE = sizeof(struct ext2_dx_entry),
    LEVELS_MAX = 4, /* the root and three levels below, as large_dir allows */
};

/* The kernel's writers reserve this hash for the end of a directory, and give names that have it
 * the one before (fs/ext4/hash.c); libext2fs does not. */
#define HASH_END 0xfffffffeU

struct level {
    uint8_t block[LI_FILES_BLOCK_MAX];
    const uint8_t *entries;
    uint32_t count;
    uint32_t at; /* the entry that the walk took */
};

struct walk {
    struct li_files *files;
    struct li_lookup *lookup;
    bool unusable; /* the index looks wrong: the walk has no result */
    bool over;     /* no further leaf can have the name */
    struct li_run run;
    uint32_t hash;
    unsigned levels;
    struct level level[LEVELS_MAX];
};

/* For faults of the index itself. A read that fails is an error and not one of these. */
static int give_up(struct walk *walk)
{
    walk->unusable = true;
    return 0;
}

/* The first entry has no hash: the count and its limit are in its place. */
static uint32_t entry_hash(const struct level *level, uint32_t i)
{
    return li_get_le32(level->entries + i * ENTRY_SIZE);
}

static uint32_t entry_block(const struct level *level, uint32_t i)
{
    return LI_LE32(level->entries + i * ENTRY_SIZE, ext2_dx_entry, block) & EXT4_DX_BLOCK_MASK;
}

static int read_block(struct walk *walk, uint32_t logical, uint8_t *block, struct li_error *err)
{
    if (logical >= walk->lookup->blocks)
        return give_up(walk);
    return li_files_directory_block(walk->files, walk->lookup->directory, logical, &walk->run,
                                    block, err);
}

/* Reads the entries that begin OFFSET bytes into the level's block. */
static int take_entries(struct walk *walk, struct level *level, uint32_t offset)
{
    uint32_t limit;

    level->entries = level->block + offset;
    level->count = LI_LE16(level->entries, ext2_dx_countlimit, count);
    limit = LI_LE16(level->entries, ext2_dx_countlimit, limit);
    if (level->count == 0 || level->count > limit ||
        limit > (walk->files->block_size - offset) / ENTRY_SIZE)
        return give_up(walk);
    return 0;
}

static int hash_name(struct walk *walk, unsigned version)
{
    const struct li_lookup *lookup = walk->lookup;

    if (version > EXT2_HASH_TEA)
        return give_up(walk);
    if (walk->files->hash_unsigned)
        version += EXT2_HASH_LEGACY_UNSIGNED - EXT2_HASH_LEGACY;
    if (ext2fs_dirhash2((int)version, lookup->name, (int)lookup->len, NULL, 0,
                        walk->files->hash_seed, &walk->hash, NULL))
        return give_up(walk);
    walk->hash &= ~UINT32_C(1);
    if (walk->hash == HASH_END)
        walk->hash = HASH_END - 2;
    return 0;
}

static int read_root(struct walk *walk, struct li_error *err)
{
    struct level *root = &walk->level[0];
    const uint8_t *info = root->block + ROOT_INFO;
    int rc = read_block(walk, 0, root->block, err);

    if (rc < 0 || walk->unusable)
        return rc;
    walk->levels = 1 + info[offsetof(struct ext2_dx_root_info, indirect_levels)];
    if (LI_LE32(info, ext2_dx_root_info, reserved_zero) ||
        info[offsetof(struct ext2_dx_root_info, info_length)] != INFO_SIZE ||
        (info[offsetof(struct ext2_dx_root_info, unused_flags)] & EXT2_HASH_FLAG_INCOMPAT) ||
        walk->levels > LEVELS_MAX)
        return give_up(walk);
    hash_name(walk, info[offsetof(struct ext2_dx_root_info, hash_version)]);
    return take_entries(walk, root, ROOT_INFO + INFO_SIZE);
}

static int read_node(struct walk *walk, unsigned depth, struct li_error *err)
{
    const struct level *parent = &walk->level[depth - 1];
    struct level *level = &walk->level[depth];
    int rc = read_block(walk, entry_block(parent, parent->at), level->block, err);

    if (rc < 0 || walk->unusable)
        return rc;
    if (LI_LE32(level->block, ext2_dir_entry_2, inode) ||
        LI_LE16(level->block, ext2_dir_entry_2, rec_len) != walk->files->block_size)
        return give_up(walk);
    return take_entries(walk, level, NODE_ENTRIES);
}

static bool is_up_to(const void *entry, const void *hash)
{
    return li_get_le32(entry) <= *(const uint32_t *)hash;
}

/* The last entry whose hash is at most the wanted one; the first entry has no lower bound. There is
 * one: take_entries() gives up otherwise. */
static void choose_entry(const struct walk *walk, struct level *level)
{
    level->at = (uint32_t)li_array_lower_bound(level->entries + ENTRY_SIZE, level->count - 1,
                                               ENTRY_SIZE, is_up_to, &walk->hash);
}

/* Moves to the next leaf if it continues the same hash; else the walk is over. */
static int next_leaf(struct walk *walk, struct li_error *err)
{
    unsigned depth = walk->levels - 1;
    int rc = 0;

    while (walk->level[depth].at + 1 >= walk->level[depth].count) {
        walk->over = depth == 0;
        if (walk->over)
            return 0;
        depth--;
    }
    walk->level[depth].at++;
    walk->over =
        (entry_hash(&walk->level[depth], walk->level[depth].at) & ~UINT32_C(1)) != walk->hash;
    while (!walk->over && ++depth < walk->levels && rc == 0 && !walk->unusable) {
        rc = read_node(walk, depth, err);
        walk->level[depth].at = 0;
    }
    return rc;
}

/* Walks from the root to the leaf that may have the name. */
static int descend(struct walk *walk, struct li_error *err)
{
    int rc = read_root(walk, err);

    for (unsigned depth = 0; rc == 0 && !walk->unusable && depth < walk->levels; depth++) {
        if (depth > 0)
            rc = read_node(walk, depth, err);
        if (rc == 0 && !walk->unusable)
            choose_entry(walk, &walk->level[depth]);
    }
    return rc;
}

static int search_leaf(struct walk *walk, struct li_error *err)
{
    const struct level *last = &walk->level[walk->levels - 1];
    uint8_t leaf[LI_FILES_BLOCK_MAX];
    int rc = read_block(walk, entry_block(last, last->at), leaf, err);

    if (rc == 0 && !walk->unusable)
        rc = li_files_search_block(walk->files, leaf, walk->lookup, err);
    return rc;
}

int li_files_htree_lookup(struct li_files *files, struct li_lookup *lookup, bool *indexed,
                          struct li_error *err)
{
    struct walk walk; /* not cleared: its blocks are large */
    int rc;

    walk.files = files;
    walk.lookup = lookup;
    walk.unusable = walk.over = false;
    walk.run = (struct li_run){0};
    rc = descend(&walk, err);
    /* There are at most as many leaves as blocks. An index with more goes in circles. */
    for (uint64_t leaves = 0; rc == 0 && !walk.unusable && !walk.over && !lookup->ino; leaves++) {
        if (leaves == lookup->blocks)
            give_up(&walk);
        else
            rc = search_leaf(&walk, err);
        if (rc == 0 && !walk.unusable && !lookup->ino)
            rc = next_leaf(&walk, err);
    }
    *indexed = !walk.unusable;
    return rc;
}
