/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of a tar, as container engines see them: by the rules of Go's archive/tar, which
 * Docker, containerd and umoci are built on. What differs, and why, is in DESIGN.md, D14:
 *
 * - Read as an entry: GNU dump directories ('D'), as directories. Skipped: labels of volumes
 *   ('V') and global headers, with the special headers before them, as engines do.
 * - Refused although Go reads it: a NUL in GNU.sparse.name; a number of more than 32 characters in
 * a map of PAX 1.0; a time that rounds down to one below 64 bits; more special headers before an
 *   entry, or runs in a file, than the limits below.
 * - Read although Go refuses it: data after a link, device, directory or FIFO, see li_tar_next().
 *
 * The reader never reads contents: it says where in the tar they are. It reads no header
 * twice, and every number in a header is checked before it is used.
 *
 * A reader belongs to one thread at a time. Sources: POSIX.1-2017, pax, "ustar Interchange Format"
 * and "pax Extended Header"; GNU tar's manual, "Basic Tar Format" and "Storing Sparse Files";
 * star's STARFORMAT; Go's archive/tar, reader.go.
 */
#ifndef LI_TAR_TAR_H
#define LI_TAR_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LI_TAR_BLOCK = 512,           /* bytes */
    LI_TAR_SPECIAL_MAX = 1 << 20, /* bytes of one PAX, long-name or global header, as in Go */
    LI_TAR_SPECIAL_COUNT = 32,    /* special headers before one entry */
    LI_TAR_RUNS_MAX = 400000,     /* runs of data in one sparse file */
};

struct li_tar;

/* Where a tar's bytes come from. */
struct li_tar_source {
    void *self;
    uint64_t length; /* bytes of the tar */
    /* Sets *BYTES to LEN bytes (at most LI_TAR_SPECIAL_MAX) from OFFSET on; both are within the
     * length. They are valid until the next call. */
    int (*look)(void *self, uint64_t offset, size_t len, const uint8_t **bytes,
                struct li_error *err);
};

enum li_tar_type {
    LI_TAR_FILE,
    LI_TAR_HARD_LINK,
    LI_TAR_SYMLINK,
    LI_TAR_CHARACTER, /* device */
    LI_TAR_BLOCK_DEVICE,
    LI_TAR_DIRECTORY,
    LI_TAR_FIFO,
};

/* A run of data in a sparse file; gaps between runs are zeros. */
struct li_tar_run {
    uint64_t offset; /* in the file, bytes */
    uint64_t length; /* bytes, at least 1 */
};

/* A PAX record. The key has no NUL and does not end with one; a value may have any bytes. */
struct li_tar_record {
    const char *key, *value;
    size_t key_length, value_length;
};

struct li_tar_entry {
    enum li_tar_type type;
    const char *path;              /* as in the tar, NUL-terminated; may be "" */
    const char *link;              /* the target of a link, as in the tar; "" for all others */
    uint32_t mode;                 /* permission bits, 07777 at most */
    int64_t uid, gid;              /* as in the tar; the caller checks their range */
    int64_t mtime;                 /* seconds since 1970, rounded down */
    uint32_t mtime_nsec;           /* below 1,000,000,000 */
    int64_t dev_major, dev_minor;  /* of a device */
    uint64_t size;                 /* bytes of a regular file, including holes; 0 for all others */
    uint64_t header;               /* offset in the tar of the entry's first header */
    uint64_t data;                 /* offset in the tar of the first stored byte */
    uint64_t stored;               /* bytes stored there, all within the tar */
    bool sparse;                   /* the runs say where the data belongs; their sum is STORED */
    const struct li_tar_run *runs; /* ascending, not overlapping, within SIZE */
    size_t run_count;
    /* The effective PAX records, each key once (the last one counts), in the order of the tar,
     * without those of GNU.sparse.offset and GNU.sparse.numbytes. Each value is followed by a NUL.
     */
    const struct li_tar_record *records;
    size_t record_count;
};

/* Begins to read at the start of SOURCE, which is copied; what it refers to is borrowed. */
int li_tar_new(const struct li_tar_source *source, struct li_tar **out, struct li_error *err);
void li_tar_free(struct li_tar *tar); /* NULL is allowed */

/* The next entry, or NULL in *ENTRY at the end of the archive, which may be asked for again. TAR
 * owns the entry, which is valid until the next call. After a link, device, directory or FIFO the
 * next header follows directly, whatever size the entry states; but if there is neither a header
 * nor the end, and there is one after that many bytes, the next header is there. Errors:
 * LI_ECORRUPT (not a tar, a broken tar, or one that ends in one reading and continues in
 * another), LI_EUNSUPPORTED (a type that no engine unpacks), LI_ELIMIT, LI_ENOMEM, and the errors
 * of the source. After an error, call only li_tar_failed_path() and li_tar_free(). */
int li_tar_next(struct li_tar *tar, const struct li_tar_entry **entry, struct li_error *err);

/* The path of the entry of the last error, as far as it was read, or "". For messages; valid until
 * the next call. */
const char *li_tar_failed_path(const struct li_tar *tar);

#endif
