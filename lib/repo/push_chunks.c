/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunks of a push.
 *
 * Workers, one for each processor, read, hash and name chunks, and ask the store for them. Most are
 * there already, so that is all they do for most. What is new they seal, and hand over to writers,
 * which wait for the disk or the network: there are more of them, and a bounded queue in between
 * keeps what waits to be written in memory within bounds.
 *
 * A chunk whose digest the memo knows is named by that, and read only where it is not stored yet.
 *
 * A chunk that recurs within the image is stored once: the names met so far are kept. Where the
 * first of them cannot be stored the whole push fails, so none relies on a chunk that is missing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/workers.h"
#include "repo/internal.h"

/* Nothing is stored before the layers' digests hold, and hashing them is the work of one thread for
 * each layer: the queue is deep enough for the readers to seal on meanwhile, and at most 128 MiB.
 */
enum { QUEUE = 256 };

struct job {
    struct li_key key;
    struct li_buffer sealed;
};

/* What each reading worker has for itself. */
struct tools {
    struct li_sealer *sealer;
    uint8_t *plain; /* of a stored chunk that is checked */
    struct li_buffer fetched;
};

struct chunk_push {
    struct li_repo *repo;
    const struct li_root *root;
    const struct li_push_options *options;
    const struct li_chunk_source *source;
    struct li_memo *memo; /* or NULL */
    struct li_secret salt;
    struct tools *tools;
    unsigned threads;
    struct li_queue *queue;
    struct li_manifest_chunk *chunk; /* by index; where all zero, FILLED is false */
    bool *filled;
    bool *recalled; /* by index: the memo knows it */
    pthread_mutex_t gate;
    pthread_mutex_t lock;
    struct li_names names;         /* under lock */
    struct li_push_result *result; /* under lock */
};

static void job_free(struct job *job)
{
    if (!job)
        return;
    li_buffer_free(&job->sealed);
    free(job);
}

bool li_chunk_is_bad(const struct li_error *err)
{
    return err->code == LI_ENOTFOUND || err->code == LI_ECORRUPT || err->code == LI_ELIMIT ||
           err->sys == EIO;
}

static void count_new(struct chunk_push *p, size_t sealed)
{
    pthread_mutex_lock(&p->lock);
    p->result->new_chunks++;
    p->result->new_bytes += sealed;
    pthread_mutex_unlock(&p->lock);
}

static void count_known(struct chunk_push *p, bool mended)
{
    pthread_mutex_lock(&p->lock);
    p->result->known_chunks++;
    p->result->mended += mended;
    pthread_mutex_unlock(&p->lock);
}

/* Before an object is stored, and while the others wait: an image that must not be kept leaves
 * nothing behind of what was not checked. Readers go on meanwhile, so a push that brings nothing
 * new never waits here. The object's bytes were read before, so what they were read from is asked
 * about. */
static int confirm(struct chunk_push *p, struct li_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&p->gate);
    if (p->options->confirm)
        rc = p->options->confirm(p->options->confirm_arg, err);
    pthread_mutex_unlock(&p->gate);
    return rc;
}

static int store_job(struct chunk_push *p, const struct job *job, struct li_error *err)
{
    int rc = confirm(p, err);

    if (rc == 0)
        rc = li_store_put_if_absent(p->repo->store, job->key.text, job->sealed.data,
                                    job->sealed.len, err);
    if (rc == 0)
        count_new(p, job->sealed.len);
    if (rc == LI_END)
        count_known(p, false);
    return rc < 0 ? rc : 0;
}

/* A writer that fails closes the queue, or the readers would wait for room in it for ever. */
static int write_jobs(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct chunk_push *p = arg;
    void *item;
    int rc = 0;

    (void)index;
    while (rc == 0 && !li_workers_stopped(team) && li_queue_take(p->queue, &item) == 0) {
        rc = store_job(p, item, err);
        job_free(item);
    }
    if (rc < 0)
        li_queue_close(p->queue);
    return rc;
}

static int seal_and_queue(struct chunk_push *p, struct tools *tools, const struct li_key *key,
                          const struct li_manifest_chunk *chunk, const uint8_t *plain,
                          struct li_error *err)
{
    struct job *job = calloc(1, sizeof(*job));
    int rc;

    if (!job)
        return li_fail_memory(err);
    job->key = *key;
    rc = li_seal_chunk(tools->sealer, &p->options->seal, &chunk->prk, plain, &job->sealed, err);
    if (rc < 0)
        goto out;
    if (p->options->dry_run) {
        count_new(p, job->sealed.len);
        goto out;
    }
    rc = li_queue_put(p->queue, job);
    if (rc < 0)
        li_fail(err, rc, "stopped, because a chunk could not be stored");
    else
        job = NULL;
out:
    job_free(job);
    return rc;
}

