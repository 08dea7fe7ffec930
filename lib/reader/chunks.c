/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/chunks.h"

#include <inttypes.h>
#include <stdlib.h>

int li_chunk_map_new(struct li_repo *repo, const struct li_manifest *manifest,
                     struct li_chunk_map *out, struct li_error *err)
{
    struct li_chunk_map map = {repo, manifest, manifest->size / LI_CHUNK_SIZE, NULL};

    if (manifest->size % LI_CHUNK_SIZE || map.count > LI_CHUNK_MAX_COUNT)
        return li_fail(err, LI_ECORRUPT, "the manifest is of an image of %" PRIu64 " bytes",
                       manifest->size);
    map.place = calloc(map.count ? map.count : 1, sizeof(map.place[0]));
    if (!map.place)
        return li_fail_memory(err);
    for (size_t i = 0; i < manifest->chunk_count; i++) {
        uint32_t index = manifest->chunks[i].index;

        if (index >= map.count) {
            free(map.place);
            return li_fail(err, LI_ECORRUPT, "the manifest has chunk %" PRIu32 " of %" PRIu64,
                           index, map.count);
        }
        map.place[index] = (uint32_t)i + 1;
    }
    *out = map;
    return 0;
}

void li_chunk_map_free(struct li_chunk_map *map)
{
    free(map->place);
    map->place = NULL;
}

const struct li_manifest_chunk *li_chunk_map_get(const struct li_chunk_map *map, uint64_t index)
{
    return map->place[index] ? &map->manifest->chunks[map->place[index] - 1] : NULL;
}

void li_chunk_opener_free(struct li_chunk_opener *opener)
{
    li_sealer_free(opener->sealer);
    li_buffer_free(&opener->sealed);
}

int li_chunk_open(const struct li_chunk_map *map, struct li_chunk_opener *opener, uint64_t index,
                  uint8_t *plain, struct li_error *err)
{
    const struct li_manifest_chunk *chunk = li_chunk_map_get(map, index);
    int rc;

    if (!chunk)
        return li_fail(err, LI_EINVALID, "chunk %" PRIu64 " is not stored", index);
    rc = li_repo_chunk(map->repo, map->manifest, chunk, &opener->sealed, err);
    if (rc == 0)
        rc = li_seal_open(opener->sealer, &chunk->prk, chunk->digest, opener->sealed.data,
                          opener->sealed.len, plain, err);
    rc = li_as_failure(rc, err);
    return rc < 0 ? li_context(err, "chunk %" PRIu64, index) : 0;
}
