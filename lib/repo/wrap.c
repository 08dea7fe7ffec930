/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrapped keys in the store: salts, and the data keys of manifests. What unwraps is the key that
 * the user configured, under a context that says what the wrap should be for, from where it was
 * looked for and not from what it says: a wrap in another's place does not open.
 */
#include <string.h>

#include "repo/internal.h"

int li_wrap_open(struct li_repo *repo, const char *key, const struct li_kms_context *context,
                 struct li_secret *secret, bool *there, struct li_error *err)
{
    struct li_buffer object = {0};
    const uint8_t *blob;
    size_t len;
    int rc;

    rc = li_store_get(repo->store, key, LI_REPO_WRAP_MAX, &object, err);
    *there = rc != LI_ENOTFOUND;
    if (rc < 0)
        goto out;
    rc = li_wrap_decode(object.data, object.len, &blob, &len, err);
    if (rc == 0)
        rc = li_kms_unwrap(repo->kms, context, blob, len, secret, err);
    /* A key that the KMS has not got is none that was not wrapped for. */
    if (rc == LI_ENOTFOUND)
        rc = err->code = LI_EDENIED;
    if (rc < 0)
        li_context(err, "%s/%s", repo->store->address, key);
out:
    li_buffer_free(&object);
    return *there ? rc : 0;
}

int li_wrap_make(struct li_kms *kms, const struct li_kms_context *context,
                 const struct li_secret *secret, struct li_buffer *out, struct li_error *err)
{
    struct li_buffer blob = {0};
    int rc = li_kms_wrap(kms, context, secret, &blob, err);

    if (rc == 0)
        rc = li_wrap_encode(&blob, out, err);
    li_buffer_free(&blob);
    return rc;
}

static struct li_kms_context salt_context(const uint8_t repository[LI_ID_SIZE],
                                          const uint8_t id[LI_ID_SIZE])
{
    struct li_kms_context context = {.purpose = "salt"};

    memcpy(context.repository, repository, LI_ID_SIZE);
    memcpy(context.object, id, LI_ID_SIZE);
    return context;
}

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
        context = salt_context(repository, id);
        rc = li_wrap_make(kms, &context, &salt, &object, err);
    }
    if (rc == 0)
        rc = li_store_put_if_absent(store, li_key_salt(id).text, object.data, object.len, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_EEXISTS, "a random salt id that is taken; randomness is broken");
    li_secret_wipe(&salt);
    li_buffer_free(&object);
    return rc;
}

int li_salt_open(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], struct li_secret *salt,
                 struct li_error *err)
{
    struct li_kms_context context = salt_context(repo->id, id);
    const char *address = repo->store->address;
    bool there = false;
    int rc = li_wrap_open(repo, li_key_salt(id).text, &context, salt, &there, err);

    if (rc == 0 && !there)
        rc = li_fail(err, LI_ECORRUPT, "%s/%s is gone", address, li_key_salt(id).text);
    return rc < 0 ? li_context(err, "cannot open the repository's salt") : 0;
}
