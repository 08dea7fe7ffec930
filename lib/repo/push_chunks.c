/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunks of a push.
 *
 * Workers, one for each processor, read, hash and name chunks. Most are stored already, so that is
 * all they do for most. What is new they seal, and hand over to writers, which wait for the disk or
 * the network: there are more of them, and a bounded queue in between keeps what waits to be
 * written in memory within bounds.
 *
 * A chunk whose digest the memo knows is named by that, and read only where it is not stored yet.
 * In a directory each is looked up when its turn comes. Where looking up is a request, all whose
 * names are known so are asked for together, before the first is read.
 *
 * A chunk that recurs within the image is stored once: the names met so far are kept. Where the
 * first of them cannot be stored the whole push fails, so none relies on a chunk that is missing.
 */
#include "repo/push_chunks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Names a chunk by its digest. */
static int name_chunk(struct li_chunk_push *p, uint64_t index, struct li_manifest_chunk *chunk,
                      struct li_error *err)
{
    int rc = li_crypto_prk(&p->salt, chunk->digest, &chunk->prk, err);

    chunk->index = (uint32_t)index;
    p->filled[index] = true;
    return rc < 0 ? rc : li_crypto_name(&chunk->prk, chunk->name, err);
}

/* LI_END where the image has had this chunk before. */
static int meet(struct li_chunk_push *p, const struct li_manifest_chunk *chunk,
                struct li_error *err)
{
    int rc;

    pthread_mutex_lock(&p->lock);
    rc = li_names_add(&p->names, chunk->index, err);
    p->result->chunks += rc >= 0;
    p->result->known_chunks += rc == LI_END;
    pthread_mutex_unlock(&p->lock);
    return rc;
}

/* ---- what the memo knows --------------------------------------------------------------------- */

/* The digest and the name of a chunk, from the memo; it stays UNASKED where that has neither. */
static int recall_name(struct li_chunk_push *p, uint64_t index, struct li_error *err)
{
    struct li_manifest_chunk *chunk = &p->chunk[index];
    bool zeros = false;
    int rc = li_memo_digest(p->memo, p->source, index, chunk->digest, &zeros, err);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    p->recalled[index] = true;
    if (zeros)
        p->foreknown[index] = LI_PUSH_ZEROS;
    return zeros ? 0 : name_chunk(p, index, chunk, err);
}

struct recall {
    struct li_chunk_push *push;
    atomic_uint_fast64_t next;
};

static int recall_names(void *arg, unsigned worker, struct li_workers *team, struct li_error *err)
{
    struct recall *recall = arg;
    int rc = 0;

    (void)worker;
    while (rc == 0 && !li_workers_stopped(team)) {
        uint64_t index = atomic_fetch_add(&recall->next, 1);

        if (index >= recall->push->source->count)
            break;
        rc = recall_name(recall->push, index, err);
    }
    return rc;
}

/* Asks for all chunks that have a name, all at once. */
static int ask_for_named(struct li_chunk_push *p, struct li_error *err)
{
    const struct li_manifest_chunk **chunk = calloc(p->source->count + 1, sizeof(*chunk));
    bool *stored = calloc(p->source->count + 1, sizeof(*stored));
    size_t count = 0;
    int rc = chunk && stored ? 0 : li_fail_memory(err);

    for (uint64_t i = 0; rc == 0 && i < p->source->count; i++)
        if (p->filled[i])
            chunk[count++] = &p->chunk[i];
    if (rc == 0)
        rc = li_present_ask(p->present, chunk, count, stored, err);
    for (size_t i = 0; rc == 0 && i < count; i++)
        p->foreknown[chunk[i]->index] = stored[i] ? LI_PUSH_STORED : LI_PUSH_ABSENT;
    free(chunk);
    free(stored);
    return rc;
}

static int recall_together(struct li_chunk_push *p, struct li_error *err)
{
    struct recall recall = {.push = p};
    struct li_workers *team = NULL;
    int rc = li_workers_start(p->readers, recall_names, &recall, &team, err);

    if (rc == 0)
        rc = li_workers_join(team, err);
    return rc < 0 ? rc : ask_for_named(p, err);
}

/* The same for one chunk, in a directory. */
static int recall_one(struct li_chunk_push *p, uint64_t index, struct li_error *err)
{
    const char *text;
    struct li_key key;
    bool stored = false;
    int rc = recall_name(p, index, err);

    if (rc < 0 || !p->filled[index])
        return rc;
    key = li_key_root(p->root->id, li_key_chunk(p->chunk[index].name).text);
    text = key.text;
    rc = li_store_exists(p->repo->store, &text, 1, LI_SEAL_MAX_SIZE, &stored, err);
    pthread_mutex_lock(&p->lock);
    p->result->ways.asked += rc == 0 && stored;
    pthread_mutex_unlock(&p->lock);
    p->foreknown[index] = stored ? LI_PUSH_STORED : LI_PUSH_UNASKED;
    return rc;
}

