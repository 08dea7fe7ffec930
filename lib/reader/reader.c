/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image as bytes. The manifest lists stored chunks only, so a table maps each chunk of the
 * image to its position in the manifest. A chunk without one is all zeros and costs nothing.
 *
 * A chunk goes from its source through an opener into the cache's buffer, and there is no other way
 * into the cache: everything in it has passed its MAC and the manifest's digest. Each worker of the
 * cache has its own opener, so no lock is held while a chunk is fetched and opened.
 *
 * Chunks that are read in order are fetched ahead (ahead.h), so that they are fetched, checked and
 * inflated on other cores before they are asked for.
 */
#include "reader/reader.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"
#include "reader/ahead.h"
#include "reader/map.h"
#include "sealed/opener.h"

struct li_reader {
    struct li_blocks blocks;
    struct li_reader_map map;
    struct li_sealed *counted;  /* the source, with a counter in front */
    struct li_opener **openers; /* one for each worker */
    unsigned workers;
    struct li_cache *cache;
    struct li_ahead ahead;
};

static int fetch(void *arg, unsigned worker, uint64_t index, uint8_t *buf, struct li_error *err)
{
    struct li_reader *reader = arg;

    return li_opener_open(reader->openers[worker], reader->map.manifest->root,
                          li_reader_map_get(&reader->map, index), buf, err);
}

/* Has the chunks after INDEX fetched, up to LAST. */
static void want(struct li_reader *reader, uint64_t index, uint64_t last)
{
    for (uint64_t i = index + 1; i <= last && i < reader->map.count; i++)
        if (li_reader_map_get(&reader->map, i))
            li_cache_want(reader->cache, i);
}

static void expect(struct li_blocks *blocks, uint64_t offset, uint64_t len)
{
    struct li_reader *reader = (struct li_reader *)blocks;
    uint64_t index = offset / LI_CHUNK_SIZE;

    if (len > 0)
        want(reader, index,
             li_ahead_read(&reader->ahead, index, (offset + len - 1) / LI_CHUNK_SIZE));
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

        want(reader, index,
             li_ahead_read(&reader->ahead, index, (offset + len - 1) / LI_CHUNK_SIZE));
        if (li_reader_map_get(&reader->map, index))
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

static const struct li_blocks_operations operations = {.read = read_bytes, .expect = expect};

static int new_cache(struct li_reader *reader, const struct li_reader_options *options,
                     struct li_error *err)
{
    struct li_cache_options cache = {
        .chunks = reader->map.count,
        .memory = options->memory,
        .workers = options->workers,
        .deadline = options->deadline,
        .fetch = fetch,
        .arg = reader,
    };

    return li_cache_new(&cache, &reader->cache, err);
}

int li_reader_open(struct li_sealed *source, const struct li_manifest *manifest,
                   const struct li_reader_options *options, struct li_reader **out,
                   struct li_error *err)
{
    struct li_reader *reader = calloc(1, sizeof(*reader));
    int rc;

    if (!reader)
        return li_fail_memory(err);
    reader->workers = options->workers;
    li_ahead_init(&reader->ahead);
    rc = li_reader_map_new(manifest, &reader->map, err);
    reader->blocks = (struct li_blocks){&operations, reader->map.count * LI_CHUNK_SIZE};
    if (rc == 0)
        rc = li_sealed_counted_new(source, &reader->counted, err);
    if (rc == 0)
        rc = li_openers_new(reader->counted, reader->workers, &reader->openers, err);
    if (rc == 0)
        rc = new_cache(reader, options, err);
    if (rc < 0)
        li_reader_free(reader);
    else
        *out = reader;
    return rc;
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
    li_openers_free(reader->openers, reader->workers);
    li_sealed_free(reader->counted);
    li_reader_map_free(&reader->map);
    li_ahead_free(&reader->ahead);
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
    struct li_sealed_counts counts;

    li_sealed_counts(reader->counted, &counts);
    stats->chunks_total = reader->map.manifest->chunk_count;
    stats->chunks_fetched = counts.sound;
    stats->bytes_fetched = counts.bytes;
    stats->chunks_copied = counts.copies;
    stats->bytes_image = li_reader_size(reader);
    stats->failures = counts.failures;
}
