/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "base/workers.h"
#include "crypto/crypto.h"
#include "crypto/ctr.h"
#include "tests/fixtures/golden.h"

static void unhex(const char *text, void *bytes, size_t len)
{
    assert_int_equal(li_hex_decode(text, bytes, len), 0);
}

static void sha256_of_fips_180(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t digest[LI_DIGEST_SIZE];

    (void)state;
    assert_done(li_sha256("abc", 3, digest, &err), &err);
    assert_hex(digest, sizeof(digest),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_done(li_sha256("", 0, digest, &err), &err);
    assert_hex(digest, sizeof(digest),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 5869, appendix A, test cases 1 to 3: PRK and info as there, the first 32 bytes of the OKM. */
static void expand_of_rfc_5869(void **state)
{
    static const struct {
        const char *prk;
        uint8_t info_first;
        uint8_t info_last; /* 0: no info */
        const char *okm;
    } cases[] = {
        {"077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", 0xf0, 0xf9,
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"},
        {"06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244", 0xb0, 0xff,
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"},
        {"19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04", 0, 0,
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"},
    };
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_secret prk, okm;
        char info[128] = "";

        for (unsigned b = cases[i].info_first; cases[i].info_last && b <= cases[i].info_last; b++)
            info[b - cases[i].info_first] = (char)b;
        unhex(cases[i].prk, prk.bytes, sizeof(prk.bytes));
        assert_done(li_crypto_expand(&prk, info, &okm, &err), &err);
        assert_hex(okm.bytes, sizeof(okm.bytes), cases[i].okm);
    }
}

/* HMAC pads a short key with zeros, so case 1's salt of 13 bytes can stand in a secret of 32. */
static void extract_of_rfc_5869(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_secret salt = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    uint8_t ikm[22], prk[LI_MAC_SIZE];

    (void)state;
    memset(ikm, 0x0b, sizeof(ikm));
    assert_done(li_crypto_mac(&salt, ikm, sizeof(ikm), prk, &err), &err);
    assert_hex(prk, sizeof(prk),
               "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
}

static void openssl_hkdf(int mode, const void *key, const void *salt, const char *info, void *out)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[6];
    OSSL_PARAM *p = params;
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, 32);
    if (salt)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, 32);
    if (info)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info));
    *p = OSSL_PARAM_construct_end();
    assert_int_equal(EVP_KDF_derive(ctx, out, 32, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void hkdf_is_that_of_openssl(void **state)
{
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (int i = 0; i < 200; i++) {
        struct li_secret salt, prk, key;
        uint8_t digest[LI_DIGEST_SIZE], name[LI_NAME_SIZE], want[32];

        unit_random(salt.bytes, sizeof(salt.bytes), &err);
        unit_random(digest, sizeof(digest), &err);
        assert_done(li_crypto_prk(&salt, digest, &prk, &err), &err);
        openssl_hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, digest, salt.bytes, NULL, want);
        assert_memory_equal(prk.bytes, want, sizeof(want));

        assert_done(li_crypto_name(&prk, name, &err), &err);
        openssl_hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, prk.bytes, NULL, "lambdaimg chunk name", want);
        assert_memory_equal(name, want, sizeof(want));

        assert_done(li_crypto_expand(&prk, "another label", &key, &err), &err);
        openssl_hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, prk.bytes, NULL, "another label", want);
        assert_memory_equal(key.bytes, want, sizeof(want));
    }
}

static void labels_have_a_longest(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_secret prk = golden_secret(0), key, want;
    char label[LI_LABEL_MAX + 2] = "";

    (void)state;
    memset(label, 'l', LI_LABEL_MAX);
    assert_done(li_crypto_expand(&prk, label, &key, &err), &err);
    openssl_hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, prk.bytes, NULL, label, want.bytes);
    assert_memory_equal(key.bytes, want.bytes, sizeof(want.bytes));
    label[LI_LABEL_MAX] = 'l';
    assert_fails(li_crypto_expand(&prk, label, &key, &err), LI_EINVALID, "longer than 127 bytes",
                 &err);
}

