/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key management services: what wraps data keys and salts.
 *
 * A KMS wraps 32 bytes under an encryption context, and unwraps them only under the same context
 * and with the key that the user configured: never with one that the store names. What it returns
 * is opaque to all others.
 */
#ifndef LI_KMS_KMS_H
#define LI_KMS_KMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/buffer.h"
#include "base/env.h"
#include "base/error.h"
#include "base/secret.h"
#include "http/http.h"

enum {
    LI_ID_SIZE = 16,           /* repository, root, salt and manifest ids: random */
    LI_KMS_WRAP_NAME_MAX = 64, /* with its NUL */
    LI_KMS_BLOB_MAX = 8192,    /* bytes of a wrapped key */
};

/* Binds a wrap to what it is for. */
struct li_kms_context {
    const char *purpose; /* "manifest" or "salt" */
    uint8_t repository[LI_ID_SIZE];
    uint8_t object[LI_ID_SIZE]; /* the manifest's or salt's id */
};

struct li_kms;

/* Every function may be called from many threads at once. */
struct li_kms_operations {
    int (*wrap)(struct li_kms *kms, const struct li_kms_context *context,
                const struct li_secret *key, struct li_buffer *blob, struct li_error *err);
    int (*unwrap)(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                  size_t len, struct li_secret *key, struct li_error *err);
    void (*free)(struct li_kms *kms);
};

struct li_kms {
    const struct li_kms_operations *ops;
    /* Names the key in use, for wrap objects: [a-z0-9-], the same for the same key always. */
    char name[LI_KMS_WRAP_NAME_MAX];
};

/* ---- kinds -------------------------------------------------------------------------------------
 */

/* The kinds of KMS, each with its name, what a spec looks like, an example, and whether it is a
 * service. All that names them, messages and help included, is made of this list: FIRST is for the
 * first of them, NEXT for the others. */
#define LI_KMS_KINDS(FIRST, NEXT) FIRST(file, "file:PATH", "file:/etc/lambdaimg.key", false)

#define LI_KMS_FORM_FIRST(name, form, example, service) form
#define LI_KMS_FORM_NEXT(name, form, example, service) " or " form

/* "file:PATH", and what else there is. */
#define LI_KMS_FORMS LI_KMS_KINDS(LI_KMS_FORM_FIRST, LI_KMS_FORM_NEXT)

/* Whether SPEC begins as that of a kind, so that the user meant it for one. */
bool li_kms_is_spec(const char *spec);

/* Whether what SPEC names is a service, which is asked over the network. */
bool li_kms_is_service(const char *spec);

/* The spec of the KMS where the user names none, from the directories of the user's configuration
 * (XDG_CONFIG_HOME) and home (HOME), of which either may be NULL or "". The caller frees *OUT.
 * LI_END where neither is known. */
int li_kms_default_spec(const char *config, const char *home, char **out, struct li_error *err);

/* ---- opening -----------------------------------------------------------------------------------
 */

/* What a KMS is given. All is borrowed, and must outlive it. */
struct li_kms_options {
    const struct li_env *env;
    /* For a service, and may be NULL for others: how to reach it, who we are, and what the user's
     * options, environment and profile say of regions and endpoints. */
    struct li_http *http;
    struct li_aws_provider *provider;
    const struct li_aws_settings *settings;
    unsigned deadline; /* seconds for one question to a service, with all attempts; 0: no limit */
};

/* Opens the KMS that SPEC names: "file:PATH", a key file that belongs to the effective user or to
 * root, and that nobody else may access. Errors: LI_ENOTFOUND (no key file), LI_EDENIED (others can
 * read it), LI_ECORRUPT, LI_EINVALID (the spec, or not a regular file). */
int li_kms_open(const char *spec, const struct li_kms_options *options, struct li_kms **out,
                struct li_error *err);

/* Makes what SPEC names where it does not exist: for "file:PATH" a key file of mode 0600, and its
 * directory of mode 0700. Returns LI_END, and changes nothing, where there is one already. */
int li_kms_create(const char *spec, const struct li_kms_options *options, struct li_error *err);

/* ---- the operations ---------------------------------------------------------------------------
 */

/* Wraps KEY under CONTEXT; BLOB is replaced, and the caller frees it also on failure. LI_EINVALID:
 * the purpose is too long. */
int li_kms_wrap(struct li_kms *kms, const struct li_kms_context *context,
                const struct li_secret *key, struct li_buffer *blob, struct li_error *err);

/* Unwraps the LEN bytes of BLOB into *KEY, which the caller wipes. LI_EDENIED where the key or the
 * context do not fit, LI_ECORRUPT where BLOB is not a wrap. */
int li_kms_unwrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                  size_t len, struct li_secret *key, struct li_error *err);

/* NULL is allowed. */
void li_kms_free(struct li_kms *kms);

#endif
