/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers of one chunk each, at most so many: a cache's bound on memory. They are made when they
 * are first needed, and kept when they are given back. The owner's lock guards them.
 */
#ifndef LI_CACHE_BUFFERS_H
#define LI_CACHE_BUFFERS_H

#include <stdint.h>

#include "base/error.h"

struct li_cache_buffers {
    uint8_t **spare; /* a stack of those out of use */
    uint64_t spares;
    uint64_t count; /* made so far */
    uint64_t max;
};

/* At most MAX of them, 1 or more; none is made yet. LI_ENOMEM. */
int li_cache_buffers_init(struct li_cache_buffers *buffers, uint64_t max, struct li_error *err);

/* Frees those that are out of use; the others must have been freed. Zeros are allowed. */
void li_cache_buffers_free(struct li_cache_buffers *buffers);

/* A buffer of LI_CHUNK_SIZE bytes that is out of use, or a new one. NULL where all are in use, or
 * there is no memory. */
uint8_t *li_cache_buffers_take(struct li_cache_buffers *buffers);

/* Gives one back. */
void li_cache_buffers_give(struct li_cache_buffers *buffers, uint8_t *buffer);

#endif
