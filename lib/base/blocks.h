/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of an image by their offset: a block device as an interface.
 *
 * The reader of a repository implements it. A plain file can, too, or an overlay that keeps what is
 * written and reads the rest from another implementation. The ext4 reader and the mount use it. It
 * is in base because none of these may include the others.
 *
 * An implementation has a struct li_blocks as its first member, and its own function that frees it.
 * Its maker frees it, after all users are done.
 */
#ifndef LI_BASE_BLOCKS_H
#define LI_BASE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_blocks;

/* Called from many threads at once, and only for bytes within the size. Any result but 0 is a
 * failure. */
struct li_blocks_operations {
    /* Fills BUF with LEN bytes from OFFSET on. */
    int (*read)(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                struct li_error *err);
    /* Replaces the LEN bytes from OFFSET on by those of BUF. Every read that begins after it has
     * returned sees them. NULL if nothing can be written, as in an image of a repository. */
    int (*write)(struct li_blocks *blocks, uint64_t offset, size_t len, const void *buf,
                 struct li_error *err);
    /* A hint, before a read at OFFSET: LEN bytes from there on are one run of a file, so a caller
     * that reads in order will read them all. It does not wait. NULL: the hint is ignored. */
    void (*expect)(struct li_blocks *blocks, uint64_t offset, uint64_t len);
};

struct li_blocks {
    const struct li_blocks_operations *ops;
    uint64_t size; /* bytes; it never changes */
};

/* The operations above for any OFFSET and LEN. LI_ECORRUPT if these are not within the size,
 * because callers have them from the image. Else 0, or a failure with the codes of li_as_failure().
 */
int li_blocks_read(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                   struct li_error *err);

/* The operation above, if there is one. A hint that is not within the size is ignored. */
void li_blocks_expect(struct li_blocks *blocks, uint64_t offset, uint64_t len);

/* LI_EUNSUPPORTED if BLOCKS is read-only. */
int li_blocks_write(struct li_blocks *blocks, uint64_t offset, size_t len, const void *buf,
                    struct li_error *err);

#endif
