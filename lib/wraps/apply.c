/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All wraps are added, then made durable, and then others are removed. So whenever it stops, what
 * opened an object before still opens it, or what was to open it does.
 *
 * To replace a key takes two requests to a KMS, or one if it can rewrap by itself, and two to the
 * store for each object, and one to remove a thousand wraps. A new wrap that is there already, from
 * a run that was stopped or from anybody who may write, is tried before the old one is removed.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/workers.h"
#include "manifest/manifest.h"
#include "repo/wrap.h"
#include "wraps/internal.h"

enum { BATCH = 1000 /* wraps that are removed together */ };

struct applying {
    struct li_repo *repo;
    const struct li_wraps_change *change;
    struct li_wraps *wraps;
    pthread_mutex_t lock; /* of what follows */
    size_t next;
    struct li_error first; /* failure of an object */
    size_t failures;
};

/* ---- one object ------------------------------------------------------------------------------ */

static int put(struct applying *a, const struct li_key *at, const struct li_buffer *blob,
               struct li_error *err)
{
    struct li_buffer object = {0};
    int rc = li_wrap_encode(blob, &object, err);

    if (rc == 0)
        rc = li_store_put_if_absent(li_repo_store(a->repo), at->text, object.data, object.len, err);
    li_buffer_free(&object);
    return rc;
}

/* The wrap of OBJECT that is to be replaced. */
static struct li_key old_wrap(const struct applying *a, const struct li_wraps_object *object)
{
    struct li_wrapped wrapped = li_wraps_place(object);

    return object->remove_unnamed ? wrapped.unnamed
                                  : li_wrapped_at(&wrapped, a->change->from->name);
}

/* Wraps by TO what the key that goes has wrapped. */
static int rewrap(struct applying *a, const struct li_wraps_object *object, struct li_kms *to,
                  struct li_buffer *out, struct li_error *err)
{
    struct li_wrapped place = li_wraps_place(object);
    struct li_kms_context context =
        li_wrap_context(place.purpose, li_repo_id(a->repo), place.object);
    struct li_kms_wrapped wrapped = {.by = a->change->from, .context = &context};
    struct li_key old = old_wrap(a, object);
    struct li_buffer stored = {0};
    int rc = li_wraps_fetch(a->repo, &old, &stored, &wrapped.blob, &wrapped.len, err);

    if (rc == 0) {
        rc = li_kms_rewrap(to, &wrapped, out, err);
        if (rc < 0)
            li_context(err, "%s/%s", li_repo_store(a->repo)->address, old.text);
    }
    li_buffer_free(&stored);
    return rc;
}

static int wrap(struct li_repo *repo, const struct li_wrapped *place, struct li_kms *to,
                const struct li_secret *secret, struct li_buffer *out, struct li_error *err)
{
    struct li_kms_context context =
        li_wrap_context(place->purpose, li_repo_id(repo), place->object);

    return li_kms_wrap(to, &context, secret, out, err);
}

/* Makes the wrap of OBJECT by TO. SECRET is what is in it, unless a key is replaced. */
static int add_one(struct applying *a, const struct li_wraps_object *object, struct li_kms *to,
                   const struct li_secret *secret, struct li_error *err)
{
    struct li_wrapped place = li_wraps_place(object);
    struct li_key at = li_wrapped_at(&place, to->name);
    struct li_buffer blob = {0};
    int rc = a->change->replace ? rewrap(a, object, to, &blob, err)
                                : wrap(a->repo, &place, to, secret, &blob, err);

    if (rc == 0)
        rc = put(a, &at, &blob, err);
    if (rc == LI_END)
        rc = li_wraps_try(a->repo, &place, &at, to, err);
    li_buffer_free(&blob);
    return rc;
}

/* A wrap by the new key that this run has not made must open, before the old one goes. */
static int try_new(struct applying *a, const struct li_wraps_object *object, struct li_error *err)
{
    struct li_wrapped place = li_wraps_place(object);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->change->to_count; i++) {
        struct li_kms *to = a->change->to[i];
        struct li_key at = li_wrapped_at(&place, to->name);

        if (li_wraps_has(a->wraps, object, to->name))
            rc = li_wraps_try(a->repo, &place, &at, to, err);
    }
    return rc;
}