/* LI_END where the memo has a chunk's digest and nothing more is to be done for it. */
static int recall_chunk(void *arg, unsigned worker, uint64_t index, struct li_error *err)
{
    struct li_chunk_push *p = arg;
    int rc = p->present ? 0 : recall_one(p, index, err);

    (void)worker;
    if (rc == 0 && p->foreknown[index] == LI_PUSH_ZEROS)
        return LI_END;
    p->filled[index] = rc == 0 && p->foreknown[index] == LI_PUSH_STORED;
    if (!p->filled[index])
        return rc;
    rc = meet(p, &p->chunk[index], err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&p->lock);
    p->result->memo_chunks++;
    p->result->known_chunks += rc == 0;
    pthread_mutex_unlock(&p->lock);
    return LI_END;
}

/* What the memo did not know. */
static int learn_chunks(struct li_chunk_push *p, struct li_error *err)
{
    int rc = 0;

    for (uint64_t i = 0; p->memo && i < p->source->count && rc == 0; i++)
        if (!p->recalled[i])
            rc =
                li_memo_learn(p->memo, p->source, i, p->filled[i] ? p->chunk[i].digest : NULL, err);
    return rc;
}

/* ---- what is read ---------------------------------------------------------------------------- */

static int push_chunk(void *arg, unsigned worker, uint64_t index, uint8_t *plain,
                      const uint8_t digest[LI_SHA256_SIZE], struct li_error *err)
{
    struct li_chunk_push *p = arg;
    struct li_push_tools *tools = &p->reader_tools[worker];
    struct li_manifest_chunk *chunk = &p->chunk[index];
    enum li_presence presence = LI_PRESENT_ABSENT;
    int rc;

    memcpy(chunk->digest, digest, sizeof(chunk->digest));
    rc = name_chunk(p, index, chunk, err);
    if (rc == 0)
        rc = meet(p, chunk, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (!p->repo->store->remote)
        return li_push_look_up_chunk(p, tools, chunk, plain, err);
    if (!p->present)
        return li_push_unsure_chunk(p, chunk, plain, err);
    if (p->foreknown[index] != LI_PUSH_ABSENT)
        presence = li_present_look(p->present, chunk->name);
    if (presence == LI_PRESENT_UNKNOWN)
        return li_push_unsure_chunk(p, chunk, plain, err);
    if (presence == LI_PRESENT_ABSENT)
        return li_push_new_chunk(p, tools, chunk, plain, err);
    li_push_count_known(p, false);
    return 0;
}

/* Reads the whole source with writers beside. Of two failures, the writers' is the reason where the
 * readers only say that they were stopped. */
static int walk(struct li_chunk_push *p, const struct li_progress *progress, struct li_error *err)
{
    const struct li_chunk_visitor visitor = {p->memo ? recall_chunk : NULL, push_chunk, p};
    struct li_error writing = LI_ERROR_INIT;
    struct li_workers *writers = NULL;
    int rc, written;

    rc = li_workers_start(p->writers, li_push_write_jobs, p, &writers, err);
    if (rc < 0)
        return rc;
    rc = li_chunk_walk_hashed(p->source, p->readers, &visitor, progress, err);
    if (rc < 0) {
        li_workers_stop(writers);
        li_store_cancel(p->fork);
    }
    li_queue_close(p->queue);
    written = li_workers_join(writers, &writing);
    li_push_drop_jobs(p);
    if (written < 0 && (rc == 0 || rc == LI_ECANCELLED)) {
        *err = writing;
        rc = written;
    }
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int allocate(struct li_chunk_push *p, struct li_error *err)
{
    size_t count = p->source->count + 1;

    p->chunk = calloc(count, sizeof(*p->chunk));
    p->filled = calloc(count, sizeof(*p->filled));
    p->recalled = calloc(count, sizeof(*p->recalled));
    p->foreknown = calloc(count, sizeof(*p->foreknown));
    p->reader_tools = calloc(p->readers, sizeof(*p->reader_tools));
    p->writer_tools = calloc(p->writers, sizeof(*p->writer_tools));
    if (!p->chunk || !p->filled || !p->recalled || !p->foreknown || !p->reader_tools ||
        !p->writer_tools)
        return li_fail_memory(err);
    p->names.chunk = p->chunk;
    return li_queue_new(LI_PUSH_QUEUE, &p->queue, err);
}

static int prepare(struct li_chunk_push *p, const struct li_reference *reference,
                   struct li_error *err)
{
    struct li_memo *memo = p->options->check_existing ? NULL : p->options->memo;
    int rc = allocate(p, err);

    if (rc == 0)
        rc = li_salt_open(p->repo, p->root->salt, &p->salt, err);
    if (rc == 0 && memo && li_memo_fits(memo, &p->salt))
        p->memo = memo;
    if (rc == 0 && p->repo->store->remote && !p->options->check_existing)
        rc = li_present_open(p->repo, p->root, reference, p->memo, p->source->count, &p->present,
                             err);
    if (rc == 0 && p->present && p->memo)
        rc = recall_together(p, err);
    return rc;
}

static void free_tools(struct li_push_tools *tools, unsigned count)
{
    for (unsigned i = 0; tools && i < count; i++) {
        li_sealer_free(tools[i].sealer);
        if (tools[i].plain)
            li_wipe(tools[i].plain, LI_CHUNK_SIZE);
        free(tools[i].plain);
        li_buffer_free(&tools[i].fetched);
    }
    free(tools);
}

static void finish(struct li_chunk_push *p)
{
    if (p->present)
        li_present_ways(p->present, &p->result->ways);
    li_present_free(p->present);
    free_tools(p->reader_tools, p->readers);
    free_tools(p->writer_tools, p->writers);
    free(p->filled);
    free(p->recalled);
    free(p->foreknown);
    li_names_free(&p->names);
    li_queue_free(p->queue);
    li_secret_wipe(&p->salt);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->gate);
    pthread_cond_destroy(&p->room);
}

/* That it cannot be kept costs the next push some requests, and this one nothing. */
static void keep_names(struct li_chunk_push *p, const struct li_push_chunks *chunks)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (p->present && !p->options->dry_run)
        (void)li_present_keep(p->present, chunks->chunk, chunks->count, &ignored);
}

