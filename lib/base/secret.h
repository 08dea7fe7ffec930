/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only type that holds secrets: salts, pseudo-random keys, data keys, key-encryption keys.
 *
 * Whoever holds a `struct li_secret` wipes it on every path. Never format one into text. One that
 * lives long lies in memory of li_secret_alloc(). DESIGN.md, D17, says what is kept for how long.
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

/* Wipes all of an allocation of malloc(), and frees it. NULL is allowed. A program that wants JSON
 * to be wiped gives this function to json_set_alloc_funcs(). Any thread. */
void li_wipe_free(void *memory);

/* Like realloc(), but always moves, and wipes all of the old allocation. Any thread. */
void *li_wipe_realloc(void *memory, size_t size);

/* Allocates SIZE bytes for secrets, zeroed, on pages of their own: left out of core dumps, kept out
 * of swap as far as the system permits (RLIMIT_MEMLOCK), and followed by a page that nobody may
 * touch. It takes two pages at least, so it is meant for few and long-lived secrets. Returns NULL
 * if memory ran out. Free it with li_secret_free(). Any thread. */
void *li_secret_alloc(size_t size);

/* Wipes and frees memory of li_secret_alloc(). NULL is allowed. Any thread. */
void li_secret_free(void *memory);

/* Compares in time that does not depend on the contents. */
bool li_equal_secret(const void *a, const void *b, size_t len);

#endif
