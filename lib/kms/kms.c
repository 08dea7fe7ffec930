/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the KMS that a spec names. The kind is before the first colon, so that a path, or an
 * address of a future kind, may have colons.
 */
#include "kms/kms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/user_directory.h"
#include "kms/exec.h"
#include "kms/kms_aws.h"
#include "kms/kms_file.h"

static const struct kind {
    const char *form; /* "file:PATH" */
    int (*open)(const char *rest, const struct li_kms_options *options, struct li_kms **out,
                struct li_error *err);
    int (*create)(const char *rest, const struct li_kms_options *options, struct li_error *err);
    bool is_service;
} kinds[] = {
#define ROW(name, form, example, service)                                                          \
    {form, li_kms_##name##_open, li_kms_##name##_create, service},
    LI_KMS_KINDS(ROW, ROW)
#undef ROW
};

#define EXAMPLE_FIRST(name, form, example, service) example
#define EXAMPLE_NEXT(name, form, example, service) " or " example
#define EXAMPLES LI_KMS_KINDS(EXAMPLE_FIRST, EXAMPLE_NEXT)

/* The kind that SPEC begins with, and in *REST the text after the colon; or NULL. */
static const struct kind *find_kind(const char *spec, const char **rest)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t len = strcspn(kinds[i].form, ":") + 1;

        if (strncmp(spec, kinds[i].form, len) == 0) {
            *rest = spec + len;
            return &kinds[i];
        }
    }
    return NULL;
}

static const struct kind *need_kind(const char *spec, const char **rest, struct li_error *err)
{
    const struct kind *kind = find_kind(spec, rest);

    if (kind && **rest)
        return kind;
    li_fail(err, LI_EINVALID, "\"%s\" does not name a KMS; give " LI_KMS_FORMS ", as in " EXAMPLES,
            spec);
    return NULL;
}

bool li_kms_is_spec(const char *spec)
{
    const char *rest;

    return find_kind(spec, &rest) != NULL;
}

bool li_kms_is_service(const char *spec)
{
    const char *rest;
    const struct kind *kind = find_kind(spec, &rest);

    return kind && kind->is_service;
}

bool li_kms_is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 0 && len < LI_KMS_WRAP_NAME_MAX && !text[len];
}

int li_kms_default_spec(const char *config, const char *home, char **out, struct li_error *err)
{
    const struct li_user_directories from = {.base = config, .home = home, .below = ".config"};
    char *dir = NULL, *spec = NULL;
    int rc = li_user_directory(&from, &dir, err);

    if (rc == 0 && asprintf(&spec, "file:%s/key", dir) < 0)
        rc = li_fail_memory(err);
    if (rc == 0)
        *out = spec;
    free(dir);
    return rc;
}

int li_kms_open(const char *spec, const struct li_kms_options *options, struct li_kms **out,
                struct li_error *err)
{
    const char *rest;
    const struct kind *kind = need_kind(spec, &rest, err);

    return kind ? kind->open(rest, options, out, err) : LI_EINVALID;
}

int li_kms_create(const char *spec, const struct li_kms_options *options, struct li_error *err)
{
    const char *rest;
    const struct kind *kind = need_kind(spec, &rest, err);

    return kind ? kind->create(rest, options, err) : LI_EINVALID;
}

struct li_kms *li_kms_member(struct li_kms *kms, const char *purpose, size_t index)
{
    if (kms->ops->member)
        return kms->ops->member(kms, purpose, index);
    return index == 0 ? kms : NULL;
}

int li_kms_wrap(struct li_kms *kms, const struct li_kms_context *context,
                const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    return kms->ops->wrap(kms, context, key, blob, err);
}

int li_kms_unwrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                  size_t len, struct li_secret *key, struct li_error *err)
{
    return kms->ops->unwrap(kms, context, blob, len, key, err);
}

int li_kms_rewrap(struct li_kms *kms, const struct li_kms_wrapped *wrapped, struct li_buffer *out,
                  struct li_error *err)
{
    struct li_secret key = {{0}};
    int rc = LI_END;

    if (kms->ops->rewrap)
        rc = kms->ops->rewrap(kms, wrapped, out, err);
    if (rc != LI_END)
        return rc;
    rc = li_kms_unwrap(wrapped->by, wrapped->context, wrapped->blob, wrapped->len, &key, err);
    if (rc == 0)
        rc = li_kms_wrap(kms, wrapped->context, &key, out, err);
    li_secret_wipe(&key);
    return rc;
}

int li_kms_describe(struct li_kms *kms, struct li_kms_description *out, struct li_error *err)
{
    return kms->ops->describe ? kms->ops->describe(kms, out, err) : LI_END;
}

static const struct li_secret zeros = {{0}};

static int unwrap_again(struct li_kms *kms, const struct li_kms_context *context,
                        const struct li_buffer *blob, struct li_error *err)
{
    struct li_secret key = {{0}};
    int rc = li_kms_unwrap(kms, context, blob->data, blob->len, &key, err);

    if (rc == 0 && !li_equal_secret(key.bytes, zeros.bytes, sizeof(key.bytes)))
        rc = li_fail(err, LI_ECORRUPT, "the KMS unwraps another key than it has wrapped");
    li_secret_wipe(&key);
    return rc;
}

int li_kms_try(struct li_kms *kms, const struct li_kms_context *context, bool read_back,
               struct li_error *err)
{
    struct li_buffer blob = {0};
    int rc = li_kms_wrap(kms, context, &zeros, &blob, err);

    if (rc == 0 && read_back)
        rc = unwrap_again(kms, context, &blob, err);
    li_buffer_free(&blob);
    return rc;
}

void li_kms_check(struct li_kms *kms, const struct li_kms_context *context,
                  struct li_kms_check *out)
{
    struct li_buffer blob = {0};

    *out = (struct li_kms_check){.description = {.key = ""}};
    for (size_t i = 0; i < LI_KMS_ACTIONS; i++)
        out->action[i].rc = LI_END;
    out->action[LI_KMS_DESCRIBE].rc =
        li_kms_describe(kms, &out->description, &out->action[LI_KMS_DESCRIBE].err);
    out->action[LI_KMS_WRAP].rc =
        li_kms_wrap(kms, context, &zeros, &blob, &out->action[LI_KMS_WRAP].err);
    if (out->action[LI_KMS_WRAP].rc == 0)
        out->action[LI_KMS_UNWRAP].rc =
            unwrap_again(kms, context, &blob, &out->action[LI_KMS_UNWRAP].err);
    li_buffer_free(&blob);
}

const char *li_kms_permission(const struct li_kms *kms, enum li_kms_action action)
{
    return kms->ops->permission[action];
}

void li_kms_free(struct li_kms *kms)
{
    if (kms)
        kms->ops->free(kms);
}
