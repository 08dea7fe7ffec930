/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable run of bytes. Zero-initialise it; li_buffer_free() returns it to that state. The
 * holder of the struct owns the data. Not safe for two threads at once.
 */
#ifndef LI_BASE_BUFFER_H
#define LI_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_buffer {
    uint8_t *data;
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
    bool wiped; /* for secrets, set before use: memory that the buffer outgrows is overwritten */
    /* Set before use: data and cap are memory of somebody else. It is not freed; if the buffer
     * outgrows it, the bytes move to memory of its own. */
    bool borrowed;
};

/* Makes room for at least CAP bytes in all; len does not change. */
int li_buffer_reserve(struct li_buffer *b, size_t cap, struct li_error *err);

/* Appends LEN bytes. */
int li_buffer_append(struct li_buffer *b, const void *data, size_t len, struct li_error *err);

/* Frees the data. li_buffer_wipe_free() overwrites it first. Memory that the buffer outgrew earlier
 * was overwritten only if `wiped` is set. NULL is allowed. */
void li_buffer_free(struct li_buffer *b);
void li_buffer_wipe_free(struct li_buffer *b);

#endif
