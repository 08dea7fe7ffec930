/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers share nothing but the number of the next chunk, so the fast never wait for the slow,
 * and neighbours in the image are read at about the same time, which suits the disk under a source.
 * The price is that chunks are visited in no order; nothing that walks needs one.
 */
#include "chunk/source.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/workers.h"

/* Of the worker's buffer: what O_DIRECT and the page cache like best. */
enum { BUFFER_ALIGNMENT = 4096 };

struct walk {
    const struct li_chunk_source *source;
    li_chunk_known *known; /* or NULL */
    li_chunk_visit *visit;
    void *arg;
    const struct li_progress *progress;
    atomic_uint_fast64_t next;
    atomic_uint_fast64_t done;
};

static void count_done(struct walk *walk)
{
    uint64_t done = atomic_fetch_add(&walk->done, 1) + 1;

    if (walk->progress)
        walk->progress->report(walk->progress->arg, done * LI_CHUNK_SIZE,
                               walk->source->count * LI_CHUNK_SIZE);
}

static int walk_chunk(struct walk *walk, unsigned worker, uint64_t index, uint8_t *buf,
                      struct li_error *err)
{
    int rc = walk->known ? walk->known(walk->arg, worker, index, err) : 0;

    if (rc == 0)
        rc = walk->source->read(walk->source->self, index, buf, err);
    if (rc == 0 && !li_chunk_is_zero(buf))
        rc = walk->visit(walk->arg, worker, index, buf, err);
    if (rc < 0)
        return rc;
    count_done(walk);
    return 0;
}

static int work(void *arg, unsigned worker, struct li_workers *team, struct li_error *err)
{
    struct walk *walk = arg;
    uint8_t *buf = aligned_alloc(BUFFER_ALIGNMENT, LI_CHUNK_SIZE);
    int rc = 0;

    if (!buf)
        return li_fail_memory(err);
    while (rc == 0 && !li_workers_stopped(team)) {
        uint64_t index = atomic_fetch_add(&walk->next, 1);

        if (index >= walk->source->count)
            break;
        rc = walk_chunk(walk, worker, index, buf, err);
    }
    free(buf);
    return rc;
}

int li_chunk_walk(const struct li_chunk_source *source, unsigned threads, li_chunk_visit *visit,
                  void *arg, const struct li_progress *progress, struct li_error *err)
{
    return li_chunk_walk_unknown(source, threads, NULL, visit, arg, progress, err);
}

int li_chunk_walk_unknown(const struct li_chunk_source *source, unsigned threads,
                          li_chunk_known *known, li_chunk_visit *visit, void *arg,
                          const struct li_progress *progress, struct li_error *err)
{
    struct walk walk = {
        .source = source, .known = known, .visit = visit, .arg = arg, .progress = progress};
    struct li_workers *team = NULL;
    int rc;

    if (source->count > LI_CHUNK_MAX_COUNT)
        return li_fail(err, LI_ELIMIT, "an image of %llu chunks; %d is the most",
                       (unsigned long long)source->count, LI_CHUNK_MAX_COUNT);
    rc = li_workers_start(threads ? threads : 1, work, &walk, &team, err);
    return rc < 0 ? rc : li_workers_join(team, err);
}
