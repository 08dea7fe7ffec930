/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <zstd.h>

#include "base/bytes.h"
#include "crypto/ctr.h"
#include "crypto/seal.h"
#include "tests/fixtures/golden.h"

static const struct li_seal_policy policy_none = {LI_CODEC_NONE, 0, 0};
static const struct li_seal_policy policy_zstd = {LI_CODEC_ZSTD, 3, 0};

/* One of everything, for all tests. */
static struct {
    struct li_sealer *sealer;
    uint8_t *plain;
    uint8_t *opened;
    uint8_t digest[LI_DIGEST_SIZE];
    struct li_secret prk;
    struct li_buffer sealed;
    struct li_error err;
} t;

/* Keys for what t.plain holds now. */
static void take_keys(void)
{
    struct li_secret salt = golden_secret(0);

    assert_done(li_sha256(t.plain, LI_CHUNK_SIZE, t.digest, &t.err), &t.err);
    assert_done(li_crypto_prk(&salt, t.digest, &t.prk, &t.err), &t.err);
}

static int set_up(void **state)
{
    (void)state;
    t.plain = malloc(LI_CHUNK_SIZE);
    t.opened = malloc(LI_CHUNK_SIZE);
    return t.plain && t.opened ? li_sealer_new(&t.sealer, &t.err) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    li_sealer_free(t.sealer);
    li_buffer_free(&t.sealed);
    free(t.plain);
    free(t.opened);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    golden_chunk(t.plain);
    take_keys();
    memset(t.opened, 0xee, LI_CHUNK_SIZE);
    return 0;
}

static void seal(const struct li_seal_policy *policy)
{
    assert_done(li_seal_chunk(t.sealer, policy, &t.prk, t.plain, &t.sealed, &t.err), &t.err);
}

static void opens(void)
{
    assert_done(li_seal_open(t.sealer, &t.prk, t.digest, &t.sealed, t.opened, &t.err), &t.err);
    assert_memory_equal(t.opened, t.plain, LI_CHUNK_SIZE);
}

/* Opening LEN bytes of t.sealed fails, and leaves nothing of the plaintext. */
static void fails(size_t len, const char *words)
{
    struct li_buffer part = {.data = t.sealed.data, .len = len};

    memset(t.opened, 0xee, LI_CHUNK_SIZE);
    assert_fails(li_seal_open(t.sealer, &t.prk, t.digest, &part, t.opened, &t.err), LI_ECORRUPT,
                 words, &t.err);
    assert_int_equal(t.opened[0], 0);
    assert_memory_equal(t.opened, t.opened + 1, LI_CHUNK_SIZE - 1);
}

/* What someone who has the PRK can make: any payload, with a MAC that holds. */
static void forge(enum li_codec codec, const uint8_t *payload, size_t len)
{
    struct li_secret encryption, mac;
    uint8_t message[64];
    uint8_t *header;

    assert_done(li_buffer_reserve(&t.sealed, 64 + len, &t.err), &t.err);
    header = t.sealed.data;
    memset(header, 0, 64);
    memcpy(header, "LIMGCHNK", 8);
    header[8] = 1;
    header[10] = (uint8_t)codec;
    li_put_le32(header + 12, LI_CHUNK_SIZE);
    li_put_le32(header + 16, (uint32_t)len);
    assert_done(li_crypto_expand(&t.prk, "lambdaimg chunk encryption", &encryption, &t.err),
                &t.err);
    assert_done(li_crypto_expand(&t.prk, "lambdaimg chunk mac", &mac, &t.err), &t.err);
    memcpy(message, header, 32);
    assert_done(li_sha256(payload, len, message + 32, &t.err), &t.err);
    assert_done(li_crypto_mac(&mac, message, sizeof(message), header + 32, &t.err), &t.err);
    assert_done(li_crypto_ctr(&encryption, header + 32, payload, len, header + 64, &t.err), &t.err);
    t.sealed.len = 64 + len;
}

static void seal_and_open(void **state)
{
    (void)state;
    seal(&policy_none);
    assert_int_equal(t.sealed.len, 64 + LI_CHUNK_SIZE);
    opens();
    seal(&policy_zstd);
    assert_in_range(t.sealed.len, 65, LI_CHUNK_SIZE / 100);
    assert_int_equal(t.sealed.data[10], LI_CODEC_ZSTD);
    opens();
}

