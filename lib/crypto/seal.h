/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed chunks: the object format of lambdaimg-chunk(5).
 *
 *     0  8  magic "LIMGCHNK"
 *     8  2  version, 1
 *    10  1  codec: 0 none, 1 zstd
 *    11  1  zero
 *    12  4  length of the plaintext, 524288
 *    16  4  length of the payload, everything after the header
 *    20 12  zeros
 *    32 32  MAC
 *    64  -  the payload under AES-256-CTR
 *
 * Payload: the plaintext, or one zstd frame of it if that is smaller, then zero bytes, fewer
 * than LI_SEAL_PAD_MAX, up to the padded size. MAC = HMAC-SHA256(MAC key, bytes 0 to 31 of the
 * header || SHA-256(payload)). The MAC's first 16 bytes are the initial counter block, so two
 * payloads never share a keystream.
 */
#ifndef LI_CRYPTO_SEAL_H
#define LI_CRYPTO_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"
#include "crypto/crypto.h"

enum li_codec { LI_CODEC_NONE = 0, LI_CODEC_ZSTD = 1 };

enum {
    LI_SEAL_HEADER_SIZE = 64,
    LI_SEAL_PAD_MAX = 65536, /* the largest padding unit */
    /* No sealed chunk is longer. */
    LI_SEAL_MAX_SIZE = LI_SEAL_HEADER_SIZE + 524288 + LI_SEAL_PAD_MAX,
};

struct li_seal_policy {
    enum li_codec codec;
    int level;    /* of zstd, 1 to 19 */
    uint32_t pad; /* sealed sizes are multiples of this many bytes; 0 and 1: no padding */
};

/* What a worker keeps between chunks; one for each thread. */
struct li_sealer;

int li_sealer_new(struct li_sealer **out, struct li_error *err);
void li_sealer_free(struct li_sealer *sealer); /* NULL is allowed. Wipes the payload it held. */

/* Seals LI_CHUNK_SIZE bytes of PLAIN under PRK into OUT, whose contents are replaced. With one
 * version of zstd, the same input gives the same output. LI_EINVALID if POLICY is out of range. */
int li_seal_chunk(struct li_sealer *sealer, const struct li_seal_policy *policy,
                  const struct li_secret *prk, const uint8_t *plain, struct li_buffer *out,
                  struct li_error *err);

/* Opens a sealed chunk into PLAIN, LI_CHUNK_SIZE bytes: decrypts the payload, checks the MAC before
 * it looks at a byte of it, decompresses within bounds, then compares the plaintext's SHA-256 with
 * DIGEST. LI_ECORRUPT if a check fails; on failure PLAIN is wiped. */
int li_seal_open(struct li_sealer *sealer, const struct li_secret *prk,
                 const uint8_t digest[LI_DIGEST_SIZE], const struct li_buffer *sealed,
                 uint8_t *plain, struct li_error *err);

#endif