/* REPO by a handle of its own on the store. */
static int open_view(struct li_chunk_push *p, const struct li_repo *repo, struct li_repo *view,
                     struct li_error *err)
{
    int rc = li_store_fork(repo->store, &p->fork, err);

    view->store = p->fork ? p->fork : repo->store;
    view->kms = repo->kms;
    view->env = repo->env;
    memcpy(view->id, repo->id, LI_ID_SIZE);
    pthread_mutex_init(&view->lock, NULL);
    p->repo = view;
    return rc;
}

static void close_view(struct li_chunk_push *p)
{
    li_roots_free(&p->repo->roots);
    pthread_mutex_destroy(&p->repo->lock);
    li_store_free(p->fork);
}

int li_push_store_chunks(struct li_repo *repo, const struct li_root *root,
                         const struct li_reference *reference, const struct li_chunk_source *source,
                         const struct li_push_options *options, const struct li_progress *progress,
                         struct li_push_chunks *out, struct li_push_result *result,
                         struct li_error *err)
{
    struct li_chunk_push p = {
        .root = root, .options = options, .source = source, .given = out, .result = result};
    struct li_push_chunks chunks = {.first = NULL};
    struct li_repo view = {0};
    int rc;

    p.readers = repo->env->threads ? repo->env->threads : 1;
    p.writers = repo->store->width;
    pthread_mutex_init(&p.lock, NULL);
    pthread_mutex_init(&p.gate, NULL);
    pthread_cond_init(&p.room, NULL);
    rc = open_view(&p, repo, &view, err);
    if (rc == 0)
        rc = prepare(&p, reference, err);
    if (rc == 0)
        rc = walk(&p, progress, err);
    if (rc == 0)
        rc = learn_chunks(&p, err);
    chunks.chunk = p.chunk;
    chunks.cap = source->count;
    for (uint64_t i = 0; rc == 0 && i < source->count; i++)
        if (p.filled[i])
            chunks.chunk[chunks.count++] = p.chunk[i];
    if (rc == 0)
        keep_names(&p, &chunks);
    finish(&p);
    close_view(&p);
    if (rc < 0)
        li_push_chunks_free(&chunks);
    else
        *out = chunks;
    return rc;
}

void li_push_chunks_free(struct li_push_chunks *chunks)
{
    if (chunks->chunk)
        li_wipe(chunks->chunk, chunks->cap * sizeof(*chunks->chunk));
    free(chunks->chunk);
    *chunks = (struct li_push_chunks){.first = NULL};
}
