/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents of files and links, run by run: adjacent blocks of the image are read at once, directly
 * into the caller's buffer.
 *
 * A seek for data or holes has no buffer that would bound its work, and a hostile tree may share
 * nodes until it has four thousand million runs. So a seek gives up after a while, with an answer
 * that is always right: a hole may be called data, and every file has a hole at its end.
 */
#include "files/internal.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
    SEEK_RUNS_MAX = 65536,
    FAST_LINK_SIZE = sizeof(((struct ext2_inode *)0)->i_block),
};

/* Reads N bytes that lie WITHIN bytes after the start of RUN; a hole has zeros. The rest of the run
 * will follow if the file is read in order. */
static int read_run(struct li_files *files, const struct li_run *run, uint64_t within, size_t n,
                    void *to, struct li_error *err)
{
    uint64_t offset = (run->start << files->block_shift) + within;

    if (!run->start) {
        memset(to, 0, n);
        return 0;
    }
    li_blocks_expect(files->blocks, offset, (run->count << files->block_shift) - within);
    return li_files_bytes(files, offset, n, to, err);
}

int li_files_read_data(struct li_files *files, const struct li_file *file, uint64_t offset,
                       size_t len, void *buf, struct li_error *err)
{
    uint8_t *to = buf;

    while (len > 0) {
        uint64_t within, left;
        struct li_run run;
        size_t n = len;
        int rc = li_files_map(files, file, offset >> files->block_shift, &run, err);

        if (rc < 0)
            return rc;
        within = offset - (run.first << files->block_shift);
        left = (run.count << files->block_shift) - within;
        if (n > left)
            n = (size_t)left;
        rc = read_run(files, &run, within, n, to, err);
        if (rc < 0)
            return li_context(err, "inode %" PRIu32 " at byte %" PRIu64, file->ino, offset);
        to += n;
        offset += n;
        len -= n;
    }
    return 0;
}

static int check_regular(const struct li_file *file, struct li_error *err)
{
    if (!S_ISREG(li_files_mode(file)))
        return li_fail(err, LI_EINVALID, "inode %" PRIu32 " is not a regular file", file->ino);
    return 0;
}

int li_files_read(struct li_files *files, const struct li_file *file, uint64_t offset, void *buf,
                  size_t *len, struct li_error *err)
{
    uint64_t size = li_files_size(files, file);
    size_t n = *len;
    int rc = check_regular(file, err);

    if (rc < 0)
        return rc;
    if (offset >= size)
        n = 0;
    else if (n > size - offset)
        n = (size_t)(size - offset);
    rc = li_files_read_data(files, file, offset, n, buf, err);
    if (rc == 0)
        *len = n;
    return rc;
}

int li_files_seek(struct li_files *files, const struct li_file *file, uint64_t offset, int whence,
                  uint64_t *found, struct li_error *err)
{
    uint64_t size = li_files_size(files, file);
    int rc = check_regular(file, err);

    if (rc < 0)
        return rc;
    if (whence != SEEK_DATA && whence != SEEK_HOLE)
        return li_fail(err, LI_EINVALID, "a seek must be for data or for a hole");
    *found = LI_FILES_NOWHERE;
    if (offset >= size)
        return 0;
    for (unsigned runs = 0; runs < SEEK_RUNS_MAX && offset < size; runs++) {
        struct li_run run;

        rc = li_files_map(files, file, offset >> files->block_shift, &run, err);
        if (rc < 0)
            return rc;
        if ((run.start != 0) == (whence == SEEK_DATA)) {
            *found = offset;
            return 0;
        }
        offset = (run.first + run.count) << files->block_shift;
    }
    if (whence == SEEK_HOLE)
        *found = size;
    else if (offset < size)
        *found = offset;
    return 0;
}

int li_files_run(struct li_files *files, const struct li_file *file, uint64_t offset,
                 struct li_files_run *out, struct li_error *err)
{
    uint64_t size = li_files_size(files, file), within, length;
    struct li_run run;
    int rc = check_regular(file, err);

    if (rc == 0 && offset >= size)
        rc = li_fail(err, LI_EINVALID, "inode %" PRIu32 " ends before byte %" PRIu64, file->ino,
                     offset);
    if (rc == 0)
        rc = li_files_map(files, file, offset >> files->block_shift, &run, err);
    if (rc < 0)
        return rc;
    within = offset - (run.first << files->block_shift);
    length = (run.count << files->block_shift) - within;
    out->length = length < size - offset ? length : size - offset;
    out->place = run.start ? (run.start << files->block_shift) + within : LI_FILES_NOWHERE;
    return 0;
}

int li_files_readlink(struct li_files *files, const struct li_file *file, char *target,
                      struct li_error *err)
{
    uint64_t size = li_files_size(files, file);
    char text[LI_FILES_LINK_MAX + 1];
    int rc = 0;

    if (!S_ISLNK(li_files_mode(file)))
        return li_fail(err, LI_EINVALID, "inode %" PRIu32 " is not a symbolic link", file->ino);
    if (size == 0 || size > LI_FILES_LINK_MAX)
        return li_fail(err, LI_ECORRUPT,
                       "inode %" PRIu32 " is a symbolic link of %" PRIu64 " bytes", file->ino,
                       size);
    if (li_files_flags(file) & EXT4_EXTENTS_FL)
        rc = li_files_read_data(files, file, 0, (size_t)size, text, err);
    else if (size < FAST_LINK_SIZE)
        memcpy(text, file->raw + offsetof(struct ext2_inode, i_block), (size_t)size);
    else
        rc = li_fail(err, LI_EUNSUPPORTED, "inode %" PRIu32 " is a symbolic link without extents",
                     file->ino);
    if (rc == 0 && memchr(text, '\0', (size_t)size))
        rc = li_fail(err, LI_ECORRUPT, "inode %" PRIu32 " is a symbolic link with a NUL in it",
                     file->ino);
    if (rc < 0)
        return rc;
    memcpy(target, text, (size_t)size);
    target[size] = '\0';
    return 0;
}
