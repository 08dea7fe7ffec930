/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed inputs for the object formats: what is pinned in the tests and dumped in the man pages. The
 * salt is the bytes 0 to 31, the chunk repeats the bytes 0 to 250.
 */
#ifndef LI_TESTS_GOLDEN_H
#define LI_TESTS_GOLDEN_H

#include <stdint.h>

#include "base/hex.h"
#include "base/secret.h"
#include "chunk/chunk.h"
#include "crypto/crypto.h"
#include "unit.h"

static inline struct li_secret golden_secret(uint8_t first)
{
    struct li_secret secret;

    for (size_t i = 0; i < sizeof(secret.bytes); i++)
        secret.bytes[i] = (uint8_t)(first + i);
    return secret;
}

static inline void golden_chunk(uint8_t *plain)
{
    for (size_t i = 0; i < LI_CHUNK_SIZE; i++)
        plain[i] = (uint8_t)(i % 251);
}

/* BYTES are the hexadecimal HEX. */
#define assert_hex(bytes, len, hex)                                                                \
    do {                                                                                           \
        char assert_hex_text[2 * (len) + 1];                                                       \
        li_hex_encode((bytes), (len), assert_hex_text);                                            \
        assert_string_equal(assert_hex_text, (hex));                                               \
    } while (0)

#endif
