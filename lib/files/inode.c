/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inodes. A `struct li_file` is the raw inode, so that keeping one costs no decoding, and only this
 * file knows its fields. Properties that later steps rely on are checked when it is read: that it
 * is in use, its type, its size, and the length of its extra part.
 *
 * Times are 32 signed bits of seconds and, if the inode has the extra part, two more bits above
 * them, which are added and not sign-extended: 1901 to 2446.
 */
#include "files/internal.h"

#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>

#define EXTRA(field) offsetof(struct ext2_inode_large, field)

int li_files_raw_inode(struct li_files *files, uint32_t ino, struct li_file *out,
                       struct li_error *err)
{
    uint32_t group, index;

    if (ino == 0 || ino > files->inode_count)
        return li_fail(err, LI_ECORRUPT, "there is no inode %" PRIu32, ino);
    group = (ino - 1) / files->inodes_per_group;
    index = (ino - 1) % files->inodes_per_group;
    memset(out, 0, sizeof(*out));
    out->ino = ino;
    return li_files_bytes(files, files->tables[group] + (uint64_t)index * files->inode_size,
                          files->inode_size, out->raw, err);
}

uint64_t li_files_size(const struct li_files *files, const struct li_file *file)
{
    uint64_t size = LI_LE32(file->raw, ext2_inode, i_size);

    /* For other types, the upper half had another meaning, and still has it in old images. */
    if (S_ISREG(li_files_mode(file)) || (S_ISDIR(li_files_mode(file)) && files->large_directory))
        size |= (uint64_t)LI_LE32(file->raw, ext2_inode, i_size_high) << 32;
    return size;
}

bool li_files_has(const struct li_file *file, size_t offset, size_t len)
{
    size_t end = EXT2_GOOD_OLD_INODE_SIZE;

    return offset + len <= end + LI_LE16(file->raw, ext2_inode_large, i_extra_isize);
}

static int check_inode(const struct li_files *files, const struct li_file *file,
                       struct li_error *err)
{
    uint32_t extra = LI_LE16(file->raw, ext2_inode_large, i_extra_isize);

    switch (li_files_mode(file) & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    default:
        return li_fail(err, LI_ECORRUPT, "inode %" PRIu32 " has mode 0%" PRIo32, file->ino,
                       li_files_mode(file));
    }
    if (extra % 4 || extra > files->inode_size - EXT2_GOOD_OLD_INODE_SIZE)
        return li_fail(err, LI_ECORRUPT, "inode %" PRIu32 " has an extra part of %" PRIu32 " bytes",
                       file->ino, extra);
    if (li_files_size(files, file) > UINT64_C(1) << (32 + files->block_shift))
        return li_fail(err, LI_ECORRUPT, "inode %" PRIu32 " has a size of %" PRIu64 " bytes",
                       file->ino, li_files_size(files, file));
    return 0;
}

int li_files_find_inode(struct li_files *files, uint32_t ino, struct li_file *out, bool *used,
                        struct li_error *err)
{
    struct li_file file;
    int rc;

    *used = false;
    if (ino > files->inode_count || (ino != LI_FILES_ROOT && ino < files->first_inode))
        return 0;
    rc = li_files_raw_inode(files, ino, &file, err);
    if (rc < 0 || li_files_mode(&file) == 0 || LI_LE16(file.raw, ext2_inode, i_links_count) == 0)
        return rc;
    rc = check_inode(files, &file, err);
    if (rc == 0) {
        *out = file;
        *used = true;
    }
    return rc;
}

int li_files_inode(struct li_files *files, uint32_t ino, struct li_file *out, struct li_error *err)
{
    bool used = false;
    int rc = li_files_find_inode(files, ino, out, &used, err);

    if (rc == 0 && !used)
        rc = li_fail(err, LI_ECORRUPT, "inode %" PRIu32 " is referred to but not in use", ino);
    return rc;
}

/* EXTRA is 0 if the inode has none for this time. */
static struct timespec decode_time(uint32_t seconds, uint32_t extra)
{
    struct timespec t;

    t.tv_sec = (int32_t)seconds + ((int64_t)(extra & EXT4_EPOCH_MASK) << 32);
    t.tv_nsec = extra >> EXT4_EPOCH_BITS;
    if (t.tv_nsec > 999999999)
        t.tv_nsec = 999999999;
    return t;
}

static uint32_t extra_time(const struct li_file *file, size_t offset)
{
    return li_files_has(file, offset, 4) ? li_get_le32(file->raw + offset) : 0;
}

/* The kernel's two encodings: 8 and 8 bits in the first word, or 12 and 20 in the second. */
static dev_t decode_device(const struct li_file *file)
{
    const uint8_t *words = file->raw + offsetof(struct ext2_inode, i_block);
    uint32_t old = li_get_le32(words);
    uint32_t wide = li_get_le32(words + 4);

    if (old)
        return makedev(old >> 8 & 0xff, old & 0xff);
    return makedev(wide >> 8 & 0xfff, (wide & 0xff) | (wide >> 12 & 0xfff00));
}

/* In units of 512 bytes. */
static uint64_t decode_blocks(const struct li_files *files, const struct li_file *file)
{
    uint64_t blocks = LI_LE32(file->raw, ext2_inode, i_blocks);

    if (!files->huge_file)
        return blocks;
    blocks |= (uint64_t)LI_LE16(file->raw, ext2_inode, osd2.linux2.l_i_blocks_hi) << 32;
    if (li_files_flags(file) & EXT4_HUGE_FILE_FL)
        blocks <<= files->block_shift - 9;
    return blocks;
}

void li_files_stat(const struct li_files *files, const struct li_file *file, struct stat *st)
{
    const uint8_t *raw = file->raw;

    memset(st, 0, sizeof(*st));
    st->st_ino = file->ino;
    st->st_mode = li_files_mode(file);
    st->st_nlink = LI_LE16(raw, ext2_inode, i_links_count);
    st->st_uid = LI_LE16(raw, ext2_inode, i_uid) |
                 (uint32_t)LI_LE16(raw, ext2_inode, osd2.linux2.l_i_uid_high) << 16;
    st->st_gid = LI_LE16(raw, ext2_inode, i_gid) |
                 (uint32_t)LI_LE16(raw, ext2_inode, osd2.linux2.l_i_gid_high) << 16;
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        st->st_rdev = decode_device(file);
    st->st_size = (off_t)li_files_size(files, file);
    st->st_blksize = (blksize_t)files->block_size;
    st->st_blocks = (blkcnt_t)decode_blocks(files, file);
    st->st_atim =
        decode_time(LI_LE32(raw, ext2_inode, i_atime), extra_time(file, EXTRA(i_atime_extra)));
    st->st_mtim =
        decode_time(LI_LE32(raw, ext2_inode, i_mtime), extra_time(file, EXTRA(i_mtime_extra)));
    st->st_ctim =
        decode_time(LI_LE32(raw, ext2_inode, i_ctime), extra_time(file, EXTRA(i_ctime_extra)));
}
