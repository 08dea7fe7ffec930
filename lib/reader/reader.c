/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image as bytes. The manifest lists stored chunks only, so a table maps each chunk of the
 * image to its place there; what has none is zeros and costs nothing.
 *
 * A chunk goes from the repository through li_seal_open() into the cache's buffer, and no other way
 * leads there: what the cache holds has passed its MAC and the manifest's digest. Each worker of
 * the cache has a sealer and a buffer of its own, so nothing is locked while a chunk is fetched and
 * opened.
 */
#include "reader/reader.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"
#include "reader/chunks.h"

struct li_reader {
    struct li_blocks blocks;
    struct li_chunk_map map;
    struct li_chunk_opener *openers; /* one for each worker */
    unsigned workers;
    struct li_cache *cache;
    atomic_uint_least64_t fetched;
    atomic_uint_least64_t bytes;
    atomic_uint_least64_t failures;
};

static int fetch(void *arg, unsigned worker, uint64_t index, uint8_t *buf, struct li_error *err)
{
    struct li_reader *reader = arg;
    struct li_chunk_opener *opener = &reader->openers[worker];
    int rc = li_chunk_open(&reader->map, opener, index, buf, err);

    if (rc < 0) {
        atomic_fetch_add(&reader->failures, 1);
        return rc;
    }
    atomic_fetch_add(&reader->fetched, 1);
    atomic_fetch_add(&reader->bytes, opener->sealed.len);
    return 0;
}

static int new_openers(struct li_reader *reader, struct li_error *err)
{
    int rc = 0;

    reader->openers = calloc(reader->workers, sizeof(reader->openers[0]));
    if (!reader->openers)
        return li_fail_memory(err);
    for (unsigned i = 0; i < reader->workers && rc == 0; i++)
        rc = li_sealer_new(&reader->openers[i].sealer, err);
    return rc;
}

static int read_bytes(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                      struct li_error *err)
{
    struct li_reader *reader = (struct li_reader *)blocks;
    uint8_t *to = buf;

    while (len > 0) {
        uint64_t index = offset / LI_CHUNK_SIZE;
        uint32_t within = (uint32_t)(offset % LI_CHUNK_SIZE);
        uint32_t n = len < LI_CHUNK_SIZE - within ? (uint32_t)len : LI_CHUNK_SIZE - within;
        int rc = 0;

        if (li_chunk_map_get(&reader->map, index))
            rc = li_cache_read(reader->cache, index, within, n, to, err);
        else
            memset(to, 0, n);
        if (rc < 0) {
            err->part = index + 1;
            return rc;
        }
        to += n;
        offset += n;
        len -= n;
    }
    return 0;
}

static const struct li_blocks_operations operations = {.read = read_bytes};

int li_reader_open(struct li_repo *repo, const struct li_manifest *manifest,
                   const struct li_reader_options *options, struct li_reader **out,
                   struct li_error *err)
{
    struct li_reader *reader = calloc(1, sizeof(*reader));
    struct li_cache_options cache = {0};
    int rc;

    if (!reader)
        return li_fail_memory(err);
    reader->workers = options->workers;
    rc = li_chunk_map_new(repo, manifest, &reader->map, err);
    reader->blocks = (struct li_blocks){&operations, reader->map.count * LI_CHUNK_SIZE};
    if (rc == 0)
        rc = new_openers(reader, err);
    cache.chunks = reader->map.count;
    cache.memory = options->memory;
    cache.workers = options->workers;
    cache.deadline = options->deadline;
    cache.fetch = fetch;
    cache.arg = reader;
    if (rc == 0)
        rc = li_cache_new(&cache, &reader->cache, err);
    if (rc < 0) {
        li_reader_free(reader);
        return rc;
    }
    *out = reader;
    return 0;
}

bool li_reader_stop(struct li_reader *reader, unsigned seconds)
{
    return li_cache_stop(reader->cache, seconds);
}

void li_reader_free(struct li_reader *reader)
{
    if (!reader)
        return;
    li_cache_free(reader->cache);
    for (unsigned i = 0; reader->openers && i < reader->workers; i++)
        li_chunk_opener_free(&reader->openers[i]);
    free(reader->openers);
    li_chunk_map_free(&reader->map);
    free(reader);
}

struct li_blocks *li_reader_blocks(struct li_reader *reader)
{
    return &reader->blocks;
}

uint64_t li_reader_size(const struct li_reader *reader)
{
    return reader->blocks.size;
}

int li_reader_read(struct li_reader *reader, uint64_t offset, size_t len, void *buf,
                   struct li_error *err)
{
    return li_blocks_read(&reader->blocks, offset, len, buf, err);
}

void li_reader_stats(const struct li_reader *reader, struct li_reader_stats *stats)
{
    stats->chunks_total = reader->map.manifest->chunk_count;
    stats->chunks_fetched = atomic_load(&reader->fetched);
    stats->bytes_fetched = atomic_load(&reader->bytes);
    stats->bytes_image = li_reader_size(reader);
    stats->failures = atomic_load(&reader->failures);
}
