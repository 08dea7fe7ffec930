/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a chunk's index to its checked plaintext: what the reader and the fetcher share. Not for
 * other modules.
 */
#ifndef LI_READER_CHUNKS_H
#define LI_READER_CHUNKS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "chunk/chunk.h"
#include "crypto/seal.h"
#include "manifest/manifest.h"
#include "repo/repo.h"

/* Where each chunk of an image stands in its manifest; both are borrowed. Never changes, so any
 * thread may use it. */
struct li_chunk_map {
    struct li_repo *repo;
    const struct li_manifest *manifest;
    uint64_t count;  /* chunks of the image, those that are zeros included */
    uint32_t *place; /* of each, in manifest->chunks, counted from 1; 0 for zeros */
};

int li_chunk_map_new(struct li_repo *repo, const struct li_manifest *manifest,
                     struct li_chunk_map *out, struct li_error *err);
void li_chunk_map_free(struct li_chunk_map *map); /* one that is zero is allowed */

/* Chunk INDEX, which is below the count; NULL where it is zeros. */
const struct li_manifest_chunk *li_chunk_map_get(const struct li_chunk_map *map, uint64_t index);

/* What one thread needs to open chunks. SEALED is the last one fetched. */
struct li_chunk_opener {
    struct li_sealer *sealer;
    struct li_buffer sealed;
};

void li_chunk_opener_free(struct li_chunk_opener *opener); /* one that is zero is allowed */

/* Fetches, checks and opens chunk INDEX, which must not be zeros. The manifest has it, so that it
 * cannot be had is a failure, whatever a store calls it: the codes of li_as_failure(). */
int li_chunk_open(const struct li_chunk_map *map, struct li_chunk_opener *opener, uint64_t index,
                  uint8_t *plain, struct li_error *err);

#endif