/* Computed once with other implementations of HMAC and SHA-256. */
static void golden_key_and_name(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_secret salt = golden_secret(0), prk;
    uint8_t *plain = malloc(LI_CHUNK_SIZE);
    uint8_t digest[LI_DIGEST_SIZE], name[LI_NAME_SIZE];

    (void)state;
    assert_non_null(plain);
    golden_chunk(plain);
    assert_done(li_sha256(plain, LI_CHUNK_SIZE, digest, &err), &err);
    assert_done(li_crypto_prk(&salt, digest, &prk, &err), &err);
    assert_done(li_crypto_name(&prk, name, &err), &err);
    assert_hex(digest, sizeof(digest),
               "61d1d9c5745bdaa4fab39240651bc242a5186b15393fd475082fcf6e84f400ab");
    assert_hex(prk.bytes, sizeof(prk.bytes),
               "7ab238bc0c51f730f8a2a0b963e50837215b0ccd3e70f23eef42368d8b91617a");
    assert_hex(name, sizeof(name),
               "85ea167607331e904ef6acf32743bb5513490018a88613699a08798025cfb220");
    free(plain);
}

/* NIST SP 800-38A, F.5.5: CTR-AES256.Encrypt. */
static void ctr_of_nist(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_secret key;
    uint8_t iv[LI_CTR_IV_SIZE], text[32];

    (void)state;
    unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", key.bytes, 32);
    unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", iv, sizeof(iv));
    unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51", text, 32);
    assert_done(li_crypto_ctr(&key, iv, text, sizeof(text), text, &err), &err);
    assert_hex(text, sizeof(text),
               "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5");
}

/* Test case 16 of the GCM specification that NIST SP 800-38D refers to. */
struct gcm_case {
    struct li_secret key;
    uint8_t nonce[LI_GCM_NONCE_SIZE];
    uint8_t aad[20];
    uint8_t plain[60];
    struct li_gcm gcm;
};

static void gcm_case(struct gcm_case *c)
{
    c->gcm = (struct li_gcm){&c->key, c->nonce, c->aad, sizeof(c->aad)};
    unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", c->key.bytes, 32);
    unhex("cafebabefacedbaddecaf888", c->nonce, sizeof(c->nonce));
    unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", c->aad, sizeof(c->aad));
    unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e"
          "2449a6b525b16aedf5aa0de657ba637b39",
          c->plain, sizeof(c->plain));
}

static void gcm_of_nist(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct gcm_case c;
    uint8_t text[60], tag[LI_GCM_TAG_SIZE];

    (void)state;
    gcm_case(&c);
    assert_done(li_crypto_gcm_seal(&c.gcm, c.plain, sizeof(c.plain), text, tag, &err), &err);
    assert_hex(text, sizeof(text),
               "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7"
               "b08b1056828838c5f61e6393ba7a0abcc9f662");
    assert_hex(tag, sizeof(tag), "76fc6ece0f4e1768cddf8853bb2d551b");
    assert_done(li_crypto_gcm_open(&c.gcm, text, sizeof(text), tag, text, &err), &err);
    assert_memory_equal(text, c.plain, sizeof(text));
}

/* Each input is changed in turn: 0 the key, 1 the nonce, 2 the AAD, 3 the text, 4 the tag. */
static void gcm_notices_every_change(void **state)
{
    static const uint8_t zeros[60];
    struct li_error err = LI_ERROR_INIT;
    uint8_t text[60], tag[LI_GCM_TAG_SIZE], out[60];

    (void)state;
    for (int change = 0; change < 5; change++) {
        struct gcm_case c;

        gcm_case(&c);
        assert_done(li_crypto_gcm_seal(&c.gcm, c.plain, sizeof(c.plain), text, tag, &err), &err);
        c.key.bytes[31] ^= change == 0;
        c.nonce[11] ^= change == 1;
        c.aad[0] ^= change == 2;
        text[59] ^= change == 3;
        tag[15] ^= change == 4;
        memset(out, 0xee, sizeof(out));
        assert_fails(li_crypto_gcm_open(&c.gcm, text, sizeof(text), tag, out, &err), LI_ECORRUPT,
                     "tag does not match", &err);
        assert_memory_equal(out, zeros, sizeof(out));
        assert_fails(li_crypto_gcm_check(&c.gcm, text, sizeof(text), tag, &err), LI_ECORRUPT,
                     "tag does not match", &err);
    }
}

