/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers: they read, hash and name chunks. Most chunks are stored already, and need nothing more.
 * New chunks are sealed here and handed to the writers, which wait for the disk or the network. The
 * bounded queue in between bounds the memory of chunks that wait. If only a request can tell
 * whether a chunk is stored, it is handed over unsealed: there are many writers, so they wait for
 * answers side by side, and no reader waits for one.
 *
 * A chunk that recurs within the image is stored once, because the names met so far are kept. If
 * its first copy cannot be stored the whole push fails, so no other copy relies on a missing chunk.
 */
#include "push/chunks.h"

#include <stdlib.h>
#include <string.h>

#include "repo/salt.h"

/* ---- readers --------------------------------------------------------------------------------- */

/* Leaves a chunk to the writers: sealed if it is not stored, else as it is. */
static int hand_over(struct li_chunk_push *p, unsigned reader, struct li_push_item *item,
                     const uint8_t *plain, struct li_error *err)
{
    struct li_job *job = NULL;
    int rc = li_job_new(&p->jobs, item, &job, err);

    if (rc < 0)
        return rc;
    job->sealed = item->stored == LI_STORED_NO;
    if (job->sealed)
        rc = li_push_seal(p, &p->tools[reader], item, plain, &job->bytes, err);
    else
        rc = li_buffer_append(&job->bytes, plain, LI_CHUNK_SIZE, err);
    if (rc == 0)
        return li_jobs_put(&p->jobs, job, err);
    li_job_free(&p->jobs, job);
    return rc;
}

/* Handles a chunk that is met for the first time. A lookup in a directory does not wait, so an
 * existing chunk is checked here. */
static int pass_on(struct li_chunk_push *p, unsigned reader, struct li_push_item *item,
                   const uint8_t *plain, struct li_error *err)
{
    struct li_push_chunk known = {.fate = LI_PUSH_KNOWN};
    int rc = li_lookup_glance(p->lookup, item, err);

    if (rc < 0)
        return rc;
    if (item->stored != LI_STORED_YES)
        return hand_over(p, reader, item, plain, err);
    return p->push->options->check_existing ? li_push_settle(p, &p->tools[reader], item, plain, err)
                                            : li_tally_settle(&p->tally, item, known, err);
}

static int take_chunk(void *arg, unsigned reader, uint64_t index, uint8_t *plain,
                      const uint8_t digest[LI_SHA256_SIZE], struct li_error *err)
{
    struct li_chunk_push *p = arg;
    struct li_push_item *item = &p->item[index];
    struct li_push_chunk repeated = {.fate = LI_PUSH_REPEATED};
    int rc;

    memcpy(item->chunk.digest, digest, sizeof(item->chunk.digest));
    rc = li_push_item_name(item, index, p->salt, err);
    if (rc == 0)
        rc = li_tally_meet(&p->tally, item, err);
    if (rc == LI_END)
        return li_tally_settle(&p->tally, item, repeated, err);
    return rc < 0 ? rc : pass_on(p, reader, item, plain, err);
}

/* Reads the whole source, with writers beside. If both fail, the writers' failure is reported when
 * the readers were only stopped. */