/* Computed once with other implementations of HMAC, SHA-256 and AES. */
static void golden_objects(void **state)
{
    static const struct li_seal_policy padded = {LI_CODEC_NONE, 0, 4096};
    uint8_t digest[LI_DIGEST_SIZE];

    (void)state;
    seal(&policy_none);
    assert_hex(t.sealed.data, 96,
               "4c494d4743484e4b010000000000080000000800000000000000000000000000"
               "836758b81edf80cb998c105b732ace6ade70a1296ec952d307c4fd93fd6db127"
               "733c3f9268a49f66757df9810b2963107a4be84ad61cd7ae5410b2f4afd8ae86");
    assert_done(li_sha256(t.sealed.data, t.sealed.len, digest, &t.err), &t.err);
    assert_hex(digest, 32, "6e93889f140c78941e0d019b6d496bbb4332670cb616f2009ffab0cb3fc537ce");
    seal(&padded);
    assert_done(li_sha256(t.sealed.data, t.sealed.len, digest, &t.err), &t.err);
    assert_hex(digest, 32, "9f8fd5789aa981935e3939b7c9fcac998bd5b52bfcb044c89ae58f9d6249e53c");
}

static void the_same_twice_is_the_same(void **state)
{
    struct li_buffer first = {0};

    (void)state;
    seal(&policy_zstd);
    assert_done(li_buffer_append(&first, t.sealed.data, t.sealed.len, &t.err), &t.err);
    unit_random(t.plain, LI_CHUNK_SIZE / 2, &t.err);
    seal(&policy_none);
    golden_chunk(t.plain);
    seal(&policy_zstd);
    assert_int_equal(t.sealed.len, first.len);
    assert_memory_equal(t.sealed.data, first.data, first.len);
    li_buffer_free(&first);
}

/* Another payload under the same key must have another keystream. */
static void levels_differ_in_iv_and_both_open(void **state)
{
    static const struct li_seal_policy best = {LI_CODEC_ZSTD, 19, 0};
    uint8_t iv[16];

    (void)state;
    for (size_t i = 0; i < LI_CHUNK_SIZE; i++)
        t.plain[i] = (uint8_t)(i * i >> 7 & 0x3f);
    take_keys();
    seal(&policy_zstd);
    opens();
    memcpy(iv, t.sealed.data + 32, sizeof(iv));
    seal(&best);
    opens();
    assert_memory_not_equal(iv, t.sealed.data + 32, sizeof(iv));
}

static void what_does_not_shrink_is_not_compressed(void **state)
{
    static const struct li_seal_policy coarse = {LI_CODEC_ZSTD, 3, 60000};

    (void)state;
    unit_random(t.plain, LI_CHUNK_SIZE, &t.err);
    take_keys();
    seal(&policy_zstd);
    assert_int_equal(t.sealed.data[10], LI_CODEC_NONE);
    assert_int_equal(t.sealed.len, 64 + LI_CHUNK_SIZE);
    opens();

    /* Shrinks by 32 KiB, which padding gives back; then by 64 KiB, which it does not. */
    memset(t.plain, 0, 32768);
    take_keys();
    seal(&policy_zstd);
    assert_int_equal(t.sealed.data[10], LI_CODEC_ZSTD);
    seal(&coarse);
    assert_int_equal(t.sealed.data[10], LI_CODEC_NONE);
    assert_int_equal(t.sealed.len, 9 * 60000);
    opens();
    memset(t.plain, 0, 65536);
    take_keys();
    seal(&coarse);
    assert_int_equal(t.sealed.data[10], LI_CODEC_ZSTD);
    assert_int_equal(t.sealed.len, 8 * 60000);
    opens();
}

static void sizes_are_multiples_of_the_padding(void **state)
{
    static const uint32_t pads[] = {1, 2, 1000, 4096, 65535, LI_SEAL_PAD_MAX};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(pads) / sizeof(pads[0]); i++) {
        struct li_seal_policy policy = {i % 2 ? LI_CODEC_ZSTD : LI_CODEC_NONE, 3, pads[i / 2]};

        seal(&policy);
        assert_int_equal(t.sealed.len % policy.pad, 0);
        assert_true(t.sealed.len <= LI_SEAL_MAX_SIZE);
        opens();
    }
}

