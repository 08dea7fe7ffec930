/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a tar the headers are. */
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
    uint64_t second; /* where it is if that is wrong; 0: nowhere */
    /* Where the tar would go on by another reading of it, in no order; see walk.c. */
    uint64_t *doubts;
    size_t count, cap;
};

/* Finds the next header: sets *BLOCK to it, which is the source's, and *AT to where it is. LI_END
 * at the end of the archive. LI_ECORRUPT where there is neither, or where the end is in doubt. */
int li_tar_walk_next(struct li_tar_walk *walk, const struct li_tar_source *source,
                     const uint8_t **block, uint64_t *at, struct li_error *err);

/* The next header is expected behind LENGTH bytes from AT on, which must lie within the tar, and
 * what fills their last block, which the end of the tar may cut off; LI_ECORRUPT. */
int li_tar_walk_skip(struct li_tar_walk *walk, const struct li_tar_source *source, uint64_t at,
                     uint64_t length, struct li_error *err);

/* The next header is expected at AT, although the entry that ends there has a SIZE. */
void li_tar_walk_header_only(struct li_tar_walk *walk, const struct li_tar_source *source,
                             uint64_t at, int64_t size);

/* Frees the doubts, and returns WALK to zeros. */
void li_tar_walk_free(struct li_tar_walk *walk);

#endif
