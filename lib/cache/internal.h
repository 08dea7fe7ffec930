/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the memory cache share. Not for other modules. */
#ifndef LI_CACHE_INTERNAL_H
#define LI_CACHE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/workers.h"
#include "cache/buffers.h"
#include "cache/cache.h"
#include "cache/list.h"

enum li_cache_state { LI_CACHE_QUEUED, LI_CACHE_FETCHING, LI_CACHE_READY, LI_CACHE_FAILED };

struct li_cache_entry {
    struct li_cache_link link; /* in the queue, or among the chunks that are there */
    uint64_t index;
    enum li_cache_state state;
    bool ahead;        /* queued or being fetched, and no reader has asked for it yet */
    atomic_uint users; /* waiters or readers; raised under the lock only */
    uint8_t *data;     /* while READY */
    pthread_cond_t settled;
    struct li_error error; /* while FAILED */
};

struct li_cache {
    struct li_cache_options options;
    struct li_workers *workers;
    pthread_mutex_t lock;
    pthread_cond_t queued;      /* for workers: something to fetch, or the end */
    pthread_cond_t room;        /* for workers: a reader has released a buffer */
    atomic_bool short_of;       /* a worker waits for room */
    pthread_cond_t idle;        /* for li_cache_stop(): the last fetch has ended */
    bool closing;               /* under lock, like everything below */
    unsigned running;           /* fetches */
    struct li_cache_list queue; /* first come, first served */
    struct li_cache_list ahead; /* chunks to fetch ahead, after those of the queue */
    unsigned ahead_waiting;     /* entries in AHEAD */
    unsigned ahead_running;     /* fetches of entries that are still ahead of all readers */
    struct li_cache_list there; /* most recently used first */
    struct li_cache_buffers buffers;
    struct li_cache_entry *by_index[];
};

/* The functions of queue.c. All but the worker are called with the lock held. */

/* A new entry for chunk INDEX, queued and with one user; NULL if there is no memory. */
struct li_cache_entry *li_cache_enqueue(struct li_cache *cache, uint64_t index);

/* The same, in the queue of chunks to fetch ahead, and without a user. */
void li_cache_enqueue_ahead(struct li_cache *cache, uint64_t index);

/* A reader asks for ENTRY, which is ahead: it is one that a reader waits for from now on. */
void li_cache_catch_up(struct li_cache *cache, struct li_cache_entry *entry);

/* Frees an entry that is in no list. Its data is not freed. */
void li_cache_entry_free(struct li_cache_entry *entry);

/* A worker: fetches queued chunks until the cache closes. ARG is the cache. */
int li_cache_work(void *arg, unsigned index, struct li_workers *team, struct li_error *err);

/* The functions of wait.c. */

/* Makes a condition for timed waits that a change of the wall clock does not affect. */
void li_cache_cond_init(pthread_cond_t *cond);

/* The time SECONDS from now, for such a wait. */
struct timespec li_cache_in_seconds(unsigned seconds);

/* Waits until ENTRY, which the caller uses, is settled, up to the cache's deadline. The lock is
 * held before and after. Returns it READY and still in use; or releases it, and says why it failed.
 */
struct li_cache_entry *li_cache_await(struct li_cache *cache, struct li_cache_entry *entry,
                                      struct li_error *err);

#endif
