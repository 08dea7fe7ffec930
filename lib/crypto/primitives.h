/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two primitives under keys and sealed chunks. For lib/crypto alone: everyone else uses
 * crypto.h and seal.h. Safe in any thread.
 */
#ifndef LI_CRYPTO_PRIMITIVES_H
#define LI_CRYPTO_PRIMITIVES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"

enum { LI_HMAC_SIZE = 32, LI_CTR_IV_SIZE = 16 };

/* MAC = HMAC-SHA256(KEY, A || B). B may be NULL if B_LEN is 0. */
int li_crypto_hmac(const struct li_secret *key, const void *a, size_t a_len, const void *b,
                   size_t b_len, uint8_t mac[LI_HMAC_SIZE], struct li_error *err);

/* AES-256-CTR, which is its own inverse: LEN bytes, at most INT_MAX, from IN to OUT. IV is the
 * first counter block, counted up as one big-endian number of 128 bits (NIST SP 800-38A, B.1). */
int li_crypto_ctr(const struct li_secret *key, const uint8_t iv[LI_CTR_IV_SIZE], const uint8_t *in,
                  size_t len, uint8_t *out, struct li_error *err);

#endif
