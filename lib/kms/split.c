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

static int split_rewrap(struct li_kms *kms, const struct li_kms_wrapped *wrapped,
                        struct li_buffer *out, struct li_error *err)
{
    return li_kms_rewrap(of(kms, wrapped->context), wrapped, out, err);
}

static int split_describe(struct li_kms *kms, struct li_kms_description *out, struct li_error *err)
{
    return li_kms_describe(((struct split *)kms)->others, out, err);
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
    static const struct li_kms_operations operations = {.wrap = split_wrap,
                                                        .unwrap = split_unwrap,
                                                        .free = split_free,
                                                        .rewrap = split_rewrap,
                                                        .describe = split_describe};
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
