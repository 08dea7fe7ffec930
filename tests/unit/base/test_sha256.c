/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against the standard's examples and, at every length and cut that matters, OpenSSL. */
#include "tests/fixtures/unit.h"

#include <openssl/evp.h>

#include "base/hex.h"
#include "base/sha256.h"
#include "base/sha256_lanes.h"

enum { BIG = 512 * 1024, MARGIN = 64 };

static void hash_by_openssl(const void *data, size_t len, uint8_t *digest)
{
    assert_int_equal(EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL), 1);
}

static uint8_t *make_bytes(size_t len)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t *bytes = malloc(len);

    assert_non_null(bytes);
    assert_done(unit_random(bytes, len, &err), &err);
    return bytes;
}

static struct li_sha256 *new_stream(void)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_sha256 *hash = NULL;

    assert_done(li_sha256_new(&hash, &err), &err);
    return hash;
}

static void assert_digest(struct li_sha256 *hash, const void *data, size_t len)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t got[LI_SHA256_SIZE], want[LI_SHA256_SIZE];

    assert_done(li_sha256_final(hash, got, &err), &err);
    hash_by_openssl(data, len, want);
    assert_memory_equal(got, want, sizeof(want));
}

/* FIPS 180-4's examples, as NIST publishes them: one block, two blocks, a million times "a". */
static void examples_of_the_standard(void **state)
{
    static const struct {
        const char *text;
        size_t times;
        const char *digest;
    } cases[] = {
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    struct li_sha256 *hash = new_stream();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_error err = LI_ERROR_INIT;
        uint8_t digest[LI_SHA256_SIZE];
        char hex[2 * LI_SHA256_SIZE + 1];

        for (size_t n = 0; n < cases[i].times; n++)
            assert_done(li_sha256_update(hash, cases[i].text, strlen(cases[i].text), &err), &err);
        assert_done(li_sha256_final(hash, digest, &err), &err);
        li_hex_encode(digest, sizeof(digest), hex);
        assert_string_equal(hex, cases[i].digest);
    }
    li_sha256_free(hash);
}

/* Every length around the ends of the first blocks, each cut in two everywhere. */
static void every_length_and_cut(void **state)
{
    enum { LONGEST = 200 };
    uint8_t *bytes = make_bytes(LONGEST);
    struct li_sha256 *hash = new_stream();

    (void)state;
    for (size_t len = 0; len <= LONGEST; len++) {
        for (size_t cut = 0; cut <= len; cut++) {
            struct li_error err = LI_ERROR_INIT;

            assert_done(li_sha256_update(hash, bytes, cut, &err), &err);
            assert_done(li_sha256_update(hash, bytes + cut, len - cut, &err), &err);
            assert_digest(hash, bytes, len);
        }
    }
    li_sha256_free(hash);
    free(bytes);
}

static void two_messages_at_hand(void **state)
{
    static const size_t lengths[] = {0, 1, 55, 56, 63, 64, 65, 127, 128, 4096, BIG - 1, BIG};
    uint8_t *bytes0 = make_bytes(BIG + MARGIN), *bytes1 = make_bytes(BIG + MARGIN);

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        /* Neither begins at a multiple of anything. */
        const uint8_t *data0 = bytes0 + i, *data1 = bytes1 + 3 * i + 1;
        uint8_t got0[LI_SHA256_SIZE], got1[LI_SHA256_SIZE];
        uint8_t want0[LI_SHA256_SIZE], want1[LI_SHA256_SIZE];
        struct li_error err = LI_ERROR_INIT;

        assert_done(li_sha256_two(data0, got0, data1, got1, lengths[i], &err), &err);
        hash_by_openssl(data0, lengths[i], want0);
        hash_by_openssl(data1, lengths[i], want1);
        assert_memory_equal(got0, want0, sizeof(want0));
        assert_memory_equal(got1, want1, sizeof(want1));
    }
    free(bytes0);
    free(bytes1);
}

/* Together where both are at whole blocks, and one after the other where they are not. */
static void two_streams(void **state)
{
    static const size_t ahead[][2] = {{0, 0}, {64, 0}, {0, 128}, {1, 0}, {0, 63}, {5, 7}, {65, 64}};
    static const size_t lengths[] = {0, 1, 63, 64, 65, 1000, 4096, 10007};
    uint8_t *bytes0 = make_bytes(BIG), *bytes1 = make_bytes(BIG);
    struct li_sha256 *hash0 = new_stream(), *hash1 = new_stream();

    (void)state;
    for (size_t i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
        size_t at0 = ahead[i][0], at1 = ahead[i][1];
        struct li_error err = LI_ERROR_INIT;

        assert_done(li_sha256_update(hash0, bytes0, at0, &err), &err);
        assert_done(li_sha256_update(hash1, bytes1, at1, &err), &err);
        for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
            assert_done(
                li_sha256_update_two(hash0, bytes0 + at0, hash1, bytes1 + at1, lengths[n], &err),
                &err);
            at0 += lengths[n];
            at1 += lengths[n];
        }
        assert_done(li_sha256_update(hash1, bytes1 + at1, 77, &err), &err);
        assert_digest(hash0, bytes0, at0);
        assert_digest(hash1, bytes1, at1 + 77);
    }
    li_sha256_free(hash0);
    li_sha256_free(hash1);
    free(bytes0);
    free(bytes1);
}

/* FIPS 180-4's first example, padded by hand. Without these instructions all the tests above were
 * of OpenSSL. */
static void instructions_of_the_processor(void **state)
{
    static const uint32_t first[LI_SHA256_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static const uint32_t want[LI_SHA256_WORDS] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                                                   0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
    static const uint8_t block[LI_SHA256_BLOCK] = {'a', 'b', 'c', 0x80, [LI_SHA256_BLOCK - 1] = 24};
    static const uint8_t zeros[LI_SHA256_BLOCK];
    uint32_t one[LI_SHA256_WORDS], two[LI_SHA256_WORDS], other[LI_SHA256_WORDS];

    (void)state;
    if (!li_sha256_lanes_here())
        return;
    memcpy(one, first, sizeof(one));
    memcpy(two, first, sizeof(two));
    memcpy(other, first, sizeof(other));
    li_sha256_lane(one, block, 1);
    assert_memory_equal(one, want, sizeof(want));
    li_sha256_two_lanes(other, zeros, two, block, 1);
    assert_memory_equal(two, want, sizeof(want));
    assert_memory_not_equal(other, want, sizeof(want));
}

int main(void)
{
    /* In TAP cmocka's skip() is a failure, and a name can say it. */
    const char *of_the_processor =
        li_sha256_lanes_here()
            ? "instructions_of_the_processor"
            : "instructions_of_the_processor # SKIP none for SHA: only OpenSSL's way was tested";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_standard),
        cmocka_unit_test(every_length_and_cut),
        cmocka_unit_test(two_messages_at_hand),
        cmocka_unit_test(two_streams),
        {of_the_processor, instructions_of_the_processor, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