/* In pieces, whose number and last length do not matter. */
static void gcm_is_checked_without_room_for_the_text(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 4095, 4096, 4097, 10000, 12288};
    struct li_error err = LI_ERROR_INIT;
    uint8_t text[12288], tag[LI_GCM_TAG_SIZE];
    struct gcm_case c;

    (void)state;
    gcm_case(&c);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        memset(text, 0x5a, sizeof(text));
        assert_done(li_crypto_gcm_seal(&c.gcm, text, sizes[i], text, tag, &err), &err);
        assert_done(li_crypto_gcm_check(&c.gcm, text, sizes[i], tag, &err), &err);
        if (sizes[i] == 0)
            continue;
        text[sizes[i] - 1] ^= 1;
        assert_fails(li_crypto_gcm_check(&c.gcm, text, sizes[i], tag, &err), LI_ECORRUPT,
                     "tag does not match", &err);
    }
}

static void gcm_of_nothing_has_a_tag(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_secret key = golden_secret(0);
    uint8_t nonce[LI_GCM_NONCE_SIZE] = {0}, tag[LI_GCM_TAG_SIZE], out[1];
    struct li_gcm gcm = {.key = &key, .nonce = nonce};

    (void)state;
    assert_done(li_crypto_gcm_seal(&gcm, NULL, 0, out, tag, &err), &err);
    assert_done(li_crypto_gcm_open(&gcm, NULL, 0, tag, out, &err), &err);
    tag[0] ^= 1;
    assert_fails(li_crypto_gcm_open(&gcm, NULL, 0, tag, out, &err), LI_ECORRUPT,
                 "tag does not match", &err);
}

struct parallel {
    struct li_secret salt;
    uint8_t digest[LI_DIGEST_SIZE];
    uint8_t name[LI_NAME_SIZE];
};

static int derive_often(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    const struct parallel *want = arg;

    (void)index, (void)team;
    for (int i = 0; i < 500; i++) {
        struct li_secret prk;
        uint8_t name[LI_NAME_SIZE];

        if (li_crypto_prk(&want->salt, want->digest, &prk, err) < 0 ||
            li_crypto_name(&prk, name, err) < 0)
            return err->code;
        if (memcmp(name, want->name, sizeof(name)) != 0)
            return li_fail(err, LI_ECORRUPT, "another name in round %d", i);
    }
    return 0;
}

static void threads_do_not_disturb_each_other(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_workers *team = NULL;
    struct parallel want = {golden_secret(1), {2}, {0}};
    struct li_secret prk;

    (void)state;
    assert_done(li_crypto_prk(&want.salt, want.digest, &prk, &err), &err);
    assert_done(li_crypto_name(&prk, want.name, &err), &err);
    assert_done(li_workers_start(4, derive_often, &want, &team, &err), &err);
    assert_done(li_workers_join(team, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_fips_180),
        cmocka_unit_test(expand_of_rfc_5869),
        cmocka_unit_test(extract_of_rfc_5869),
        cmocka_unit_test(hkdf_is_that_of_openssl),
        cmocka_unit_test(labels_have_a_longest),
        cmocka_unit_test(golden_key_and_name),
        cmocka_unit_test(ctr_of_nist),
        cmocka_unit_test(gcm_of_nist),
        cmocka_unit_test(gcm_notices_every_change),
        cmocka_unit_test(gcm_is_checked_without_room_for_the_text),
        cmocka_unit_test(gcm_of_nothing_has_a_tag),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
