/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convergent keys, and authenticated encryption for manifests and wraps, on OpenSSL 3. All
 * functions are safe in any thread.
 *
 * HKDF-Extract (RFC 5869, SHA-256) makes one pseudo-random key (PRK) from a salt and a chunk's
 * digest. HKDF-Expand of the PRK under three labels gives the encryption key, the MAC key and the
 * name. Whoever has a PRK can read and name the chunk; whoever has only the name, or only the
 * digest, can do neither.
 *
 * If OpenSSL lacks or refuses an algorithm, every function here fails with LI_EUNSUPPORTED.
 */
#ifndef LI_CRYPTO_CRYPTO_H
#define LI_CRYPTO_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/sha256.h"

enum {
    LI_DIGEST_SIZE = LI_SHA256_SIZE,
    LI_NAME_SIZE = 32, /* a chunk's name */
    LI_GCM_NONCE_SIZE = 12,
    LI_GCM_TAG_SIZE = 16,
    LI_MAC_SIZE = 32,
    LI_LABEL_MAX = 127, /* bytes of a label of HKDF-Expand */
};

/* PRK = HKDF-Extract(salt, digest). */
int li_crypto_prk(const struct li_secret *salt, const uint8_t digest[LI_DIGEST_SIZE],
                  struct li_secret *prk, struct li_error *err);

/* The chunk's name: HKDF-Expand(PRK, "lambdaimg chunk name", 32). */
int li_crypto_name(const struct li_secret *prk, uint8_t name[LI_NAME_SIZE], struct li_error *err);

/* HKDF-Expand(KEY, LABEL, 32), for keys of other purposes. LI_EINVALID where LABEL has more than
 * LI_LABEL_MAX bytes. */
int li_crypto_expand(const struct li_secret *key, const char *label, struct li_secret *out,
                     struct li_error *err);

/* HMAC-SHA256 of LEN bytes under KEY. */
int li_crypto_mac(const struct li_secret *key, const void *data, size_t len,
                  uint8_t mac[LI_MAC_SIZE], struct li_error *err);

/* What AES-256-GCM takes beside the message. All of it is borrowed. */
struct li_gcm {
    const struct li_secret *key;
    const uint8_t *nonce; /* LI_GCM_NONCE_SIZE bytes; never use one twice under one key */
    const void *aad;      /* authenticated, not encrypted */
    size_t aad_len;       /* if 0, AAD may be NULL */
};

/* AES-256-GCM of LEN bytes, at most INT_MAX, as is the length of the AAD (LI_ELIMIT). Sealing
 * writes LEN bytes of ciphertext to OUT, and the tag; OUT may be IN. Opening returns LI_ECORRUPT if
 * the tag does not match; on failure OUT is wiped. */
int li_crypto_gcm_seal(const struct li_gcm *gcm, const void *in, size_t len, uint8_t *out,
                       uint8_t tag[LI_GCM_TAG_SIZE], struct li_error *err);
int li_crypto_gcm_open(const struct li_gcm *gcm, const void *in, size_t len,
                       const uint8_t tag[LI_GCM_TAG_SIZE], uint8_t *out, struct li_error *err);

/* Compares the tag of LEN bytes at IN, of any number, and keeps nothing of what they decrypt to:
 * memory for that need not be there before the tag is known to match. LI_ECORRUPT, LI_ELIMIT. */
int li_crypto_gcm_check(const struct li_gcm *gcm, const void *in, size_t len,
                        const uint8_t tag[LI_GCM_TAG_SIZE], struct li_error *err);

#endif
