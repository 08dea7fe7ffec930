/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers share only the number of the next chunk, so fast workers never wait for slow ones.
 * Neighbours in the image are read at about the same time, which suits the disk under a source. The
 * price is that chunks are visited in no order; no walk needs one.
 */
#include "chunk/source.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/secret.h"
#include "base/workers.h"

/* Of the worker's buffer: suits O_DIRECT and the page cache best. */
enum { BUFFER_ALIGNMENT = 4096 };

/* Chunks that are hashed together. */
enum { PAIR = 2 };

struct walk {
    const struct li_chunk_source *source;
    li_chunk_known *known; /* or NULL */
    li_chunk_visit *visit;
    li_chunk_visit_hashed *visit_hashed; /* if VISIT is NULL */
    void *arg;
    const struct li_progress *progress;
    atomic_uint_fast64_t next;
    atomic_uint_fast64_t done;
};

/* A chunk that was read. */
struct held {
    uint64_t index;
    uint8_t *buf;
    uint8_t digest[LI_SHA256_SIZE];
};

static void count_done(struct walk *walk)
{
    uint64_t done = atomic_fetch_add(&walk->done, 1) + 1;

    if (walk->progress)
        walk->progress->report(walk->progress->arg, done * LI_CHUNK_SIZE,
                               walk->source->count * LI_CHUNK_SIZE);
}

int li_chunk_read(const struct li_chunk_source *source, uint64_t index, uint8_t *buf, bool *zeros,
                  struct li_error *err)
{
    bool said = false;
    int rc = source->read(source->self, index, buf, &said, err);

    if (rc != 0)
        return rc < 0 ? rc : li_as_failure(rc, err);
    *zeros = said;
    return 0;
}

/* LI_END if there is nothing to visit. */
static int read_chunk(struct walk *walk, unsigned worker, struct held *held, struct li_error *err)
{
    int rc = walk->known ? walk->known(walk->arg, worker, held->index, err) : 0;
    bool zeros = false;

    if (rc > 0 && rc != LI_END)
        rc = li_as_failure(rc, err);
    if (rc == 0)
        rc = li_chunk_read(walk->source, held->index, held->buf, &zeros, err);
    if (rc == 0 && (zeros || li_chunk_is_zero(held->buf)))
        rc = LI_END;
    if (rc == LI_END)
        count_done(walk);
    return rc;
}

/* A worker of the walk. */
struct worker {
    struct walk *walk;
    struct li_workers *team;
    unsigned number;
    struct held held[PAIR];
    size_t count; /* chunks that are held */
    size_t used;  /* of HELD, those whose buffers were ever read into */
};

/* Reads the next chunks to visit: at most WANT, and fewer only at the end. */
static int read_chunks(struct worker *self, size_t want, struct li_error *err)
{
    struct walk *walk = self->walk;
    const struct li_chunk_source *source = walk->source;
    int rc = 0;

    self->count = 0;
    while (source->give_way && source->give_way(source->self, self->number) &&
           !li_workers_stopped(self->team))
        ;
    while (rc >= 0 && self->count < want && !li_workers_stopped(self->team)) {
        struct held *next = &self->held[self->count];

        next->index = atomic_fetch_add(&walk->next, 1);
        if (next->index >= source->count)
            break;
        if (self->used <= self->count)
            self->used = self->count + 1;
        rc = read_chunk(walk, self->number, next, err);
        self->count += rc == 0;
    }
    return rc < 0 ? rc : 0;
}

static int hash_chunks(struct held *held, size_t count, struct li_error *err)
{
    if (count == PAIR)
        return li_sha256_two(held[0].buf, held[0].digest, held[1].buf, held[1].digest,
                             LI_CHUNK_SIZE, err);
    return count == 1 ? li_sha256(held[0].buf, LI_CHUNK_SIZE, held[0].digest, err) : 0;
}

static int visit_chunk(struct walk *walk, unsigned worker, const struct held *held,
                       struct li_error *err)
{
    int rc = walk->visit
                 ? walk->visit(walk->arg, worker, held->index, held->buf, err)
                 : walk->visit_hashed(walk->arg, worker, held->index, held->buf, held->digest, err);

    if (rc == 0)
        count_done(walk);
    return rc;
}

static int work(void *arg, unsigned worker, struct li_workers *team, struct li_error *err)
{
    struct walk *walk = arg;
    size_t want = walk->visit ? 1 : PAIR;
    uint8_t *buf = aligned_alloc(BUFFER_ALIGNMENT, want * LI_CHUNK_SIZE);
    struct worker self = {.walk = walk, .team = team, .number = worker, .count = want};
    int rc = 0;

    if (!buf)
        return li_fail_memory(err);
    for (size_t i = 0; i < want; i++)
        self.held[i].buf = buf + i * LI_CHUNK_SIZE;
    while (rc == 0 && self.count == want && !li_workers_stopped(team)) {
        rc = read_chunks(&self, want, err);
        if (rc == 0 && !walk->visit)
            rc = hash_chunks(self.held, self.count, err);
        for (size_t i = 0; i < self.count && rc == 0; i++)
            rc = visit_chunk(walk, worker, &self.held[i], err);
    }
    li_wipe(buf, self.used * LI_CHUNK_SIZE);
    free(buf);
    return rc;
}

static int run(struct walk *walk, unsigned threads, struct li_error *err)
{
    struct li_workers *team = NULL;
    int rc;

    if (walk->source->count > LI_CHUNK_MAX_COUNT)
        return li_fail(err, LI_ELIMIT, "the image has %llu chunks; at most %d are allowed",
                       (unsigned long long)walk->source->count, LI_CHUNK_MAX_COUNT);
    rc = li_workers_start(threads ? threads : 1, work, walk, &team, err);
    return rc < 0 ? rc : li_workers_join(team, err);
}

int li_chunk_walk(const struct li_chunk_source *source, unsigned threads, li_chunk_visit *visit,
                  void *arg, const struct li_progress *progress, struct li_error *err)
{
    struct walk walk = {.source = source, .visit = visit, .arg = arg, .progress = progress};

    return run(&walk, threads, err);
}

int li_chunk_walk_hashed(const struct li_chunk_source *source, unsigned threads,
                         const struct li_chunk_visitor *visitor, const struct li_progress *progress,
                         struct li_error *err)
{
    struct walk walk = {.source = source,
                        .known = visitor->known,
                        .visit_hashed = visitor->visit,
                        .arg = visitor->arg,
                        .progress = progress};

    return run(&walk, threads, err);
}
