/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the ext4 reader share. Not for other modules.
 *
 * Fields are read with li_get_le() at the offsets that the structures of <ext2fs/ext2_fs.h> give.
 * No structure is ever laid over bytes of the image.
 */
#ifndef LI_FILES_INTERNAL_H
#define LI_FILES_INTERNAL_H

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext3_extents.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "files/files.h"

#define LI_LE16(p, type, field) li_get_le16((p) + offsetof(struct type, field))
#define LI_LE32(p, type, field) li_get_le32((p) + offsetof(struct type, field))

enum {
    LI_FILES_BLOCK_MAX = 4096,
    /* Groups an image may have: 16 TiB of the usual 128 MiB. They need 1 MiB of table positions. */
    LI_FILES_GROUP_MAX = 1 << 17,
    /* ext4's limit for a directory without the large_dir feature: 2 GiB. */
    LI_FILES_DIRECTORY_SHIFT = 31,
};

/* li_files_open() sets all of it. It never changes afterwards. */
struct li_files {
    struct li_blocks *blocks;
    uint32_t block_shift;
    uint32_t block_size;  /* 1 << block_shift; at most LI_FILES_BLOCK_MAX */
    uint64_t block_count; /* blocks of the file system; all lie within the image */
    uint64_t first_block; /* the superblock's: no file has this block or one before it */
    uint32_t inode_size;  /* 128 or 256 */
    uint32_t inode_count;
    uint32_t inodes_per_group;
    uint32_t first_inode; /* the first inode that is not reserved */
    uint32_t group_count;
    uint32_t descriptors_in_block;
    uint64_t *tables; /* the byte at which each group's inode table begins */
    bool huge_file;
    bool large_directory;
    bool indexed; /* directories may have an htree */
    bool attribute_inodes;
    bool hash_unsigned;
    uint32_t hash_seed[4];
    struct statvfs statvfs;
};

/* Reads LEN bytes at OFFSET of the image; LI_ECORRUPT if they are not within the file system. Every
 * read of the image goes through here, and through li_as_failure(). */
int li_files_bytes(struct li_files *files, uint64_t offset, size_t len, void *buf,
                   struct li_error *err);

/* Whether block numbers have upper halves. SB is the superblock, here and below. */
static inline bool li_superblock_wide(const uint8_t *sb)
{
    return LI_LE32(sb, ext2_super_block, s_feature_incompat) & EXT4_FEATURE_INCOMPAT_64BIT;
}

/* A number whose upper half counts only if numbers are WIDE. */
static inline uint64_t li_join(uint32_t low, uint32_t high, bool wide)
{
    return wide ? low | (uint64_t)high << 32 : low;
}

/* Fills in what li_files_statvfs() reports. Everything else must be set. */
int li_files_read_statvfs(struct li_files *files, const uint8_t *sb, struct li_error *err);

/* The raw inode's i_mode. */
static inline uint32_t li_files_mode(const struct li_file *file)
{
    return LI_LE16(file->raw, ext2_inode, i_mode);
}

/* Its i_flags. */
static inline uint32_t li_files_flags(const struct li_file *file)
{
    return LI_LE32(file->raw, ext2_inode, i_flags);
}

/* The size in bytes; li_files_inode() has checked it: at most 2^32 blocks. */
uint64_t li_files_size(const struct li_files *files, const struct li_file *file);

/* Whether the inode's extra part covers the LEN bytes at OFFSET of it. */
bool li_files_has(const struct li_file *file, size_t offset, size_t len);

/* Reads inode INO, reserved or not, in use or not, without checks. LI_ECORRUPT if the table has no
 * such number. */
int li_files_raw_inode(struct li_files *files, uint32_t ino, struct li_file *out,
                       struct li_error *err);

/* A run of a file's blocks that are adjacent in the image, or are zeros. */
struct li_run {
    uint64_t first; /* block of the file */
    uint64_t count;
    uint64_t start; /* block of the image; 0 for zeros: a hole, or allocated but never written */
};

/* The run from block LOGICAL (below 2^32) on; its count is at least 1. */
int li_files_map(struct li_files *files, const struct li_file *file, uint64_t logical,
                 struct li_run *run, struct li_error *err);

/* Reads a file's contents, whatever its type. OFFSET + LEN must be within its size. */
int li_files_read_data(struct li_files *files, const struct li_file *file, uint64_t offset,
                       size_t len, void *buf, struct li_error *err);

/* Reads block LOGICAL of a directory. RUN is the run that the last call found, zero before the
 * first. */
int li_files_directory_block(struct li_files *files, const struct li_file *directory,
                             uint64_t logical, struct li_run *run, uint8_t *block,
                             struct li_error *err);

/* A name to look up in a directory. */
struct li_lookup {
    const struct li_file *directory;
    uint64_t blocks; /* of the directory */
    const char *name;
    size_t len;
    uint32_t ino; /* the answer; 0 until it is found */
};

/* Looks for the name among the entries of one block. */
int li_files_search_block(const struct li_files *files, const uint8_t *block,
                          struct li_lookup *lookup, struct li_error *err);

/* Looks up the name by the directory's htree. INDEXED is false if that cannot be used, and then
 * nothing is known; else INO is the answer. */
int li_files_htree_lookup(struct li_files *files, struct li_lookup *lookup, bool *indexed,
                          struct li_error *err);

#endif
