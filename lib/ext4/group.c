/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of the file system: superblock, group descriptors, bitmaps (the kernel's
 * Documentation/filesystems/ext4/{super,group_descr,bitmaps}.rst).
 */
#include <string.h>

#include <ext2fs/ext2_fs.h>

#include "base/bytes.h"
#include "ext4/hash.h"
#include "ext4/plan.h"
#include "layer/layout.h"

enum {
    DESCRIPTOR_SIZE = LI_EXT4_BLOCK_SIZE / LI_EXT4_DESCRIPTORS_PER_BLOCK,
    DESCRIPTORS_PER_BLOCK = LI_EXT4_DESCRIPTORS_PER_BLOCK,
    BITMAP_BITS = 8 * LI_EXT4_BLOCK_SIZE,
    SUPER_OFFSET = 1024,
    SUPER_SIZE = 1024,
};

static uint32_t used_inodes(const struct li_ext4 *plan, uint32_t group)
{
    uint64_t before = (uint64_t)group * plan->inodes_per_group;

    if (plan->last_ino <= before)
        return 0;
    if (plan->last_ino - before > plan->inodes_per_group)
        return plan->inodes_per_group;
    return (uint32_t)(plan->last_ino - before);
}

static void set_bits(uint8_t *bitmap, uint64_t first, uint64_t count)
{
    for (; count > 0 && first % 8 != 0; count--, first++)
        bitmap[first / 8] |= (uint8_t)(1U << first % 8);
    memset(bitmap + first / 8, 0xff, count / 8);
    first += count / 8 * 8;
    for (count %= 8; count > 0; count--, first++)
        bitmap[first / 8] |= (uint8_t)(1U << first % 8);
}

/* Sets the bits of a run of blocks that are in GROUP; false if the run is after the group. */
static bool set_run(uint8_t *bitmap, uint32_t group, uint64_t block, uint64_t count)
{
    uint64_t begin = (uint64_t)group * LI_EXT4_BLOCKS_PER_GROUP;
    uint64_t end = begin + LI_EXT4_BLOCKS_PER_GROUP;
    uint64_t from = block > begin ? block : begin;
    uint64_t to = block + count < end ? block + count : end;

    if (from < to)
        set_bits(bitmap, from - begin, to - from);
    return block < end;
}

/* Bits after the file system's end count as in use. */
void li_group_block_bitmap(const struct li_ext4 *plan, uint32_t group, uint8_t *buf)
{
    uint64_t begin = (uint64_t)group * LI_EXT4_BLOCKS_PER_GROUP;
    size_t i = begin < plan->data.first ? 0 : li_piece_find(plan, begin - plan->data.first);

    set_run(buf, group, 0, plan->link_zone.first + plan->link_zone.count);
    set_run(buf, group, plan->blocks, LI_EXT4_BLOCKS_PER_GROUP);
    for (; i < plan->pieces; i++)
        if (!set_run(buf, group, plan->data.first + plan->piece[i].block, plan->piece[i].count))
            break;
}

/* The descriptor of a group without inodes in use says so. Nobody then reads its bitmap, which
 * stays a block of zeros. */
static bool has_no_inode_bitmap(const struct li_ext4 *plan, uint32_t group)
{
    return li_tree_layout(plan->tree) >= LI_LAYOUT_2 && used_inodes(plan, group) == 0;
}

void li_group_inode_bitmap(const struct li_ext4 *plan, uint32_t group, uint8_t *buf)
{
    if (has_no_inode_bitmap(plan, group))
        return;
    set_bits(buf, 0, used_inodes(plan, group));
    set_bits(buf, plan->inodes_per_group, BITMAP_BITS - plan->inodes_per_group);
}

static uint32_t free_in_group(const struct li_ext4 *plan, uint32_t group)
{
    uint64_t left = plan->blocks - (uint64_t)group * LI_EXT4_BLOCKS_PER_GROUP;
    uint32_t blocks =
        left < LI_EXT4_BLOCKS_PER_GROUP ? (uint32_t)left : (uint32_t)LI_EXT4_BLOCKS_PER_GROUP;

    return blocks - plan->group_used[group];
}

static void put_split(uint8_t *descriptor, size_t low, size_t high, uint64_t value)
{
    li_put_le32(descriptor + low, (uint32_t)value);
    li_put_le32(descriptor + high, (uint32_t)(value >> 32));
}

static void put_descriptor(const struct li_ext4 *plan, uint32_t group, uint8_t *d)
{
    uint64_t tables = plan->inodes_per_group / LI_EXT4_INODES_PER_BLOCK;
    uint32_t free_inodes = plan->inodes_per_group - used_inodes(plan, group), crc;
    uint16_t unused = has_no_inode_bitmap(plan, group) ? EXT2_BG_INODE_UNINIT : 0;
    uint8_t bitmap[LI_EXT4_BLOCK_SIZE] = {0}, number[4];

    put_split(d, 0, 32, plan->block_bitmaps.first + group);
    put_split(d, 4, 36, plan->inode_bitmaps.first + group);
    put_split(d, 8, 40, plan->inode_tables.first + group * tables);
    li_put_le16(d + 12, (uint16_t)free_in_group(plan, group));
    li_put_le16(d + 14, (uint16_t)free_inodes);
    li_put_le16(d + 16, (uint16_t)plan->group_directories[group]);
    li_put_le16(d + 18, EXT2_BG_INODE_ZEROED | unused);
    li_put_le16(d + 28, (uint16_t)free_inodes); /* unused at the table's end: all free ones */
    li_group_block_bitmap(plan, group, bitmap);
    crc = li_ext4_crc(LI_EXT4_CHECKSUM_SEED, bitmap, sizeof(bitmap));
    li_put_le16(d + 24, (uint16_t)crc);
    li_put_le16(d + 56, (uint16_t)(crc >> 16));
    memset(bitmap, 0, sizeof(bitmap));
    li_group_inode_bitmap(plan, group, bitmap);
    crc = li_ext4_crc(LI_EXT4_CHECKSUM_SEED, bitmap, plan->inodes_per_group / 8);
    li_put_le16(d + 26, (uint16_t)crc);
    li_put_le16(d + 58, (uint16_t)(crc >> 16));
    li_put_le32(number, group);
    crc = li_ext4_crc(LI_EXT4_CHECKSUM_SEED, number, sizeof(number));
    li_put_le16(d + 30, (uint16_t)li_ext4_crc(crc, d, DESCRIPTOR_SIZE));
}

