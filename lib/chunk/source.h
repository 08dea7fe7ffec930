/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of chunks, and the walk over one by a team of workers. The sources are the ext4 plan
 * (what an image will be) and the reader (what a repository holds). Convert, push and pull walk
 * over one; `verify --repair` reads single chunks of one.
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
    /* Fills BUF with chunk INDEX. Or sets *ZEROS, which is false when it is called, and leaves BUF
     * untouched, where the chunk is known to be all zeros (a chunk that is returned may be so too).
     * Whatever it returns but 0 is a failure. Called from many threads at once. */
    int (*read)(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err);
    /* What chunk INDEX is made of: LAYER, and a digest of all that decides which bytes of that
     * layer go where in the chunk, the rest being zeros. With the layer's diff ID it says which
     * bytes the chunk has, though not what they are. LI_END where a chunk is made of anything else.
     * Reads no layer. May be NULL. Any thread. */
    int (*recipe)(void *self, uint64_t index, size_t *layer, uint8_t recipe[LI_SHA256_SIZE],
                  struct li_error *err);
    /* Waits a moment where worker WORKER of a walk should leave the processor to something else
     * that the source needs; true where it should still. Worker 0 never waits. May be NULL. */
    bool (*give_way)(void *self, unsigned worker);
};

/* Reads chunk INDEX of SOURCE. On success *ZEROS says whether all of it is zeros and BUF untouched,
 * and else BUF is filled. Any thread. */
int li_chunk_read(const struct li_chunk_source *source, uint64_t index, uint8_t *buf, bool *zeros,
                  struct li_error *err);

/* What a walk does with each chunk that is not all zeros; BUF is the worker's own, LI_CHUNK_SIZE
 * bytes, and may be changed. WORKER is 0 to threads - 1. */
typedef int li_chunk_visit(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                           struct li_error *err);

/* Reads all chunks by THREADS workers, each taking the next one, and calls VISIT for those that are
 * not all zeros. Stops at the first failure and returns it. PROGRESS may be NULL. */
int li_chunk_walk(const struct li_chunk_source *source, unsigned threads, li_chunk_visit *visit,
                  void *arg, const struct li_progress *progress, struct li_error *err);

/* The same with DIGEST, the SHA-256 of the chunk. */
typedef int li_chunk_visit_hashed(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                                  const uint8_t digest[LI_SHA256_SIZE], struct li_error *err);

/* Asked before a chunk is read: LI_END where it need not be, and is not to be visited. */
typedef int li_chunk_known(void *arg, unsigned worker, uint64_t index, struct li_error *err);

struct li_chunk_visitor {
    li_chunk_known *known; /* may be NULL */
    li_chunk_visit_hashed *visit;
    void *arg;
};

/* The same walk with each chunk hashed, for which a worker reads two before it visits them. */
int li_chunk_walk_hashed(const struct li_chunk_source *source, unsigned threads,
                         const struct li_chunk_visitor *visitor, const struct li_progress *progress,
                         struct li_error *err);

/* Asked once, when all is written and before the file appears: a last reason to refuse it. */
typedef int li_chunk_confirm(void *arg, struct li_error *err);

struct li_chunk_file {
    const char *path;
    unsigned threads;          /* that read and write */
    li_chunk_confirm *confirm; /* may be NULL */
    void *confirm_arg;
    const struct li_progress *progress; /* may be NULL */
};

/* Writes a source to a sparse file, which appears when it is whole and confirmed, in place of what
 * was there. */
int li_chunk_write_file(const struct li_chunk_source *source, const struct li_chunk_file *file,
                        struct li_error *err);

#endif
