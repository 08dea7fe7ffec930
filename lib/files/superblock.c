/* SPDX-License-Identifier: Apache-2.0 */
/*
 * We have our own ext4 reader, because a handle of libext2fs is not safe between threads (D10a),
 * and a mount reads with many. It keeps only the geometry. Everything else comes from the chunk
 * cache beneath it at each read, so that there is one bound on memory and nothing to lock.
 *
 * An unknown "incompatible" feature is refused, as the kernel does. So are features that lambdaimg
 * never writes, which would only be attack surface. Features that are compatible for readers do not
 * matter, except bigalloc, which changes the meaning of a block number.
 *
 * The positions of the inode tables are read from all group descriptors at the start and checked
 * once. Descriptors are together at the front of the image, so this needs no extra chunk.
 */
#include "files/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SUPERBLOCK_OFFSET = 1024, SUPERBLOCK_SIZE = 1024 };

struct feature {
    uint32_t bit;
    const char *name;
};

static const struct feature refused[] = {
    {EXT2_FEATURE_INCOMPAT_COMPRESSION, "compression"},
    {EXT3_FEATURE_INCOMPAT_RECOVER, "a journal that must be replayed (e2fsck does that)"},
    {EXT3_FEATURE_INCOMPAT_JOURNAL_DEV, "a journal device's format"},
    {EXT2_FEATURE_INCOMPAT_META_BG, "meta_bg"},
    {EXT4_FEATURE_INCOMPAT_DIRDATA, "dirdata"},
    {EXT4_FEATURE_INCOMPAT_INLINE_DATA, "inline_data"},
    {EXT4_FEATURE_INCOMPAT_ENCRYPT, "encrypt"},
    {EXT4_FEATURE_INCOMPAT_CASEFOLD, "casefold"},
};

static const struct feature required[] = {
    {EXT2_FEATURE_INCOMPAT_FILETYPE, "filetype"},
    {EXT3_FEATURE_INCOMPAT_EXTENTS, "extents"},
};

static const uint32_t readable = EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
                                 EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_MMP |
                                 EXT4_FEATURE_INCOMPAT_FLEX_BG | EXT4_FEATURE_INCOMPAT_EA_INODE |
                                 EXT4_FEATURE_INCOMPAT_CSUM_SEED | EXT4_FEATURE_INCOMPAT_LARGEDIR;

static int check_features(const uint8_t *sb, struct li_error *err)
{
    uint32_t incompat = LI_LE32(sb, ext2_super_block, s_feature_incompat);
    uint32_t ro_compat = LI_LE32(sb, ext2_super_block, s_feature_ro_compat);

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (incompat & refused[i].bit)
            return li_fail(err, LI_EUNSUPPORTED, "the file system has %s", refused[i].name);
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (!(incompat & required[i].bit))
            return li_fail(err, LI_EUNSUPPORTED, "the file system lacks %s", required[i].name);
    if (incompat & ~readable)
        return li_fail(err, LI_EUNSUPPORTED, "the file system has unknown features: 0x%" PRIx32,
                       incompat & ~readable);
    if (ro_compat & EXT4_FEATURE_RO_COMPAT_BIGALLOC)
        return li_fail(err, LI_EUNSUPPORTED, "the file system has bigalloc");
    return 0;
}

static int read_blocks_geometry(struct li_files *files, const uint8_t *sb, struct li_error *err)
{
    uint32_t shift = LI_LE32(sb, ext2_super_block, s_log_block_size);

    if (shift > 2)
        return li_fail(err, LI_EUNSUPPORTED, "the file system's blocks are larger than 4 KiB");
    files->block_shift = 10 + shift;
    files->block_size = 1u << files->block_shift;
    files->block_count =
        li_join(LI_LE32(sb, ext2_super_block, s_blocks_count),
                LI_LE32(sb, ext2_super_block, s_blocks_count_hi), li_superblock_wide(sb));
    files->first_block = LI_LE32(sb, ext2_super_block, s_first_data_block);
    if (files->first_block != (shift == 0))
        return li_fail(err, LI_ECORRUPT, "the first data block is %" PRIu64, files->first_block);
    if (files->block_count <= files->first_block + 1)
        return li_fail(err, LI_ECORRUPT, "the file system has no blocks");
    if (files->block_count > files->blocks->size >> files->block_shift)
        return li_fail(err, LI_ECORRUPT,
                       "the file system has %" PRIu64 " blocks, the image only %" PRIu64,
                       files->block_count, files->blocks->size >> files->block_shift);
    return 0;
}

