/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A KMS for users without one: 32 random bytes in a file that only its owner can read.
 *
 * The file's key itself is not used for anything else. A wrapping key and a name are expanded from
 * it under different labels, and it is wiped. So the name, which everybody can see in the
 * repository, reveals nothing about either key.
 *
 * A wrap is a nonce, the ciphertext of 32 bytes, and the tag of AES-256-GCM. The encryption context
 * is the associated data. Nonces are random: fit for 2^32 wraps under one key (NIST SP 800-38D,
 * 8.3), and a wrap is made for a manifest or a salt, not for a chunk.
 */
#include "kms/kms_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "kms/key_file.h"

enum {
    WRAP_SIZE = LI_GCM_NONCE_SIZE + LI_SECRET_SIZE + LI_GCM_TAG_SIZE,
    PURPOSE_MAX = 32,
};

static const char wrap_label[] = "lambdaimg wrap"; /* including its NUL */

struct kms_file {
    struct li_kms kms; /* first, so that the pointers can be converted */
    const struct li_env *env;
    struct li_secret wrapping;
};

enum { CONTEXT_MAX = sizeof(wrap_label) + PURPOSE_MAX + 2 * LI_ID_SIZE };

/* AAD has CONTEXT_MAX bytes. */
static int make_context(const struct li_kms_context *context, uint8_t *aad, size_t *aad_len,
                        struct li_error *err)
{
    size_t purpose_size = strlen(context->purpose) + 1;
    uint8_t *p = aad;

    if (purpose_size > PURPOSE_MAX)
        return li_fail(err, LI_EINVALID, "the purpose \"%s\" is too long", context->purpose);
    p = mempcpy(p, wrap_label, sizeof(wrap_label));
    p = mempcpy(p, context->purpose, purpose_size);
    p = mempcpy(p, context->repository, LI_ID_SIZE);
    p = mempcpy(p, context->object, LI_ID_SIZE);
    *aad_len = (size_t)(p - aad);
    return 0;
}

static int file_wrap(struct li_kms *kms, const struct li_kms_context *context,
                     const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    const struct kms_file *self = (const struct kms_file *)kms;
    uint8_t aad[CONTEXT_MAX];
    uint8_t wrap[WRAP_SIZE];
    uint8_t *sealed = wrap + LI_GCM_NONCE_SIZE;
    struct li_gcm gcm = {.key = &self->wrapping, .nonce = wrap, .aad = aad};
    int rc = make_context(context, aad, &gcm.aad_len, err);

    if (rc == 0)
        rc = self->env->random(wrap, LI_GCM_NONCE_SIZE, err);
    if (rc < 0)
        return rc;
    rc = li_crypto_gcm_seal(&gcm, key->bytes, sizeof(key->bytes), sealed, sealed + LI_SECRET_SIZE,
                            err);
    if (rc < 0)
        return rc;
    blob->len = 0;
    return li_buffer_append(blob, wrap, sizeof(wrap), err);
}

static int file_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                       const uint8_t *blob, size_t len, struct li_secret *key, struct li_error *err)
{
    const struct kms_file *self = (const struct kms_file *)kms;
    uint8_t aad[CONTEXT_MAX];
    struct li_gcm gcm = {.key = &self->wrapping, .nonce = blob, .aad = aad};
    struct li_secret opened;
    const uint8_t *sealed = blob + LI_GCM_NONCE_SIZE;
    int rc = make_context(context, aad, &gcm.aad_len, err);

    if (rc < 0)
        return rc;
    if (len != WRAP_SIZE)
        return li_fail(err, LI_ECORRUPT, "a key file's wrap has %d bytes, but this one has %zu",
                       WRAP_SIZE, len);
    rc = li_crypto_gcm_open(&gcm, sealed, LI_SECRET_SIZE, sealed + LI_SECRET_SIZE, opened.bytes,
                            err);
    if (rc == LI_ECORRUPT)
        rc = li_fail(err, LI_EDENIED,
                     "the %s's wrapped key does not fit this key (%s), repository or object: it "
                     "was moved or changed, or wrapped by another key",
                     context->purpose, kms->name);
    if (rc == 0)
        *key = opened;
    li_secret_wipe(&opened);
    return rc;
}

static void file_free(struct li_kms *kms)
{
    li_secret_free(kms);
}

static int expand_key(struct kms_file *self, const struct li_secret *key, struct li_error *err)
{
    struct li_secret name;
    char digits[17];
    int rc = li_crypto_expand(key, "lambdaimg kms file wrap", &self->wrapping, err);

    if (rc == 0)
        rc = li_crypto_expand(key, "lambdaimg kms file name", &name, err);
    if (rc < 0)
        return rc;
    li_hex_encode(name.bytes, 8, digits);
    snprintf(self->kms.name, sizeof(self->kms.name), "file-%s", digits);
    li_secret_wipe(&name);
    return 0;
}

static const struct li_kms_operations operations = {
    .wrap = file_wrap, .unwrap = file_unwrap, .free = file_free};

int li_kms_file_open(const char *path, const struct li_kms_options *options, struct li_kms **out,
                     struct li_error *err)
{
    struct kms_file *self = li_secret_alloc(sizeof(*self));
    struct li_secret key;
    int rc;

    if (!self)
        return li_fail_memory(err);
    self->env = options->env;
    self->kms.ops = &operations;
    rc = li_key_file_read(path, &key, err);
    if (rc == 0)
        rc = expand_key(self, &key, err);
    li_secret_wipe(&key);
    if (rc < 0) {
        file_free(&self->kms);
        return rc;
    }
    *out = &self->kms;
    return 0;
}

int li_kms_file_create(const char *path, const struct li_kms_options *options, struct li_error *err)
{
    return li_key_file_create(path, options->env, err);
}
