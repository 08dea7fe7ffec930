/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each chunk of an image is in its manifest. Shared by the reader and the fetcher. Not for
 * other modules.
 */
#ifndef LI_READER_MAP_H
#define LI_READER_MAP_H

#include <stdint.h>

#include "base/error.h"
#include "manifest/manifest.h"

/* It never changes after it is made, so any thread may use it. */
struct li_reader_map {
    const struct li_manifest *manifest; /* borrowed */
    uint64_t count;                     /* chunks of the image, including those that are zeros */
    uint32_t *entry; /* the position of each in manifest->chunks, plus 1; 0 for zeros */
};

/* Makes the map of MANIFEST, which must outlive it. LI_ECORRUPT if the manifest's numbers
 * contradict each other, LI_ENOMEM. */
int li_reader_map_new(const struct li_manifest *manifest, struct li_reader_map *out,
                      struct li_error *err);
void li_reader_map_free(struct li_reader_map *map); /* zeros are allowed */

/* Chunk INDEX, which is below the count; NULL if it is all zeros. The manifest owns it. */
const struct li_manifest_chunk *li_reader_map_get(const struct li_reader_map *map, uint64_t index);

#endif
