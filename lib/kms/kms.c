/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which KMS a spec means. The scheme stands before the first colon, so that a path or an address of
 * a later kind may hold colons of its own.
 */
#include "kms/kms.h"

#include <string.h>

#include "kms/kms_file.h"

static const struct scheme {
    const char *prefix;
    int (*open)(const char *rest, const struct li_env *env, struct li_kms **out,
                struct li_error *err);
    int (*create)(const char *rest, const struct li_env *env, struct li_error *err);
} schemes[] = {
    {"file:", li_kms_file_open, li_kms_file_create},
};

static const struct scheme *find_scheme(const char *spec, const char **rest, struct li_error *err)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].prefix);

        if (strncmp(spec, schemes[i].prefix, len) == 0 && spec[len]) {
            *rest = spec + len;
            return &schemes[i];
        }
    }
    li_fail(err, LI_EINVALID, "\"%s\" names no KMS; give file:PATH, as in file:/etc/lambdaimg.key",
            spec);
    return NULL;
}

int li_kms_open(const char *spec, const struct li_env *env, struct li_kms **out,
                struct li_error *err)
{
    const char *rest;
    const struct scheme *scheme = find_scheme(spec, &rest, err);

    return scheme ? scheme->open(rest, env, out, err) : LI_EINVALID;
}

int li_kms_create(const char *spec, const struct li_env *env, struct li_error *err)
{
    const char *rest;
    const struct scheme *scheme = find_scheme(spec, &rest, err);

    return scheme ? scheme->create(rest, env, err) : LI_EINVALID;
}

void li_kms_free(struct li_kms *kms)
{
    if (kms)
        kms->free(kms);
}
