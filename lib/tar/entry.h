/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a reader, and how it makes an entry of its headers. */
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
    /* What the special headers before an entry say. */
    struct li_tar_pax pax;
    struct li_buffer long_name, long_link; /* with a NUL; no bytes where there is none */
    /* The entry's own header. */
    struct li_tar_header header;
    uint8_t block[LI_TAR_BLOCK]; /* as it is in the tar */
    struct li_tar_map map;
    struct li_tar_entry entry;
    bool ended;
};

/* Makes the entry of the header, whose first byte behind is at BEHIND, and of what the special
 * headers say, and moves the walk behind what it reads. *LABEL says that it is the label of a
 * volume, which is not an entry. */
int li_tar_entry_make(struct li_tar *tar, uint64_t behind, bool *label, struct li_error *err);

#endif
