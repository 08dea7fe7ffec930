/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The storing half of a push's chunks: from a chunk's bytes to an object.
 *
 * Readers hand over chunks that are sealed, where it is known that they are not stored. Where that
 * is not known, and asking takes a request, they hand over the bytes as they are, and a writer
 * asks: writers are many, so answers are waited for side by side, and readers never wait for one.
 */
#include <stdlib.h>
#include <string.h>

#include "push/chunks.h"
#include "repo/keys.h"

struct job {
    const struct li_manifest_chunk *chunk;
    uint8_t *plain; /* where it is to be asked for first; else NULL */
    struct li_buffer sealed;
};

/* Its buffer is kept for the next one: memory that is taken anew for each chunk, and given back, is
 * cleared by the system each time. */
static void job_free(struct li_chunk_push *p, struct job *job)
{
    if (!job)
        return;
    if (job->plain)
        li_wipe(job->plain, LI_CHUNK_SIZE);
    free(job->plain);
    pthread_mutex_lock(&p->lock);
    if (p->spares < LI_PUSH_SPARES) {
        p->spare[p->spares++] = job->sealed;
        job->sealed = (struct li_buffer){0};
    }
    pthread_mutex_unlock(&p->lock);
    li_buffer_free(&job->sealed);
    free(job);
}

static int job_new(struct li_chunk_push *p, const struct li_manifest_chunk *chunk, struct job **out,
                   struct li_error *err)
{
    struct job *job = calloc(1, sizeof(*job));

    if (!job)
        return li_fail_memory(err);
    job->chunk = chunk;
    pthread_mutex_lock(&p->lock);
    if (p->spares > 0)
        job->sealed = p->spare[--p->spares];
    pthread_mutex_unlock(&p->lock);
    *out = job;
    return 0;
}

static void count_new(struct li_chunk_push *p, size_t sealed)
{
    pthread_mutex_lock(&p->lock);
    p->result->new_chunks++;
    p->result->new_bytes += sealed;
    pthread_mutex_unlock(&p->lock);
}

void li_push_count_known(struct li_chunk_push *p, bool mended)
{
    pthread_mutex_lock(&p->lock);
    p->result->known_chunks++;
    p->result->mended += mended;
    pthread_mutex_unlock(&p->lock);
}

static struct li_key key_of(const struct li_chunk_push *p, const struct li_manifest_chunk *chunk)
{
    return li_key_chunk_in(p->root->id, chunk->name);
}

/* Before an object is stored, and while the others wait: an image that must not be kept leaves
 * nothing behind of what was not checked. Readers go on meanwhile, so a push that brings nothing
 * new never waits here. The object's bytes were read before, so what they were read from is asked
 * about. */
static int confirm(struct li_chunk_push *p, struct li_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&p->gate);
    if (p->options->confirm)
        rc = p->options->confirm(p->options->confirm_arg, err);
    if (rc == 0 && !p->begun && p->given->first)
        rc = p->given->first(p->given->first_arg, li_repo_store(p->repo), err);
    p->begun = rc == 0;
    pthread_mutex_unlock(&p->gate);
    return rc;
}

static int seal(struct li_chunk_push *p, struct li_push_tools *tools,
                const struct li_manifest_chunk *chunk, const uint8_t *plain, struct li_buffer *out,
                struct li_error *err)
{
    int rc = tools->sealer ? 0 : li_sealer_new(&tools->sealer, err);

    return rc < 0 ? rc
                  : li_seal_chunk(tools->sealer, &p->options->seal, &chunk->prk, plain, out, err);
}

/* ---- checking what is there ------------------------------------------------------------------ */

/* SOUND is the answer: that it is damaged, or was taken away since it was seen, is none that ends
 * the push. */
