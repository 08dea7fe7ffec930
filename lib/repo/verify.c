/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking a whole image, and mending it from its source.
 *
 * A bad chunk is what a disk, or somebody who may write, has made of it; one that cannot be fetched
 * for another reason ends the check, for nothing is known about it. A chunk is mended only from a
 * plaintext that has the digest which the manifest asks for, and is replaced where it was found,
 * since there it hides whatever newer roots hold under its name.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/workers.h"
#include "repo/internal.h"
#include "repo/keys.h"

struct verify {
    struct li_repo *repo;
    const struct li_manifest *manifest;
    const struct li_chunk_source *repair; /* or NULL */
    const struct li_seal_policy *seal;
    const struct li_progress *progress;
    uint8_t missing_root[LI_ID_SIZE]; /* where chunks go that are in no root */
    atomic_size_t next;
    pthread_mutex_t lock;
    struct li_verify_result result; /* under lock, as what follows */
    uint64_t done;
    size_t first_bad; /* position in the manifest; its chunk_count: none */
    bool first_missing;
};

/* What each worker has for itself. */
struct tools {
    struct li_sealer *sealer;
    uint8_t *plain;
    struct li_buffer sealed;
    uint8_t root[LI_ID_SIZE]; /* where the last chunk was found */
};

enum health { SOUND, MISSING, DAMAGED };

/* Sets *HEALTH. A failure that says nothing about the chunk is returned. */
static int fetch_and_check(struct verify *v, struct tools *tools,
                           const struct li_manifest_chunk *chunk, enum health *health,
                           struct li_error *err)
{
    struct li_key rest = li_key_chunk(chunk->name);
    struct li_root_search search = {
        .rest = rest.text, .limit = LI_SEAL_MAX_SIZE, .out = &tools->sealed};
    int rc;

    tools->sealed.len = 0;
    rc = li_root_fetch(v->repo, v->manifest->root, &search, err);
    if (rc < 0 && (!search.there || !li_chunk_is_bad(err)))
        return rc;
    memcpy(tools->root, search.there ? search.root : v->missing_root, LI_ID_SIZE);
    *health = rc < 0 ? DAMAGED : search.there ? SOUND : MISSING;
    if (*health != SOUND)
        return 0;
    rc = li_seal_open(tools->sealer, &chunk->prk, chunk->digest, tools->sealed.data,
                      tools->sealed.len, tools->plain, err);
    if (rc == 0 || !li_chunk_is_bad(err))
        return rc;
    *health = DAMAGED;
    return 0;
}

static int read_again(struct verify *v, struct tools *tools, const struct li_manifest_chunk *chunk,
                      struct li_error *err)
{
    uint8_t digest[LI_DIGEST_SIZE];
    bool zeros = chunk->index >= v->repair->count;
    int rc = 0;

    if (!zeros)
        rc = li_chunk_read(v->repair, chunk->index, tools->plain, &zeros, err);
    if (rc == 0 && !zeros)
        rc = li_sha256(tools->plain, LI_CHUNK_SIZE, digest, err);
    if (rc == 0 && (zeros || memcmp(digest, chunk->digest, LI_DIGEST_SIZE) != 0))
        rc = li_fail(err, LI_EINVALID,
                     "the image given for the repair is not the one that was pushed as %.300s: "
                     "its chunk %" PRIu32 " is another",
                     v->manifest->reference, chunk->index);
    return rc;
}

static int mend(struct verify *v, struct tools *tools, const struct li_manifest_chunk *chunk,
                struct li_error *err)
{
    int rc = read_again(v, tools, chunk, err);

    if (rc == 0)
        rc = li_seal_chunk(tools->sealer, v->seal, &chunk->prk, tools->plain, &tools->sealed, err);
    if (rc == 0)
        rc = li_store_replace(v->repo->store,
                              li_key_root(tools->root, li_key_chunk(chunk->name).text).text,
                              tools->sealed.data, tools->sealed.len, err);
    return rc;
}

