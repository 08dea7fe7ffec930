/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object's wraps hold. A wrap proves nothing: whoever may wrap by a key, and write the
 * store, can make one of another secret. So what is wrapped for a new key is never taken from a
 * wrap by that key, and the wraps of several keys are compared.
 */
#include <string.h>

#include "wraps/internal.h"

struct li_key li_wraps_old(const struct li_wraps_applying *a, const struct li_wraps_object *object)
{
    struct li_wrapped wrapped = li_wraps_place(object);

    return object->remove_unnamed ? wrapped.unnamed
                                  : li_wrapped_at(&wrapped, a->change->from->name);
}

/* ---- the keys of the user without those that are added --------------------------------------- */

/* A KMS whose members are those of FROM that are not in CHANGE. */
struct others {
    struct li_kms kms;
    struct li_kms *from;
    const struct li_wraps_change *change;
};

static bool is_added(const struct li_wraps_change *change, const struct li_kms *kms)
{
    for (size_t i = 0; i < change->to_count; i++)
        if (strcmp(change->to[i]->name, kms->name) == 0)
            return true;
    return false;
}

static struct li_kms *other_member(struct li_kms *kms, const char *purpose, size_t index)
{
    const struct others *others = (const struct others *)kms;
    struct li_kms *member;

    for (size_t i = 0; (member = li_kms_member(others->from, purpose, i)); i++)
        if (!is_added(others->change, member) && index-- == 0)
            return member;
    return NULL;
}

static struct others make_others(const struct li_wraps_applying *a)
{
    static const struct li_kms_operations operations = {.member = other_member};

    return (struct others){
        .kms.ops = &operations, .from = li_repo_kms(a->repo), .change = a->change};
}

/* ---- opening --------------------------------------------------------------------------------- */

static int differ(struct li_wraps_applying *a, const char *at, const char *purpose,
                  struct li_error *err)
{
    return li_fail(err, LI_ECORRUPT,
                   "%s/%s holds another secret than the wrap that opens the %s now: somebody who "
                   "has one of the keys may have made it; remove the wrap that is wrong, and run "
                   "this again",
                   li_repo_store(a->repo)->address, at, purpose);
}

/* Opens the wrap of ATTEMPT. What it holds is compared with OUT if that is *FOUND already, and else
 * put there. One wrap that does not open does not matter where another does. */
static int gather(struct li_wraps_applying *a, struct li_wraps_attempt *attempt,
                  struct li_secret *out, bool *found, struct li_error *err)
{
    struct li_secret secret = {{0}};
    int rc = li_wraps_open(a->repo, attempt, &secret, err);

    if (rc == 0 && *found && !li_equal_secret(secret.bytes, out->bytes, sizeof(out->bytes)))
        rc = differ(a, attempt->at->text, attempt->wrapped->purpose, err);
    else if (rc == 0)
        *out = secret, *found = true;
    else if (rc != LI_ECANCELLED && rc != LI_ENOMEM && (attempt->refused || rc != LI_ENETWORK)) {
        li_error_clear(err);
        rc = 0;
    }
    li_secret_wipe(&secret);
    return rc;
}

/* Opens all wraps of OBJECT that are by OTHERS' keys. */
static int gather_all(struct li_wraps_applying *a, const struct li_wraps_object *object,
                      struct others *others, struct li_secret *out, bool *found,
                      struct li_error *err)
{
    struct li_wrapped place = li_wraps_place(object);
    struct li_kms *kms;
    int rc = 0;

    for (size_t i = 0; rc == 0 && (kms = li_kms_member(&others->kms, place.purpose, i)); i++) {
        struct li_key at = li_wrapped_at(&place, kms->name);
        struct li_wraps_attempt named = {.wrapped = &place, .at = &at, .kms = kms};
        struct li_wraps_attempt unnamed = {.wrapped = &place, .at = &place.unnamed, .kms = kms};

        if (*kms->name && li_wraps_has(a->wraps, object, kms->name))
            rc = gather(a, &named, out, found, err);
        if (rc == 0 && *kms->name && object->unnamed)
            rc = gather(a, &unnamed, out, found, err);
    }
    return rc;
}

int li_wraps_secret(struct li_wraps_applying *a, const struct li_wraps_object *object,
                    struct li_secret *out, bool *proven, struct li_error *err)
{
    struct li_wrapped place = li_wraps_place(object);
    struct others others = make_others(a);
    bool found = false;
    int rc = gather_all(a, object, &others, out, &found, err);

    *proven = true;
    if (rc < 0 || found)
        return rc;
    rc = LI_EDENIED;
    if (li_kms_member(&others.kms, place.purpose, 0))
        rc = li_wrapped_open_by(a->repo, &others.kms, &place, out, err);
    if (rc != LI_EDENIED)
        return rc;
    li_error_clear(err);
    *proven = false;
    return li_wrapped_open(a->repo, &place, out, err);
}

/* ---- comparing ------------------------------------------------------------------------------- */

int li_wraps_compare(struct li_wraps_applying *a, const struct li_wraps_object *object,
                     struct li_kms *to, const struct li_key *at, const struct li_secret *secret,
                     struct li_error *err)
{
    struct li_wrapped place = li_wraps_place(object);
    struct li_secret theirs = {{0}}, ours = {{0}};
    struct li_wraps_attempt attempt = {.wrapped = &place, .at = at, .kms = to};
    int rc = li_wraps_open(a->repo, &attempt, &theirs, err);

    if (rc == 0 && !secret) {
        struct li_key old = li_wraps_old(a, object);
        struct li_wraps_attempt replaced = {.wrapped = &place, .at = &old, .kms = a->change->from};

        rc = li_wraps_open(a->repo, &replaced, &ours, err);
        secret = &ours;
    }
    if (rc == 0 && !li_equal_secret(theirs.bytes, secret->bytes, sizeof(theirs.bytes)))
        rc = differ(a, at->text, place.purpose, err);
    li_secret_wipe(&theirs);
    li_secret_wipe(&ours);
    return rc;
}
