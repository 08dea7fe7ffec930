/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kept list of roots.
 *
 * Whoever misses an object lists the roots again, and a damaged image may miss thousands. So a
 * listing that began after a miss serves everybody who missed something before it began, and roots
 * that are known are not read again. No lock is held while the store is asked: the store may be
 * slow, and other readers need the list.
 */
#include <stdlib.h>
#include <string.h>

#include "repo/internal.h"

void li_roots_init(struct li_roots_kept *kept)
{
    pthread_mutex_init(&kept->lock, NULL);
    pthread_cond_init(&kept->settled, NULL);
}

void li_roots_destroy(struct li_roots_kept *kept)
{
    li_roots_free(&kept->roots);
    pthread_cond_destroy(&kept->settled);
    pthread_mutex_destroy(&kept->lock);
}

static int copy(const struct li_roots *from, struct li_roots *out, struct li_error *err)
{
    *out = *from;
    out->cap = from->count + 1;
    out->root = malloc(out->cap * sizeof(*out->root));
    if (!out->root)
        return li_fail_memory(err);
    if (from->count)
        memcpy(out->root, from->root, from->count * sizeof(*out->root));
    return 0;
}

/* Two processes that made a repository at one address at the same time may have made a root
 * each. */
static void drop_strangers(struct li_roots *roots, const uint8_t id[LI_ID_SIZE])
{
    size_t kept = 0;

    for (size_t i = 0; i < roots->count; i++)
        if (li_root_is_of(&roots->root[i], id))
            roots->root[kept++] = roots->root[i];
    roots->count = kept;
}

/* Makes a listing; WHOLE: known roots are read, too. The lock is held, and no listing runs. */
static int make_listing(struct li_repo *repo, bool whole, struct li_error *err)
{
    struct li_roots_kept *kept = &repo->roots;
    struct li_roots known = {0}, now = {0};
    int rc = copy(&kept->roots, &known, err);

    if (rc < 0)
        return rc;
    kept->begun++;
    pthread_mutex_unlock(&kept->lock);
    rc = li_roots_load(repo->store, whole ? NULL : &known, &now, err);
    li_roots_free(&known);
    pthread_mutex_lock(&kept->lock);
    kept->ended = kept->begun;
    kept->why = rc < 0 ? *err : (struct li_error)LI_ERROR_INIT;
    if (rc == 0) {
        li_roots_free(&kept->roots);
        kept->roots = now;
        kept->of = kept->ended;
    }
    pthread_cond_broadcast(&kept->settled);
    return rc;
}

/* Returns when there is a listing with a number above LEAST; the lock is held. */
static int await_listing(struct li_repo *repo, uint64_t least, struct li_error *err)
{
    struct li_roots_kept *kept = &repo->roots;

    while (kept->of <= least) {
        uint64_t running = kept->begun;

        if (kept->ended == running)
            return make_listing(repo, false, err);
        while (kept->ended < running)
            pthread_cond_wait(&kept->settled, &kept->lock);
        if (running > least && kept->ended == running && kept->why.code < 0) {
            *err = kept->why;
            return err->code;
        }
    }
    return 0;
}

uint64_t li_roots_time(struct li_repo *repo)
{
    uint64_t begun;

    pthread_mutex_lock(&repo->roots.lock);
    begun = repo->roots.begun;
    pthread_mutex_unlock(&repo->roots.lock);
    return begun;
}

/* RC is the result of a listing; the lock is held, and is released. */
static int hand_out(struct li_repo *repo, int rc, struct li_roots *out, struct li_error *err)
{
    if (rc == 0)
        rc = copy(&repo->roots.roots, out, err);
    pthread_mutex_unlock(&repo->roots.lock);
    if (rc == 0)
        drop_strangers(out, repo->id);
    return rc;
}

int li_roots_known(struct li_repo *repo, struct li_roots *out, struct li_error *err)
{
    struct li_roots_kept *kept = &repo->roots;

    pthread_mutex_lock(&kept->lock);
    /* If there was none yet, the one that runs is as good as a new one. */
    return hand_out(repo, await_listing(repo, kept->of ? 0 : kept->ended, err), out, err);
}

int li_roots_since(struct li_repo *repo, uint64_t since, struct li_roots *out, struct li_error *err)
{
    pthread_mutex_lock(&repo->roots.lock);
    return hand_out(repo, await_listing(repo, since, err), out, err);
}

int li_roots_now(struct li_repo *repo, struct li_roots *out, struct li_error *err)
{
    struct li_roots_kept *kept = &repo->roots;

    pthread_mutex_lock(&kept->lock);
    while (kept->ended < kept->begun)
        pthread_cond_wait(&kept->settled, &kept->lock);
    return hand_out(repo, make_listing(repo, true, err), out, err);
}
