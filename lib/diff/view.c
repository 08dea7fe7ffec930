/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored image is read by the reader that a mount has, and its digests are in its manifest. The
 * chunks of a source are read twice: all of them once, for their digests, and then those that are
 * asked for, through the memory cache.
 */
#include "diff/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cache/cache.h"
#include "reader/reader.h"
#include "sealed/sealed.h"

struct chunk {
    bool stored; /* else it is all zeros */
    uint8_t digest[LI_DIGEST_SIZE];
};

struct li_view {
    struct li_blocks blocks; /* of a source */
    struct li_chunk_source source;
    struct li_cache *cache;
    struct li_sealed *origin; /* of a stored image */
    struct li_reader *reader;
    struct li_files *files;
    struct chunk *chunk; /* a digest tells what a chunk holds, so they are wiped */
    uint64_t count;
};

static int new_view(uint64_t count, struct li_view **out, struct li_error *err)
{
    struct li_view *view = calloc(1, sizeof(*view));

    if (view)
        view->chunk = calloc(count + 1, sizeof(*view->chunk));
    if (!view || !view->chunk) {
        free(view);
        return li_fail_memory(err);
    }
    view->count = count;
    *out = view;
    return 0;
}

void li_view_free(struct li_view *view)
{
    if (!view)
        return;
    li_files_free(view->files);
    li_cache_free(view->cache);
    li_reader_free(view->reader);
    li_sealed_free(view->origin);
    li_wipe_free(view->chunk);
    free(view);
}

struct li_files *li_view_files(const struct li_view *view)
{
    return view->files;
}

uint64_t li_view_count(const struct li_view *view)
{
    return view->count;
}

const uint8_t *li_view_digest(const struct li_view *view, uint64_t index)
{
    return index < view->count && view->chunk[index].stored ? view->chunk[index].digest : NULL;
}

static int finish(int rc, struct li_view *view, struct li_view **out)
{
    if (rc < 0)
        li_view_free(view);
    else
        *out = view;
    return rc;
}

/* ---- stored images --------------------------------------------------------------------------- */

/* The decoder has checked that each index is within the size. */
static void take_digests(struct li_view *view, const struct li_manifest *manifest)
{
    for (size_t i = 0; i < manifest->chunk_count; i++) {
        struct chunk *chunk = &view->chunk[manifest->chunks[i].index];

        chunk->stored = true;
        memcpy(chunk->digest, manifest->chunks[i].digest, LI_DIGEST_SIZE);
    }
}

int li_view_stored(struct li_repo *repo, const struct li_manifest *manifest,
                   const struct li_view_options *options, struct li_view **out,
                   struct li_error *err)
{
    const struct li_reader_options reading = {options->memory, options->workers, options->deadline};
    struct li_view *view = NULL;
    int rc = new_view(manifest->size / LI_CHUNK_SIZE, &view, err);

    if (rc < 0)
        return rc;
    rc = li_sealed_origin_new(repo, &view->origin, err);
    if (rc == 0)
        rc = li_reader_open(view->origin, manifest, &reading, &view->reader, err);
    if (rc == 0) {
        take_digests(view, manifest);
        rc = li_files_open(li_reader_blocks(view->reader), &view->files, err);
    }
    return finish(rc, view, out);
}

/* ---- sources --------------------------------------------------------------------------------- */

static int take_digest(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                       const uint8_t digest[LI_SHA256_SIZE], struct li_error *err)
{
    struct li_view *view = arg;

    (void)worker;
    (void)buf;
    (void)err;
    view->chunk[index].stored = true;
    memcpy(view->chunk[index].digest, digest, LI_SHA256_SIZE);
    return 0;
}

static int fetch(void *arg, unsigned worker, uint64_t index, uint8_t *buf, struct li_error *err)
{
    const struct li_view *view = arg;
    bool zeros = false;
    int rc = li_chunk_read(&view->source, index, buf, &zeros, err);

    (void)worker;
    if (rc == 0 && zeros)
        memset(buf, 0, LI_CHUNK_SIZE);
    return rc;
}

static int read_bytes(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                      struct li_error *err)
{
    struct li_view *view = (struct li_view *)blocks;
    uint8_t *to = buf;
    int rc = 0;

    while (len > 0 && rc == 0) {
        uint32_t within = (uint32_t)(offset % LI_CHUNK_SIZE);
        uint32_t n = len < LI_CHUNK_SIZE - within ? (uint32_t)len : LI_CHUNK_SIZE - within;

        rc = li_cache_read(view->cache, offset / LI_CHUNK_SIZE, within, n, to, err);
        to += n;
        offset += n;
        len -= n;
    }
    return rc;
}

static const struct li_blocks_operations operations = {.read = read_bytes};

int li_view_source(const struct li_chunk_source *source, const struct li_view_options *options,
                   struct li_view **out, struct li_error *err)
{
    struct li_view *view = NULL;
    int rc = new_view(source->count, &view, err);
    const struct li_chunk_visitor digests = {.visit = take_digest, .arg = view};
    const struct li_cache_options caching = {.chunks = source->count,
                                             .memory = options->memory,
                                             .workers = options->workers,
                                             .deadline = options->deadline,
                                             .fetch = fetch,
                                             .arg = view};

    if (rc < 0)
        return rc;
    view->source = *source;
    view->blocks = (struct li_blocks){&operations, source->count * LI_CHUNK_SIZE};
    if (!options->files_only)
        rc = li_chunk_walk_hashed(source, options->workers, &digests, options->progress, err);
    if (rc == 0)
        rc = li_cache_new(&caching, &view->cache, err);
    if (rc == 0)
        rc = li_files_open(&view->blocks, &view->files, err);
    return finish(rc, view, out);
}
