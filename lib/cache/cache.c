/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock over an array from chunk to entry, a queue of chunks to fetch, and a list of chunks that
 * are there, least recently used last. The lock is held to find and to link, never to copy or to
 * fetch.
 *
 * An entry that is wanted counts its waiters, one that is there its readers; either keeps it. Each
 * worker fills a buffer from a fixed number of them, so what is in flight counts within the memory
 * bound. It evicts for one if it must; there are at least as many buffers as workers, and readers
 * hold theirs for the time of a copy, so one becomes free.
 *
 * A reader that gives up takes its chunk from the queue if no other waits for it and no worker has
 * it: after an outage the workers fetch what is still wanted. A failure is told to all who wait and
 * then forgotten, so that the next read tries again.
 */
#include "cache/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/workers.h"
#include "chunk/chunk.h"

enum { CHUNKS_MIN = 4 }; /* kept at least, however little memory is given */

enum state { QUEUED, FETCHING, READY, FAILED };

struct entry {
    struct entry *prev, *next; /* in the queue, or among those that are there */
    uint64_t index;
    enum state state;
    atomic_uint users; /* waiters or readers; raised under the lock only */
    uint8_t *data;     /* while READY */
    pthread_cond_t settled;
    struct li_error error; /* while FAILED */
};

/* A ring with a head that is no entry's. */
struct list {
    struct entry head;
};

struct li_cache {
    struct li_cache_options options;
    struct li_workers *workers;
    pthread_mutex_t lock;
    pthread_cond_t queued; /* for workers: something to fetch, or the end */
    pthread_cond_t room;   /* for workers: a reader has let go of a buffer */
    atomic_bool short_of;  /* a worker waits for room */
    pthread_cond_t idle;   /* for who stops it: the last fetch has ended */
    bool closing;          /* under lock, as all that follows */
    unsigned running;      /* fetches */
    struct list queue;     /* first come, first served */
    struct list there;     /* most recently used first */
    uint8_t **spare;       /* a stack of buffers out of use */
    uint64_t spare_count;
    uint64_t buffer_count; /* made so far; at most buffer_max */
    uint64_t buffer_max;
    struct entry *by_index[];
};

static void list_init(struct list *list)
{
    list->head.prev = list->head.next = &list->head;
}

static bool list_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

static void list_insert(struct entry *after, struct entry *entry)
{
    entry->prev = after;
    entry->next = after->next;
    after->next->prev = entry;
    after->next = entry;
}

static void list_remove(struct entry *entry)
{
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
}

static void free_entry(struct entry *entry)
{
    pthread_cond_destroy(&entry->settled);
    free(entry);
}

/* One that can be waited for up to a moment that a change of the clock does not move. */
static void init_timed(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

static struct timespec in_seconds(unsigned seconds)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += seconds;
    return t;
}

/* A new entry, in the queue and with one user. */
static struct entry *enqueue(struct li_cache *cache, uint64_t index)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    init_timed(&entry->settled);
    entry->index = index;
    entry->state = QUEUED;
    atomic_init(&entry->users, 1);
    cache->by_index[index] = entry;
    list_insert(cache->queue.head.prev, entry);
    pthread_cond_signal(&cache->queued);
    return entry;
}

/* Drops a chunk that is there and that nobody reads, and returns its buffer; NULL if all are in
 * use. */
static uint8_t *evict(struct li_cache *cache)
{
    for (struct entry *e = cache->there.head.prev; e != &cache->there.head; e = e->prev) {
        uint8_t *buffer = e->data;

        if (atomic_load(&e->users) > 0)
            continue;
        list_remove(e);
        cache->by_index[e->index] = NULL;
        free_entry(e);
        return buffer;
    }
    return NULL;
}

/* A buffer to fetch into, or NULL if there is no memory for the first of them. */
static uint8_t *take_buffer(struct li_cache *cache)
{
    uint8_t *buffer = NULL;

    if (cache->spare_count == 0 && cache->buffer_count < cache->buffer_max) {
        buffer = malloc(LI_CHUNK_SIZE);
        cache->buffer_count += buffer != NULL;
    }
    while (!buffer && (cache->spare_count > 0 || !list_empty(&cache->there))) {
        if (cache->spare_count > 0)
            return cache->spare[--cache->spare_count];
        /* Set before the readers' counts are read: a reader lowers its own and then looks here. */
        atomic_store(&cache->short_of, true);
        buffer = evict(cache);
        if (!buffer)
            pthread_cond_wait(&cache->room, &cache->lock);
    }
    return buffer;
}

static void settle(struct li_cache *cache, struct entry *entry, uint8_t *buffer, int rc,
                   const struct li_error *err)
{
    if (rc == 0) {
        entry->state = READY;
        entry->data = buffer;
        list_insert(&cache->there.head, entry);
    } else {
        entry->state = FAILED;
        entry->error = *err;
        cache->by_index[entry->index] = NULL;
        if (buffer)
            cache->spare[cache->spare_count++] = buffer;
    }
    if (rc < 0 && atomic_load(&entry->users) == 0)
        free_entry(entry);
    else
        pthread_cond_broadcast(&entry->settled);
}

