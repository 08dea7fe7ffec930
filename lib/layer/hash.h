/* SPDX-License-Identifier: Apache-2.0 */
/* Computes the digests of layers, and compares them with those that the image states. */
#ifndef LI_LAYER_HASH_H
#define LI_LAYER_HASH_H

#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/workers.h"
#include "layer/stack.h"

/* LI_ECORRUPT if the digest of a layer as STORED, or of its PLAIN tar, is not the one that the
 * image states. */
int li_layer_check(const struct li_blob *blob, const uint8_t stored[LI_SHA256_SIZE],
                   const uint8_t plain[LI_SHA256_SIZE], struct li_error *err);

/* The next uncompressed layer to hash; NULL if there is none at the moment. */
typedef struct layer *li_hash_next(void *arg);

/* The digests of LAYER. */
typedef int li_hash_done(void *arg, struct layer *layer, const uint8_t digest[LI_SHA256_SIZE],
                         struct li_error *err);

/* Hashes the layers that NEXT gives, in this thread, two at a time if there are two, until NEXT
 * gives no more. Stops at the first failure, and with LI_ECANCELLED if TEAM stops. */
int li_hash_layers(struct li_layers *layers, li_hash_next *next, li_hash_done *done, void *arg,
                   struct li_workers *team, struct li_error *err);

#endif
