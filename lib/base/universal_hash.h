/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A universal hash under a secret key. Its 64 bits tell whether two reads gave the same bytes, for
 * a twentieth of the cost of SHA-256.
 *
 * For any two different inputs of one length, chosen without knowledge of the key or of hashes
 * under it, at most one key in 2^60 gives both the same hash. So hashes must stay within the
 * process that drew the key, where whoever changes the input sees neither. It is not a MAC: whoever
 * sees hashes can find inputs that collide.
 *
 * Pieces of LI_UNIVERSAL_BLOCK bytes go through NH (Black, Halevi, Krawczyk, Krovetz, Rogaway:
 * UMAC: Fast and Secure Message Authentication, CRYPTO 1999) with words of 32 bits, twice: under a
 * key, and under the same key shifted by some words, as UMAC does. Both sums, of 64 bits each, go
 * through a multilinear hash modulo 2^61 - 1 (Carter, Wegman: Universal Classes of Hash Functions,
 * 1979).
 */
#ifndef LI_BASE_UNIVERSAL_HASH_H
#define LI_BASE_UNIVERSAL_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"

/* The most bytes of one input, and of its parts. */
enum { LI_UNIVERSAL_MAX = 64 * 1024, LI_UNIVERSAL_BLOCK = 4096 };

/* NH turns a block into 128 bits, which are split into numbers of 43 bits. */
enum { LI_UNIVERSAL_SHIFT = 8, LI_UNIVERSAL_NUMBERS = 3 };

/* Secret; wipe it with li_wipe(). */
struct li_universal_key {
    uint32_t nh[LI_UNIVERSAL_BLOCK / 4 + LI_UNIVERSAL_SHIFT];
    uint64_t linear[LI_UNIVERSAL_MAX / LI_UNIVERSAL_BLOCK * LI_UNIVERSAL_NUMBERS];
};

/* Draws a key from ENV's randomness, and returns its errors. */
int li_universal_key_make(const struct li_env *env, struct li_universal_key *out,
                          struct li_error *err);

/* The hash of LEN bytes, at most LI_UNIVERSAL_MAX. It is at least 1, so that 0 can mean "none". Any
 * thread. */
uint64_t li_universal_hash(const struct li_universal_key *key, const void *data, size_t len);

/* For tests: the same hash without special instructions. */
uint64_t li_universal_hash_plain(const struct li_universal_key *key, const void *data, size_t len);

#endif
