/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The size of the file system, and the position of its zones.
 *
 * The metadata of all groups is at the front (flex_bg with one group of groups). There is one
 * superblock (sparse_super2 without backups), and no journal. Free space and free inodes for a
 * writable mount are holes in the image, which are never stored: an empty group of 128 MiB costs
 * its descriptor.
 *
 * Descriptors, bitmaps and inode tables grow with the size, and so change the free space. So the
 * size for a given free space is found by trying.
 */
#include <stdlib.h>

#include "ext4/plan.h"

enum {
    INODES_PER_GROUP_MAX = 8 * LI_EXT4_BLOCK_SIZE - LI_EXT4_INODES_PER_BLOCK,
    FREE_INODES_MIN = 16384,
    FREE_BLOCKS_MIN = (64 << 20) / LI_EXT4_BLOCK_SIZE,
    /* Beyond the default's size one inode is added for each 16 KiB, as mke2fs does for all. */
    BLOCKS_PER_FREE_INODE = 16384 / LI_EXT4_BLOCK_SIZE,
    /* The most free blocks that Linux keeps for itself. */
    KERNEL_RESERVE = 4096,
};

#define BLOCKS_MAX ((uint64_t)LI_CHUNK_MAX_COUNT * LI_EXT4_BLOCKS_PER_CHUNK)

/* The quantities that sizes are computed from. Blocks include all metadata. */
struct scale {
    uint64_t inodes;        /* by default */
    uint64_t groups;        /* the least number of groups that the inodes need */
    uint64_t least;         /* blocks in use, without free space */
    uint64_t default_group; /* groups by default */
};

static uint64_t round_up(uint64_t n, uint64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static uint64_t groups_of(uint64_t blocks)
{
    return (blocks + LI_EXT4_BLOCKS_PER_GROUP - 1) / LI_EXT4_BLOCKS_PER_GROUP;
}

/* Lays out the zones for that many groups; returns the blocks up to their end. */
static uint64_t lay_zones(struct li_ext4 *plan, uint64_t groups, uint64_t inodes)
{
    struct li_zone *zones[] = {&plan->descriptors,  &plan->block_bitmaps,  &plan->inode_bitmaps,
                               &plan->inode_tables, &plan->directory_zone, &plan->extent_zone,
                               &plan->xattr_zone,   &plan->link_zone};
    uint64_t per_group = round_up((inodes + groups - 1) / groups, LI_EXT4_INODES_PER_BLOCK);
    uint64_t at = 1;

    plan->inodes_per_group = (uint32_t)per_group;
    plan->descriptors.count =
        (groups + LI_EXT4_DESCRIPTORS_PER_BLOCK - 1) / LI_EXT4_DESCRIPTORS_PER_BLOCK;
    plan->block_bitmaps.count = groups;
    plan->inode_bitmaps.count = groups;
    plan->inode_tables.count = groups * per_group / LI_EXT4_INODES_PER_BLOCK;
    plan->directory_zone.count = plan->leaves;
    plan->extent_zone.count = plan->extent_blocks;
    plan->xattr_zone.count = plan->xattr_blocks;
    plan->link_zone.count = plan->links;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        zones[i]->first = at;
        at += zones[i]->count;
    }
    plan->data.first = round_up(at, LI_EXT4_BLOCKS_PER_CHUNK);
    plan->data.count = plan->data_chunks * LI_EXT4_BLOCKS_PER_CHUNK;
    return plan->data.first + plan->data.count;
}

static int fail_limit(struct li_error *err)
{
    return li_fail(err, LI_ELIMIT, "the image would be larger than 1 TiB");
}

static uint64_t no_room(uint64_t end)
{
    (void)end;
    return 0;
}

static uint64_t default_room(uint64_t end)
{
    return end / 4 > FREE_BLOCKS_MIN ? end / 4 : FREE_BLOCKS_MIN;
}

/* The fewest whole groups that hold the default's inodes, all zones, and the free blocks that ROOM
 * computes from these. */
static int settle(struct li_ext4 *plan, const struct scale *scale, uint64_t (*room)(uint64_t end),
                  uint64_t *groups, uint64_t *end, struct li_error *err)
{
    *groups = scale->groups;
    for (;;) {
        uint64_t needed;

        if (*groups > groups_of(BLOCKS_MAX))
            return fail_limit(err);
        *end = lay_zones(plan, *groups, scale->inodes);
        needed = *end + room(*end);
        if (needed <= *groups * LI_EXT4_BLOCKS_PER_GROUP)
            return 0;
        *groups = groups_of(needed);
    }
}

static int measure(struct li_ext4 *plan, struct scale *scale, struct li_error *err)
{
    uint64_t used = plan->last_ino, ignored = 0;
    int rc;

    scale->inodes = used + (used / 4 > FREE_INODES_MIN ? used / 4 : FREE_INODES_MIN);
    scale->groups = (scale->inodes + INODES_PER_GROUP_MAX - 1) / INODES_PER_GROUP_MAX;
    rc = settle(plan, scale, no_room, &ignored, &scale->least, err);
    if (rc == 0)
        rc = settle(plan, scale, default_room, &scale->default_group, &ignored, err);
    return rc;
}

