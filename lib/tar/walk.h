/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the headers in a tar. */
#ifndef LI_TAR_WALK_H
#define LI_TAR_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tar/tar.h"

/* Zero-initialise it. */
struct li_tar_walk {
    uint64_t next;   /* where the next header is expected */
    uint64_t second; /* where it is otherwise; 0: nowhere */
    /* Where the tar would continue if it is read differently, in no order; see walk.c. */
    uint64_t *doubts;
    size_t count, cap;
};

/* Finds the next header. Sets *BLOCK to it, which the source owns, and *AT to its offset. LI_END at
 * the end of the archive. LI_ECORRUPT if there is neither a header nor the end, or if the end is in
 * doubt. */
int li_tar_walk_next(struct li_tar_walk *walk, const struct li_tar_source *source,
                     const uint8_t **block, uint64_t *at, struct li_error *err);

/* Says that the next header is expected after LENGTH bytes from AT on and the padding of their last
 * block. The bytes must lie within the tar (LI_ECORRUPT); the padding may be cut off. */
int li_tar_walk_skip(struct li_tar_walk *walk, const struct li_tar_source *source, uint64_t at,
                     uint64_t length, struct li_error *err);

/* Says that the next header is expected at AT, although the entry that ends there states a SIZE. */
void li_tar_walk_header_only(struct li_tar_walk *walk, const struct li_tar_source *source,
                             uint64_t at, int64_t size);

/* Frees the doubts, and returns WALK to zeros. */
void li_tar_walk_free(struct li_tar_walk *walk);

#endif
