/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a PAX header: POSIX, pax, "pax Extended Header"; GNU tar, "Storing Sparse Files".
 */
#ifndef LI_TAR_PAX_H
#define LI_TAR_PAX_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "tar/tar.h"

/* Records that the reader uses. */
enum li_tar_key {
    LI_TAR_PAX_PATH,
    LI_TAR_PAX_LINKPATH,
    LI_TAR_PAX_UNAME,
    LI_TAR_PAX_GNAME,
    LI_TAR_PAX_SPARSE_NAME,
    LI_TAR_PAX_NAMES, /* those above are names, which have no NUL */
    LI_TAR_PAX_UID = LI_TAR_PAX_NAMES,
    LI_TAR_PAX_GID,
    LI_TAR_PAX_SIZE,
    LI_TAR_PAX_MTIME,
    LI_TAR_PAX_ATIME,
    LI_TAR_PAX_CTIME,
    LI_TAR_PAX_SPARSE_MAJOR,
    LI_TAR_PAX_SPARSE_MINOR,
    LI_TAR_PAX_SPARSE_SIZE,
    LI_TAR_PAX_SPARSE_REALSIZE,
    LI_TAR_PAX_SPARSE_NUMBLOCKS,
    LI_TAR_PAX_SPARSE_MAP,
    LI_TAR_PAX_SPARSE_OFFSET,
    LI_TAR_PAX_SPARSE_NUMBYTES,
    LI_TAR_PAX_KEYS,
};

struct li_tar_records {
    struct li_tar_record *list;
    size_t count, cap;
};

/* Zero-initialise it. It refers to its own copy of the header. */
struct li_tar_pax {
    struct li_buffer bytes; /* each value is followed by a NUL */
    struct li_tar_records records;
    /* The values of GNU.sparse.offset and GNU.sparse.numbytes in turn. They appear once for each
     * run and are not among the records. */
    struct li_tar_records pairs;
    const struct li_tar_record *known[LI_TAR_PAX_KEYS]; /* NULL: absent, or empty */
};

/* Replaces all records by those in LEN bytes at DATA. LI_ECORRUPT, LI_ENOMEM. */
int li_tar_pax_read(struct li_tar_pax *pax, const uint8_t *data, size_t len, struct li_error *err);

/* Forgets the records, but keeps the memory for others. */
void li_tar_pax_clear(struct li_tar_pax *pax);

/* Frees the records, and returns PAX to zeros. */
void li_tar_pax_free(struct li_tar_pax *pax);

#endif