/* Lays out the zones for a file system of that many blocks. Returns the blocks up to the end of the
 * zones, which may be more than there are. */
static uint64_t lay_sized(struct li_ext4 *plan, const struct scale *scale, uint64_t blocks)
{
    uint64_t usual = scale->default_group * LI_EXT4_BLOCKS_PER_GROUP;
    uint64_t more = blocks > usual ? (blocks - usual) / BLOCKS_PER_FREE_INODE : 0;

    plan->groups = (uint32_t)groups_of(blocks);
    plan->blocks = blocks;
    return lay_zones(plan, plan->groups, scale->inodes + more);
}

static int fail_small(uint64_t amount, uint64_t needed, struct li_error *err)
{
    uint64_t mib = round_up(needed * LI_EXT4_BLOCK_SIZE, 1 << 20) >> 20;

    return li_fail(err, LI_EINVALID,
                   "%llu bytes are too few for the image's files; they need a size of %lluM",
                   (unsigned long long)amount, (unsigned long long)mib);
}

static int lay_size(struct li_ext4 *plan, const struct scale *scale, uint64_t amount,
                    struct li_error *err)
{
    uint64_t blocks, needed, end;

    if (amount > BLOCKS_MAX * LI_EXT4_BLOCK_SIZE)
        return fail_limit(err);
    blocks = round_up(amount, LI_CHUNK_SIZE) / LI_EXT4_BLOCK_SIZE;
    needed = (scale->groups - 1) * LI_EXT4_BLOCKS_PER_GROUP + LI_EXT4_BLOCKS_PER_CHUNK;
    if (needed < scale->least)
        needed = scale->least;
    if (blocks < needed)
        return fail_small(amount, needed, err);
    end = lay_sized(plan, scale, blocks);
    return end <= blocks ? 0 : fail_small(amount, end, err);
}

static int lay_free(struct li_ext4 *plan, const struct scale *scale, uint64_t room,
                    struct li_error *err)
{
    uint64_t blocks = scale->groups * LI_EXT4_BLOCKS_PER_GROUP, end = scale->least;

    for (;;) {
        if (room > BLOCKS_MAX || end + room > BLOCKS_MAX)
            return fail_limit(err);
        if (end + room > blocks)
            blocks = round_up(end + room, LI_EXT4_BLOCKS_PER_GROUP);
        end = lay_sized(plan, scale, blocks);
        if (end + room <= blocks)
            return 0;
    }
}

static int lay_out(struct li_ext4 *plan, const struct li_ext4_room *room, struct li_error *err)
{
    struct scale scale = {0};
    int rc = measure(plan, &scale, err);

    if (rc < 0)
        return rc;
    switch (room ? room->sizing : LI_EXT4_ROOM_DEFAULT) {
    case LI_EXT4_ROOM_SIZE:
        return lay_size(plan, &scale, room->amount, err);
    case LI_EXT4_ROOM_FREE:
        return lay_free(plan, &scale, room->amount / LI_EXT4_BLOCK_SIZE + 1 + KERNEL_RESERVE, err);
    case LI_EXT4_ROOM_PERCENT:
        if (room->amount > LI_EXT4_PERCENT_MAX)
            return fail_limit(err);
        return lay_free(plan, &scale, scale.least * room->amount / 100 + 1 + KERNEL_RESERVE, err);
    default:
        lay_sized(plan, &scale, scale.default_group * LI_EXT4_BLOCKS_PER_GROUP);
        return 0;
    }
}

static void mark_used(struct li_ext4 *plan, uint64_t block, uint64_t count)
{
    while (count > 0) {
        uint64_t left = LI_EXT4_BLOCKS_PER_GROUP - block % LI_EXT4_BLOCKS_PER_GROUP;
        uint64_t n = count < left ? count : left;

        plan->group_used[block / LI_EXT4_BLOCKS_PER_GROUP] += (uint32_t)n;
        block += n;
        count -= n;
    }
}

static int count_groups(struct li_ext4 *plan, struct li_error *err)
{
    uint64_t metadata = plan->link_zone.first + plan->link_zone.count;

    plan->group_used = calloc(plan->groups, sizeof(*plan->group_used));
    plan->group_directories = calloc(plan->groups, sizeof(*plan->group_directories));
    if (!plan->group_used || !plan->group_directories)
        return li_fail_memory(err);
    mark_used(plan, 0, metadata);
    for (size_t i = 0; i < plan->pieces; i++)
        mark_used(plan, plan->data.first + plan->piece[i].block, plan->piece[i].count);
    for (uint32_t i = 0; i < plan->directories; i++) {
        uint32_t ino = li_ext4_directory_ino(plan, plan->directory[i].node);

        plan->group_directories[(ino - 1) / plan->inodes_per_group]++;
    }
    return 0;
}

int li_geometry_plan(struct li_ext4 *plan, const struct li_ext4_room *room, struct li_error *err)
{
    int rc = lay_out(plan, room, err);

    return rc < 0 ? rc : count_groups(plan, err);
}
