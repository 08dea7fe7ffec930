/* SPDX-License-Identifier: Apache-2.0 */
/* Making and opening salts. */
#include "repo/salt.h"

#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/wrap.h"

int li_salt_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const uint8_t repository[LI_ID_SIZE], uint8_t id[LI_ID_SIZE],
                   struct li_error *err)
{
    struct li_kms_context context;
    struct li_buffer object = {0};
    struct li_secret salt;
    int rc;

    rc = env->random(id, LI_ID_SIZE, err);
    if (rc == 0)
        rc = env->random(salt.bytes, sizeof(salt.bytes), err);
    if (rc == 0) {
        context = li_wrap_context("salt", repository, id);
        rc = li_wrap_make(kms, &context, &salt, &object, err);
    }
    if (rc == 0)
        rc = li_store_put_if_absent(store, li_key_salt(id).text, object.data, object.len, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_EEXISTS,
                     "a new random salt ID is in use already; the source of randomness is broken");
    li_secret_wipe(&salt);
    li_buffer_free(&object);
    return rc;
}

int li_salt_open(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], struct li_secret *salt,
                 struct li_error *err)
{
    struct li_kms_context context = li_wrap_context("salt", repo->id, id);
    const char *address = repo->store->address;
    bool there = false;
    int rc = li_wrap_open(repo, li_key_salt(id).text, &context, salt, &there, err);

    if (rc == 0 && !there)
        rc = li_fail(err, LI_ECORRUPT, "%s/%s is gone", address, li_key_salt(id).text);
    if (rc == LI_EDENIED)
        return li_context(err,
                          "cannot open the repository's salt, which may have a key of its own");
    return rc < 0 ? li_context(err, "cannot open the repository's salt") : 0;
}
