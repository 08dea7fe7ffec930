/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change means for each object, from the names of its wraps. The wrap of a salt that has no
 * name may be by any key, so the keys of the change are tried on it; a repository has few salts.
 */
#include <string.h>

#include "manifest/manifest.h"
#include "repo/wrap.h"
#include "wraps/internal.h"

struct li_wrapped li_wraps_place(const struct li_wraps_object *object)
{
    switch (object->kind) {
    case LI_WRAPS_SALT:
        return li_wrapped_salt(object->id);
    case LI_WRAPS_REPOSITORY:
        return li_wrapped_repository(object->id);
    default:
        return li_wrapped_manifest(object->root, object->id);
    }
}

bool li_wraps_has(const struct li_wraps *wraps, const struct li_wraps_object *object,
                  const char *name)
{
    for (size_t i = 0; i < object->names; i++)
        if (strcmp(wraps->name[object->name + i], name) == 0)
            return true;
    return false;
}

int li_wraps_fetch(struct li_repo *repo, const struct li_key *at, struct li_buffer *object,
                   const uint8_t **blob, size_t *len, struct li_error *err)
{
    struct li_store *store = li_repo_store(repo);
    int rc = li_as_failure(li_store_get(store, at->text, LI_REPO_WRAP_MAX, object, err), err);

    if (rc < 0)
        return rc;
    rc = li_wrap_decode(object->data, object->len, blob, len, err);
    return rc < 0 ? li_context(err, "%s/%s", store->address, at->text) : 0;
}

int li_wraps_open(struct li_repo *repo, struct li_wraps_attempt *attempt, struct li_secret *secret,
                  struct li_error *err)
{
    struct li_kms_context context =
        li_wrap_context(attempt->wrapped->purpose, li_repo_id(repo), attempt->wrapped->object);
    struct li_buffer object = {0};
    const uint8_t *blob;
    size_t len;
    int rc = li_wraps_fetch(repo, attempt->at, &object, &blob, &len, err);

    attempt->refused = false;
    if (rc == 0) {
        rc = li_as_failure(li_kms_unwrap(attempt->kms, &context, blob, len, secret, err), err);
        attempt->refused = rc < 0;
        if (rc < 0)
            li_context(err, "%s/%s", li_repo_store(repo)->address, attempt->at->text);
    }
    li_buffer_free(&object);
    return rc;
}

bool li_wraps_is_fatal(int rc)
{
    return rc == LI_ENETWORK || rc == LI_ECANCELLED || rc == LI_ENOMEM;
}

void li_wraps_note_failure(struct li_wraps *wraps, struct li_wraps_object *object,
                           struct li_error *err)
{
    object->state = object->stray ? LI_WRAPS_STRAY : LI_WRAPS_FAILED;
    if (!object->stray && wraps->failures++ == 0)
        wraps->why = *err;
    li_error_clear(err);
}

int li_wraps_failure(const struct li_wraps *wraps, struct li_error *err)
{
    if (wraps->failures == 0)
        return 0;
    *err = wraps->why;
    return li_context(err, "%zu of the objects cannot be changed, of which one is",
                      wraps->failures);
}

struct planning {
    struct li_repo *repo;
    const struct li_wraps_change *change;
    const struct li_wraps *wraps;
};

/* A wrap that a key does not open may be by another key; or the key is disabled, or may not be used
 * by this caller. Services do not tell these apart in one way, so the key is tried. */
static int is_usable(const struct planning *p, const struct li_wrapped *wrapped, struct li_kms *kms,
                     struct li_error *err)
{
    struct li_kms_context context =
        li_wrap_context(wrapped->purpose, li_repo_id(p->repo), wrapped->object);
    int rc = li_as_failure(li_kms_try(kms, &context, true, err), err);

    return rc == 0 ? 0
                   : li_context(err, "cannot find out whether %s/%s is a wrap by %s",
                                li_repo_store(p->repo)->address, wrapped->unnamed.text, kms->name);
}

/* Sets *YES to whether KMS opens the wrap of OBJECT that has no name. That KMS does not open it is
 * an answer: *REFUSED is true then, and ERR says why. A wrap that cannot be read, or is damaged, is
 * a failure, and so is a KMS that does not work. */
static int opens_unnamed(const struct planning *p, const struct li_wraps_object *object,
                         struct li_kms *kms, bool *yes, bool *refused, struct li_error *err)
{
    struct li_wrapped wrapped = li_wraps_place(object);
    struct li_wraps_attempt attempt = {.wrapped = &wrapped, .at = &wrapped.unnamed, .kms = kms};
    struct li_secret secret = {{0}};
    int rc = li_wraps_open(p->repo, &attempt, &secret, err);

    li_secret_wipe(&secret);
    *yes = rc == 0;
    /* What another kind of key has made is no wrap to this one. */
    *refused = attempt.refused && (rc == LI_EDENIED || rc == LI_ECORRUPT);
    return *refused ? 0 : rc;
}

/* Whether the key KMS, which goes, has made the wrap of OBJECT that has no name. LI_WRAPS_FAILED
 * must not become LI_WRAPS_FOREIGN: what cannot be found out is a failure. */
static int is_unnamed_by(const struct planning *p, const struct li_wraps_object *object,
                         struct li_kms *kms, bool *yes, struct li_error *err)
{
    struct li_wrapped wrapped = li_wraps_place(object);
    bool refused;
    int rc = opens_unnamed(p, object, kms, yes, &refused, err);

