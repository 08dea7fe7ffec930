/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed bytes, for unzstd.c and unxz.c: a window on what a source gives. */
#ifndef LI_BASE_INPUT_H
#define LI_BASE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decompress.h"

enum { LI_INPUT_SIZE = 256 * 1024 };

struct li_input {
    li_decompress_source *source;
    void *arg;
    size_t at, end; /* the bytes that are there and not used yet */
    bool ended;     /* the source has no more */
    uint8_t data[LI_INPUT_SIZE];
};

/* Reads until WANT bytes are there, at most LI_INPUT_SIZE, or the source ends; what is there may
 * move. The errors of the source. */
int li_input_fill(struct li_input *in, size_t want, struct li_error *err);

/* How many bytes are there. */
static inline size_t li_input_left(const struct li_input *in)
{
    return in->end - in->at;
}

#endif
