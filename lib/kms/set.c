/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several keys as one KMS: those of regions, of tenants, one for emergencies, and one of its own
 * for salts.
 */
#include <stdlib.h>
#include <string.h>

#include "kms/kms.h"

struct member {
    struct li_kms *kms;
    enum li_kms_use use;
};

struct set {
    struct li_kms kms; /* first, so that the pointers can be converted */
    struct member member[LI_KMS_SET_MAX];
    size_t count;
};

static bool is_for(enum li_kms_use use, const char *purpose)
{
    return use == LI_KMS_FOR_ALL || (strcmp(purpose, "salt") == 0) == (use == LI_KMS_FOR_SALTS);
}

static struct li_kms *set_member(struct li_kms *kms, const char *purpose, size_t index)
{
    const struct set *set = (const struct set *)kms;

    for (size_t i = 0; i < set->count; i++)
        if (is_for(set->member[i].use, purpose) && index-- == 0)
            return set->member[i].kms;
    return NULL;
}

static int need_first(struct li_kms *kms, const char *purpose, struct li_kms **out,
                      struct li_error *err)
{
    *out = set_member(kms, purpose, 0);
    return *out ? 0 : li_fail(err, LI_EINVALID, "there is no key for the purpose \"%s\"", purpose);
}

static int set_wrap(struct li_kms *kms, const struct li_kms_context *context,
                    const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    struct li_kms *first;
    int rc = need_first(kms, context->purpose, &first, err);

    return rc == 0 ? li_kms_wrap(first, context, key, blob, err) : rc;
}

/* Of several failures the first is reported. */
static int set_unwrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                      size_t len, struct li_secret *key, struct li_error *err)
{
    struct li_error later = LI_ERROR_INIT;
    struct li_kms *member;
    int rc = need_first(kms, context->purpose, &member, err);

    if (rc < 0)
        return rc;
    rc = li_kms_unwrap(member, context, blob, len, key, err);
    for (size_t i = 1; rc < 0 && (member = set_member(kms, context->purpose, i)); i++) {
        li_error_clear(&later);
        if (li_kms_unwrap(member, context, blob, len, key, &later) == 0)
            rc = 0;
    }
    if (rc == 0)
        li_error_clear(err);
    return rc;
}

static int set_rewrap(struct li_kms *kms, const struct li_kms_wrapped *wrapped,
                      struct li_buffer *out, struct li_error *err)
{
    struct li_kms *first;
    int rc = need_first(kms, wrapped->context->purpose, &first, err);

    return rc == 0 ? li_kms_rewrap(first, wrapped, out, err) : rc;
}

static int set_describe(struct li_kms *kms, struct li_kms_description *out, struct li_error *err)
{
    struct li_kms *first;
    int rc = need_first(kms, "manifest", &first, err);

    return rc == 0 ? li_kms_describe(first, out, err) : rc;
}

static void set_free(struct li_kms *kms)
{
    struct set *set = (struct set *)kms;

    for (size_t i = 0; i < set->count; i++)
        li_kms_free(set->member[i].kms);
    free(set);
}

int li_kms_set_new(struct li_kms **out, struct li_error *err)
{
    static const struct li_kms_operations operations = {.wrap = set_wrap,
                                                        .unwrap = set_unwrap,
                                                        .free = set_free,
                                                        .rewrap = set_rewrap,
                                                        .describe = set_describe,
                                                        .member = set_member};
    struct set *set = calloc(1, sizeof(*set));

    if (!set)
        return li_fail_memory(err);
    set->kms.ops = &operations;
    *out = &set->kms;
    return 0;
}

/* Two keys of one name are one key. */
static bool has_name(const struct set *set, const char *name, enum li_kms_use use)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->member[i].use == use && strcmp(set->member[i].kms->name, name) == 0)
            return true;
    return false;
}

int li_kms_set_add(struct li_kms *kms, struct li_kms *member, enum li_kms_use use,
                   struct li_error *err)
{
    struct set *set = (struct set *)kms;

    if (*member->name && has_name(set, member->name, use)) {
        li_kms_free(member);
        return 0;
    }
    if (set->count == LI_KMS_SET_MAX)
        return li_fail(err, LI_ELIMIT, "more than %d keys are given", LI_KMS_SET_MAX);
    if (!*kms->name && use != LI_KMS_FOR_SALTS)
        memcpy(kms->name, member->name, sizeof(kms->name));
    set->member[set->count++] = (struct member){member, use};
    return 0;
}

/* ---- a key that could not be opened ---------------------------------------------------------- */

struct closed {
    struct li_kms kms;
    struct li_error why;
};

static int say_why(struct li_kms *kms, struct li_error *err)
{
    *err = ((const struct closed *)kms)->why;
    return err->code;
}

static int closed_wrap(struct li_kms *kms, const struct li_kms_context *context,
                       const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    (void)context, (void)key, (void)blob;
    return say_why(kms, err);
}

static int closed_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                         const uint8_t *blob, size_t len, struct li_secret *key,
                         struct li_error *err)
{
    (void)context, (void)blob, (void)len, (void)key;
    return say_why(kms, err);
}

static void closed_free(struct li_kms *kms)
{
    free(kms);
}

int li_kms_closed(const struct li_error *why, struct li_kms **out, struct li_error *err)
{
    static const struct li_kms_operations operations = {
        .wrap = closed_wrap, .unwrap = closed_unwrap, .free = closed_free};
    struct closed *closed = calloc(1, sizeof(*closed));

    if (!closed)
        return li_fail_memory(err);
    closed->kms.ops = &operations;
    closed->why = *why;
    *out = &closed->kms;
    return 0;
}
