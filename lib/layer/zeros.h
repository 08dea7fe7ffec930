/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file's contents are all zeros. */
#ifndef LI_LAYER_ZEROS_H
#define LI_LAYER_ZEROS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "layer/layer.h"

/* A part of a layer in memory: LEN bytes of its tar from OFFSET on. */
struct li_layer_part {
    struct li_layers *layers;
    size_t index; /* of the layer */
    const uint8_t *data;
    uint64_t offset;
    size_t len;
};

/* Whether the LEN bytes from OFFSET on in the tar of PART's layer, which must be ready, are zeros;
 * *OUT is true for no bytes. Looks at PART first if it has the first of them. LI_ECORRUPT if the
 * layer ends before they do, LI_EIO, LI_ENOMEM. */
int li_layer_is_zero(const struct li_layer_part *part, uint64_t offset, uint64_t len, bool *out,
                     struct li_error *err);

#endif
