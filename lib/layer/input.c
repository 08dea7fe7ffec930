/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader looks at headers only, so an index costs little more than reading these. Most
 * headers are close together: the layer is read in windows, which begin at multiples of their size,
 * and a window serves all looks within it. Bytes that reach into the next window, as a long PAX
 * header may, are joined in a separate buffer.
 */
#include "layer/input.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum { WINDOW = 64 * 1024 };

int li_layer_input_open(struct li_layers *layers, size_t index, uint64_t length,
                        struct li_layer_input *input, struct li_error *err)
{
    *input = (struct li_layer_input){
        .length = length, .part = {.layers = layers, .index = index}, .window = malloc(WINDOW)};
    return input->window ? 0 : li_fail_memory(err);
}

void li_layer_input_close(struct li_layer_input *input)
{
    li_buffer_wipe_free(&input->spare);
    li_wipe_free(input->window);
    input->window = NULL;
}

/* Gives the part of the LEN bytes from OFFSET on that is in OFFSET's window, and its length. */
static int look_window(struct li_layer_input *in, uint64_t offset, size_t len,
                       const uint8_t **bytes, size_t *held, struct li_error *err)
{
    uint64_t start = offset / WINDOW * WINDOW;
    size_t at = (size_t)(offset - start);

    if (in->part.len == 0 || in->part.offset != start) {
        uint64_t left = in->length - start;
        size_t size = left < WINDOW ? (size_t)left : WINDOW;
        int rc;

        in->part.len = 0;
        rc = li_layers_read(in->part.layers, in->part.index, in->window, size, start, err);
        if (rc < 0)
            return rc;
        in->part.data = in->window;
        in->part.offset = start;
        in->part.len = size;
    }
    *bytes = in->window + at;
    *held = len < in->part.len - at ? len : in->part.len - at;
    return 0;
}

static int look_across(struct li_layer_input *in, uint64_t offset, size_t len,
                       const uint8_t **bytes, struct li_error *err)
{
    int rc = li_buffer_reserve(&in->spare, len, err);

    in->spare.len = 0;
    while (rc == 0 && in->spare.len < len) {
        const uint8_t *piece;
        size_t held;

        rc = look_window(in, offset + in->spare.len, len - in->spare.len, &piece, &held, err);
        if (rc == 0)
            rc = li_buffer_append(&in->spare, piece, held, err);
    }
    *bytes = in->spare.data;
    return rc;
}

static int look(void *self, uint64_t offset, size_t len, const uint8_t **bytes,
                struct li_error *err)
{
    struct li_layer_input *in = self;
    size_t held;

    if (len == 0) {
        *bytes = in->window;
        return 0;
    }
    if (offset % WINDOW + len > WINDOW)
        return look_across(in, offset, len, bytes, err);
    return look_window(in, offset, len, bytes, &held, err);
}

struct li_tar_source li_layer_input_source(struct li_layer_input *input)
{
    return (struct li_tar_source){input, input->length, look};
}
