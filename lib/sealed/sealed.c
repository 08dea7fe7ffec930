/* SPDX-License-Identifier: Apache-2.0 */
#include "sealed/sealed.h"

int li_sealed_get(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                  struct li_sealed_object *out, struct li_error *err)
{
    int rc;

    out->bytes.len = 0;
    out->there = out->copy = false;
    rc = sealed->ops->get(sealed, chunk, out, err);
    return rc > 0 ? li_as_failure(rc, err) : rc;
}

void li_sealed_want(struct li_sealed *sealed, const struct li_sealed_chunk *chunks, size_t count)
{
    if (sealed->ops->want)
        sealed->ops->want(sealed, chunks, count);
}

void li_sealed_used(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                    const struct li_sealed_object *object, const struct li_sealed_finding *finding)
{
    if (sealed->ops->used)
        sealed->ops->used(sealed, chunk, object, finding);
}

void li_sealed_free(struct li_sealed *sealed)
{
    if (sealed)
        sealed->ops->free(sealed);
}
