/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials for AWS and for services that speak its protocols: what they are, and where they come
 * from while a program runs. sign.h signs requests, call.h calls a service.
 */
#ifndef LI_AWS_AWS_H
#define LI_AWS_AWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LI_AWS_KEY_MAX = 256,     /* bytes of an access key ID and of a secret key */
    LI_AWS_TOKEN_MAX = 16384, /* bytes of a session token */
    LI_AWS_SOURCE_MAX = 256,
};

/* Zero-initialise it. The holder wipes it on every path. */
struct li_aws_credentials {
    char access_key[LI_AWS_KEY_MAX + 1]; /* "AKIA..."; not secret */
    char secret_key[LI_AWS_KEY_MAX + 1];
    char *token;                    /* NULL: none; the struct owns it */
    int64_t expires;                /* seconds since 1970; INT64_MAX: never */
    char source[LI_AWS_SOURCE_MAX]; /* for people: "the environment", "profile dev" */
};

/* Wipes and frees. NULL is allowed. */
void li_aws_credentials_wipe(struct li_aws_credentials *credentials);

/* Copies into *TO, after wiping it. */
int li_aws_credentials_copy(struct li_aws_credentials *to, const struct li_aws_credentials *from,
                            struct li_error *err);

/* Where credentials come from. Every function may be called from many threads at once. */
struct li_aws_provider;

struct li_aws_provider_operations {
    int (*get)(struct li_aws_provider *provider, struct li_aws_credentials *out,
               struct li_error *err);
    int (*rejected)(struct li_aws_provider *provider, const struct li_aws_credentials *used,
                    struct li_error *err);
    void (*free)(struct li_aws_provider *provider);
};

struct li_aws_provider {
    const struct li_aws_provider_operations *ops;
};

/* Gets credentials that are valid now. The caller wipes *OUT. LI_EDENIED if no source has any,
 * LI_ENOTFOUND if there is no such profile, LI_ENETWORK if a source could not be reached at the
 * moment. */
int li_aws_provider_get(struct li_aws_provider *provider, struct li_aws_credentials *out,
                        struct li_error *err);

/* Called when the service said that USED have expired. Gets other credentials, unless another call
 * has done so since. LI_EDENIED if there are no others. */
int li_aws_provider_rejected(struct li_aws_provider *provider,
                             const struct li_aws_credentials *used, struct li_error *err);

void li_aws_provider_free(struct li_aws_provider *provider); /* NULL is allowed */

/* A provider of fixed credentials. TOKEN may be NULL. Everything is copied. LI_EINVALID if one is
 * too long or has bytes that a header cannot hold. */
int li_aws_provider_fixed(const char *access_key, const char *secret_key, const char *token,
                          const char *source, struct li_aws_provider **out, struct li_error *err);

#endif
