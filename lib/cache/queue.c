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

static struct li_cache_entry *new_entry(struct li_cache *cache, uint64_t index, unsigned users)
{
    struct li_cache_entry *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    li_cache_cond_init(&entry->settled);
    entry->index = index;
    entry->state = LI_CACHE_QUEUED;
    atomic_init(&entry->users, users);
    cache->by_index[index] = entry;
    return entry;
}

struct li_cache_entry *li_cache_enqueue(struct li_cache *cache, uint64_t index)
{
    struct li_cache_entry *entry = new_entry(cache, index, 1);

    if (!entry)
        return NULL;
    li_cache_list_put_last(&cache->queue, &entry->link);
    pthread_cond_signal(&cache->queued);
    return entry;
}

void li_cache_enqueue_ahead(struct li_cache *cache, uint64_t index)
{
    struct li_cache_entry *entry;

    if (cache->ahead_waiting >= cache->buffers.max / 4)
        return;
    entry = new_entry(cache, index, 0);
    if (!entry)
        return;
    entry->ahead = true;
    li_cache_list_put_last(&cache->ahead, &entry->link);
    cache->ahead_waiting++;
    pthread_cond_signal(&cache->queued);
}

void li_cache_catch_up(struct li_cache *cache, struct li_cache_entry *entry)
{
    entry->ahead = false;
    if (entry->state == LI_CACHE_QUEUED) {
        li_cache_list_remove(&entry->link);
        li_cache_list_put_last(&cache->queue, &entry->link);
        cache->ahead_waiting--;
    } else {
        cache->ahead_running--;
    }
    pthread_cond_signal(&cache->queued);
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

/* Takes the chunk to fetch next out of its queue; NULL if there is none. */
static struct li_cache_entry *take_next(struct li_cache *cache)
{
    struct li_cache_entry *entry;

    if (!li_cache_list_empty(&cache->queue)) {
        entry = (struct li_cache_entry *)cache->queue.head.next;
    } else if (!li_cache_list_empty(&cache->ahead) &&
               cache->ahead_running < cache->options.workers / 2) {
        entry = (struct li_cache_entry *)cache->ahead.head.next;
        cache->ahead_waiting--;
        cache->ahead_running++;
    } else {
        return NULL;
    }
    li_cache_list_remove(&entry->link);
    return entry;
}

/* The lock is held before and after. */
static void fetch_entry(struct li_cache *cache, struct li_cache_entry *entry, unsigned worker)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t *buffer;
    int rc;

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
    if (entry->ahead)
        cache->ahead_running--;
    entry->ahead = false;
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
        struct li_cache_entry *entry = take_next(cache);

        if (entry)
            fetch_entry(cache, entry, index);
        else
            pthread_cond_wait(&cache->queued, &cache->lock);
    }
    pthread_mutex_unlock(&cache->lock);
    return 0;
}
