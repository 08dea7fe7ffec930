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
#include "manifest/manifest.h"
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

/* An image of eight chunks, the first, second and sixth of which are not zeros. What it points to
 * is constant: it is not to be freed. */
static inline struct li_manifest golden_manifest(struct li_manifest_chunk chunks[3])
{
    static struct li_manifest_layer layers[] = {
        {"sha256:1111111111111111111111111111111111111111111111111111111111111111",
         "sha256:2222222222222222222222222222222222222222222222222222222222222222"},
        {"", "sha256:3333333333333333333333333333333333333333333333333333333333333333"},
    };
    static char config[] = "{\"config\":{\"Env\":[\"GREETING=gr\xc3\xbc\xc3\x9f dich\"]}}\n";
    static const uint32_t indexes[] = {0, 1, 5};
    struct li_manifest m = {
        .reference = (char *)"team/app:1.0",
        .os = (char *)"linux",
        .architecture = (char *)"amd64",
        .config = config,
        .config_len = sizeof(config) - 1,
        .config_digest = "sha256:dbf2f76f342b3f4f7c51e708da872678dfe5d2eefc9bb608052a8887f087ef51",
        .layers = layers,
        .layer_count = 2,
        .size = 8 * (uint64_t)LI_CHUNK_SIZE,
        .created = 1700000000,
        .layout = 1,
        .tool = (char *)"lambdaimg 0.1.0",
        .libraries = (char *)"libext2fs 1.47.0",
        .chunks = chunks,
        .chunk_count = 3,
    };
    struct li_error err = LI_ERROR_INIT;

    memset(m.id, 0xa1, LI_ID_SIZE);
    memset(m.root, 0xb2, LI_ID_SIZE);
    for (uint8_t i = 0; i < 3; i++) {
        chunks[i].index = indexes[i];
        chunks[i].prk = golden_secret((uint8_t)(32 * i));
        memset(chunks[i].digest, 0xd0 + i, LI_DIGEST_SIZE);
        assert_done(li_crypto_name(&chunks[i].prk, chunks[i].name, &err), &err);
    }
    return m;
}

/* BYTES are the hexadecimal HEX. */
#define assert_hex(bytes, len, hex)                                                                \
    do {                                                                                           \
        char assert_hex_text[2 * (len) + 1];                                                       \
        li_hex_encode((bytes), (len), assert_hex_text);                                            \
        assert_string_equal(assert_hex_text, (hex));                                               \
    } while (0)

#endif
