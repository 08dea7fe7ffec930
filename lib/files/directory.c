/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories, block by block. Index blocks of an htree look like blocks with one unused entry, and
 * so does the checksum at a block's end, so a listing needs no special case for them.
 *
 * A position is the byte at which an entry begins. It comes back from the kernel, and so from any
 * process that calls telldir. So a listing walks a block from its start and returns the entries at
 * the position or after it.
 *
 * The kernel skips a directory's holes and continues. Here they are an error, because a listing
 * must be complete or fail.
 */
#include "files/internal.h"

#include <dirent.h>
#include <inttypes.h>
#include <string.h>

/* A checked entry of a block; ino is 0 if it is not in use. */
struct entry {
    uint32_t ino;
    const char *name;
    size_t len;
    unsigned type;
    uint32_t next; /* the offset of the next entry in the block */
};

static unsigned dirent_type(unsigned type)
{
    static const unsigned char types[EXT2_FT_MAX] = {DT_UNKNOWN, DT_REG,  DT_DIR,  DT_CHR,
                                                     DT_BLK,     DT_FIFO, DT_SOCK, DT_LNK};

    return type < EXT2_FT_MAX ? types[type] : DT_UNKNOWN;
}

static int read_entry(const struct li_files *files, const uint8_t *block, uint32_t at,
                      struct entry *entry, struct li_error *err)
{
    const uint8_t *p = block + at;
    uint32_t left = files->block_size - at;
    uint32_t size;

    if (left < EXT2_DIR_ENTRY_HEADER_LEN + EXT2_DIR_PAD)
        return li_fail(err, LI_ECORRUPT, "there is no room for an entry at byte %" PRIu32, at);
    size = LI_LE16(p, ext2_dir_entry_2, rec_len);
    entry->ino = LI_LE32(p, ext2_dir_entry_2, inode);
    entry->len = p[offsetof(struct ext2_dir_entry_2, name_len)];
    entry->type = p[offsetof(struct ext2_dir_entry_2, file_type)];
    entry->name = (const char *)p + EXT2_DIR_ENTRY_HEADER_LEN;
    entry->next = at + size;
    if (size % EXT2_DIR_PAD || size < EXT2_DIR_ENTRY_HEADER_LEN + EXT2_DIR_PAD || size > left)
        return li_fail(err, LI_ECORRUPT, "it has an entry of %" PRIu32 " bytes at byte %" PRIu32,
                       size, at);
    if (entry->ino && (entry->len == 0 || entry->len > size - EXT2_DIR_ENTRY_HEADER_LEN))
        return li_fail(err, LI_ECORRUPT, "it has a name of %zu bytes in an entry of %" PRIu32,
                       entry->len, size);
    if (entry->ino > files->inode_count)
        return li_fail(err, LI_ECORRUPT, "it has an entry for inode %" PRIu32, entry->ino);
    return 0;
}

static int count_blocks(const struct li_files *files, const struct li_file *directory,
                        uint64_t *count, struct li_error *err)
{
    uint64_t size = li_files_size(files, directory);

    if (!S_ISDIR(li_files_mode(directory)))
        return li_fail(err, LI_EINVALID, "inode %" PRIu32 " is not a directory", directory->ino);
    if (size == 0 || size % files->block_size)
        return li_fail(err, LI_ECORRUPT, "inode %" PRIu32 " is a directory of %" PRIu64 " bytes",
                       directory->ino, size);
    if (size > UINT64_C(1) << LI_FILES_DIRECTORY_SHIFT)
        return li_fail(err, LI_ELIMIT,
                       "inode %" PRIu32 ": a directory of %" PRIu64
                       " bytes; at most 2 GiB are read",
                       directory->ino, size);
    *count = size >> files->block_shift;
    return 0;
}

int li_files_directory_block(struct li_files *files, const struct li_file *directory,
                             uint64_t logical, struct li_run *run, uint8_t *block,
                             struct li_error *err)
{
    int rc;