static int add_wraps(struct applying *a, const struct li_wraps_object *object, struct li_error *err)
{
    struct li_wrapped place = li_wraps_place(object);
    struct li_secret secret = {{0}};
    int rc = 0;

    if (object->add && !a->change->replace)
        rc = li_wrapped_open(a->repo, &place, &secret, err);
    for (size_t i = 0; rc == 0 && i < a->change->to_count; i++)
        if (object->add >> i & 1)
            rc = add_one(a, object, a->change->to[i], &secret, err);
    if (rc == 0 && (object->remove || object->remove_unnamed))
        rc = try_new(a, object, err);
    li_secret_wipe(&secret);
    return rc;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Would be the same for the next object. */
static bool is_fatal(int rc)
{
    return rc == LI_ENETWORK || rc == LI_ECANCELLED || rc == LI_ENOMEM;
}

static struct li_wraps_object *take(struct applying *a)
{
    struct li_wraps_object *object = NULL;

    pthread_mutex_lock(&a->lock);
    while (a->next < a->wraps->count && a->wraps->object[a->next].state != LI_WRAPS_CHANGE)
        a->next++;
    if (a->next < a->wraps->count)
        object = &a->wraps->object[a->next++];
    pthread_mutex_unlock(&a->lock);
    return object;
}

static void note_failure(struct applying *a, struct li_wraps_object *object,
                         const struct li_error *err)
{
    object->state = LI_WRAPS_FAILED;
    pthread_mutex_lock(&a->lock);
    if (a->failures++ == 0)
        a->first = *err;
    pthread_mutex_unlock(&a->lock);
}

static int work(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_wraps_object *object;
    struct applying *a = arg;
    int rc = 0;

    (void)index;
    while (rc == 0 && !li_workers_stopped(team) && (object = take(a))) {
        rc = add_wraps(a, object, err);
        if (rc < 0 && !is_fatal(rc)) {
            note_failure(a, object, err);
            li_error_clear(err);
            rc = 0;
        }
    }
    return rc;
}

static int add_all(struct applying *a, unsigned threads, struct li_error *err)
{
    struct li_workers *team = NULL;
    int rc = li_workers_start(threads, work, a, &team, err);

    return rc == 0 ? li_workers_join(team, err) : rc;
}

struct batch {
    struct li_store *store;
    struct li_key key[BATCH];
    size_t count;
};

static int remove_batch(struct batch *batch, struct li_error *err)
{
    const char *keys[BATCH];
    int rc;

    for (size_t i = 0; i < batch->count; i++)
        keys[i] = batch->key[i].text;
    rc = batch->count ? li_store_remove_many(batch->store, keys, batch->count, err) : 0;
    batch->count = 0;
    return rc;
}

static int remove_one(struct batch *batch, struct li_key key, struct li_error *err)
{
    batch->key[batch->count++] = key;
    return batch->count == BATCH ? remove_batch(batch, err) : 0;
}

static int remove_wraps(struct applying *a, const struct li_wraps_object *object,
                        struct batch *batch, struct li_error *err)
{
    struct li_wrapped place = li_wraps_place(object);
    int rc = object->remove_unnamed ? remove_one(batch, place.unnamed, err) : 0;

    for (size_t i = 0; rc == 0 && i < a->change->remove_count; i++)
        if (object->remove >> i & 1)
            rc = remove_one(batch, li_wrapped_at(&place, a->change->remove[i]), err);
    return rc;
}

static int remove_all(struct applying *a, struct li_error *err)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    int rc = 0;

    if (!batch)
        return li_fail_memory(err);
    batch->store = li_repo_store(a->repo);
    for (size_t i = 0; rc == 0 && i < a->wraps->count; i++)
        if (a->wraps->object[i].state == LI_WRAPS_CHANGE)
            rc = remove_wraps(a, &a->wraps->object[i], batch, err);
    if (rc == 0)
        rc = remove_batch(batch, err);
    free(batch);
    return rc == 0 ? li_store_flush(li_repo_store(a->repo), err) : rc;
}

int li_wraps_apply(struct li_repo *repo, const struct li_wraps_change *change,
                   struct li_wraps *wraps, unsigned threads, struct li_error *err)
{
    struct applying a = {.repo = repo, .change = change, .wraps = wraps, .first = LI_ERROR_INIT};
    int rc;

    pthread_mutex_init(&a.lock, NULL);
    rc = add_all(&a, threads, err);
    if (rc == 0)
        rc = li_store_flush(li_repo_store(repo), err);
    if (rc == 0)
        rc = remove_all(&a, err);
    pthread_mutex_destroy(&a.lock);
    if (rc == 0 && a.failures) {
        *err = a.first;
        rc = li_context(err, "%zu of the objects cannot be changed, of which one is", a.failures);
    }
    return rc;
}
