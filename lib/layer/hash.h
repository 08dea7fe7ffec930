/* SPDX-License-Identifier: Apache-2.0 */
/* What the digests of layers are, and whether they are what the image says. */
#ifndef LI_LAYER_HASH_H
#define LI_LAYER_HASH_H

#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/workers.h"
#include "layer/stack.h"

/* LI_ECORRUPT where a layer's digest as STORED, or that of its PLAIN tar, is not the image's. */
int li_layer_check(const struct li_blob *blob, const uint8_t stored[LI_SHA256_SIZE],
                   const uint8_t plain[LI_SHA256_SIZE], struct li_error *err);

/* The next layer to hash, uncompressed; NULL where there is none now. */
typedef struct layer *li_hash_next(void *arg);

/* What LAYER has. */
typedef int li_hash_done(void *arg, struct layer *layer, const uint8_t digest[LI_SHA256_SIZE],
                         struct li_error *err);

/* Hashes what NEXT gives of LAYERS in this thread, two at a time where there are two, until it
 * gives no more. Stops at the first failure, and with LI_ECANCELLED where TEAM does. */
int li_hash_layers(struct li_layers *layers, li_hash_next *next, li_hash_done *done, void *arg,
                   struct li_workers *team, struct li_error *err);

#endif
