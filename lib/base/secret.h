/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only type that holds secrets: salts, pseudo-random keys, data keys, key-encryption keys.
 *
 * Whoever holds a `struct li_secret` wipes it on every path. Never format one into text.
 */
#ifndef LI_BASE_SECRET_H
#define LI_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LI_SECRET_SIZE = 32 };

struct li_secret {
    uint8_t bytes[LI_SECRET_SIZE];
};

/* Overwrites the secret in a way that the compiler cannot remove. NULL is allowed. */
void li_secret_wipe(struct li_secret *secret);

/* The same for any buffer that held secrets. NULL is allowed. */
void li_wipe(void *data, size_t len);

/* Compares in time that does not depend on the contents. */
bool li_equal_secret(const void *a, const void *b, size_t len);

#endif
