/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) of bytes in memory and of streams. A stream's state belongs to one thread at
 * a time. LI_EUNSUPPORTED if OpenSSL does not offer it.
 *
 * Hash two messages at once if you can: on a processor with SHA instructions, two cost little more
 * than one.
 */
#ifndef LI_BASE_SHA256_H
#define LI_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { LI_SHA256_SIZE = 32 };

/* The digest of LEN bytes. Any thread. */
int li_sha256(const void *data, size_t len, uint8_t digest[LI_SHA256_SIZE], struct li_error *err);

/* The digests of two messages of LEN bytes each. Any thread. */
int li_sha256_two(const void *data0, uint8_t digest0[LI_SHA256_SIZE], const void *data1,
                  uint8_t digest1[LI_SHA256_SIZE], size_t len, struct li_error *err);

struct li_sha256;

/* Begins a digest over a stream. The caller frees *OUT. */
int li_sha256_new(struct li_sha256 **out, struct li_error *err);

/* Adds LEN bytes. */
int li_sha256_update(struct li_sha256 *hash, const void *data, size_t len, struct li_error *err);

/* Adds LEN bytes to each of two streams. This is faster only if both streams have whole blocks of
 * 64 bytes so far. */
int li_sha256_update_two(struct li_sha256 *hash0, const void *data0, struct li_sha256 *hash1,
                         const void *data1, size_t len, struct li_error *err);

/* Writes the digest of everything that was added. The state is then as new. */
int li_sha256_final(struct li_sha256 *hash, uint8_t digest[LI_SHA256_SIZE], struct li_error *err);
void li_sha256_free(struct li_sha256 *hash); /* NULL is allowed */

#endif
