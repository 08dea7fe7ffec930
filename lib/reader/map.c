/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/map.h"

#include <inttypes.h>
#include <stdlib.h>

#include "chunk/chunk.h"

int li_reader_map_new(const struct li_manifest *manifest, struct li_reader_map *out,
                      struct li_error *err)
{
    struct li_reader_map map = {manifest, manifest->size / LI_CHUNK_SIZE, NULL};

    if (manifest->size % LI_CHUNK_SIZE || map.count > LI_CHUNK_MAX_COUNT)
        return li_fail(err, LI_ECORRUPT, "the manifest is for an image of %" PRIu64 " bytes",
                       manifest->size);
    map.entry = calloc(map.count ? map.count : 1, sizeof(map.entry[0]));
    if (!map.entry)
        return li_fail_memory(err);
    for (size_t i = 0; i < manifest->chunk_count; i++) {
        uint32_t index = manifest->chunks[i].index;

        if (index >= map.count) {
            free(map.entry);
            return li_fail(err, LI_ECORRUPT, "the manifest has chunk %" PRIu32 " of %" PRIu64,
                           index, map.count);
        }
        map.entry[index] = (uint32_t)i + 1;
    }
    *out = map;
    return 0;
}

void li_reader_map_free(struct li_reader_map *map)
{
    free(map->entry);
    map->entry = NULL;
}

const struct li_manifest_chunk *li_reader_map_get(const struct li_reader_map *map, uint64_t index)
{
    return map->entry[index] ? &map->manifest->chunks[map->entry[index] - 1] : NULL;
}
