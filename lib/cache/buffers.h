/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded number of buffers of one chunk each: the cache's bound on memory. They are allocated
 * when first needed, and kept when given back. The owner's lock guards them.
 */
#ifndef LI_CACHE_BUFFERS_H
#define LI_CACHE_BUFFERS_H

#include <stdint.h>

#include "base/error.h"

struct li_cache_buffers {
    uint8_t **spare; /* a stack of free buffers */
    uint64_t spares;
    uint64_t count; /* allocated so far */
    uint64_t max;
};

/* Allows MAX buffers, 1 or more; none is allocated yet. LI_ENOMEM. */
int li_cache_buffers_init(struct li_cache_buffers *buffers, uint64_t max, struct li_error *err);

/* Frees the free buffers; the others must have been freed. Zeros are allowed. */
void li_cache_buffers_free(struct li_cache_buffers *buffers);

/* A buffer of LI_CHUNK_SIZE bytes, free or new. NULL if all are in use, or there is no memory. */
uint8_t *li_cache_buffers_take(struct li_cache_buffers *buffers);

/* Gives one back. */
void li_cache_buffers_give(struct li_cache_buffers *buffers, uint8_t *buffer);

#endif
