/* SPDX-License-Identifier: Apache-2.0 */
/* The user's configured key unwraps, never a key that the wrap names. */
#include <string.h>

#include "repo/internal.h"
#include "repo/wrap.h"

struct li_kms_context li_wrap_context(const char *purpose, const uint8_t repository[LI_ID_SIZE],
                                      const uint8_t object[LI_ID_SIZE])
{
    struct li_kms_context context = {.purpose = purpose};

    memcpy(context.repository, repository, LI_ID_SIZE);
    memcpy(context.object, object, LI_ID_SIZE);
    return context;
}

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
    /* A key that the KMS does not have counts as one that the secret was not wrapped for. */
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
