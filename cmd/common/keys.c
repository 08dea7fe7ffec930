/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's keys: from options, the environment or the default, and open as one KMS.
 *
 * A command that wraps needs all of its keys; such commands take --salt-kms. For others one key is
 * enough, so a key that cannot be opened is no failure as long as there is another.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/common/context.h"

/* The specs of all uses of the option NAME, or else of VARIABLE, which may be NULL. */
static int given_specs(const struct arguments *args, const char *name, const char *variable,
                       struct li_kms_specs *specs, struct li_error *err)
{
    const char *text = variable ? getenv(variable) : NULL, *given;
    int rc = 0;

    for (int at = 0; rc == 0 && (given = option_next(args, name, &at));)
        rc = li_kms_specs_add(specs, given, err);
    if (rc == 0 && specs->count == 0 && text && *text)
        rc = li_kms_specs_add(specs, text, err);
    if (rc == LI_EINVALID || rc == LI_ELIMIT) {
        li_context(err, "--%s", name);
        rc = err->code = CMD_EUSAGE;
    }
    return rc;
}

static int default_spec(struct li_kms_specs *specs, struct li_error *err)
{
    char *spec = NULL;
    int rc = li_kms_default_spec(getenv("XDG_CONFIG_HOME"), getenv("HOME"), &spec, err);

    if (rc == LI_END)
        return li_fail(err, CMD_EUSAGE,
                       "no key is given and HOME is not set; name one with --kms " LI_KMS_FORMS);
    if (rc == 0)
        specs->spec[specs->count++] = spec;
    return rc;
}

int key_specs(const struct arguments *args, struct key_specs *out, struct li_error *err)
{
    int rc = given_specs(args, "kms", "LAMBDAIMG_KMS", &out->keys, err);

    if (rc == 0 && out->keys.count == 0)
        rc = default_spec(&out->keys, err);
    if (rc == 0 && takes_option(args, "salt-kms"))
        rc = given_specs(args, "salt-kms", "LAMBDAIMG_SALT_KMS", &out->salts, err);
    if (rc < 0)
        free_key_specs(out);
    return rc;
}

void free_key_specs(struct key_specs *specs)
{
    li_kms_specs_free(&specs->keys);
    li_kms_specs_free(&specs->salts);
}

int open_key(const struct arguments *args, const char *spec, struct context *context,
             struct li_kms **out, struct li_error *err)
{
    struct li_kms_options options;
    int rc = kms_options(args, spec, context, &options, err);

    return rc < 0 ? rc : li_kms_open(spec, &options, out, err);
}

/* With TOLERANT, a key that cannot be opened is replaced by one that says why. */
static int add_keys(const struct arguments *args, const struct li_kms_specs *specs,
                    enum li_kms_use use, bool tolerant, struct context *context,
                    struct li_error *err)
{
    size_t failures = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < specs->count; i++) {
        struct li_kms *kms = NULL;

        rc = open_key(args, specs->spec[i], context, &kms, err);
        if (rc < 0 && rc != CMD_EUSAGE && tolerant && ++failures < specs->count)
            rc = li_kms_closed(err, &kms, err);
        if (rc == 0)
            rc = li_kms_set_add(context->kms, kms, use, err);
        if (rc < 0)
            li_kms_free(kms);
    }
    return rc;
}

int open_kms(const struct arguments *args, const struct key_specs *specs, struct context *context,
             struct li_error *err)
{
    bool tolerant = context->any_key || !takes_option(args, "salt-kms");
    bool split = specs->salts.count > 0;
    int rc;

    if (specs->keys.count == 1 && !split)
        return open_key(args, specs->keys.spec[0], context, &context->kms, err);
    rc = li_kms_set_new(&context->kms, err);
    if (rc == 0)
        rc = add_keys(args, &specs->keys, split ? LI_KMS_FOR_OTHERS : LI_KMS_FOR_ALL, tolerant,
                      context, err);
    if (rc == 0 && split)
        rc = add_keys(args, &specs->salts, LI_KMS_FOR_SALTS, tolerant, context, err);
    return rc;
}

int open_keys(const struct arguments *args, struct context *context, struct li_error *err)
{
    struct key_specs specs = {.keys.count = 0};
    int rc = key_specs(args, &specs, err);

    if (rc == 0)
        rc = open_kms(args, &specs, context, err);
    free_key_specs(&specs);
    return rc;
}
