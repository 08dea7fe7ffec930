/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: a stack of tars, and the one tree they make.
 *
 * A stack gives every layer as plain tar bytes that can be read at any offset from any thread:
 * where they lie if they are stored uncompressed, from an unlinked spool file if not. Digests and
 * diff IDs are computed by workers beside all other work; what was made of a layer's bytes must not
 * be kept before li_layers_verified(), called after they were read, has said 0.
 *
 * The tree follows the OCI image-spec's layer rules ("Applying Changesets", "Whiteouts").
 */
#ifndef LI_LAYER_LAYER_H
#define LI_LAYER_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "image/image.h"

/* The most bytes of uncompressed tar that a compressed layer may have: what an image can hold. */
#define LI_LAYERS_MAX_INFLATED (UINT64_C(1) << 40)

struct li_layers;
struct li_record;

/* Opens the layers of IMAGE, which must outlive the stack, as must ENV. Returns when workers have
 * been started; broken layers show in the calls below. */
int li_layers_open(const struct li_image *image, const struct li_env *env, struct li_layers **out,
                   struct li_error *err);

/* The same with a row of RECORDS (record.h) for each layer, which are borrowed. Of a layer whose
 * record is whole nothing is read, inflated or hashed until its bytes are wanted. RECORDS may be
 * NULL. */
int li_layers_open_known(const struct li_image *image, const struct li_env *env,
                         struct li_record *records, struct li_layers **out, struct li_error *err);

/* Stops the workers and frees. NULL is allowed. */
void li_layers_free(struct li_layers *layers);

/* Layers of the stack; the lowest has index 0. Any thread. */
size_t li_layers_count(const struct li_layers *layers);

/* The layer's name in the image, for messages. It is the image's. */
const char *li_layers_name(const struct li_layers *layers, size_t index);

/* The layer's diff ID, 32 bytes, as the image states it. */
const uint8_t *li_layers_diff_id(const struct li_layers *layers, size_t index);

/* The environment that the stack was opened with. */
const struct li_env *li_layers_env(const struct li_layers *layers);

/* The layer's record: for the thread that builds the tree. */
struct li_record *li_layers_record(struct li_layers *layers, size_t index);

/* Waits until layer INDEX can be read and gives its length in bytes of uncompressed tar. */
int li_layers_ready(struct li_layers *layers, size_t index, uint64_t *length, struct li_error *err);

/* Reads uncompressed tar bytes of a layer, once it is ready; reads that begin and end at multiples
 * of 64 KiB of it, or at its end, cost least. LI_ECORRUPT where a byte is not what another read of
 * it gave, that of the pass that hashes the layer included. Any thread. */
int li_layers_read(struct li_layers *layers, size_t index, void *buf, size_t len, uint64_t offset,
                   struct li_error *err);

/* Waits until the digests and diff IDs of all layers whose bytes were wanted up to now are
 * computed; LI_ECORRUPT where one does not match, or where a layer's file has another size or
 * another time of modification than when the stack was opened. What li_layers_read() gave before,
 * and gives from then on, has these digests. Any thread; it costs little where there is nothing to
 * wait for. */
int li_layers_verified(struct li_layers *layers, struct li_error *err);

/* ERR is of what was made of layers' bytes: where it is LI_ECORRUPT, and a layer's file was changed
 * since the stack was opened, says that in its place. Any thread. */
void li_layers_blame(struct li_layers *layers, struct li_error *err);

/* For worker WORKER (0 and up) of a team that works on what it reads: waits a moment where there
 * would be more at work than ENV has threads, since layers are being verified, which takes longest
 * and so comes first; true where that is still so. Worker 0 never waits. Any thread. */
bool li_layers_give_way(struct li_layers *layers, unsigned worker);

#endif
