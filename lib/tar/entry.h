/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a reader, and how it makes an entry from headers. */
#ifndef LI_TAR_ENTRY_H
#define LI_TAR_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "tar/header.h"
#include "tar/pax.h"
#include "tar/sparse.h"
#include "tar/tar.h"
#include "tar/walk.h"

struct li_tar {
    struct li_tar_source source;
    struct li_tar_walk walk;
    /* The contents of the special headers before an entry. */
    struct li_tar_pax pax;
    struct li_buffer long_name, long_link; /* with a NUL; empty if there is none */
    /* The entry's own header. */
    struct li_tar_header header;
    uint8_t block[LI_TAR_BLOCK]; /* as in the tar */
    struct li_tar_map map;
    struct li_tar_entry entry;
    bool ended;
};

/* Makes an entry from the header, which ends at BEHIND, and from the special headers before it, and
 * moves the walk past what it reads. *LABEL says that it is the label of a volume, which is not an
 * entry. */
int li_tar_entry_make(struct li_tar *tar, uint64_t behind, bool *label, struct li_error *err);

#endif