static int check_stored(struct li_chunk_push *p, struct li_push_tools *tools,
                        const struct li_manifest_chunk *chunk, bool *sound, struct li_error *err)
{
    int rc = tools->sealer ? 0 : li_sealer_new(&tools->sealer, err);

    if (rc == 0 && !tools->plain) {
        tools->plain = malloc(LI_CHUNK_SIZE);
        if (!tools->plain)
            rc = li_fail_memory(err);
    }
    if (rc < 0)
        return rc;
    rc = li_store_get(li_repo_store(p->repo), key_of(p, chunk).text, LI_SEAL_MAX_SIZE,
                      &tools->fetched, err);
    if (rc == 0)
        rc = li_seal_open(tools->sealer, &chunk->prk, chunk->digest, tools->fetched.data,
                          tools->fetched.len, tools->plain, err);
    *sound = rc == 0;
    return rc == LI_ENOTFOUND || (rc < 0 && li_chunk_is_bad(err)) ? 0 : rc;
}

/* Fetches the chunk that is there, and replaces it where it fails its checks. */
static int check_and_mend(struct li_chunk_push *p, struct li_push_tools *tools,
                          const struct li_manifest_chunk *chunk, const uint8_t *plain,
                          struct li_error *err)
{
    struct li_buffer sealed = {0};
    bool sound = false;
    int rc = check_stored(p, tools, chunk, &sound, err);

    if (rc == 0 && sound)
        li_push_count_known(p, false);
    if (rc < 0 || sound)
        return rc;
    rc = seal(p, tools, chunk, plain, &sealed, err);
    if (rc == 0 && !p->options->dry_run)
        rc = confirm(p, err);
    if (rc == 0 && !p->options->dry_run)
        rc = li_store_replace(li_repo_store(p->repo), key_of(p, chunk).text, sealed.data,
                              sealed.len, err);
    if (rc == 0)
        li_push_count_known(p, true);
    li_buffer_free(&sealed);
    return rc;
}

/* ---- readers --------------------------------------------------------------------------------- */

static size_t weight(const struct job *job)
{
    return job->plain ? LI_CHUNK_SIZE : job->sealed.len;
}

/* Takes JOB over. */
static int queue_job(struct li_chunk_push *p, struct job *job, struct li_error *err)
{
    int rc;

    pthread_mutex_lock(&p->lock);
    while (p->queued >= LI_PUSH_QUEUE_BYTES && !p->closed)
        pthread_cond_wait(&p->room, &p->lock);
    p->queued += weight(job);
    pthread_mutex_unlock(&p->lock);
    rc = li_queue_put(p->queue, job);

    if (rc < 0) {
        job_free(p, job);
        li_fail(err, rc, "stopped, because a chunk could not be stored");
    }
    return rc;
}

int li_push_new_chunk(struct li_chunk_push *p, struct li_push_tools *tools,
                      const struct li_manifest_chunk *chunk, const uint8_t *plain,
                      struct li_error *err)
{
    struct job *job = NULL;
    int rc = job_new(p, chunk, &job, err);

    if (rc == 0)
        rc = seal(p, tools, chunk, plain, &job->sealed, err);
    if (rc == 0 && !p->options->dry_run)
        return queue_job(p, job, err);
    if (rc == 0)
        count_new(p, job->sealed.len);
    job_free(p, job);
    return rc;
}

int li_push_unsure_chunk(struct li_chunk_push *p, const struct li_manifest_chunk *chunk,
                         const uint8_t *plain, struct li_error *err)
{
    struct job *job = NULL;
    int rc = job_new(p, chunk, &job, err);

    if (rc < 0)
        return rc;
    job->plain = malloc(LI_CHUNK_SIZE);
    if (!job->plain) {
        job_free(p, job);
        return li_fail_memory(err);
    }
    memcpy(job->plain, plain, LI_CHUNK_SIZE);
    return queue_job(p, job, err);
}

/* One by one: where there is nobody to remember answers, or where none but the store's counts. */
static int look_up(struct li_chunk_push *p, const struct li_manifest_chunk *chunk, bool *stored,
                   struct li_error *err)
{
    struct li_key key = key_of(p, chunk);
    const char *text = key.text;

    if (p->present)
        return li_present_ask(p->present, &chunk, 1, stored, err);
    pthread_mutex_lock(&p->lock);
    p->result->ways.asked++;
    pthread_mutex_unlock(&p->lock);
    return li_store_exists(li_repo_store(p->repo), &text, 1, LI_SEAL_MAX_SIZE, stored, err);
}

