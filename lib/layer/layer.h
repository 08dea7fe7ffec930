/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: a stack of tars, and the tree they make together.
 *
 * A stack gives every layer as plain tar bytes, which any thread can read at any offset: in place
 * if the layer is stored uncompressed, else from an unlinked spool file. Workers compute digests
 * and diff IDs meanwhile. Nothing that was made from a layer's bytes may be kept until
 * li_layers_verified(), called after they were read, has returned 0.
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

/* The most bytes of uncompressed tar that all compressed layers may have: as many as an image can
 * hold. */
#define LI_LAYERS_MAX_INFLATED (UINT64_C(1) << 40)

struct li_layers;
struct li_record;

/* Opens the layers of IMAGE. IMAGE and ENV must outlive the stack. Returns when workers have been
 * started; broken layers show in the calls below. */
int li_layers_open(const struct li_image *image, const struct li_env *env, struct li_layers **out,
                   struct li_error *err);

/* The same with RECORDS (record.h), one for each layer, which are borrowed. A layer whose record is
 * whole is not read, inflated or hashed until its bytes are wanted. RECORDS may be NULL. */
int li_layers_open_known(const struct li_image *image, const struct li_env *env,
                         struct li_record *records, struct li_layers **out, struct li_error *err);

/* Stops the workers and frees. NULL is allowed. */
void li_layers_free(struct li_layers *layers);

/* The number of layers; the lowest has index 0. Any thread. */
size_t li_layers_count(const struct li_layers *layers);

/* The layer's name in the image, for messages. The image owns it. */
const char *li_layers_name(const struct li_layers *layers, size_t index);

/* The layer's diff ID, 32 bytes, as the image states it. */
const uint8_t *li_layers_diff_id(const struct li_layers *layers, size_t index);

/* The environment that the stack was opened with. */
const struct li_env *li_layers_env(const struct li_layers *layers);

/* The layer's record, for the thread that builds the tree. */
struct li_record *li_layers_record(struct li_layers *layers, size_t index);

/* Whether layer INDEX is the same bytes of the same file as a lower one. */
bool li_layers_repeats(const struct li_layers *layers, size_t index);

/* Waits until layer INDEX can be read, and gives its length in bytes of uncompressed tar. */
int li_layers_ready(struct li_layers *layers, size_t index, uint64_t *length, struct li_error *err);

/* Reads uncompressed tar bytes of a layer that is ready. Reads that begin and end at multiples of
 * 64 KiB, or at the layer's end, cost least. LI_ECORRUPT if a byte differs from another read of it,
 * such as that of the pass that hashes the layer. Any thread. */
int li_layers_read(struct li_layers *layers, size_t index, void *buf, size_t len, uint64_t offset,
                   struct li_error *err);

/* Waits until the digests and diff IDs of all layers whose bytes were wanted so far are computed.
 * LI_ECORRUPT if one does not match, or if a layer's file has another size or modification time
 * than when the stack was opened. All bytes that li_layers_read() has given, and will give, have
 * these digests. Any thread. It costs little if there is nothing to wait for. */
int li_layers_verified(struct li_layers *layers, struct li_error *err);

/* ERR is a failure of something made from layers' bytes. If it is LI_ECORRUPT, and a layer's file
 * was changed since the stack was opened, the text is replaced by one that says so. Any thread. */
void li_layers_blame(struct li_layers *layers, struct li_error *err);

/* For worker WORKER (0 and up) of a team that works on what it reads. Verifying layers takes
 * longest and so has priority: if more threads than ENV has would be at work because layers are
 * being verified, it waits a moment. True if that is still so. Worker 0 never waits. Any thread. */
bool li_layers_give_way(struct li_layers *layers, unsigned worker);

#endif