static int walk(struct li_chunk_push *p, struct li_error *err)
{
    const struct li_progress *progress = p->push->options->progress;
    const struct li_chunk_visitor visitor = {p->memo ? li_push_recall : NULL, take_chunk, p};
    struct li_error writing = LI_ERROR_INIT;
    struct li_workers *writers = NULL;
    int rc, written;

    rc = li_workers_start(li_repo_store(p->repo)->width, li_push_write, p, &writers, err);
    if (rc < 0)
        return rc;
    rc = li_chunk_walk_hashed(p->push->image->source, p->readers, &visitor, progress, err);
    if (rc < 0) {
        li_workers_stop(writers);
        li_repo_cancel(p->repo);
    }
    li_jobs_close(&p->jobs);
    written = li_workers_join(writers, &writing);
    if (written < 0 && (rc == 0 || rc == LI_ECANCELLED)) {
        *err = writing;
        rc = written;
    }
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int allocate(struct li_chunk_push *p, struct li_error *err)
{
    struct li_push *push = p->push;
    int rc = li_jobs_init(&p->jobs, err);

    p->item = li_secret_alloc((push->image->source->count + 1) * sizeof(*p->item));
    p->salt = li_secret_alloc(sizeof(*p->salt));
    p->tools = calloc(p->readers, sizeof(*p->tools));
    li_tally_init(&p->tally, p->item, push->options, &push->result);
    if (rc == 0 && (!p->item || !p->salt || !p->tools))
        rc = li_fail_memory(err);
    return rc;
}

static int open_lookup(struct li_chunk_push *p, struct li_error *err)
{
    const struct li_push *push = p->push;
    struct li_lookup_scope scope = {.repo = p->repo,
                                    .root = &push->root,
                                    .reference = push->image->reference,
                                    .memo = p->memo,
                                    .chunks = push->image->source->count,
                                    .nothing_known = push->options->check_existing};

    return li_lookup_open(&scope, &p->lookup, err);
}

static int prepare(struct li_chunk_push *p, struct li_error *err)
{
    const struct li_push_options *options = p->push->options;
    struct li_memo *memo = options->check_existing ? NULL : options->memo;
    int rc = li_repo_fork(p->push->repo, &p->repo, err);

    if (rc == 0)
        rc = li_sealed_root_new(p->repo, &p->origin, err);
    if (rc == 0)
        rc = li_salt_open(p->push->repo, p->push->root.salt, p->salt, err);
    if (rc == 0 && memo && li_memo_fits(memo, p->salt))
        p->memo = memo;
    if (rc == 0)
        rc = open_lookup(p, err);
    if (rc == 0 && li_repo_store(p->repo)->remote)
        rc = li_push_recall_together(p, err);
    return rc;
}

/* Copies the chunks that are not all zeros to the push. */
static int collect(const struct li_chunk_push *p, struct li_error *err)
{
    struct li_push *push = p->push;
    struct li_manifest_chunk *chunk = li_secret_alloc((push->result.chunks + 1) * sizeof(*chunk));

    if (!chunk)
        return li_fail_memory(err);
    push->chunk = chunk;
    push->chunk_count = 0;
    for (uint64_t i = 0; i < push->image->source->count; i++)
        if (p->item[i].named)
            chunk[push->chunk_count++] = p->item[i].chunk;
    return 0;
}

static void release(struct li_chunk_push *p)
{
    for (unsigned i = 0; p->tools && i < p->readers; i++)
        li_push_tools_free(&p->tools[i]);
    free(p->tools);
    li_jobs_free(&p->jobs);
    li_tally_free(&p->tally);
    li_lookup_free(p->lookup);
    li_secret_free(p->item);
    li_secret_free(p->salt);
    li_sealed_free(p->origin);
    li_repo_free(p->repo);
}

int li_push_chunks(struct li_push *push, struct li_error *err)
{
    unsigned threads = li_repo_env(push->repo)->threads;
    struct li_chunk_push p = {.push = push, .readers = threads ? threads : 1};
    struct li_error ignored = LI_ERROR_INIT;
    int rc = allocate(&p, err);

    if (rc == 0)
        rc = prepare(&p, err);
    if (rc == 0)
        rc = walk(&p, err);
    if (rc == 0)
        rc = li_push_learn(&p, err);
    if (rc == 0)
        rc = collect(&p, err);
    /* If this cannot be kept, it costs the next push some requests, and this push nothing. */
    if (rc == 0 && !push->options->dry_run)
        (void)li_lookup_keep(p.lookup, push->chunk, push->chunk_count, &ignored);
    release(&p);
    return rc;
}

void li_push_chunks_free(struct li_push *push)
{
    li_secret_free(push->chunk);
    push->chunk = NULL;
    push->chunk_count = 0;
}
