/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed layers: gzip, zstd and xz. */
#ifndef LI_LAYER_INFLATE_H
#define LI_LAYER_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compression.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/workers.h"
#include "image/image.h"

struct li_inflated {
    uint64_t length;                       /* bytes written */
    uint8_t stored_digest[LI_SHA256_SIZE]; /* of the bytes as they were */
    uint8_t plain_digest[LI_SHA256_SIZE];  /* of the bytes written */
};

/* Writes the uncompressed bytes of BLOB to FD from offset 0 on, and runs a thread of its own
 * meanwhile; DIR is where the file of FD is, for errors. TEAM is asked whether to stop. LI_ECORRUPT
 * where the compressed bytes are broken or cut short, LI_ELIMIT where they become more than LIMIT
 * bytes. */
int li_inflate(const struct li_blob *blob, enum li_compression compression, uint64_t limit, int fd,
               const char *dir, struct li_workers *team, struct li_inflated *out,
               struct li_error *err);

#endif
