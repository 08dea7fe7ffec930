/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: a stack of tars, and the one tree they make.
 *
 * A stack gives every layer as plain tar bytes that can be read at any offset from any thread:
 * where they lie if they are stored uncompressed, from an unlinked spool file if not. Digests and
 * diff IDs are computed by workers beside all other work; what was made of the layers must not be
 * kept before li_layers_verified() has said 0.
 *
 * The tree follows the OCI image-spec's layer rules ("Applying Changesets", "Whiteouts").
 */
#ifndef LI_LAYER_LAYER_H
#define LI_LAYER_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "image/image.h"

/* The most bytes of uncompressed tar that a compressed layer may have: what an image can hold. */
#define LI_LAYERS_MAX_INFLATED (UINT64_C(1) << 40)

struct li_layers;

/* Opens the layers of IMAGE, which must outlive the stack, as must ENV. Returns when workers have
 * been started; broken layers show in the calls below. */
int li_layers_open(const struct li_image *image, const struct li_env *env, struct li_layers **out,
                   struct li_error *err);

/* Stops the workers and frees. NULL is allowed. */
void li_layers_free(struct li_layers *layers);

size_t li_layers_count(const struct li_layers *layers);

/* The layer's name in the image, for messages. It is the image's. */
const char *li_layers_name(const struct li_layers *layers, size_t index);

/* The layer's diff ID, 32 bytes, as the image states it. */
const uint8_t *li_layers_diff_id(const struct li_layers *layers, size_t index);

const struct li_env *li_layers_env(const struct li_layers *layers);

/* Waits until layer INDEX can be read and gives its length in bytes of uncompressed tar. */
int li_layers_ready(struct li_layers *layers, size_t index, uint64_t *length, struct li_error *err);

/* Reads uncompressed tar bytes of a layer that is ready. Any thread. */
int li_layers_read(const struct li_layers *layers, size_t index, void *buf, size_t len,
                   uint64_t offset, struct li_error *err);

/* Waits until the digests and diff IDs of all layers are computed; LI_ECORRUPT where one does not
 * match. May be called more than once. */
int li_layers_verified(struct li_layers *layers, struct li_error *err);

#endif
