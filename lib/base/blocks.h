/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of an image by their offset: a block device as an interface.
 *
 * The reader of a repository implements it, and so can a plain file, or an overlay that keeps what
 * is written and asks another for the rest. The ext4 reader and the mount use it. It lies in base
 * since none of these must see the others.
 *
 * An implementation has a struct li_blocks as its first member, and a way of its own to be freed:
 * who made it frees it, after all that use it.
 */
#ifndef LI_BASE_BLOCKS_H
#define LI_BASE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_blocks;

/* Called from many threads at once, and only for bytes within the size. Whatever they return but 0
 * is a failure. */
struct li_blocks_operations {
    /* Fills BUF with LEN bytes from OFFSET on. */
    int (*read)(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                struct li_error *err);
    /* Makes the LEN bytes from OFFSET on those of BUF: each read that begins after it has returned
     * sees them. NULL where nothing can be written, as in an image of a repository. */
    int (*write)(struct li_blocks *blocks, uint64_t offset, size_t len, const void *buf,
                 struct li_error *err);
};

struct li_blocks {
    const struct li_blocks_operations *ops;
    uint64_t size; /* bytes; it never changes */
};

/* The operations above, for any OFFSET and LEN: LI_ECORRUPT where they are not within the size, for
 * callers have them from the image. Else 0, or a failure by the codes of li_as_failure(). */
int li_blocks_read(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                   struct li_error *err);

/* LI_EUNSUPPORTED where BLOCKS is read-only. */
int li_blocks_write(struct li_blocks *blocks, uint64_t offset, size_t len, const void *buf,
                    struct li_error *err);

#endif