void li_group_descriptors(const struct li_ext4 *plan, uint32_t block, uint8_t *buf)
{
    for (uint32_t i = 0; i < DESCRIPTORS_PER_BLOCK; i++) {
        uint32_t group = block * DESCRIPTORS_PER_BLOCK + i;

        if (group < plan->groups)
            put_descriptor(plan, group, buf + (size_t)i * DESCRIPTOR_SIZE);
    }
}

static uint64_t free_blocks(const struct li_ext4 *plan)
{
    uint64_t used = 0;

    for (uint32_t i = 0; i < plan->groups; i++)
        used += plan->group_used[i];
    return plan->blocks - used;
}

/* The blocks that the kernel subtracts in statfs: all fixed metadata. */
static uint64_t overhead(const struct li_ext4 *plan)
{
    return 1 + plan->descriptors.count + plan->block_bitmaps.count + plan->inode_bitmaps.count +
           plan->inode_tables.count;
}

static void put_features(uint8_t *s)
{
    li_put_le32(s + 0x5c, EXT2_FEATURE_COMPAT_EXT_ATTR | EXT2_FEATURE_COMPAT_DIR_INDEX |
                              EXT4_FEATURE_COMPAT_SPARSE_SUPER2);
    li_put_le32(s + 0x60, EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
                              EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_FLEX_BG |
                              EXT4_FEATURE_INCOMPAT_CSUM_SEED);
    li_put_le32(s + 0x64, EXT2_FEATURE_RO_COMPAT_LARGE_FILE | EXT4_FEATURE_RO_COMPAT_HUGE_FILE |
                              EXT4_FEATURE_RO_COMPAT_DIR_NLINK |
                              EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE |
                              EXT4_FEATURE_RO_COMPAT_METADATA_CSUM);
}

static uint8_t log2_groups(uint32_t groups)
{
    uint8_t bits = 4;

    while (bits < 31 && (1U << bits) < groups)
        bits++;
    return bits;
}

void li_group_superblock(const struct li_ext4 *plan, uint8_t *buf)
{
    uint8_t *s = buf + SUPER_OFFSET;
    uint64_t inodes = (uint64_t)plan->groups * plan->inodes_per_group, unused = free_blocks(plan);

    li_put_le32(s + 0x00, (uint32_t)inodes);
    li_put_le32(s + 0x04, (uint32_t)plan->blocks);
    li_put_le32(s + 0x150, (uint32_t)(plan->blocks >> 32));
    li_put_le32(s + 0x0c, (uint32_t)unused);
    li_put_le32(s + 0x158, (uint32_t)(unused >> 32));
    li_put_le32(s + 0x10, (uint32_t)(inodes - plan->last_ino));
    li_put_le32(s + 0x18, 2); /* blocks of 1024 << 2 bytes */
    li_put_le32(s + 0x1c, 2); /* clusters likewise */
    li_put_le32(s + 0x20, LI_EXT4_BLOCKS_PER_GROUP);
    li_put_le32(s + 0x24, LI_EXT4_BLOCKS_PER_GROUP);
    li_put_le32(s + 0x28, plan->inodes_per_group);
    li_put_le16(s + 0x36, 0xffff); /* mounts without a check: unlimited */
    li_put_le16(s + 0x38, EXT2_SUPER_MAGIC);
    li_put_le16(s + 0x3a, EXT2_VALID_FS);
    li_put_le16(s + 0x3c, EXT2_ERRORS_CONTINUE);
    li_put_le32(s + 0x4c, EXT2_DYNAMIC_REV);
    li_put_le32(s + 0x54, LI_EXT4_FIRST_INO);
    li_put_le16(s + 0x58, LI_EXT4_INODE_SIZE);
    put_features(s);
    memcpy(s + 0x68, plan->uuid, sizeof(plan->uuid));
    for (size_t i = 0; i < 4; i++)
        li_put_le32(s + 0xec + 4 * i, li_ext4_hash_seed[i]);
    s[0xfc] = EXT2_HASH_HALF_MD4;
    li_put_le16(s + 0xfe, DESCRIPTOR_SIZE);
    li_put_le32(s + 0x100, EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL);
    li_put_le16(s + 0x15c, LI_EXT4_EXTRA_ISIZE);
    li_put_le16(s + 0x15e, LI_EXT4_EXTRA_ISIZE);
    li_put_le32(s + 0x160, EXT2_FLAGS_UNSIGNED_HASH);
    s[0x174] = log2_groups(plan->groups);
    s[0x175] = EXT2_CRC32C_CHKSUM;
    li_put_le32(s + 0x248, (uint32_t)overhead(plan));
    li_put_le32(s + 0x270, LI_EXT4_CHECKSUM_SEED);
    li_put_le32(s + SUPER_SIZE - 4, li_ext4_crc(UINT32_MAX, s, SUPER_SIZE - 4));
}
