/* SPDX-License-Identifier: Apache-2.0 */
/* One KMS of two: salts go to the one, everything else to the other. */
#include <stdlib.h>
#include <string.h>

#include "kms/kms.h"

struct split {
    struct li_kms kms;
    struct li_kms *salts, *others;
};

static struct li_kms *of(const struct li_kms *kms, const struct li_kms_context *context)
{
    const struct split *split = (const struct split *)kms;

    return strcmp(context->purpose, "salt") == 0 ? split->salts : split->others;
}

static int split_wrap(struct li_kms *kms, const struct li_kms_context *context,
                      const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    return li_kms_wrap(of(kms, context), context, key, blob, err);
}

static int split_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                        const uint8_t *blob, size_t len, struct li_secret *key,
                        struct li_error *err)
{
    return li_kms_unwrap(of(kms, context), context, blob, len, key, err);
}

static void split_free(struct li_kms *kms)
{
    struct split *split = (struct split *)kms;

    li_kms_free(split->salts);
    li_kms_free(split->others);
    free(split);
}

int li_kms_split(struct li_kms *salts, struct li_kms *others, struct li_kms **out,
                 struct li_error *err)
{
    static const struct li_kms_operations operations = {split_wrap, split_unwrap, split_free};
    struct split *split = calloc(1, sizeof(*split));

    if (!split)
        return li_fail_memory(err);
    split->kms.ops = &operations;
    memcpy(split->kms.name, others->name, sizeof(split->kms.name));
    split->salts = salts;
    split->others = others;
    *out = &split->kms;
    return 0;
}
