/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock over an array from chunk to entry, a queue of chunks to fetch (queue.c), and a list of
 * the chunks that are there, least recently used last. The lock is held to find and to link, never
 * to copy or to fetch.
 *
 * A queued entry counts its waiters, one that is there counts its readers; either keeps it.
 */
#include "cache/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cache/internal.h"
#include "chunk/chunk.h"

enum { CHUNKS_MIN = 4 }; /* the least number of chunks, however little memory is allowed */

/* How many chunks a cache with OPTIONS keeps. */
static uint64_t chunks_kept(const struct li_cache_options *options)
{
    uint64_t most = options->memory / LI_CHUNK_SIZE;

    if (most > options->chunks)
        most = options->chunks;
    return most < CHUNKS_MIN ? CHUNKS_MIN : most;
}

static void init(struct li_cache *cache, const struct li_cache_options *options)
{
    cache->options = *options;
    atomic_init(&cache->short_of, false);
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->queued, NULL);
    pthread_cond_init(&cache->room, NULL);
    li_cache_cond_init(&cache->idle);
    li_cache_list_init(&cache->queue);
    li_cache_list_init(&cache->ahead);
    li_cache_list_init(&cache->there);
}

int li_cache_new(const struct li_cache_options *options, struct li_cache **out,
                 struct li_error *err)
{
    struct li_cache *cache = NULL;
    uint64_t most = chunks_kept(options);
    unsigned workers = options->workers;
    int rc;

    if (options->chunks > LI_CHUNK_MAX_COUNT || workers == 0 || options->deadline == 0)
        return li_fail(err, LI_EINVALID, "a cache cannot have %" PRIu64 " chunks and %u workers",
                       options->chunks, workers);
    if (workers > most)
        workers = (unsigned)most;
    cache = calloc(1, sizeof(*cache) + options->chunks * sizeof(cache->by_index[0]));
    if (!cache)
        return li_fail_memory(err);
    init(cache, options);
    cache->options.workers = workers;
    rc = li_cache_buffers_init(&cache->buffers, most, err);
    if (rc == 0)
        rc = li_workers_start(workers, li_cache_work, cache, &cache->workers, err);
    if (rc < 0) {
        li_cache_free(cache);
        return rc;
    }
    *out = cache;
    return 0;
}

bool li_cache_stop(struct li_cache *cache, unsigned seconds)
{
    const struct timespec deadline = li_cache_in_seconds(seconds);
    int rc = 0;
    bool idle;

    pthread_mutex_lock(&cache->lock);
    cache->closing = true;
    pthread_cond_broadcast(&cache->queued);
    for (uint64_t i = 0; i < cache->options.chunks; i++)
        if (cache->by_index[i])
            pthread_cond_broadcast(&cache->by_index[i]->settled);
    while (cache->running > 0 && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&cache->idle, &cache->lock, &deadline);
    idle = cache->running == 0;
    pthread_mutex_unlock(&cache->lock);
    return idle;
}

void li_cache_free(struct li_cache *cache)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (!cache)
        return;
    li_cache_stop(cache, 0);
    li_workers_join(cache->workers, &ignored);
    for (uint64_t i = 0; i < cache->options.chunks; i++) {
        if (!cache->by_index[i])
            continue;
        li_wipe_free(cache->by_index[i]->data);
        li_cache_entry_free(cache->by_index[i]);
    }
    li_cache_buffers_free(&cache->buffers);
    pthread_cond_destroy(&cache->idle);
    pthread_cond_destroy(&cache->room);
    pthread_cond_destroy(&cache->queued);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* Releases an entry that is READY. */
static void release(struct li_cache *cache, struct li_cache_entry *entry)
{
    if (atomic_fetch_sub(&entry->users, 1) > 1 || !atomic_load(&cache->short_of))
        return;
    pthread_mutex_lock(&cache->lock);
    atomic_store(&cache->short_of, false);
    pthread_cond_broadcast(&cache->room);
    pthread_mutex_unlock(&cache->lock);
}

/* The entry of chunk INDEX, READY and in use; NULL with a reason. */
static struct li_cache_entry *hold(struct li_cache *cache, uint64_t index, struct li_error *err)
{
    struct li_cache_entry *entry;

    pthread_mutex_lock(&cache->lock);
    entry = cache->by_index[index];
    if (entry && entry->ahead)
        li_cache_catch_up(cache, entry);
    if (entry)
        atomic_fetch_add(&entry->users, 1);
    else
        entry = li_cache_enqueue(cache, index);
    if (!entry)
        li_fail_memory(err);
    else if (entry->state != LI_CACHE_READY)
        entry = li_cache_await(cache, entry, err);
    if (entry) {
        li_cache_list_remove(&entry->link);
        li_cache_list_put_first(&cache->there, &entry->link);
    }
    pthread_mutex_unlock(&cache->lock);
    return entry;
}

void li_cache_want(struct li_cache *cache, uint64_t index)
{
    if (index >= cache->options.chunks)
        return;
    pthread_mutex_lock(&cache->lock);
    if (!cache->by_index[index] && !cache->closing)
        li_cache_enqueue_ahead(cache, index);
    pthread_mutex_unlock(&cache->lock);
}

int li_cache_read(struct li_cache *cache, uint64_t index, uint32_t offset, uint32_t len, void *buf,
                  struct li_error *err)
{
    struct li_cache_entry *entry;

    if (index >= cache->options.chunks || offset > LI_CHUNK_SIZE || len > LI_CHUNK_SIZE - offset)
        return li_fail(err, LI_EINVALID, "bytes %" PRIu32 " to %" PRIu64 " of chunk %" PRIu64,
                       offset, (uint64_t)offset + len, index);
    entry = hold(cache, index, err);
    if (!entry)
        return err->code;
    memcpy(buf, entry->data + offset, len);
    release(cache, entry);
    return 0;
}
