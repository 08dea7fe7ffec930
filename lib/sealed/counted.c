/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>

#include "sealed/sealed.h"

struct counted {
    struct li_sealed sealed;
    struct li_sealed *inner;
    atomic_uint_least64_t sound;
    atomic_uint_least64_t bytes;
    atomic_uint_least64_t copies;
    atomic_uint_least64_t failures;
};

static int counted_get(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                       struct li_sealed_object *out, struct li_error *err)
{
    return li_sealed_get(((struct counted *)sealed)->inner, chunk, out, err);
}

static void counted_want(struct li_sealed *sealed, const struct li_sealed_chunk *chunks,
                         size_t count)
{
    li_sealed_want(((struct counted *)sealed)->inner, chunks, count);
}

static void counted_used(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                         const struct li_sealed_object *object,
                         const struct li_sealed_finding *finding)
{
    struct counted *counted = (struct counted *)sealed;

    if (object->copy) {
        atomic_fetch_add(&counted->copies, finding->health == LI_SEALED_SOUND);
    } else if (finding->health == LI_SEALED_SOUND) {
        atomic_fetch_add(&counted->sound, 1);
        atomic_fetch_add(&counted->bytes, finding->bytes);
    } else {
        atomic_fetch_add(&counted->failures, 1);
    }
    li_sealed_used(counted->inner, chunk, object, finding);
}

static void counted_free(struct li_sealed *sealed)
{
    free(sealed);
}

int li_sealed_counted_new(struct li_sealed *inner, struct li_sealed **out, struct li_error *err)
{
    static const struct li_sealed_operations operations = {counted_get, counted_want, counted_used,
                                                           counted_free};
    struct counted *counted = calloc(1, sizeof(*counted));

    if (!counted)
        return li_fail_memory(err);
    counted->sealed = (struct li_sealed){&operations, inner->address};
    counted->inner = inner;
    *out = &counted->sealed;
    return 0;
}

void li_sealed_counts(struct li_sealed *sealed, struct li_sealed_counts *out)
{
    const struct counted *counted = (const struct counted *)sealed;

    out->sound = atomic_load(&counted->sound);
    out->bytes = atomic_load(&counted->bytes);
    out->copies = atomic_load(&counted->copies);
    out->failures = atomic_load(&counted->failures);
}
