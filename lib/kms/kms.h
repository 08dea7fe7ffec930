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

#include <stdint.h>

#include "base/buffer.h"
#include "base/env.h"
#include "base/error.h"
#include "base/secret.h"

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

struct li_kms {
    void *self;
    /* Names the key in use, for wrap objects: [a-z0-9-], the same for the same key always. */
    char name[LI_KMS_WRAP_NAME_MAX];
    /* Wraps KEY; the caller frees BLOB also on failure. */
    int (*wrap)(struct li_kms *kms, const struct li_kms_context *context,
                const struct li_secret *key, struct li_buffer *blob, struct li_error *err);
    /* LI_EDENIED where the key or the context do not fit, LI_ECORRUPT where BLOB is no wrap. */
    int (*unwrap)(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                  size_t len, struct li_secret *key, struct li_error *err);
    void (*free)(struct li_kms *kms);
};

/* Opens the KMS that SPEC names: "file:PATH", a key file that belongs to the effective user or to
 * root, and that nobody else may access. ENV must outlive it. Safe for many threads. Errors:
 * LI_ENOTFOUND (no key file), LI_EDENIED (others can read it), LI_ECORRUPT, LI_EINVALID (the spec,
 * or no regular file). */
int li_kms_open(const char *spec, const struct li_env *env, struct li_kms **out,
                struct li_error *err);

/* Makes what SPEC names where it does not exist: for "file:PATH" a key file of mode 0600, and its
 * directory of mode 0700. Returns LI_END, and changes nothing, where there is one already. */
int li_kms_create(const char *spec, const struct li_env *env, struct li_error *err);

/* NULL is allowed. */
void li_kms_free(struct li_kms *kms);

#endif
