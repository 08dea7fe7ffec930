/* SPDX-License-Identifier: Apache-2.0 */
/* Making and opening salts. */
#include "repo/salt.h"

#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/wrap.h"
#include "repo/wrapped.h"

struct making {
    struct li_store *store;
    struct li_kms *kms;
    const uint8_t *repository, *id;
};

/* The first wrap is where it always was, so that released programs find it; the others are beside
 * it. */
static struct li_key key_of(const uint8_t id[LI_ID_SIZE], const struct li_kms *kms, size_t index)
{
    return index == 0 ? li_key_salt(id) : li_key_salt_wrap(id, kms->name);
}

static int store_wraps(const struct making *m, const struct li_secret *salt, struct li_error *err)
{
    struct li_kms_context context = li_wrap_context("salt", m->repository, m->id);
    struct li_buffer object = {0};
    struct li_kms *kms;
    int rc = 0;

    for (size_t i = 0; rc == 0 && (kms = li_kms_member(m->kms, "salt", i)); i++) {
        struct li_key at = key_of(m->id, kms, i);

        rc = li_wrap_make(kms, &context, salt, &object, err);
        if (rc == 0)
            rc = li_store_put_if_absent(m->store, at.text, object.data, object.len, err);
    }
    if (rc == LI_END)
        rc = li_fail(err, LI_EEXISTS,
                     "a new random salt ID is in use already; the source of randomness is broken");
    li_buffer_free(&object);
    return rc;
}

int li_salt_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const uint8_t repository[LI_ID_SIZE], uint8_t id[LI_ID_SIZE],
                   struct li_error *err)
{
    const struct making m = {store, kms, repository, id};
    struct li_secret salt;
    int rc = env->random(id, LI_ID_SIZE, err);

    if (rc == 0)
        rc = env->random(salt.bytes, sizeof(salt.bytes), err);
    if (rc == 0)
        rc = store_wraps(&m, &salt, err);
    li_secret_wipe(&salt);
    return rc;
}

int li_salt_discard(struct li_store *store, struct li_kms *kms, const uint8_t id[LI_ID_SIZE],
                    struct li_error *err)
{
    struct li_kms *member;
    int rc = 0;

    for (size_t i = 0; rc >= 0 && (member = li_kms_member(kms, "salt", i)); i++)
        rc = li_store_remove(store, key_of(id, member, i).text, err);
    return rc < 0 ? rc : 0;
}

int li_salt_open(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], struct li_secret *salt,
                 struct li_error *err)
{
    struct li_wrapped wrapped = li_wrapped_salt(id);
    int rc = li_wrapped_open(repo, &wrapped, salt, err);

    if (rc == LI_EDENIED)
        return li_context(err,
                          "cannot open the repository's salt, which may have a key of its own");
    return rc < 0 ? li_context(err, "cannot open the repository's salt") : 0;
}
