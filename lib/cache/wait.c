/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for a chunk. A reader that gives up removes its chunk from the queue, if nobody else waits
 * for it and no worker has it. So after an outage the workers fetch only what is still wanted.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/text.h"
#include "cache/internal.h"

void li_cache_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

struct timespec li_cache_in_seconds(unsigned seconds)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += seconds;
    return t;
}

/* Releases an entry that did not become READY in time, or FAILED. */
static void give_up(struct li_cache *cache, struct li_cache_entry *entry)
{
    if (atomic_fetch_sub(&entry->users, 1) > 1 || entry->state == LI_CACHE_FETCHING)
        return;
    if (entry->state == LI_CACHE_QUEUED) {
        li_cache_list_remove(&entry->link);
        cache->by_index[entry->index] = NULL;
    }
    li_cache_entry_free(entry);
}

static bool is_settled(const struct li_cache_entry *entry)
{
    return entry->state == LI_CACHE_READY || entry->state == LI_CACHE_FAILED;
}

struct li_cache_entry *li_cache_await(struct li_cache *cache, struct li_cache_entry *entry,
                                      struct li_error *err)
{
    const struct timespec deadline = li_cache_in_seconds(cache->options.deadline);
    int rc = 0;

    while (!is_settled(entry) && rc != ETIMEDOUT && !cache->closing)
        rc = pthread_cond_timedwait(&entry->settled, &cache->lock, &deadline);
    if (entry->state == LI_CACHE_READY)
        return entry;
    if (entry->state == LI_CACHE_FAILED) {
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
