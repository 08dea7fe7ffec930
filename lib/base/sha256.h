/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, on OpenSSL: of bytes at hand, and over a stream, whose state belongs to one thread at a
 * time. LI_EUNSUPPORTED where OpenSSL does not offer it. */
#ifndef LI_BASE_SHA256_H
#define LI_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { LI_SHA256_SIZE = 32 };

/* The digest of LEN bytes. Any thread. */
int li_sha256(const void *data, size_t len, uint8_t digest[LI_SHA256_SIZE], struct li_error *err);

struct li_sha256;

int li_sha256_new(struct li_sha256 **out, struct li_error *err);
int li_sha256_update(struct li_sha256 *hash, const void *data, size_t len, struct li_error *err);

/* Writes the digest of all that was added; the state is then as new. */
int li_sha256_final(struct li_sha256 *hash, uint8_t digest[LI_SHA256_SIZE], struct li_error *err);
void li_sha256_free(struct li_sha256 *hash); /* NULL is allowed */

#endif