static void policies_out_of_range_are_refused(void **state)
{
    static const struct li_seal_policy bad[] = {
        {(enum li_codec)2, 3, 0},
        {LI_CODEC_ZSTD, 0, 0},
        {LI_CODEC_ZSTD, 20, 0},
        {LI_CODEC_NONE, 0, LI_SEAL_PAD_MAX + 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(li_seal_chunk(t.sealer, &bad[i], &t.prk, t.plain, &t.sealed, &t.err),
                         LI_EINVALID);
}

static void every_flipped_byte_is_noticed(void **state)
{
    (void)state;
    for (int codec = 0; codec < 2; codec++) {
        size_t step;

        seal(codec ? &policy_zstd : &policy_none);
        step = (t.sealed.len - 64) / 150 + 1;
        for (size_t i = 0; i < t.sealed.len; i += i < 64 ? 1 : step) {
            t.sealed.data[i] ^= (uint8_t)(1 << i % 8);
            fails(t.sealed.len, "chunk");
            if (i < 32 && i != 10) /* before any key is used; the other codec is a codec too */
                assert_null(strstr(t.err.text, "MAC"));
            t.sealed.data[i] ^= (uint8_t)(1 << i % 8);
        }
        t.sealed.data[t.sealed.len - 1] ^= 0x80;
        fails(t.sealed.len, "MAC does not match");
        t.sealed.data[t.sealed.len - 1] ^= 0x80;
        opens();
    }
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    seal(&policy_zstd);
    for (size_t len = 0; len < t.sealed.len; len++)
        fails(len, "chunk");
    assert_done(li_buffer_append(&t.sealed, "", 1, &t.err), &t.err);
    fails(t.sealed.len, "bytes of payload");
    assert_done(li_buffer_reserve(&t.sealed, LI_SEAL_MAX_SIZE + 1, &t.err), &t.err);
    fails(LI_SEAL_MAX_SIZE + 1, "the length of a sealed chunk");
}

static void another_key_or_digest_fails(void **state)
{
    (void)state;
    seal(&policy_zstd);
    t.prk.bytes[0] ^= 1;
    fails(t.sealed.len, "MAC does not match");
    t.prk.bytes[0] ^= 1;
    t.digest[31] ^= 1;
    fails(t.sealed.len, "not what the manifest says");
    t.digest[31] ^= 1;
    opens();
}

/* The sealer itself is the attacker's tool: it takes any plaintext under any key. */
static void another_plaintext_under_the_key_fails(void **state)
{
    (void)state;
    t.plain[LI_CHUNK_SIZE - 1] ^= 1;
    seal(&policy_none);
    fails(t.sealed.len, "not what the manifest says");
    seal(&policy_zstd);
    fails(t.sealed.len, "not what the manifest says");
}

/* The forger's tool makes what opens, so that the failures below are not its own. */
static void forged_payloads_of_the_right_shape_open(void **state)
{
    uint8_t *payload = malloc(LI_CHUNK_SIZE + LI_SEAL_PAD_MAX);
    size_t len;

    (void)state;
    assert_non_null(payload);
    memset(payload, 0, LI_CHUNK_SIZE + LI_SEAL_PAD_MAX);
    memcpy(payload, t.plain, LI_CHUNK_SIZE);
    forge(LI_CODEC_NONE, payload, LI_CHUNK_SIZE + LI_SEAL_PAD_MAX - 1);
    opens();
    forge(LI_CODEC_NONE, payload, LI_CHUNK_SIZE + LI_SEAL_PAD_MAX);
    fails(t.sealed.len, "after its end");
    payload[LI_CHUNK_SIZE + 99] = 1;
    forge(LI_CODEC_NONE, payload, LI_CHUNK_SIZE + 100);
    fails(t.sealed.len, "after its end");
    forge(LI_CODEC_NONE, payload, LI_CHUNK_SIZE - 1);
    fails(t.sealed.len, "too short");

    len = ZSTD_compress(payload, LI_CHUNK_SIZE, t.plain, LI_CHUNK_SIZE, 3);
    assert_false(ZSTD_isError(len));
    memset(payload + len, 0, LI_SEAL_PAD_MAX);
    forge(LI_CODEC_ZSTD, payload, len + LI_SEAL_PAD_MAX - 1);
    opens();
    forge(LI_CODEC_ZSTD, payload, len + LI_SEAL_PAD_MAX);
    fails(t.sealed.len, "after its end");
    forge(LI_CODEC_ZSTD, payload, len - 1);
    fails(t.sealed.len, "not hold a zstd frame");
    payload[len + 10] = 'x';
    forge(LI_CODEC_ZSTD, payload, len + 20);
    fails(t.sealed.len, "after its end");
    payload[len + 10] = 0;
    payload[len / 2] ^= 0x10;
    forge(LI_CODEC_ZSTD, payload, len);
    fails(t.sealed.len, "chunk");
    free(payload);
}

/* Frames that are valid zstd, with a MAC that holds, but are not one chunk in one frame. */
static void bombs_and_odd_frames_fail(void **state)
{
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
    size_t bomb_len = 64 << 20;
    uint8_t *bomb = calloc(1, bomb_len);
    uint8_t *payload = malloc(LI_CHUNK_SIZE);
    ZSTD_CCtx *cctx = ZSTD_createCCtx();
    size_t len;

    (void)state;
    assert_true(bomb && payload && cctx);
    len = ZSTD_compress(payload, LI_CHUNK_SIZE, bomb, bomb_len, 3);
    forge(LI_CODEC_ZSTD, payload, len);
    fails(t.sealed.len, "not hold a zstd frame of 524288 bytes");

    len = ZSTD_compress(payload, LI_CHUNK_SIZE, t.plain, LI_CHUNK_SIZE - 1, 3);
    forge(LI_CODEC_ZSTD, payload, len);
    fails(t.sealed.len, "not hold a zstd frame of 524288 bytes");

    ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, 0);
    len = ZSTD_compress2(cctx, payload, LI_CHUNK_SIZE, t.plain, LI_CHUNK_SIZE);
    forge(LI_CODEC_ZSTD, payload, len);
    fails(t.sealed.len, "not hold a zstd frame of 524288 bytes");

    memcpy(payload, skippable, sizeof(skippable));
    len = ZSTD_compress(payload + 12, LI_CHUNK_SIZE - 12, t.plain, LI_CHUNK_SIZE, 3);
    forge(LI_CODEC_ZSTD, payload, 12 + len);
    fails(t.sealed.len, "not hold a zstd frame of 524288 bytes");

    /* A frame that says 524288 and holds more: its header is another's. */
    len = ZSTD_compress(payload, LI_CHUNK_SIZE, bomb, 2 * LI_CHUNK_SIZE, 3);
    assert_int_equal(ZSTD_getFrameContentSize(payload, len), 2 * LI_CHUNK_SIZE);
    for (size_t i = 4; i < 12; i++)
        if (payload[i] == 0x10 && payload[i - 1] == 0) {
            payload[i] = 0x08;
            break;
        }
    assert_int_equal(ZSTD_getFrameContentSize(payload, len), LI_CHUNK_SIZE);
    forge(LI_CODEC_ZSTD, payload, len);
    fails(t.sealed.len, "zstd frame is damaged");
    ZSTD_freeCCtx(cctx);
    free(payload);
    free(bomb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(seal_and_open, fresh),
        cmocka_unit_test_setup(golden_objects, fresh),
        cmocka_unit_test_setup(the_same_twice_is_the_same, fresh),
        cmocka_unit_test_setup(levels_differ_in_iv_and_both_open, fresh),
        cmocka_unit_test_setup(what_does_not_shrink_is_not_compressed, fresh),
        cmocka_unit_test_setup(sizes_are_multiples_of_the_padding, fresh),
        cmocka_unit_test_setup(policies_out_of_range_are_refused, fresh),
        cmocka_unit_test_setup(every_flipped_byte_is_noticed, fresh),
        cmocka_unit_test_setup(every_truncation_is_noticed, fresh),
        cmocka_unit_test_setup(another_key_or_digest_fails, fresh),
        cmocka_unit_test_setup(another_plaintext_under_the_key_fails, fresh),
        cmocka_unit_test_setup(forged_payloads_of_the_right_shape_open, fresh),
        cmocka_unit_test_setup(bombs_and_odd_frames_fail, fresh),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