int li_push_look_up_chunk(struct li_chunk_push *p, struct li_push_tools *tools,
                          const struct li_manifest_chunk *chunk, const uint8_t *plain,
                          struct li_error *err)
{
    bool stored = false;
    int rc = look_up(p, chunk, &stored, err);

    if (rc < 0)
        return rc;
    if (!stored)
        return li_push_new_chunk(p, tools, chunk, plain, err);
    if (p->options->check_existing)
        return check_and_mend(p, tools, chunk, plain, err);
    li_push_count_known(p, false);
    return 0;
}

/* ---- writers --------------------------------------------------------------------------------- */

/* There was an object already. One that is too short or too long to be a chunk, as a copy of the
 * repository that was broken off may leave it, was as good as absent before, and fails any check.
 */
static int replace_unsound(struct li_chunk_push *p, const struct li_manifest_chunk *chunk,
                           const struct li_buffer *sealed, struct li_error *err)
{
    struct li_key key = key_of(p, chunk);
    const char *text = key.text;
    bool sound = false;
    int rc = li_store_exists(li_repo_store(p->repo), &text, 1, LI_SEAL_MAX_SIZE, &sound, err);

    if (rc == 0 && !sound)
        rc = li_store_replace(li_repo_store(p->repo), text, sealed->data, sealed->len, err);
    if (rc == 0)
        li_push_count_known(p, !sound);
    return rc;
}

static int store_sealed(struct li_chunk_push *p, const struct li_manifest_chunk *chunk,
                        const struct li_buffer *sealed, struct li_error *err)
{
    int rc = confirm(p, err);

    if (rc == 0)
        rc = li_store_put_if_absent(li_repo_store(p->repo), key_of(p, chunk).text, sealed->data,
                                    sealed->len, err);
    if (rc == 0)
        count_new(p, sealed->len);
    return rc == LI_END ? replace_unsound(p, chunk, sealed, err) : rc;
}

/* A writer never queues: where all did, nobody would take. */
static int settle(struct li_chunk_push *p, struct li_push_tools *tools, struct job *job,
                  struct li_error *err)
{
    bool stored = false;
    int rc = look_up(p, job->chunk, &stored, err);

    if (rc == 0 && stored && p->options->check_existing)
        return check_and_mend(p, tools, job->chunk, job->plain, err);
    if (rc == 0 && stored)
        li_push_count_known(p, false);
    if (rc < 0 || stored)
        return rc;
    rc = seal(p, tools, job->chunk, job->plain, &job->sealed, err);
    if (rc == 0 && p->options->dry_run)
        count_new(p, job->sealed.len);
    else if (rc == 0)
        rc = store_sealed(p, job->chunk, &job->sealed, err);
    return rc;
}

static int take_job(struct li_chunk_push *p, struct job **out)
{
    void *item;
    int rc = li_queue_take(p->queue, &item);

    if (rc != 0)
        return rc;
    *out = item;
    pthread_mutex_lock(&p->lock);
    p->queued -= weight(*out);
    pthread_cond_signal(&p->room);
    pthread_mutex_unlock(&p->lock);
    return 0;
}

static void close_queue(struct li_chunk_push *p)
{
    li_queue_close(p->queue);
    pthread_mutex_lock(&p->lock);
    p->closed = true;
    pthread_cond_broadcast(&p->room);
    pthread_mutex_unlock(&p->lock);
}

/* A writer that fails closes the queue, or the readers would wait for room in it for ever, and
 * calls off what the others wait for: an answer that may take minutes, or the next attempt. */
int li_push_write_jobs(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_chunk_push *p = arg;
    struct job *job;
    int rc = 0;

    while (rc == 0 && !li_workers_stopped(team) && take_job(p, &job) == 0) {
        rc = job->plain ? settle(p, &p->writer_tools[index], job, err)
                        : store_sealed(p, job->chunk, &job->sealed, err);
        job_free(p, job);
    }
    if (rc < 0) {
        close_queue(p);
        li_repo_cancel(p->repo);
    }
    return rc;
}

void li_push_drop_jobs(struct li_chunk_push *p)
{
    void *left;

    while (li_queue_take(p->queue, &left) == 0)
        job_free(p, left);
    while (p->spares > 0)
        li_buffer_free(&p->spare[--p->spares]);
}
