/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory cache of one image's plaintext chunks, and the workers that fill it.
 *
 * If many readers want a chunk at once, it is fetched once. A reader waits no longer than its
 * deadline; the fetch continues and serves later readers. Only chunks that passed their checks get
 * in. The least recently used chunk is dropped first; chunks in use stay.
 *
 * A chunk that nobody waits for yet can be fetched ahead. What readers wait for comes first.
 */
#ifndef LI_CACHE_CACHE_H
#define LI_CACHE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct li_cache;

/* Fetches chunk INDEX into BUF, LI_CHUNK_SIZE bytes, and checks it. Any result but 0 is a failure.
 * WORKER is below the number of workers, and no two calls with the same WORKER run at once. */
typedef int li_cache_fetch(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                           struct li_error *err);

struct li_cache_options {
    uint64_t chunks;   /* the number of chunks of the image */
    uint64_t memory;   /* bytes of plaintext to keep; at least a few chunks are kept */
    unsigned workers;  /* fetches at once, 1 or more */
    unsigned deadline; /* seconds a reader waits for a chunk, 1 or more */
    li_cache_fetch *fetch;
    void *arg;
};

/* Makes a cache and starts its workers, at most one for each chunk that is kept. The cache borrows
 * what ARG refers to. LI_EINVALID if an option is out of range, LI_ENOMEM. */
int li_cache_new(const struct li_cache_options *options, struct li_cache **out,
                 struct li_error *err);

/* Stops the cache: no fetch begins any more and no reader waits. Readers get what is there, or
 * LI_ECANCELLED. Waits up to SECONDS, which may be 0, for running fetches, and returns whether all
 * have ended. Any thread, and more than once. */
bool li_cache_stop(struct li_cache *cache, unsigned seconds);

/* Waits for running fetches, however long they take: see li_cache_stop(). No reader may be left.
 * NULL is allowed. */
void li_cache_free(struct li_cache *cache);

/* Copies LEN bytes at OFFSET of chunk INDEX; OFFSET + LEN is at most LI_CHUNK_SIZE. LI_ENETWORK
 * with sys = ETIMEDOUT at the deadline. Any thread. */
int li_cache_read(struct li_cache *cache, uint64_t index, uint32_t offset, uint32_t len, void *buf,
                  struct li_error *err);

/* Fetches chunk INDEX ahead, unless it is there or asked for. It never waits, and ignores a wish
 * that it has no room for: chunks fetched ahead take up a quarter of the memory, and half of the
 * workers, so with one worker nothing is fetched ahead. A failure is forgotten. Any thread. */
void li_cache_want(struct li_cache *cache, uint64_t index);

#endif
