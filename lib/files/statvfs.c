/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sizes of the file system as the kernel's ext4 reports them, so that `df` shows the same for
 * an image that is mounted here or by a loop device. Metadata does not count as blocks. Programs
 * that make file systems note its size in the superblock. If they did not, it is computed as the
 * kernel does at a mount: backups of the superblock and descriptors, bitmaps, inode tables and the
 * journal.
 */
#include "files/internal.h"

static bool is_power(uint32_t n, uint32_t base)
{
    while (n % base == 0)
        n /= base;
    return n == 1;
}

static bool has_backup(const uint8_t *sb, uint32_t group)
{
    size_t backups = offsetof(struct ext2_super_block, s_backup_bgs);

    if (group == 0)
        return true;
    if (LI_LE32(sb, ext2_super_block, s_feature_compat) & EXT4_FEATURE_COMPAT_SPARSE_SUPER2)
        return group == li_get_le32(sb + backups) || group == li_get_le32(sb + backups + 4);
    if (!(LI_LE32(sb, ext2_super_block, s_feature_ro_compat) & EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER))
        return true;
    return group == 1 || is_power(group, 3) || is_power(group, 5) || is_power(group, 7);
}

static int count_overhead(struct li_files *files, const uint8_t *sb, uint64_t *overhead,
                          struct li_error *err)
{
    uint64_t table =
        ((uint64_t)files->inodes_per_group * files->inode_size + files->block_size - 1) >>
        files->block_shift;
    uint64_t backup =
        1 + LI_LE16(sb, ext2_super_block, s_reserved_gdt_blocks) +
        (files->group_count + files->descriptors_in_block - 1) / files->descriptors_in_block;
    uint64_t count = files->first_block;
    struct li_file journal;
    int rc;

    for (uint32_t group = 0; group < files->group_count; group++)
        count += table + 2 + (has_backup(sb, group) ? backup : 0);
    if ((LI_LE32(sb, ext2_super_block, s_feature_compat) & EXT3_FEATURE_COMPAT_HAS_JOURNAL) &&
        LI_LE32(sb, ext2_super_block, s_journal_inum)) {
        rc =
            li_files_raw_inode(files, LI_LE32(sb, ext2_super_block, s_journal_inum), &journal, err);
        if (rc < 0)
            return rc;
        count += li_files_size(files, &journal) >> files->block_shift;
    }
    *overhead = count;
    return 0;
}

int li_files_read_statvfs(struct li_files *files, const uint8_t *sb, struct li_error *err)
{
    struct statvfs *st = &files->statvfs;
    bool wide = li_superblock_wide(sb);
    uint64_t overhead = LI_LE32(sb, ext2_super_block, s_overhead_clusters);
    uint64_t kept = li_join(LI_LE32(sb, ext2_super_block, s_r_blocks_count),
                            LI_LE32(sb, ext2_super_block, s_r_blocks_count_hi), wide);
    int rc = 0;

    if (overhead == 0 || overhead > files->block_count)
        rc = count_overhead(files, sb, &overhead, err);
    if (rc < 0)
        return rc;
    /* Besides root's blocks the kernel keeps a few for itself. */
    kept += files->block_count / 50 < 4096 ? files->block_count / 50 : 4096;
    st->f_bsize = files->block_size;
    st->f_frsize = files->block_size;
    st->f_blocks = files->block_count > overhead ? files->block_count - overhead : 0;
    st->f_bfree = li_join(LI_LE32(sb, ext2_super_block, s_free_blocks_count),
                          LI_LE32(sb, ext2_super_block, s_free_blocks_hi), wide);
    st->f_bavail = st->f_bfree > kept ? st->f_bfree - kept : 0;
    st->f_files = files->inode_count;
    st->f_ffree = LI_LE32(sb, ext2_super_block, s_free_inodes_count);
    st->f_favail = st->f_ffree;
    st->f_namemax = LI_FILES_NAME_MAX;
    return 0;
}

void li_files_statvfs(const struct li_files *files, struct statvfs *st)
{
    *st = files->statvfs;
}
