/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cipher of sealed chunks. For lib/crypto alone: all others use what seal.h makes of it. Safe
 * in any thread.
 */
#ifndef LI_CRYPTO_CTR_H
#define LI_CRYPTO_CTR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"

enum { LI_CTR_IV_SIZE = 16 };

/* AES-256-CTR, which is its own inverse: LEN bytes, at most INT_MAX, from IN to OUT. IV is the
 * first counter block, counted up as one big-endian number of 128 bits (NIST SP 800-38A, B.1). */
int li_crypto_ctr(const struct li_secret *key, const uint8_t iv[LI_CTR_IV_SIZE], const uint8_t *in,
                  size_t len, uint8_t *out, struct li_error *err);

#endif
