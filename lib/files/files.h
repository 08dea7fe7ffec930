/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file tree of an ext4 image, read-only: what a mount needs of it.
 *
 * The reader trusts nothing in the image, because whoever may push can write any image. Every
 * number from it is checked before use, every loop is bounded, and anything that does not fit the
 * format is LI_ECORRUPT. It reads images with blocks of 1, 2 or 4 KiB, inodes of 128 or 256 bytes,
 * extents, and 64-bit or 32-bit descriptors. It ignores metadata checksums, because chunks are
 * authenticated. All functions except open and free may be called from many threads at once. Inode
 * numbers are ext4's; the root is 2.
 *
 * Whether an image has a thing is an answer. It is given in an out-parameter, and only if
 * everything that it depends on was read. The functions return 0, or why there is no answer:
 * LI_ECORRUPT, LI_EIO, LI_ENETWORK, LI_EDENIED or LI_ECANCELLED (see li_blocks_read());
 * LI_ECORRUPT, LI_EUNSUPPORTED or LI_ELIMIT for what was read; LI_ENOMEM; or LI_EINVALID if the
 * question does not suit the file's type.
 */
#ifndef LI_FILES_FILES_H
#define LI_FILES_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/blocks.h"
#include "base/buffer.h"
#include "base/error.h"

enum { LI_FILES_ROOT = 2, LI_FILES_NAME_MAX = 255, LI_FILES_LINK_MAX = 4095 };

struct li_files;

/* An inode as it was read; plain data of a fixed size. */
struct li_file {
    uint32_t ino;
    uint8_t raw[256];
};

/* Reads and checks the superblock. BLOCKS is borrowed and must outlive the files. LI_EUNSUPPORTED
 * for features it cannot read. */
int li_files_open(struct li_blocks *blocks, struct li_files **out, struct li_error *err);
void li_files_free(struct li_files *files); /* NULL is allowed */

/* Reads inode INO, which the image refers to: LI_ECORRUPT if it is not in use. */
int li_files_inode(struct li_files *files, uint32_t ino, struct li_file *out, struct li_error *err);

/* Reads inode INO, wherever its number comes from. USED says whether it is in use; OUT is set only
 * then. */
int li_files_find_inode(struct li_files *files, uint32_t ino, struct li_file *out, bool *used,
                        struct li_error *err);

/* Fills ST as stat(2) does: type, mode, links, owner, size, blocks, device, times to the
 * nanosecond.
 */
void li_files_stat(const struct li_files *files, const struct li_file *file, struct stat *st);

/* Looks up NAME (LEN bytes, no NUL needed) in DIRECTORY, by its htree if it has one. *INO is 0 if
 * there is no such name. */
int li_files_lookup(struct li_files *files, const struct li_file *directory, const char *name,
                    size_t len, uint32_t *ino, struct li_error *err);

/* Finds the file at PATH, from the root. FOUND says whether there is one; OUT is set only then.
 * Names are separated by one or more slashes. Symbolic links are not followed, so nothing is found
 * below one. */
int li_files_find(struct li_files *files, const char *path, struct li_file *out, bool *found,
                  struct li_error *err);

/* An entry of a directory, valid during the visit only. */
struct li_files_entry {
    const char *name; /* LEN bytes, without a NUL: 1 to LI_FILES_NAME_MAX */
    size_t len;
    uint32_t ino;
    unsigned type; /* a DT_ value */
    uint64_t next; /* the position after the entry, valid for ever */
};

/* What a listing does with each entry. 0: continue; a positive value ends the listing, which
 * returns it; a negative one is a failure. */
typedef int li_files_visit(void *arg, const struct li_files_entry *entry, struct li_error *err);

/* Calls VISIT for the entries of DIRECTORY from position OFFSET on (0: the first), including "."
 * and "..". 0 means that the last entry was visited; only VISIT gives a positive value. */
int li_files_list(struct li_files *files, const struct li_file *directory, uint64_t offset,
                  li_files_visit *visit, void *arg, struct li_error *err);

/* Reads up to *LEN bytes of a regular file at OFFSET into BUF. *LEN becomes the number of bytes
 * read, which is less only at the file's end; it does not change on failure. Holes are zeros. */
int li_files_read(struct li_files *files, const struct li_file *file, uint64_t offset, void *buf,
                  size_t *len, struct li_error *err);

#define LI_FILES_NOWHERE UINT64_MAX

/* Sets *FOUND to the next data or hole (WHENCE is SEEK_DATA or SEEK_HOLE) of a regular file at or
 * after OFFSET, like lseek(2); to LI_FILES_NOWHERE if there is none (ENXIO). */
int li_files_seek(struct li_files *files, const struct li_file *file, uint64_t offset, int whence,
                  uint64_t *found, struct li_error *err);

/* A part of a regular file's contents that is adjacent in the image, or is all zeros. Bytes. */
struct li_files_run {
    uint64_t length; /* at least 1; it ends with the file */
    uint64_t place;  /* of its first byte in the image; LI_FILES_NOWHERE: zeros that no block has */
};

/* Finds the run of a regular file that begins at OFFSET, which is below its size (LI_EINVALID). */
int li_files_run(struct li_files *files, const struct li_file *file, uint64_t offset,
                 struct li_files_run *out, struct li_error *err);

/* A symbolic link's target, NUL-terminated; TARGET has LI_FILES_LINK_MAX + 1 bytes. */
int li_files_readlink(struct li_files *files, const struct li_file *file, char *target,
                      struct li_error *err);

/* Reads the extended attribute with the full name NAME in the form of the kernel's getxattr(2)
 * (POSIX ACLs in their external form). FOUND says whether it exists. VALUE is replaced; the caller
 * frees it, also on failure. */
int li_files_getxattr(struct li_files *files, const struct li_file *file, const char *name,
                      struct li_buffer *value, bool *found, struct li_error *err);

/* Replaces LIST by the full names of the extended attributes, each with its NUL, like listxattr(2).
 * The caller frees it, also on failure. */
int li_files_listxattr(struct li_files *files, const struct li_file *file, struct li_buffer *list,
                       struct li_error *err);

/* Fills ST as the kernel's ext4 does for statvfs(2); see statvfs.c. It reads nothing. */
void li_files_statvfs(const struct li_files *files, struct statvfs *st);

#endif
