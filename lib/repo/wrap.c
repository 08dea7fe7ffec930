/* SPDX-License-Identifier: Apache-2.0 */
/* Making wraps; wrapped.c opens them. */
#include "repo/wrap.h"

#include <string.h>

#include "manifest/manifest.h"
#include "repo/wrapped.h"

struct li_kms_context li_wrap_context(const char *purpose, const uint8_t repository[LI_ID_SIZE],
                                      const uint8_t object[LI_ID_SIZE])
{
    struct li_kms_context context = {.purpose = purpose};

    memcpy(context.repository, repository, LI_ID_SIZE);
    memcpy(context.object, object, LI_ID_SIZE);
    return context;
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

struct li_key li_wrapped_place(const struct li_wrapped *wrapped, const char *name, size_t index)
{
    return index == 0 && *wrapped->unnamed.text ? wrapped->unnamed : li_wrapped_at(wrapped, name);
}

int li_wrapped_put(void *arg, const struct li_key *at, const struct li_buffer *object,
                   struct li_error *err)
{
    return li_store_put_if_absent(arg, at->text, object->data, object->len, err);
}

int li_wrapped_make(const struct li_wrapping *wrapping, const struct li_secret *secret,
                    struct li_error *err)
{
    const struct li_wrapped *wrapped = wrapping->wrapped;
    struct li_kms_context context =
        li_wrap_context(wrapped->purpose, wrapping->repository, wrapped->object);
    struct li_buffer object = {0};
    struct li_kms *kms;
    int rc = 0;

    for (size_t i = 0; rc == 0 && (kms = li_kms_member(wrapping->kms, wrapped->purpose, i)); i++) {
        struct li_key at = li_wrapped_place(wrapped, kms->name, i);

        rc = li_wrap_make(kms, &context, secret, &object, err);
        if (rc == 0)
            rc = wrapping->put(wrapping->arg, &at, &object, err);
    }
    if (rc == LI_END)
        rc =
            li_fail(err, LI_EEXISTS,
                    "a new random ID of a %s is in use already; the source of randomness is broken",
                    wrapped->purpose);
    li_buffer_free(&object);
    return rc;
}