static int read_inodes_geometry(struct li_files *files, const uint8_t *sb, struct li_error *err)
{
    files->inode_count = LI_LE32(sb, ext2_super_block, s_inodes_count);
    files->inodes_per_group = LI_LE32(sb, ext2_super_block, s_inodes_per_group);
    if (LI_LE32(sb, ext2_super_block, s_rev_level) == EXT2_GOOD_OLD_REV) {
        files->inode_size = EXT2_GOOD_OLD_INODE_SIZE;
        files->first_inode = EXT2_GOOD_OLD_FIRST_INO;
    } else {
        files->inode_size = LI_LE16(sb, ext2_super_block, s_inode_size);
        files->first_inode = LI_LE32(sb, ext2_super_block, s_first_ino);
    }
    if (files->inode_size != 128 && files->inode_size != 256)
        return li_fail(err, LI_EUNSUPPORTED, "the file system has inodes of %" PRIu32 " bytes",
                       files->inode_size);
    if (files->inodes_per_group == 0 || files->inodes_per_group > 8 * files->block_size)
        return li_fail(err, LI_ECORRUPT, "the file system has %" PRIu32 " inodes in a group",
                       files->inodes_per_group);
    if (files->inode_count < LI_FILES_ROOT || files->first_inode <= LI_FILES_ROOT)
        return li_fail(err, LI_ECORRUPT, "the file system has no root");
    return 0;
}

static void read_features(struct li_files *files, const uint8_t *sb)
{
    uint32_t compat = LI_LE32(sb, ext2_super_block, s_feature_compat);
    uint32_t incompat = LI_LE32(sb, ext2_super_block, s_feature_incompat);
    uint32_t ro_compat = LI_LE32(sb, ext2_super_block, s_feature_ro_compat);

    files->indexed = compat & EXT2_FEATURE_COMPAT_DIR_INDEX;
    files->large_directory = incompat & EXT4_FEATURE_INCOMPAT_LARGEDIR;
    files->attribute_inodes = incompat & EXT4_FEATURE_INCOMPAT_EA_INODE;
    files->huge_file = ro_compat & EXT4_FEATURE_RO_COMPAT_HUGE_FILE;
    files->hash_unsigned = LI_LE32(sb, ext2_super_block, s_flags) & EXT2_FLAGS_UNSIGNED_HASH;
    for (size_t i = 0; i < 4; i++)
        files->hash_seed[i] =
            li_get_le32(sb + offsetof(struct ext2_super_block, s_hash_seed) + 4 * i);
}

static int count_groups(struct li_files *files, const uint8_t *sb, struct li_error *err)
{
    uint32_t per_group = LI_LE32(sb, ext2_super_block, s_blocks_per_group);
    uint64_t count;

    if (per_group == 0)
        return li_fail(err, LI_ECORRUPT, "the file system has groups without blocks");
    count = (files->block_count - files->first_block + per_group - 1) / per_group;
    if (count > LI_FILES_GROUP_MAX)
        return li_fail(err, LI_ELIMIT,
                       "the file system has %" PRIu64 " groups; at most %d are read", count,
                       LI_FILES_GROUP_MAX);
    if (files->inode_count > count * files->inodes_per_group)
        return li_fail(err, LI_ECORRUPT,
                       "the file system has %" PRIu32 " inodes in %" PRIu64 " groups of %" PRIu32,
                       files->inode_count, count, files->inodes_per_group);
    files->group_count = (uint32_t)count;
    return 0;
}

static int read_table(struct li_files *files, const uint8_t *descriptor, bool wide, uint64_t *table,
                      struct li_error *err)
{
    uint64_t len = (uint64_t)files->inodes_per_group * files->inode_size;
    uint64_t block =
        li_join(LI_LE32(descriptor, ext4_group_desc, bg_inode_table),
                wide ? LI_LE32(descriptor, ext4_group_desc, bg_inode_table_hi) : 0, wide);