/* Fetches the chunk that is there, and replaces it where it fails its checks. */
static int check_and_mend(struct chunk_push *p, struct tools *tools, const struct li_key *key,
                          const struct li_manifest_chunk *chunk, const uint8_t *plain,
                          struct li_error *err)
{
    struct li_buffer sealed = {0};
    int rc;

    rc = li_store_get(p->repo->store, key->text, LI_SEAL_MAX_SIZE, &tools->fetched, err);
    if (rc == 0)
        rc = li_seal_open(tools->sealer, &chunk->prk, chunk->digest, tools->fetched.data,
                          tools->fetched.len, tools->plain, err);
    if (rc == 0 || !li_chunk_is_bad(err)) {
        if (rc == 0)
            count_known(p, false);
        return rc;
    }
    rc = li_seal_chunk(tools->sealer, &p->options->seal, &chunk->prk, plain, &sealed, err);
    if (rc == 0 && !p->options->dry_run)
        rc = confirm(p, err);
    if (rc == 0 && !p->options->dry_run)
        rc = li_store_replace(p->repo->store, key->text, sealed.data, sealed.len, err);
    if (rc == 0)
        count_known(p, true);
    li_buffer_free(&sealed);
    return rc;
}

/* Names a chunk by its digest. */
static int name_chunk(struct chunk_push *p, uint64_t index, struct li_manifest_chunk *chunk,
                      struct li_error *err)
{
    int rc = li_crypto_prk(&p->salt, chunk->digest, &chunk->prk, err);

    chunk->index = (uint32_t)index;
    p->filled[index] = true;
    return rc < 0 ? rc : li_crypto_name(&chunk->prk, chunk->name, err);
}

/* LI_END where the image has had this chunk before. */
static int meet(struct chunk_push *p, const struct li_manifest_chunk *chunk, struct li_error *err)
{
    int rc;

    pthread_mutex_lock(&p->lock);
    rc = li_names_add(&p->names, chunk->index, err);
    p->result->chunks += rc >= 0;
    p->result->known_chunks += rc == LI_END;
    pthread_mutex_unlock(&p->lock);
    return rc;
}

static int is_stored(struct chunk_push *p, const struct li_manifest_chunk *chunk,
                     struct li_key *key, bool *stored, struct li_error *err)
{
    const char *text = key->text;

    *key = li_key_root(p->root->id, li_key_chunk(chunk->name).text);
    return li_store_exists(p->repo->store, &text, 1, stored, err);
}