static void count(struct verify *v, size_t position, size_t fetched, enum health health,
                  bool mended)
{
    pthread_mutex_lock(&v->lock);
    v->result.chunks++;
    v->result.bytes += fetched;
    v->result.bad += health != SOUND;
    v->result.mended += mended;
    if (health != SOUND && !mended && position < v->first_bad) {
        v->first_bad = position;
        v->first_missing = health == MISSING;
    }
    v->done += LI_CHUNK_SIZE;
    if (v->progress)
        v->progress->report(v->progress->arg, v->done,
                            (uint64_t)v->manifest->chunk_count * LI_CHUNK_SIZE);
    pthread_mutex_unlock(&v->lock);
}

static int verify_one(struct verify *v, struct tools *tools, size_t position, struct li_error *err)
{
    const struct li_manifest_chunk *chunk = &v->manifest->chunks[position];
    enum health health = SOUND;
    int rc = fetch_and_check(v, tools, chunk, &health, err);
    bool mends = rc == 0 && health != SOUND && v->repair;
    size_t fetched = tools->sealed.len;

    if (mends)
        rc = mend(v, tools, chunk, err);
    if (rc == 0)
        count(v, position, fetched, health, mends);
    return rc;
}

static int work(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct verify *v = arg;
    struct tools tools = {.plain = malloc(LI_CHUNK_SIZE)};
    int rc;

    (void)index;
    rc = tools.plain ? li_sealer_new(&tools.sealer, err) : li_fail_memory(err);
    while (rc == 0 && !li_workers_stopped(team)) {
        size_t position = atomic_fetch_add(&v->next, 1);

        if (position >= v->manifest->chunk_count)
            break;
        rc = verify_one(v, &tools, position, err);
    }
    li_sealer_free(tools.sealer);
    li_buffer_free(&tools.sealed);
    if (tools.plain)
        li_wipe(tools.plain, LI_CHUNK_SIZE);
    free(tools.plain);
    return rc;
}

/* A chunk that is in no root goes into the manifest's own, or, where that takes nothing any more,
 * into the active one. */
static int choose_root(struct verify *v, struct li_error *err)
{
    struct li_root root;
    bool there = false;
    int rc = li_root_read(v->repo->store, v->manifest->root, &root, &there, err);

    if (rc == 0 && (!there || root.state != LI_ROOT_ACTIVE))
        rc = li_root_active(v->repo, &root, err);
    if (rc == 0)
        memcpy(v->missing_root, root.id, LI_ID_SIZE);
    return rc;
}

static int judge(const struct verify *v, struct li_error *err)
{
    const struct li_manifest_chunk *chunk;
    char name[2 * LI_NAME_SIZE + 1];

    if (v->result.bad == v->result.mended)
        return 0;
    chunk = &v->manifest->chunks[v->first_bad];
    li_hex_encode(chunk->name, LI_NAME_SIZE, name);
    return li_fail(err, LI_ECORRUPT,
                   "chunk %" PRIu32 " (%s) %s; %" PRIu64 " of %" PRIu64
                   " chunks are bad; run: lambdaimg verify --repair IMAGE %.300s",
                   chunk->index, name, v->first_missing ? "is missing" : "fails its checks",
                   v->result.bad, v->result.chunks, v->manifest->reference);
}

int li_repo_verify(struct li_repo *repo, const struct li_manifest *manifest,
                   const struct li_chunk_source *repair, const struct li_seal_policy *seal,
                   const struct li_progress *progress, struct li_verify_result *result,
                   struct li_error *err)
{
    struct verify v = {.repo = repo,
                       .manifest = manifest,
                       .repair = repair,
                       .seal = seal,
                       .progress = progress,
                       .first_bad = manifest->chunk_count};
    unsigned threads =
        repo->env->threads > repo->store->width ? repo->env->threads : repo->store->width;
    struct li_workers *team = NULL;
    int rc;

    *result = v.result;
    rc = repair ? choose_root(&v, err) : 0;
    if (rc < 0)
        return rc;
    pthread_mutex_init(&v.lock, NULL);
    rc = li_workers_start(threads, work, &v, &team, err);
    if (rc == 0)
        rc = li_workers_join(team, err);
    if (rc == 0 && repair)
        rc = li_store_flush(repo->store, err);
    if (rc == 0)
        rc = judge(&v, err);
    *result = v.result;
    pthread_mutex_destroy(&v.lock);
    return rc;
}
