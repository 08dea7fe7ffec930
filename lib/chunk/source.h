/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of chunks, and the walk over it by a team of workers. The sources are the ext4 plan
 * (what an image will be) and the reader (what a repository holds). Convert, push and pull walk
 * over a source; `verify --repair` reads single chunks of it.
 */
#ifndef LI_CHUNK_SOURCE_H
#define LI_CHUNK_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "base/sha256.h"
#include "chunk/chunk.h"

struct li_chunk_source {
    void *self;
    uint64_t count; /* chunks; at most LI_CHUNK_MAX_COUNT */
    /* Fills BUF with chunk INDEX. If the chunk is known to be all zeros, it may set *ZEROS, which
     * is false at the call, and leave BUF as it is. A chunk that it does fill in may be all zeros,
     * too. Any result but 0 is a failure. Called from many threads at once. */
    int (*read)(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err);
    /* What chunk INDEX is made of: LAYER, and a digest of everything that decides which bytes of
     * that layer go where in the chunk; the rest is zeros. With the layer's diff ID it determines
     * the chunk's bytes, but does not reveal them. LI_END if the chunk contains anything else.
     * Reads no layer. May be NULL. Any thread. */
    int (*recipe)(void *self, uint64_t index, size_t *layer, uint8_t recipe[LI_SHA256_SIZE],
                  struct li_error *err);
    /* Waits a moment if worker WORKER of a walk should leave the processor to other work that the
     * source needs; returns true if it should still do so. Worker 0 never waits. May be NULL. */
    bool (*give_way)(void *self, unsigned worker);
};

/* Reads chunk INDEX of SOURCE. On success *ZEROS says whether it is all zeros and BUF is unchanged;
 * else BUF is filled. Any thread. */
int li_chunk_read(const struct li_chunk_source *source, uint64_t index, uint8_t *buf, bool *zeros,
                  struct li_error *err);

/* What a walk does with each chunk that is not all zeros. BUF is the worker's own, LI_CHUNK_SIZE
 * bytes, and may be changed. WORKER is 0 to threads - 1. */
typedef int li_chunk_visit(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                           struct li_error *err);

/* Reads all chunks with THREADS workers, each taking the next chunk, and calls VISIT for those that
 * are not all zeros. Stops at the first failure and returns it. PROGRESS may be NULL. */
int li_chunk_walk(const struct li_chunk_source *source, unsigned threads, li_chunk_visit *visit,
                  void *arg, const struct li_progress *progress, struct li_error *err);

/* The same, with the chunk's SHA-256 in DIGEST. */
typedef int li_chunk_visit_hashed(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                                  const uint8_t digest[LI_SHA256_SIZE], struct li_error *err);

/* Called before a chunk is read. LI_END: do not read or visit it. */
typedef int li_chunk_known(void *arg, unsigned worker, uint64_t index, struct li_error *err);

struct li_chunk_visitor {
    li_chunk_known *known; /* may be NULL */
    li_chunk_visit_hashed *visit;
    void *arg;
};

/* The same walk with each chunk hashed. A worker reads two chunks before it visits them. */
int li_chunk_walk_hashed(const struct li_chunk_source *source, unsigned threads,
                         const struct li_chunk_visitor *visitor, const struct li_progress *progress,
                         struct li_error *err);

/* Called by li_chunk_write_file() once, when everything is written and before the file appears, and
 * by a push before each object: the last chance to refuse it. */
typedef int li_chunk_confirm(void *arg, struct li_error *err);

struct li_chunk_file {
    const char *path;
    unsigned threads;          /* workers that read and write */
    li_chunk_confirm *confirm; /* may be NULL */
    void *confirm_arg;
    const struct li_progress *progress; /* may be NULL */
};

/* Writes a source to a sparse file. The file appears, in place of an older one, when it is whole
 * and confirmed. */
int li_chunk_write_file(const struct li_chunk_source *source, const struct li_chunk_file *file,
                        struct li_error *err);

#endif