    if (block <= files->first_block || block >= files->block_count ||
        len > (files->block_count - block) << files->block_shift)
        return li_fail(err, LI_ECORRUPT, "an inode table is at block %" PRIu64 " of %" PRIu64,
                       block, files->block_count);
    *table = block << files->block_shift;
    return 0;
}

static int read_tables(struct li_files *files, const uint8_t *sb, struct li_error *err)
{
    uint32_t size =
        li_superblock_wide(sb) ? LI_LE16(sb, ext2_super_block, s_desc_size) : EXT2_MIN_DESC_SIZE;
    uint64_t offset = (files->first_block + 1) << files->block_shift;
    uint8_t block[LI_FILES_BLOCK_MAX];
    uint32_t in_block;
    int rc = count_groups(files, sb, err);

    if (rc < 0)
        return rc;
    if (size < (li_superblock_wide(sb) ? EXT2_MIN_DESC_SIZE_64BIT : EXT2_MIN_DESC_SIZE) ||
        size > EXT2_MAX_DESC_SIZE || (size & (size - 1)))
        return li_fail(err, LI_ECORRUPT,
                       "the file system has group descriptors of %" PRIu32 " bytes", size);
    files->descriptors_in_block = files->block_size / size;
    files->tables = calloc(files->group_count, sizeof(files->tables[0]));
    if (!files->tables)
        return li_fail_memory(err);
    in_block = files->descriptors_in_block;
    for (uint32_t i = 0; i < files->group_count && rc == 0; i++) {
        if (i % in_block == 0)
            rc = li_files_bytes(files, offset + (uint64_t)i * size, files->block_size, block, err);
        if (rc == 0)
            rc = read_table(files, block + i % in_block * size, li_superblock_wide(sb),
                            &files->tables[i], err);
    }
    return rc;
}

static int read_superblock(struct li_files *files, struct li_error *err)
{
    uint8_t sb[SUPERBLOCK_SIZE];
    int rc;

    if (files->blocks->size < SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE)
        return li_fail(err, LI_ECORRUPT, "it is too short for a file system");
    rc = li_blocks_read(files->blocks, SUPERBLOCK_OFFSET, sizeof(sb), sb, err);
    if (rc < 0)
        return rc;
    if (LI_LE16(sb, ext2_super_block, s_magic) != EXT2_SUPER_MAGIC)
        return li_fail(err, LI_ECORRUPT, "it is not an ext4 file system");
    rc = check_features(sb, err);
    if (rc == 0)
        rc = read_blocks_geometry(files, sb, err);
    if (rc == 0)
        rc = read_inodes_geometry(files, sb, err);
    if (rc < 0)
        return rc;
    read_features(files, sb);
    rc = read_tables(files, sb, err);
    return rc < 0 ? rc : li_files_read_statvfs(files, sb, err);
}

int li_files_open(struct li_blocks *blocks, struct li_files **out, struct li_error *err)
{
    struct li_files *files = calloc(1, sizeof(*files));
    struct li_file root;
    int rc;

    if (!files)
        return li_fail_memory(err);
    files->blocks = blocks;
    rc = read_superblock(files, err);
    if (rc < 0)
        goto out;
    rc = li_files_inode(files, LI_FILES_ROOT, &root, err);
    if (rc == 0 && !S_ISDIR(li_files_mode(&root)))
        rc = li_fail(err, LI_ECORRUPT, "the root is not a directory");
    if (rc < 0)
        goto out;
    *out = files;
    files = NULL;
out:
    if (rc < 0)
        li_context(err, "the image cannot be read");
    li_files_free(files);
    return rc;
}

void li_files_free(struct li_files *files)
{
    if (!files)
        return;
    free(files->tables);
    free(files);
}

int li_files_bytes(struct li_files *files, uint64_t offset, size_t len, void *buf,
                   struct li_error *err)
{
    uint64_t size = files->block_count << files->block_shift;

    if (offset > size || len > size - offset)
        return li_fail(err, LI_ECORRUPT, "the image refers to byte %" PRIu64 " of %" PRIu64, offset,
                       size);
    return li_blocks_read(files->blocks, offset, len, buf, err);
}
