/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's bytes as a source for the tar reader. */
#ifndef LI_LAYER_INPUT_H
#define LI_LAYER_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/layer.h"
#include "layer/zeros.h"
#include "tar/tar.h"

struct li_layer_input {
    uint64_t length;           /* bytes of the layer */
    struct li_layer_part part; /* the layer, and the part of it that was read last */
    /* The rest is private. */
    uint8_t *window;        /* the memory that part refers to */
    struct li_buffer spare; /* bytes that do not lie in one window */
};

/* Fills in INPUT for layer INDEX of LENGTH bytes. The layer must be ready. */
int li_layer_input_open(struct li_layers *layers, size_t index, uint64_t length,
                        struct li_layer_input *input, struct li_error *err);

/* Frees what it has read, but not the layers. Allowed after a failed open. */
void li_layer_input_close(struct li_layer_input *input);

/* INPUT as a source for the tar reader. INPUT must not move. */
struct li_tar_source li_layer_input_source(struct li_layer_input *input);

#endif
