/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of chunks to fetch, and the workers that fetch them, once for all who wait.
 *
 * The number of buffers is fixed and each worker fills one of them, so fetches in flight count
 * within the memory bound. A worker evicts a chunk for a buffer if it must. There are at least as
 * many buffers as workers, and readers hold one only for the time of a copy, so one becomes free.
 *
 * All who wait get a failure, which is then forgotten, so that the next read tries again.
 */
#include <stdlib.h>

#include "cache/internal.h"

struct li_cache_entry *li_cache_enqueue(struct li_cache *cache, uint64_t index)
{
    struct li_cache_entry *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    li_cache_cond_init(&entry->settled);
    entry->index = index;
    entry->state = LI_CACHE_QUEUED;
    atomic_init(&entry->users, 1);
    cache->by_index[index] = entry;
    li_cache_list_put_last(&cache->queue, &entry->link);
    pthread_cond_signal(&cache->queued);
    return entry;
}

void li_cache_entry_free(struct li_cache_entry *entry)
{
    pthread_cond_destroy(&entry->settled);
    free(entry);
}

/* Drops a chunk that nobody reads, and returns its buffer; NULL if all are in use. */
static uint8_t *evict(struct li_cache *cache)
{
    struct li_cache_link *head = &cache->there.head;

    for (struct li_cache_link *link = head->prev; link != head; link = link->prev) {
        struct li_cache_entry *entry = (struct li_cache_entry *)link;
        uint8_t *buffer = entry->data;

        if (atomic_load(&entry->users) > 0)
            continue;
        li_cache_list_remove(link);
        cache->by_index[entry->index] = NULL;
        li_cache_entry_free(entry);
        return buffer;
    }
    return NULL;
}

/* A buffer to fetch into; NULL if there is no memory for even the first. */
static uint8_t *take_buffer(struct li_cache *cache)
{
    uint8_t *buffer = li_cache_buffers_take(&cache->buffers);

    while (!buffer && !li_cache_list_empty(&cache->there)) {
        /* Set before the readers' counts are read: a reader lowers its count and then looks at
         * this. */
        atomic_store(&cache->short_of, true);
        buffer = evict(cache);
        if (!buffer) {
            pthread_cond_wait(&cache->room, &cache->lock);
            buffer = li_cache_buffers_take(&cache->buffers);
        }
    }
    return buffer;
}

static void settle(struct li_cache *cache, struct li_cache_entry *entry, uint8_t *buffer, int rc,
                   const struct li_error *err)
{
    if (rc == 0) {
        entry->state = LI_CACHE_READY;
        entry->data = buffer;
        li_cache_list_put_first(&cache->there, &entry->link);
    } else {
        entry->state = LI_CACHE_FAILED;
        entry->error = *err;
        cache->by_index[entry->index] = NULL;
        if (buffer)
            li_cache_buffers_give(&cache->buffers, buffer);
    }
    if (rc < 0 && atomic_load(&entry->users) == 0)
        li_cache_entry_free(entry);
    else
        pthread_cond_broadcast(&entry->settled);
}

/* Fetches the first chunk of the queue. The lock is held before and after. */
static void fetch_first(struct li_cache *cache, unsigned worker)
{
    struct li_cache_entry *entry = (struct li_cache_entry *)cache->queue.head.next;
    struct li_error err = LI_ERROR_INIT;
    uint8_t *buffer;
    int rc;

    li_cache_list_remove(&entry->link);
    entry->state = LI_CACHE_FETCHING;
    cache->running++;
    buffer = take_buffer(cache);
    pthread_mutex_unlock(&cache->lock);
    if (buffer)
        rc = cache->options.fetch(cache->options.arg, worker, entry->index, buffer, &err);
    else
        rc = li_fail_memory(&err);
    if (rc != 0)
        rc = err.code = rc < 0 ? rc : li_as_failure(rc, &err);
    pthread_mutex_lock(&cache->lock);
    settle(cache, entry, buffer, rc, &err);
    if (--cache->running == 0)
        pthread_cond_broadcast(&cache->idle);
}

int li_cache_work(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_cache *cache = arg;

    (void)team, (void)err;
    pthread_mutex_lock(&cache->lock);
    while (!cache->closing) {
        if (li_cache_list_empty(&cache->queue))
            pthread_cond_wait(&cache->queued, &cache->lock);
        else
            fetch_first(cache, index);
    }
    pthread_mutex_unlock(&cache->lock);
    return 0;
}
