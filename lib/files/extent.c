/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extent trees: from a file's block to the image's. A walk goes down from the inode, at each node
 * to the last entry that begins at or before the wanted block. Only the depth bounds the way down,
 * so a node must say that it is exactly one level below its parent; a tree that points back into
 * itself fails there.
 *
 * A hole ends where the next entry begins, in the leaf or in a node above, so the walk carries the
 * nearest such bound with it. The search gives entry[i] <= wanted < entry[i + 1] whether or not the
 * node is sorted. So even in garbage, a run holds the wanted block and is at least one block long,
 * and a reader of runs makes progress.
 */
#include "files/internal.h"

#include <inttypes.h>

#include "base/array.h"

enum {
    ENTRY_SIZE = sizeof(struct ext3_extent),
    HEADER_SIZE = sizeof(struct ext3_extent_header),
    DEPTH_MAX = 5,
};

_Static_assert(sizeof(struct ext3_extent) == 12 && sizeof(struct ext3_extent_idx) == 12 &&
                   sizeof(struct ext3_extent_header) == 12,
               "nodes are a header and entries of 12 bytes");

/* Entries of both kinds begin with their first block. */
static uint32_t entry_block(const uint8_t *node, uint32_t i)
{
    return li_get_le32(node + HEADER_SIZE + i * ENTRY_SIZE);
}

static int check_node(const uint8_t *node, size_t size, unsigned depth, struct li_error *err)
{
    uint32_t entries = LI_LE16(node, ext3_extent_header, eh_entries);

    if (LI_LE16(node, ext3_extent_header, eh_magic) != EXT3_EXT_MAGIC)
        return li_fail(err, LI_ECORRUPT, "a node of the extent tree has no magic number");
    if (LI_LE16(node, ext3_extent_header, eh_depth) != depth)
        return li_fail(err, LI_ECORRUPT, "a node of the extent tree is at the wrong depth");
    if (entries > LI_LE16(node, ext3_extent_header, eh_max) ||
        entries > (size - HEADER_SIZE) / ENTRY_SIZE)
        return li_fail(err, LI_ECORRUPT, "a node of the extent tree has %" PRIu32 " entries",
                       entries);
    return 0;
}

static bool begins_by(const void *entry, const void *logical)
{
    return li_get_le32(entry) <= *(const uint64_t *)logical;
}

/* How many of the first entries begin at or before LOGICAL. */
static uint32_t search(const uint8_t *node, uint32_t entries, uint64_t logical)
{
    return (uint32_t)li_array_lower_bound(node + HEADER_SIZE, entries, ENTRY_SIZE, begins_by,
                                          &logical);
}

static int read_child(struct li_files *files, const uint8_t *index, uint8_t *node,
                      struct li_error *err)
{
    uint64_t block = LI_LE32(index, ext3_extent_idx, ei_leaf) |
                     (uint64_t)LI_LE16(index, ext3_extent_idx, ei_leaf_hi) << 32;

    if (block <= files->first_block || block >= files->block_count)
        return li_fail(err, LI_ECORRUPT, "the extent tree has a node at block %" PRIu64, block);
    return li_files_bytes(files, block << files->block_shift, files->block_size, node, err);
}

/* The run from LOGICAL on. EXTENT begins at or before it; END is where the next extent begins. */
static int read_extent(const struct li_files *files, const uint8_t *extent, uint64_t logical,
                       uint64_t end, struct li_run *run, struct li_error *err)
{
    uint64_t first = LI_LE32(extent, ext3_extent, ee_block);
    uint64_t count = LI_LE16(extent, ext3_extent, ee_len);
    uint64_t start = LI_LE32(extent, ext3_extent, ee_start) |
                     (uint64_t)LI_LE16(extent, ext3_extent, ee_start_hi) << 32;
    bool written = count <= EXT_INIT_MAX_LEN;

    if (!written)
        count -= EXT_INIT_MAX_LEN;
    if (count == 0 || start <= files->first_block || start >= files->block_count ||
        count > files->block_count - start)
        return li_fail(err, LI_ECORRUPT, "it has an extent of %" PRIu64 " blocks at block %" PRIu64,
                       count, start);
    if (logical - first < count) {
        if (end > first + count)
            end = first + count;
        run->start = written ? start + (logical - first) : 0;
    } else {
        run->start = 0;
    }
    run->first = logical;
    run->count = end - logical;
    return 0;
}

static int map(struct li_files *files, const struct li_file *file, uint64_t logical,
               struct li_run *run, struct li_error *err)
{
    const uint8_t *node = file->raw + offsetof(struct ext2_inode, i_block);
    size_t size = sizeof(((struct ext2_inode *)0)->i_block);
    unsigned depth = LI_LE16(node, ext3_extent_header, eh_depth);
    uint64_t end = UINT64_C(1) << 32;
    uint8_t block[LI_FILES_BLOCK_MAX];

    if (depth > DEPTH_MAX)
        return li_fail(err, LI_ECORRUPT, "its extent tree has depth %u", depth);
    for (;; depth--) {
        int rc = check_node(node, size, depth, err);
        uint32_t entries = LI_LE16(node, ext3_extent_header, eh_entries);
        uint32_t before;
        const uint8_t *entry;

        if (rc < 0)
            return rc;
        before = search(node, entries, logical);
        if (before < entries && entry_block(node, before) < end)
            end = entry_block(node, before);
        if (before == 0) {
            *run = (struct li_run){logical, end - logical, 0};
            return 0;
        }
        entry = node + HEADER_SIZE + (before - 1) * ENTRY_SIZE;
        if (depth == 0)
            return read_extent(files, entry, logical, end, run, err);
        rc = read_child(files, entry, block, err);
        if (rc < 0)
            return rc;
        node = block;
        size = files->block_size;
    }
}

int li_files_map(struct li_files *files, const struct li_file *file, uint64_t logical,
                 struct li_run *run, struct li_error *err)
{
    static const uint32_t other = EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL | EXT2_COMPRBLK_FL;
    int rc;

    if (!(li_files_flags(file) & EXT4_EXTENTS_FL) || (li_files_flags(file) & other))
        return li_fail(err, LI_EUNSUPPORTED,
                       "inode %" PRIu32 " does not hold its contents in plain extents", file->ino);
    rc = map(files, file, logical, run, err);
    return rc < 0 ? li_context(err, "inode %" PRIu32, file->ino) : 0;
}
