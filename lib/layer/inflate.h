/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed layers: gzip, zstd and xz. */
#ifndef LI_LAYER_INFLATE_H
#define LI_LAYER_INFLATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/compression.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/workers.h"
#include "image/image.h"
#include "layer/layer.h"
#include "layer/tags.h"

struct li_inflated {
    uint64_t length;                       /* bytes written */
    uint8_t stored_digest[LI_SHA256_SIZE]; /* of the compressed bytes */
    uint8_t plain_digest[LI_SHA256_SIZE];  /* of the bytes written */
};

struct li_inflate {
    const struct li_blob *blob;
    enum li_compression compression;
    atomic_uint_least64_t *total; /* uncompressed bytes of all layers, also of others */
    const char *dir;              /* the directory that they go to, for errors */
    const struct li_universal_key *key;
    struct li_tags *tags;     /* filled in while the uncompressed bytes are hashed; empty before */
    struct li_budget *budget; /* of windows, which all layers share; NULL: there are no others */
};

/* Writes the uncompressed bytes to FD from offset 0 on, and runs a thread of its own meanwhile.
 * Stops when TEAM stops. LI_ECORRUPT if the compressed bytes are broken or cut short, LI_ELIMIT if
 * all layers together become more than LI_LAYERS_MAX_INFLATED, LI_EIO if FD's file system has
 * hardly any room left. */
int li_inflate(const struct li_inflate *how, int fd, struct li_workers *team,
               struct li_inflated *out, struct li_error *err);

#endif
