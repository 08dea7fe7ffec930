/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's bytes as libarchive's tar reader takes them, and a look at those it has taken. */
#ifndef LI_LAYER_INPUT_H
#define LI_LAYER_INPUT_H

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/layer.h"
#include "layer/zeros.h"

/* libarchive is given a header of its own before the layer: its positions are so much ahead of
 * those in the layer. The entry that it makes of it is the first and is to be passed over. */
enum { LI_LAYER_INPUT_AHEAD = 512 };

struct li_layer_input {
    struct li_layers *layers;
    size_t index;
    uint64_t length;           /* bytes of the layer */
    struct li_layer_part part; /* what of the layer was read last */
    struct li_error *err;      /* where a failure to read is told */
    /* The rest is its own. */
    uint64_t next;          /* of the layer, to be read */
    bool begun;             /* the header before the layer was handed out */
    uint8_t *buf;           /* what part refers to */
    struct li_buffer spare; /* headers that it has not */
};

/* Fills in INPUT for layer INDEX of LENGTH bytes, once that is ready. ERR, which is borrowed, gets
 * what goes wrong while libarchive reads. */
int li_layer_input_open(struct li_layers *layers, size_t index, uint64_t length,
                        struct li_layer_input *input, struct li_error *err);
void li_layer_input_close(struct li_layer_input *input);

/* Has A read INPUT, which stays where it is until A is freed. */
int li_layer_input_attach(struct archive *a, struct li_layer_input *input);

/* A li_header_look; ARG is the input. */
int li_layer_input_look(void *arg, uint64_t offset, size_t len, const uint8_t **bytes,
                        struct li_error *err);

#endif
