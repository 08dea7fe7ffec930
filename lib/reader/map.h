/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each chunk of an image stands in its manifest: the reader and the fetcher share it. Not for
 * other modules.
 */
#ifndef LI_READER_MAP_H
#define LI_READER_MAP_H

#include <stdint.h>

#include "base/error.h"
#include "manifest/manifest.h"

/* Never changes once it is made, so any thread may use it. */
struct li_reader_map {
    const struct li_manifest *manifest; /* borrowed */
    uint64_t count;                     /* chunks of the image, those that are zeros included */
    uint32_t *entry; /* of each, the number in manifest->chunks and 1 more; 0 for zeros */
};

/* The map of MANIFEST, which must outlive it. LI_ECORRUPT where the manifest's numbers do not fit
 * each other, LI_ENOMEM. */
int li_reader_map_new(const struct li_manifest *manifest, struct li_reader_map *out,
                      struct li_error *err);
void li_reader_map_free(struct li_reader_map *map); /* one that is zero is allowed */

/* Chunk INDEX, which is below the count; NULL where it is zeros. It is the manifest's. */
const struct li_manifest_chunk *li_reader_map_get(const struct li_reader_map *map, uint64_t index);

#endif
