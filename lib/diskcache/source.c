/* SPDX-License-Identifier: Apache-2.0 */
/* The cache as a source in front of another. A chunk is added when it has passed its checks. */
#include <stdlib.h>
#include <string.h>

#include "diskcache/internal.h"

struct cached {
    struct li_sealed sealed;
    struct li_sealed *inner;
    struct li_diskcache *cache;
    unsigned patience; /* milliseconds that a get() waits for another process */
};

enum { PATIENCE_MOST = 3000 };

/* Looks for a copy, also while others fetch the chunk. */
static bool find_copy(const struct cached *cached, const struct li_sealed_chunk *chunk,
                      struct li_buffer *out)
{
    struct li_flight_turn turn = {.patience = cached->patience};
    struct li_diskcache *cache = cached->cache;
    bool found;

    if (chunk->fresh)
        return false;
    do
        found = li_copy_read(cache, chunk->name, out);
    while (!found && li_flight_wait(cache, chunk->name, &turn));
    if (found)
        li_flight_end(cache, chunk->name);
    atomic_fetch_add(found ? &cache->hits : &cache->misses, 1);
    return found;
}

static int cached_get(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                      struct li_sealed_object *out, struct li_error *err)
{
    struct cached *cached = (struct cached *)sealed;

    if (!find_copy(cached, chunk, &out->bytes))
        return li_sealed_get(cached->inner, chunk, out, err);
    out->there = out->copy = true;
    memcpy(out->root, chunk->root, LI_ID_SIZE);
    return 0;
}

static void cached_want(struct li_sealed *sealed, const struct li_sealed_chunk *chunks,
                        size_t count)
{
    li_sealed_want(((struct cached *)sealed)->inner, chunks, count);
}

static void cached_used(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                        const struct li_sealed_object *object,
                        const struct li_sealed_finding *finding)
{
    struct cached *cached = (struct cached *)sealed;

    if (object->copy) {
        if (finding->health == LI_SEALED_DAMAGED)
            li_copy_drop(cached->cache, chunk->name);
        return;
    }
    if (finding->health == LI_SEALED_SOUND)
        li_copy_add(cached->cache, chunk->name, &object->bytes);
    li_flight_end(cached->cache, chunk->name);
    li_sealed_used(cached->inner, chunk, object, finding);
}

static void cached_free(struct li_sealed *sealed)
{
    free(sealed);
}

int li_sealed_diskcache_new(struct li_sealed *inner, struct li_diskcache *cache, unsigned deadline,
                            struct li_sealed **out, struct li_error *err)
{
    static const struct li_sealed_operations operations = {cached_get, cached_want, cached_used,
                                                           cached_free};
    struct cached *cached = calloc(1, sizeof(*cached));

    if (!cached)
        return li_fail_memory(err);
    cached->sealed = (struct li_sealed){&operations, inner->address};
    cached->inner = inner;
    cached->cache = cache;
    cached->patience =
        deadline > 0 && deadline * 250 < PATIENCE_MOST ? deadline * 250 : PATIENCE_MOST;
    *out = &cached->sealed;
    return 0;
}
