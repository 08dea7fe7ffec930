/* SPDX-License-Identifier: Apache-2.0 */
/* Making wraps; wrapped.c opens them. */
#include "repo/wrap.h"

#include <string.h>

#include "manifest/manifest.h"

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
