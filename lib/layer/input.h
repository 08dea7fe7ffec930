/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's bytes as the tar reader takes them. */
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
    struct li_layer_part part; /* the layer, and what of it was read last */
    /* The rest is its own. */
    uint8_t *window;        /* what part refers to */
    struct li_buffer spare; /* what does not lie in one window */
};

/* Fills in INPUT for layer INDEX of LENGTH bytes, once that is ready. */
int li_layer_input_open(struct li_layers *layers, size_t index, uint64_t length,
                        struct li_layer_input *input, struct li_error *err);

/* Frees what it has read; the layers stay. After a failed open, too. */
void li_layer_input_close(struct li_layer_input *input);

/* INPUT, which stays where it is, as a source of the tar reader. */
struct li_tar_source li_layer_input_source(struct li_layer_input *input);

#endif