    if (rc < 0 || !refused)
        return rc;
    li_error_clear(err);
    return is_usable(p, &wrapped, kms, err);
}

/* Whether the new key KMS has made the wrap of OBJECT that has no name. If that cannot be found
 * out, it gets another. */
static int is_unnamed_by_new(const struct planning *p, const struct li_wraps_object *object,
                             struct li_kms *kms, bool *yes, struct li_error *err)
{
    bool refused;
    int rc = opens_unnamed(p, object, kms, yes, &refused, err);

    if (li_wraps_is_fatal(rc))
        return rc;
    li_error_clear(err);
    return 0;
}

/* *UNNAMED is whether one of the new keys has made the wrap that has no name. */
static int plan_additions(const struct planning *p, struct li_wraps_object *object, bool *unnamed,
                          struct li_error *err)
{
    int rc = 0;

    *unnamed = false;
    object->add = object->there = 0;
    for (size_t i = 0; rc == 0 && i < p->change->to_count; i++) {
        struct li_kms *kms = p->change->to[i];
        bool there = li_wraps_has(p->wraps, object, kms->name), yes = false;

        if (!there && object->unnamed)
            rc = is_unnamed_by_new(p, object, kms, &yes, err);
        *(there || yes ? &object->there : &object->add) |= UINT32_C(1) << i;
        *unnamed = *unnamed || yes;
    }
    return rc;
}

/* Whether an earlier name to be removed is the same as number AT, so that both are one wrap. */
static bool is_named_before(const struct li_wraps_change *change, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(change->remove[i], change->remove[at]) == 0)
            return true;
    return false;
}

/* The wrap that has no name is by one key. So where that is a new one, no other is asked. */
static int plan_removals(const struct planning *p, struct li_wraps_object *object, bool unnamed,
                         struct li_error *err)
{
    int rc = 0;

    object->remove = 0;
    object->remove_unnamed = false;
    if (object->kind == LI_WRAPS_REPOSITORY && !p->change->whole)
        return 0;
    for (size_t i = 0; rc == 0 && i < p->change->remove_count; i++) {
        bool yes = false;

        if (!is_named_before(p->change, i) && li_wraps_has(p->wraps, object, p->change->remove[i]))
            object->remove |= UINT32_C(1) << i;
        if (object->unnamed && p->change->remove_key[i] && !unnamed)
            rc = is_unnamed_by(p, object, p->change->remove_key[i], &yes, err);
        object->remove_unnamed = object->remove_unnamed || yes;
    }
    return rc;
}

static bool is_removed(const struct li_wraps_change *change, const struct li_wraps_object *object,
                       const char *name)
{
    for (size_t i = 0; i < change->remove_count; i++)
        if (object->remove >> i & 1 && strcmp(change->remove[i], name) == 0)
            return true;
    return false;
}

/* Whether OBJECT keeps a wrap, or gets one. What cannot be a wrap does not count: anybody who may
 * write the store can put it there. */
static bool keeps_any(const struct planning *p, const struct li_wraps_object *object)
{
    bool any =
        object->add || (object->unnamed && !object->unnamed_broken && !object->remove_unnamed);

    for (size_t i = object->name; !any && i < object->name + object->names; i++)
        any = !p->wraps->broken[i] && !is_removed(p->change, object, p->wraps->name[i]);
    return any;
}

static enum li_wraps_state judge(const struct planning *p, const struct li_wraps_object *object)
{
    const struct li_wraps_change *change = p->change;
    bool removes = object->remove || object->remove_unnamed;

    if (change->replace && !removes && object->add &&
        !li_wraps_has(p->wraps, object, change->from->name))
        return LI_WRAPS_FOREIGN;
    if (!object->add && !removes)
        return LI_WRAPS_DONE;
    if (!removes || change->force || keeps_any(p, object))
        return LI_WRAPS_CHANGE;
    return object->stray ? LI_WRAPS_STRAY : LI_WRAPS_LAST;
}

static int plan(const struct planning *p, struct li_wraps_object *object, struct li_error *err)
{
    bool unnamed;
    int rc = plan_additions(p, object, &unnamed, err);

    if (rc == 0)
        rc = plan_removals(p, object, unnamed, err);
    if (rc == 0)
        object->state = judge(p, object);
    return rc;
}

int li_wraps_plan(struct li_repo *repo, const struct li_wraps_change *change,
                  struct li_wraps *wraps, struct li_error *err)
{
    const struct planning p = {repo, change, wraps};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < wraps->count; i++) {
        rc = plan(&p, &wraps->object[i], err);
        if (rc < 0 && !li_wraps_is_fatal(rc)) {
            li_wraps_note_failure(wraps, &wraps->object[i], err);
            rc = 0;
        }
    }
    return rc;
}

int li_wraps_opens_unnamed(struct li_repo *repo, const struct li_wraps_object *object,
                           struct li_kms *kms, bool *yes, struct li_error *err)
{
    const struct planning p = {.repo = repo};
    bool refused;
    int rc;

    *yes = false;
    if (!object->unnamed)
        return 0;
    rc = opens_unnamed(&p, object, kms, yes, &refused, err);
    if (rc == 0)
        li_error_clear(err);
    return rc;
}
