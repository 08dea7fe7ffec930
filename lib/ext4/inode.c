/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inodes (the kernel's Documentation/filesystems/ext4/inodes.rst), 256 bytes each. All their times
 * are the one time in the layer, because a container image has no other.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "ext4/plan.h"

/* Byte offsets in an inode. */
enum {
    I_MODE = 0,
    I_UID = 2,
    I_SIZE = 4,
    I_ATIME = 8,
    I_CTIME = 12,
    I_MTIME = 16,
    I_GID = 24,
    I_LINKS = 26,
    I_BLOCKS = 28,
    I_FLAGS = 32,
    I_BLOCK = 40,
    I_FILE_ACL = 104,
    I_SIZE_HIGH = 108,
    I_BLOCKS_HIGH = 116,
    I_FILE_ACL_HIGH = 118,
    I_UID_HIGH = 120,
    I_GID_HIGH = 122,
    I_CHECKSUM = 124,
    I_EXTRA_ISIZE = 128,
    I_CHECKSUM_HIGH = 130,
    I_CTIME_EXTRA = 132,
    I_MTIME_EXTRA = 136,
    I_ATIME_EXTRA = 140,
    I_CRTIME = 144,
    I_CRTIME_EXTRA = 148,
    I_XATTRS = 160,
};

enum {
    FLAG_INDEX = 0x1000,
    FLAG_EXTENTS = 0x80000,
    LINK_MAX_SHOWN = 65000, /* a directory with more links has 1, which means "not counted" */
    SECTORS_PER_BLOCK = LI_EXT4_BLOCK_SIZE / 512,
};

static void put_times(const struct li_inode *inode, uint8_t *raw)
{
    static const uint8_t seconds[] = {I_ATIME, I_CTIME, I_MTIME, I_CRTIME};
    static const uint8_t extra[] = {I_ATIME_EXTRA, I_CTIME_EXTRA, I_MTIME_EXTRA, I_CRTIME_EXTRA};
    /* The low 32 bits are signed. Two bits beside the nanoseconds extend the range. */
    int64_t low = (int32_t)(uint32_t)(uint64_t)inode->mtime;
    uint32_t epoch = (uint32_t)((inode->mtime - low) >> 32) & 3;

    for (size_t i = 0; i < sizeof(seconds); i++) {
        li_put_le32(raw + seconds[i], (uint32_t)(uint64_t)inode->mtime);
        li_put_le32(raw + extra[i], inode->mtime_nsec << 2 | epoch);
    }
}

static void put_device(const struct li_inode *inode, uint8_t *raw)
{
    uint32_t major = (uint32_t)(inode->data >> 32), minor = (uint32_t)inode->data;

    if (major < 256 && minor < 256)
        li_put_le32(raw + I_BLOCK, major << 8 | minor);
    else
        li_put_le32(raw + I_BLOCK + 4, (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12);
}

/* The contents of i_block, and the inode's number of blocks. */
static uint64_t put_contents(const struct li_ext4 *plan, uint32_t index,
                             const struct li_inode *inode, uint8_t *raw)
{
    uint64_t blocks = 0;
    uint32_t flags = FLAG_EXTENTS;

    if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode)) {
        put_device(inode, raw);
        flags = 0;
    } else if (S_ISLNK(inode->mode) && inode->size <= LI_EXT4_FAST_LINK_MAX) {
        memcpy(raw + I_BLOCK, li_tree_target(plan->tree, inode), inode->size);
        flags = 0;
    } else if (S_ISFIFO(inode->mode)) {
        flags = 0;
    } else {
        li_extent_root(plan, index, raw + I_BLOCK, &blocks);
    }
    if (S_ISDIR(inode->mode) && plan->directory[plan->allocation[index].first].blocks > 1)
        flags |= FLAG_INDEX;
    li_put_le32(raw + I_FLAGS, flags);
    return blocks;
}

static uint64_t size_of(const struct li_ext4 *plan, uint32_t index, const struct li_inode *inode)
{
    if (S_ISDIR(inode->mode))
        return (uint64_t)plan->directory[plan->allocation[index].first].blocks * LI_EXT4_BLOCK_SIZE;
    return S_ISREG(inode->mode) || S_ISLNK(inode->mode) ? inode->size : 0;
}

static void put_inode(const struct li_ext4 *plan, uint32_t ino, uint32_t index, uint8_t *raw)
{
    const struct li_inode *inode = li_tree_inode(plan->tree, index);
    uint64_t size = size_of(plan, index, inode);
    uint64_t blocks = put_contents(plan, index, inode, raw);
    uint64_t attributes = li_ext4_xattr_inode(plan, index, raw + I_XATTRS);
    uint32_t links = inode->links, crc;

    if (attributes)
        blocks++;
    if (S_ISDIR(inode->mode) && links > LINK_MAX_SHOWN)
        links = 1;
    blocks *= SECTORS_PER_BLOCK;
    li_put_le16(raw + I_MODE, inode->mode);
    li_put_le16(raw + I_UID, (uint16_t)inode->uid);
    li_put_le16(raw + I_UID_HIGH, (uint16_t)(inode->uid >> 16));
    li_put_le16(raw + I_GID, (uint16_t)inode->gid);
    li_put_le16(raw + I_GID_HIGH, (uint16_t)(inode->gid >> 16));
    li_put_le32(raw + I_SIZE, (uint32_t)size);
    li_put_le32(raw + I_SIZE_HIGH, (uint32_t)(size >> 32));
    put_times(inode, raw);
    li_put_le16(raw + I_LINKS, (uint16_t)links);
    li_put_le32(raw + I_BLOCKS, (uint32_t)blocks);
    li_put_le16(raw + I_BLOCKS_HIGH, (uint16_t)(blocks >> 32));
    li_put_le32(raw + I_FILE_ACL, (uint32_t)attributes);
    li_put_le16(raw + I_FILE_ACL_HIGH, (uint16_t)(attributes >> 32));
    li_put_le16(raw + I_EXTRA_ISIZE, LI_EXT4_EXTRA_ISIZE);
    crc = li_ext4_crc(li_ext4_inode_crc(ino), raw, LI_EXT4_INODE_SIZE);
    li_put_le16(raw + I_CHECKSUM, (uint16_t)crc);
    li_put_le16(raw + I_CHECKSUM_HIGH, (uint16_t)(crc >> 16));
}

void li_inode_block(const struct li_ext4 *plan, uint64_t block, uint8_t *buf)
{
    for (uint32_t i = 0; i < LI_EXT4_INODES_PER_BLOCK; i++) {
        uint64_t ino = block * LI_EXT4_INODES_PER_BLOCK + i + 1;
        uint8_t *raw = buf + (size_t)i * LI_EXT4_INODE_SIZE;

        if (ino == LI_EXT4_ROOT_INO)
            put_inode(plan, (uint32_t)ino, li_tree_node(plan->tree, LI_TREE_ROOT)->inode, raw);
        else if (ino >= LI_EXT4_FIRST_INO && ino <= plan->last_ino)
            put_inode(plan, (uint32_t)ino, plan->inode[ino - LI_EXT4_FIRST_INO], raw);
    }
}