/* Fetches the first of the queue; the lock is held before and after. */
static void fetch_first(struct li_cache *cache, unsigned worker)
{
    struct entry *entry = cache->queue.head.next;
    struct li_error err = LI_ERROR_INIT;
    uint8_t *buffer;
    int rc;

    list_remove(entry);
    entry->state = FETCHING;
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

static int work(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_cache *cache = arg;

    (void)team, (void)err;
    pthread_mutex_lock(&cache->lock);
    while (!cache->closing) {
        if (list_empty(&cache->queue))
            pthread_cond_wait(&cache->queued, &cache->lock);
        else
            fetch_first(cache, index);
    }
    pthread_mutex_unlock(&cache->lock);
    return 0;
}

int li_cache_new(const struct li_cache_options *options, struct li_cache **out,
                 struct li_error *err)
{
    struct li_cache *cache = NULL;
    uint64_t most = options->memory / LI_CHUNK_SIZE;
    unsigned workers = options->workers;
    int rc = 0;

    if (options->chunks > LI_CHUNK_MAX_COUNT || workers == 0 || options->deadline == 0)
        return li_fail(err, LI_EINVALID, "a cache of %" PRIu64 " chunks with %u workers",
                       options->chunks, workers);
    if (most > options->chunks)
        most = options->chunks;
    if (most < CHUNKS_MIN)
        most = CHUNKS_MIN;
    if (workers > most)
        workers = (unsigned)most;
    cache = calloc(1, sizeof(*cache) + options->chunks * sizeof(cache->by_index[0]));
    if (!cache)
        return li_fail_memory(err);
    cache->options = *options;
    cache->buffer_max = most;
    atomic_init(&cache->short_of, false);
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->queued, NULL);
    pthread_cond_init(&cache->room, NULL);
    init_timed(&cache->idle);
    list_init(&cache->queue);
    list_init(&cache->there);
    cache->spare = calloc(most, sizeof(cache->spare[0]));
    rc = cache->spare ? 0 : li_fail_memory(err);
    if (rc == 0)
        rc = li_workers_start(workers, work, cache, &cache->workers, err);
    if (rc < 0) {
        li_cache_free(cache);
        return rc;
    }
    *out = cache;
    return 0;
}

bool li_cache_stop(struct li_cache *cache, unsigned seconds)
{
    const struct timespec deadline = in_seconds(seconds);
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
        free(cache->by_index[i]->data);
        free_entry(cache->by_index[i]);
    }
    while (cache->spare_count > 0)
        free(cache->spare[--cache->spare_count]);
    free(cache->spare);
    pthread_cond_destroy(&cache->idle);
    pthread_cond_destroy(&cache->room);
    pthread_cond_destroy(&cache->queued);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* Lets go of an entry that is READY. */
static void release(struct li_cache *cache, struct entry *entry)
{
    if (atomic_fetch_sub(&entry->users, 1) > 1 || !atomic_load(&cache->short_of))
        return;
    pthread_mutex_lock(&cache->lock);
    atomic_store(&cache->short_of, false);
    pthread_cond_broadcast(&cache->room);
    pthread_mutex_unlock(&cache->lock);
}

/* Lets go of an entry that did not become READY in time, or FAILED; the lock is held. */
static void give_up(struct li_cache *cache, struct entry *entry)
{
    if (atomic_fetch_sub(&entry->users, 1) > 1 || entry->state == FETCHING)
        return;
    if (entry->state == QUEUED) {
        list_remove(entry);
        cache->by_index[entry->index] = NULL;
    }
    free_entry(entry);
}

/* Waits until ENTRY is settled; returns it, still held, or lets go of it and says why. */
static struct entry *await(struct li_cache *cache, struct entry *entry, struct li_error *err)
{
    const struct timespec deadline = in_seconds(cache->options.deadline);
    int rc = 0;

    while ((entry->state == QUEUED || entry->state == FETCHING) && rc != ETIMEDOUT &&
           !cache->closing)
        rc = pthread_cond_timedwait(&entry->settled, &cache->lock, &deadline);
    if (entry->state == READY)
        return entry;
    if (entry->state == FAILED) {
        *err = entry->error;
    } else if (cache->closing) {
        li_fail(err, LI_ECANCELLED, "the image is being closed");
    } else {
        li_fail(err, LI_ENETWORK, "chunk %" PRIu64 " did not arrive within %u second%s",
                entry->index, cache->options.deadline, li_text_s(cache->options.deadline));
        err->sys = ETIMEDOUT;
    }
    give_up(cache, entry);
    return NULL;
}

/* The entry of chunk INDEX, READY and held; NULL with a reason. */
static struct entry *hold(struct li_cache *cache, uint64_t index, struct li_error *err)
{
    struct entry *entry;

    pthread_mutex_lock(&cache->lock);
    entry = cache->by_index[index];
    if (entry)
        atomic_fetch_add(&entry->users, 1);
    else
        entry = enqueue(cache, index);
    if (!entry)
        li_fail_memory(err);
    else if (entry->state != READY)
        entry = await(cache, entry, err);
    if (entry) {
        list_remove(entry);
        list_insert(&cache->there.head, entry);
    }
    pthread_mutex_unlock(&cache->lock);
    return entry;
}

int li_cache_read(struct li_cache *cache, uint64_t index, uint32_t offset, uint32_t len, void *buf,
                  struct li_error *err)
{
    struct entry *entry;

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
