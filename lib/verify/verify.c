/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a whole image, and repairs it from its original.
 *
 * A bad chunk was damaged by a disk, or by somebody who may write. A chunk that cannot be fetched
 * for another reason ends the check, because nothing is known about it. A chunk is replaced only by
 * a plaintext with the digest in the manifest. It is replaced where it was found, because it hides
 * objects of its name in newer roots.
 */
#include "verify/verify.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/secret.h"
#include "base/workers.h"
#include "repo/keys.h"
#include "repo/roots.h"
#include "sealed/opener.h"

struct verify {
    struct li_repo *repo;
    struct li_sealed *origin; /* of the repository */
    const struct li_manifest *manifest;
    const struct li_verify_options *options;
    struct li_seal_policy seal;       /* for repairs */
    uint8_t missing_root[LI_ID_SIZE]; /* the root for chunks that are in no root */
    atomic_size_t next;
    pthread_mutex_t lock;
    struct li_verify_result result; /* under lock, like the fields below */
    uint64_t done;
    size_t first_bad; /* position in the manifest; its chunk_count: none */
    bool first_missing;
};

/* What each worker has of its own. */
struct tools {
    struct li_opener *opener;
    uint8_t *plain;          /* for the source to repair from; NULL if there is none */
    struct li_buffer sealed; /* the object to store */
};

static int read_again(struct verify *v, struct tools *tools, const struct li_manifest_chunk *chunk,
                      struct li_error *err)
{
    uint8_t digest[LI_DIGEST_SIZE];
    bool zeros = chunk->index >= v->options->repair->count;
    int rc = 0;

    if (!zeros)
        rc = li_chunk_read(v->options->repair, chunk->index, tools->plain, &zeros, err);
    if (rc == 0 && !zeros)
        rc = li_sha256(tools->plain, LI_CHUNK_SIZE, digest, err);
    if (rc == 0 && (zeros || memcmp(digest, chunk->digest, LI_DIGEST_SIZE) != 0))
        rc = li_fail(err, LI_EINVALID,
                     "the image given for the repair is not the one that was pushed as %.300s: "
                     "its chunk %" PRIu32 " differs",
                     v->manifest->reference, chunk->index);
    return rc;
}

/* Replaces a chunk in the root where it was FOUND. */
static int mend(struct verify *v, struct tools *tools, const struct li_manifest_chunk *chunk,
                const struct li_sealed_finding *found, struct li_error *err)
{
    const uint8_t *root = found->health == LI_SEALED_MISSING ? v->missing_root : found->root;
    int rc = read_again(v, tools, chunk, err);

    if (rc == 0)
        rc = li_seal_chunk(li_opener_sealer(tools->opener), &v->seal, &chunk->prk, tools->plain,
                           &tools->sealed, err);
    if (rc == 0)
        rc = li_store_replace(li_repo_store(v->repo), li_key_chunk_in(root, chunk->name).text,
                              tools->sealed.data, tools->sealed.len, err);
    return rc;
}

static void count(struct verify *v, size_t position, const struct li_sealed_finding *found,
                  bool mended)
{
    const struct li_progress *progress = v->options->progress;
    bool bad = found->health != LI_SEALED_SOUND;

    pthread_mutex_lock(&v->lock);
    v->result.chunks++;
    v->result.bytes += found->bytes;
    v->result.bad += bad;
    v->result.mended += mended;
    if (bad && !mended && position < v->first_bad) {
        v->first_bad = position;
        v->first_missing = found->health == LI_SEALED_MISSING;
    }
    v->done += LI_CHUNK_SIZE;
    if (progress)
        progress->report(progress->arg, v->done,
                         (uint64_t)v->manifest->chunk_count * LI_CHUNK_SIZE);
    pthread_mutex_unlock(&v->lock);
}

static int verify_one(struct verify *v, struct tools *tools, size_t position, struct li_error *err)
{
    const struct li_manifest_chunk *chunk = &v->manifest->chunks[position];
    struct li_sealed_finding found;
    int rc = li_opener_check(tools->opener, v->manifest->root, chunk, &found, err);
    bool mends = rc == 0 && found.health != LI_SEALED_SOUND && v->options->repair;

    if (mends)
        rc = mend(v, tools, chunk, &found, err);
    if (rc == 0)
        count(v, position, &found, mends);
    return rc;
}

static int tools_new(const struct verify *v, struct tools *tools, struct li_error *err)
{
    if (v->options->repair) {
        tools->plain = malloc(LI_CHUNK_SIZE);
        if (!tools->plain)
            return li_fail_memory(err);
    }
    return li_opener_new(v->origin, &tools->opener, err);
}

static void tools_free(struct tools *tools)
{
    li_opener_free(tools->opener);
    li_buffer_free(&tools->sealed);
    if (tools->plain)
        li_wipe(tools->plain, LI_CHUNK_SIZE);
    free(tools->plain);
}

static int work(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct verify *v = arg;
    struct tools tools = {0};
    int rc = tools_new(v, &tools, err);

    (void)index;
    while (rc == 0 && !li_workers_stopped(team)) {
        size_t position = atomic_fetch_add(&v->next, 1);

        if (position >= v->manifest->chunk_count)
            break;
        rc = verify_one(v, &tools, position, err);
    }
    tools_free(&tools);
    return rc;
}

/* A chunk that is in no root goes into the manifest's own root, or, if that accepts nothing any
 * more, into the active one. */
static int choose_root(struct verify *v, struct li_error *err)
{
    struct li_root root;
    bool accepts = false;
    int rc = li_root_accepts(v->repo, v->manifest->root, &accepts, err);

    memcpy(root.id, v->manifest->root, LI_ID_SIZE);
    if (rc == 0 && !accepts)
        rc = li_root_active(v->repo, &root, err);
    if (rc == 0)
        memcpy(v->missing_root, root.id, LI_ID_SIZE);
    return rc;
}

/* Chunks are padded as the repository's policy says. */
static int prepare_repair(struct verify *v, struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    int rc = li_repo_identity(v->repo, &identity, err);

    if (rc == 0) {
        v->seal = *v->options->seal;
        v->seal.pad = identity.policy.pad;
    }
    return rc == 0 ? choose_root(v, err) : rc;
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

static int run(struct verify *v, struct li_error *err)
{
    struct li_store *store = li_repo_store(v->repo);
    unsigned threads = li_repo_env(v->repo)->threads;
    struct li_workers *team = NULL;
    int rc;

    if (threads < store->width)
        threads = store->width;
    rc = li_workers_start(threads, work, v, &team, err);
    if (rc == 0)
        rc = li_workers_join(team, err);
    if (rc == 0 && v->options->repair)
        rc = li_store_flush(store, err);
    return rc == 0 ? judge(v, err) : rc;
}

int li_verify(struct li_repo *repo, const struct li_manifest *manifest,
              const struct li_verify_options *options, struct li_verify_result *result,
              struct li_error *err)
{
    struct verify v = {
        .repo = repo, .manifest = manifest, .options = options, .first_bad = manifest->chunk_count};
    int rc = options->repair ? prepare_repair(&v, err) : 0;

    if (rc == 0)
        rc = li_sealed_origin_new(repo, &v.origin, err);
    if (rc == 0) {
        pthread_mutex_init(&v.lock, NULL);
        rc = run(&v, err);
        pthread_mutex_destroy(&v.lock);
    }
    li_sealed_free(v.origin);
    *result = v.result;
    return rc;
}
