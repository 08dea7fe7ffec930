/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of a tar, as container engines see them: by the rules of Go's archive/tar, which
 * Docker, containerd and umoci are built on. What differs, and why, is in DESIGN.md, D14:
 *
 * - Read as an entry: GNU's dump directories ('D'), as directories. Passed over: labels of volumes
 *   ('V') and global headers, with the special headers before them, as engines do it.
 * - Refused though Go reads it: a NUL in GNU.sparse.name; a number of more than 32 characters in a
 *   map of PAX 1.0; a time that rounds down to one below 64 bits; more special headers before an
 *   entry, or runs in a file, than the limits below.
 * - Read though Go refuses it: data behind a link, device, directory or FIFO, see li_tar_next().
 *
 * The reader never reads contents: it says where in the tar they lie. It reads nothing twice that
 * it needs once, and every number in a header is checked before it is used.
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
    /* Sets *BYTES to LEN bytes (at most LI_TAR_SPECIAL_MAX) from OFFSET on; both lie within the
     * length. They stay valid up to the next call. */
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

/* A run of data in a sparse file; what lies between runs is zeros. */
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
    const char *path;              /* as the tar has it, NUL-terminated; "" is possible */
    const char *link;              /* the target of a link, as the tar has it; "" for all else */
    uint32_t mode;                 /* permission bits, 07777 at most */
    int64_t uid, gid;              /* as the tar has them; the caller judges their range */
    int64_t mtime;                 /* seconds since 1970, rounded down */
    uint32_t mtime_nsec;           /* below 1,000,000,000 */
    int64_t dev_major, dev_minor;  /* of a device */
    uint64_t size;                 /* bytes of a regular file, holes included; 0 for all else */
    uint64_t header;               /* where in the tar the first of the entry's headers begins */
    uint64_t data;                 /* where in the tar the first stored byte lies */
    uint64_t stored;               /* bytes stored there; they all lie within the tar */
    bool sparse;                   /* the runs say where the data belongs; they add up to STORED */
    const struct li_tar_run *runs; /* ascending, none over another, within SIZE */
    size_t run_count;
    /* PAX records in effect, each key once (the last counts), in the order of the tar; those of
     * GNU.sparse.offset and GNU.sparse.numbytes are not among them. A NUL is behind each value. */
    const struct li_tar_record *records;
    size_t record_count;
};

/* Begins to read at the start of SOURCE, which is copied; what it refers to is borrowed. */
int li_tar_new(const struct li_tar_source *source, struct li_tar **out, struct li_error *err);
void li_tar_free(struct li_tar *tar); /* NULL is allowed */

/* The next entry, or NULL in *ENTRY at the end of the archive, which may be asked for again. The
 * entry is TAR's and valid up to the next call. Behind a link, device, directory or FIFO the next
 * header follows directly, whatever size it states; where neither a header nor the end stands there
 * but one does behind so many bytes, that is where the next is. Errors: LI_ECORRUPT (not a tar, a
 * broken one, or one that ends in one reading and goes on in the other), LI_EUNSUPPORTED (a type
 * that no engine unpacks), LI_ELIMIT, LI_ENOMEM, and what the source says. After an error only
 * li_tar_failed_path() and li_tar_free() may be called. */
int li_tar_next(struct li_tar *tar, const struct li_tar_entry **entry, struct li_error *err);

/* What the entry of the last error is called, as far as that was read, or "". For messages; valid
 * up to the next call. */
const char *li_tar_failed_path(const struct li_tar *tar);

#endif