/* LI_END where the memo has a chunk's digest and nothing more is to be done for it. */
static int recall_chunk(void *arg, unsigned worker, uint64_t index, struct li_error *err)
{
    struct chunk_push *p = arg;
    struct li_manifest_chunk *chunk = &p->chunk[index];
    bool zeros = false, stored = false;
    struct li_key key;
    int rc;

    (void)worker;
    rc = li_memo_digest(p->memo, p->source, index, chunk->digest, &zeros, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    p->recalled[index] = true;
    if (zeros)
        return LI_END;
    rc = name_chunk(p, index, chunk, err);
    if (rc == 0)
        rc = is_stored(p, chunk, &key, &stored, err);
    p->filled[index] = rc == 0 && stored;
    if (rc < 0 || !stored)
        return rc;
    rc = meet(p, chunk, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&p->lock);
    p->result->memo_chunks++;
    p->result->known_chunks += rc == 0;
    pthread_mutex_unlock(&p->lock);
    return LI_END;
}

static int push_chunk(void *arg, unsigned worker, uint64_t index, uint8_t *plain,
                      struct li_error *err)
{
    struct chunk_push *p = arg;
    struct tools *tools = &p->tools[worker];
    struct li_manifest_chunk *chunk = &p->chunk[index];
    struct li_key key;
    bool stored;
    int rc;

    rc = li_sha256(plain, LI_CHUNK_SIZE, chunk->digest, err);
    if (rc == 0)
        rc = name_chunk(p, index, chunk, err);
    if (rc == 0)
        rc = meet(p, chunk, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = is_stored(p, chunk, &key, &stored, err);
    if (rc < 0)
        return rc;
    if (!stored)
        return seal_and_queue(p, tools, &key, chunk, plain, err);
    if (p->options->check_existing)
        return check_and_mend(p, tools, &key, chunk, plain, err);
    count_known(p, false);
    return 0;
}

/* What the memo did not know. */
static int learn_chunks(struct chunk_push *p, struct li_error *err)
{
    int rc = 0;

    for (uint64_t i = 0; p->memo && i < p->source->count && rc == 0; i++)
        if (!p->recalled[i])
            rc =
                li_memo_learn(p->memo, p->source, i, p->filled[i] ? p->chunk[i].digest : NULL, err);
    return rc;
}

/* Reads the whole source with writers beside. Of two failures, the writers' is the reason where the
 * readers only say that they were stopped. */
static int walk(struct chunk_push *p, const struct li_progress *progress, struct li_error *err)
{
    li_chunk_known *known = p->memo ? recall_chunk : NULL;
    struct li_error writing = LI_ERROR_INIT;
    struct li_workers *writers = NULL;
    void *left;
    int rc, written;

    rc = li_workers_start(p->repo->store->width, write_jobs, p, &writers, err);
    if (rc < 0)
        return rc;
    rc = li_chunk_walk_unknown(p->source, p->threads, known, push_chunk, p, progress, err);
    if (rc < 0)
        li_workers_stop(writers);
    li_queue_close(p->queue);
    written = li_workers_join(writers, &writing);
    while (li_queue_take(p->queue, &left) == 0)
        job_free(left);
    if (written < 0 && (rc == 0 || rc == LI_ECANCELLED)) {
        *err = writing;
        rc = written;
    }
    return rc;
}

static int prepare(struct chunk_push *p, struct li_error *err)
{
    struct li_memo *memo = p->options->check_existing ? NULL : p->options->memo;
    int rc;

    p->chunk = calloc(p->source->count + 1, sizeof(*p->chunk));
    p->filled = calloc(p->source->count + 1, sizeof(*p->filled));
    p->recalled = calloc(p->source->count + 1, sizeof(*p->recalled));
    p->tools = calloc(p->threads, sizeof(*p->tools));
    if (!p->chunk || !p->filled || !p->recalled || !p->tools)
        return li_fail_memory(err);
    p->names.chunk = p->chunk;
    for (unsigned i = 0; i < p->threads; i++) {
        rc = li_sealer_new(&p->tools[i].sealer, err);
        if (rc < 0)
            return rc;
        if (!p->options->check_existing)
            continue;
        p->tools[i].plain = malloc(LI_CHUNK_SIZE);
        if (!p->tools[i].plain)
            return li_fail_memory(err);
    }
    rc = li_queue_new(QUEUE, &p->queue, err);
    if (rc == 0)
        rc = li_salt_open(p->repo, p->root->salt, &p->salt, err);
    if (rc == 0 && memo && li_memo_fits(memo, &p->salt))
        p->memo = memo;
    return rc;
}

static void finish(struct chunk_push *p)
{
    for (unsigned i = 0; p->tools && i < p->threads; i++) {
        li_sealer_free(p->tools[i].sealer);
        if (p->tools[i].plain)
            li_wipe(p->tools[i].plain, LI_CHUNK_SIZE);
        free(p->tools[i].plain);
        li_buffer_free(&p->tools[i].fetched);
    }
    free(p->tools);
    free(p->filled);
    free(p->recalled);
    li_names_free(&p->names);
    li_queue_free(p->queue);
    li_secret_wipe(&p->salt);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->gate);
}

int li_push_store_chunks(struct li_repo *repo, const struct li_root *root,
                         const struct li_chunk_source *source,
                         const struct li_push_options *options, const struct li_progress *progress,
                         struct li_push_chunks *out, struct li_push_result *result,
                         struct li_error *err)
{
    struct chunk_push p = {
        .repo = repo, .root = root, .options = options, .source = source, .result = result};
    struct li_push_chunks chunks = {0};
    int rc;

    p.threads = repo->env->threads ? repo->env->threads : 1;
    pthread_mutex_init(&p.lock, NULL);
    pthread_mutex_init(&p.gate, NULL);
    rc = prepare(&p, err);
    if (rc == 0)
        rc = walk(&p, progress, err);
    if (rc == 0)
        rc = learn_chunks(&p, err);
    chunks.chunk = p.chunk;
    chunks.cap = source->count;
    for (uint64_t i = 0; rc == 0 && i < source->count; i++)
        if (p.filled[i])
            chunks.chunk[chunks.count++] = p.chunk[i];
    finish(&p);
    if (rc < 0)
        li_push_chunks_free(&chunks);
    else
        *out = chunks;
    return rc;
}

void li_push_chunks_free(struct li_push_chunks *chunks)
{
    li_wipe(chunks->chunk, chunks->cap * sizeof(*chunks->chunk));
    free(chunks->chunk);
    *chunks = (struct li_push_chunks){0};
}
