/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new key is tried before anything is written: one that cannot unwrap what it has wrapped must
 * not be found out when the old key is gone.
 *
 * A policy may allow a purpose and refuse another, and a program may do as it likes. So each key is
 * tried for each kind of object that it is needed for. A refusal to unwrap may be a policy, as for
 * a key for emergencies, or a program that never works. Only the user can tell these apart.
 */
#include "repo/wrap.h"
#include "wraps/internal.h"

/* The first object of KIND for which key number INDEX is needed, or NULL. */
static const struct li_wraps_object *first_for(const struct li_wraps_applying *a, size_t index,
                                               enum li_wraps_kind kind)
{
    for (size_t i = 0; i < a->wraps->count; i++) {
        const struct li_wraps_object *object = &a->wraps->object[i];

        if (object->kind == kind && li_wraps_is_work(a, object) &&
            (object->add | object->there) >> index & 1)
            return object;
    }
    return NULL;
}

/* Wraps zeros by KMS and unwraps them. *UNPROVEN: it wraps, and refuses to unwrap. */
static int try_it(struct li_kms *kms, const struct li_kms_context *context, bool *unproven,
                  struct li_error *err)
{
    struct li_kms_check check;
    int rc;

    li_kms_check(kms, context, &check);
    rc = check.action[LI_KMS_WRAP].rc;
    if (rc < 0)
        *err = check.action[LI_KMS_WRAP].err;
    else if ((rc = check.action[LI_KMS_UNWRAP].rc) < 0)
        *err = check.action[LI_KMS_UNWRAP].err;
    *unproven = check.action[LI_KMS_WRAP].rc == 0 && rc == LI_EDENIED;
    return li_as_failure(rc, err);
}

static int try_key(struct li_wraps_applying *a, size_t index, const struct li_wraps_object *object,
                   struct li_error *err)
{
    struct li_kms *kms = a->change->to[index];
    struct li_wrapped place = li_wraps_place(object);
    struct li_kms_context context =
        li_wrap_context(place.purpose, li_repo_id(a->repo), place.object);
    bool unproven;
    int rc = try_it(kms, &context, &unproven, err);

    if (unproven && a->change->unproven && !a->change->replace) {
        a->blind[object->kind] |= UINT32_C(1) << index;
        li_error_clear(err);
        return 0;
    }
    if (rc < 0 && unproven && !a->change->replace)
        li_context(err,
                   "the new key %s wraps the key of a %s, and does not unwrap it here "
                   "(--unproven adds a key that only others may unwrap with), and nothing was "
                   "changed",
                   kms->name, place.purpose);
    else if (rc < 0)
        li_context(err, "the new key %s cannot be used, and nothing was changed", kms->name);
    return rc;
}

int li_wraps_try_keys(struct li_wraps_applying *a, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->change->to_count; i++)
        for (int kind = 0; rc == 0 && kind < LI_WRAPS_KINDS; kind++) {
            const struct li_wraps_object *object = first_for(a, i, kind);

            if (object)
                rc = try_key(a, i, object, err);
        }
    return rc;
}