    if (logical < run->first || logical - run->first >= run->count) {
        rc = li_files_map(files, directory, logical, run, err);
        if (rc < 0)
            return rc;
    }
    if (run->start == 0)
        return li_fail(err, LI_ECORRUPT, "inode %" PRIu32 " is a directory with a hole",
                       directory->ino);
    return li_files_bytes(files, (run->start + (logical - run->first)) << files->block_shift,
                          files->block_size, block, err);
}

int li_files_search_block(const struct li_files *files, const uint8_t *block,
                          struct li_lookup *lookup, struct li_error *err)
{
    struct entry entry;

    for (uint32_t at = 0; at < files->block_size && !lookup->ino; at = entry.next) {
        int rc = read_entry(files, block, at, &entry, err);

        if (rc < 0)
            return rc;
        if (entry.ino && entry.len == lookup->len &&
            memcmp(entry.name, lookup->name, lookup->len) == 0)
            lookup->ino = entry.ino;
    }
    return 0;
}

/* Searches the first COUNT blocks. */
static int search_blocks(struct li_files *files, struct li_lookup *lookup, uint64_t count,
                         struct li_error *err)
{
    uint8_t block[LI_FILES_BLOCK_MAX];
    struct li_run run = {0};
    int rc = 0;

    for (uint64_t i = 0; i < count && rc == 0 && !lookup->ino; i++) {
        rc = li_files_directory_block(files, lookup->directory, i, &run, block, err);
        if (rc == 0)
            rc = li_files_search_block(files, block, lookup, err);
    }
    return rc;
}

int li_files_lookup(struct li_files *files, const struct li_file *directory, const char *name,
                    size_t len, uint32_t *ino, struct li_error *err)
{
    struct li_lookup lookup = {.directory = directory, .name = name, .len = len};
    bool dots = (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
    bool indexed = false;
    int rc = count_blocks(files, directory, &lookup.blocks, err);

    if (rc < 0)
        return rc;
    if (!dots && files->indexed && (li_files_flags(directory) & EXT2_INDEX_FL))
        rc = li_files_htree_lookup(files, &lookup, &indexed, err);
    if (rc == 0 && !indexed)
        rc = search_blocks(files, &lookup, dots ? 1 : lookup.blocks, err);
    if (rc < 0)
        return li_context(err, "directory inode %" PRIu32, directory->ino);
    *ino = lookup.ino;
    return 0;
}

static int check_name(const struct entry *entry, struct li_error *err)
{
    if (memchr(entry->name, '/', entry->len) || memchr(entry->name, '\0', entry->len))
        return li_fail(err, LI_ECORRUPT, "a name has a slash or a NUL in it");
    return 0;
}

/* The state of a listing. */
struct listing {
    uint64_t offset; /* entries before it are skipped */
    li_files_visit *visit;
    void *arg;
};

/* Lists the entries of a block that begins at byte BASE of the directory. */
static int list_block(const struct li_files *files, const uint8_t *block, uint64_t base,
                      const struct listing *listing, struct li_error *err)
{
    struct entry entry = {0};
    int rc = 0;

    for (uint32_t at = 0; at < files->block_size && rc == 0; at = entry.next) {
        rc = read_entry(files, block, at, &entry, err);
        if (rc < 0 || entry.ino == 0 || base + at < listing->offset)
            continue;
        rc = check_name(&entry, err);
        if (rc == 0)
            rc =
                listing->visit(listing->arg,
                               &(struct li_files_entry){entry.name, entry.len, entry.ino,
                                                        dirent_type(entry.type), base + entry.next},
                               err);
    }
    return rc;
}

int li_files_list(struct li_files *files, const struct li_file *directory, uint64_t offset,
                  li_files_visit *visit, void *arg, struct li_error *err)
{
    const struct listing listing = {offset, visit, arg};
    uint8_t block[LI_FILES_BLOCK_MAX];
    struct li_run run = {0};
    uint64_t count = 0;
    int rc = count_blocks(files, directory, &count, err);

    for (uint64_t i = offset >> files->block_shift; i < count && rc == 0; i++) {
        rc = li_files_directory_block(files, directory, i, &run, block, err);
        if (rc == 0)
            rc = list_block(files, block, i << files->block_shift, &listing, err);
    }
    return rc < 0 ? li_context(err, "directory inode %" PRIu32, directory->ino) : rc;
}
