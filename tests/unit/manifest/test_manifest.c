/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "manifest/manifest.h"
#include "tests/fixtures/golden.h"

enum { CHUNKS = 3, CLEAR_SIZE = 64 + CHUNKS * 36 };

static const uint8_t nonce[LI_GCM_NONCE_SIZE] = {100, 101, 102, 103, 104, 105,
                                                 106, 107, 108, 109, 110, 111};

/* The golden manifest, encoded and in parts, for all tests. */
static struct {
    struct li_secret key;
    struct li_manifest_chunk chunks[CHUNKS];
    struct li_manifest m;
    struct li_buffer data;
    char json[4096];
    struct li_error err;
} t;

static int fresh(void **state)
{
    uint8_t sealed[4096];
    size_t len;

    (void)state;
    t.key = golden_secret(200);
    t.m = golden_manifest(t.chunks);
    assert_done(li_manifest_encode(&t.m, &t.key, nonce, &t.data, &t.err), &t.err);
    len = t.data.len - CLEAR_SIZE - LI_GCM_TAG_SIZE;
    assert_true(len <= sizeof(sealed));
    assert_done(li_crypto_gcm_open(&(struct li_gcm){&t.key, nonce, t.data.data, CLEAR_SIZE},
                                   t.data.data + CLEAR_SIZE, len, t.data.data + t.data.len - 16,
                                   sealed, &t.err),
                &t.err);
    len = li_get_le32(sealed);
    memcpy(t.json, sealed + 4, len);
    t.json[len] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    li_buffer_free(&t.data);
    return 0;
}

/* What someone who holds the data key can make: t.chunks under any JSON, with a tag that holds. */
static void craft(const char *json, uint32_t json_len, size_t stored)
{
    size_t sealed_len = 4 + stored + CHUNKS * 64;
    uint8_t *sealed;

    assert_done(li_buffer_reserve(&t.data, CLEAR_SIZE + sealed_len + 16, &t.err), &t.err);
    sealed = t.data.data + CLEAR_SIZE;
    li_put_le32(sealed, json_len);
    memcpy(sealed + 4, json, stored);
    for (size_t i = 0; i < CHUNKS; i++) {
        uint8_t *entry = t.data.data + 64 + i * 36;
        uint8_t *keys = sealed + 4 + stored + i * 64;

        li_put_le32(entry, t.chunks[i].index);
        memcpy(entry + 4, t.chunks[i].name, 32);
        memcpy(keys, t.chunks[i].prk.bytes, 32);
        memcpy(keys + 32, t.chunks[i].digest, 32);
    }
    assert_done(li_crypto_gcm_seal(&(struct li_gcm){&t.key, nonce, t.data.data, CLEAR_SIZE}, sealed,
                                   sealed_len, sealed, sealed + sealed_len, &t.err),
                &t.err);
    t.data.len = CLEAR_SIZE + sealed_len + 16;
}

static int decode(size_t len)
{
    struct li_manifest m = {.size = 1};
    int rc = li_manifest_decode(t.data.data, len, &t.key, &m, &t.err);

    if (rc < 0)
        assert_int_equal(m.size, 1);
    else
        li_manifest_free(&m);
    return rc;
}

static void decoding_gives_what_was_encoded(void **state)
{
    struct li_manifest m;

    (void)state;
    assert_done(li_manifest_decode(t.data.data, t.data.len, &t.key, &m, &t.err), &t.err);
    assert_memory_equal(m.id, t.m.id, LI_ID_SIZE);
    assert_memory_equal(m.root, t.m.root, LI_ID_SIZE);
    assert_string_equal(m.reference, "team/app:1.0");
    assert_string_equal(m.os, "linux");
    assert_string_equal(m.architecture, "amd64");
    assert_int_equal(m.config_len, t.m.config_len);
    assert_memory_equal(m.config, t.m.config, t.m.config_len + 1);
    assert_string_equal(m.config_digest, t.m.config_digest);
    assert_int_equal(m.layer_count, 2);
    assert_memory_equal(m.layers, t.m.layers, 2 * sizeof(m.layers[0]));
    assert_int_equal(m.size, t.m.size);
    assert_int_equal(m.created, 1700000000);
    assert_int_equal(m.layout, 1);
    assert_string_equal(m.tool, "lambdaimg 0.1.0");
    assert_string_equal(m.libraries, "libext2fs 1.47.0");
    assert_int_equal(m.chunk_count, CHUNKS);
    assert_memory_equal(m.chunks, t.chunks, sizeof(t.chunks));
    li_manifest_free(&m);
    assert_null(m.chunks);
    assert_int_equal(m.chunk_count, 0);
}

/* Computed once with other implementations of JSON, HMAC and AES. */
static void golden_object(void **state)
{
    uint8_t digest[LI_DIGEST_SIZE];

    (void)state;
    assert_int_equal(t.data.len, 993);
    assert_hex(t.data.data, 64,
               "4c494d474d4e4654010000000300000"
               "0a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
               "6465666768696a6b6c6d6e6f00000000");
    assert_done(li_sha256(t.data.data, t.data.len, digest, &t.err), &t.err);
    assert_hex(digest, 32, "7fc211c78700a57b3b8f25ee803138e67f9c6111bf847b833e10d22f894f36fd");
}

static void peek_reads_the_clear_header(void **state)
{
    struct li_manifest_clear clear;

    (void)state;
    assert_done(li_manifest_peek(t.data.data, 64, &clear, &t.err), &t.err);
    assert_memory_equal(clear.id, t.m.id, LI_ID_SIZE);
    assert_memory_equal(clear.root, t.m.root, LI_ID_SIZE);
    assert_int_equal(clear.chunk_count, CHUNKS);
    assert_fails(li_manifest_peek(t.data.data, 63, &clear, &t.err), LI_ECORRUPT, "not a manifest",
                 &t.err);
    li_put_le32(t.data.data + 12, LI_CHUNK_MAX_COUNT + 1);
    assert_fails(li_manifest_peek(t.data.data, 64, &clear, &t.err), LI_ECORRUPT, "are allowed",
                 &t.err);
    assert_int_equal(decode(t.data.len), LI_ECORRUPT);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8 * t.data.len; i++) {
        int want = i / 8 == 8 || i / 8 == 9 ? LI_EUNSUPPORTED : LI_ECORRUPT;

        t.data.data[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_fails(decode(t.data.len), want, "manifest", &t.err);
        t.data.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_done(decode(t.data.len), &t.err);
}

static void every_other_length_is_noticed(void **state)
{
    (void)state;
    for (size_t len = 0; len < t.data.len; len++)
        assert_fails(decode(len), LI_ECORRUPT, "manifest", &t.err);
    assert_done(li_buffer_append(&t.data, "", 1, &t.err), &t.err);
    assert_fails(decode(t.data.len), LI_ECORRUPT, "manifest", &t.err);
}

static void another_key_does_not_open(void **state)
{
    (void)state;
    t.key.bytes[0] ^= 1;
    assert_fails(decode(t.data.len), LI_ECORRUPT, "not its key", &t.err);
}

/* Each case replaces the first FROM in the golden JSON by TO. */
static const struct {
    const char *from;
    const char *to;
    int code;
    const char *words;
} json_cases[] = {
    {"\"format\":1", "\"format\":1,\"from the future\":[{}]", 0, ""},
    {"\"format\":1", "\"format\":2", LI_EUNSUPPORTED, "format 2"},
    {"\"format\":1", "\"format\":\"1\"", LI_ECORRUPT, "\"format\" is missing"},
    {"\"format\":1", "\"format\":1.0", LI_ECORRUPT, "\"format\" is missing"},
    {"\"format\":1,", "", LI_ECORRUPT, "\"format\" is missing"},
    {"\"format\":1", "\"format\":1,\"format\":1", LI_ECORRUPT, "not JSON"},
    {"\"format\":1", "\"format\":1,", LI_ECORRUPT, "not JSON"},
    {"4194304", "4194305", LI_ECORRUPT, "cannot be the length of an image"},
    {"4194304", "-524288", LI_ECORRUPT, "\"size\" is missing"},
    {"4194304", "true", LI_ECORRUPT, "\"size\" is missing"},
    {"4194304", "4194304e0", LI_ECORRUPT, "\"size\" is missing"},
    {"4194304", "99999999999999999999", LI_ECORRUPT, "not JSON"},
    {"4194304", "1099511627776", 0, ""},
    {"4194304", "1099512152064", LI_ECORRUPT, "cannot be the length of an image"},
    {"4194304", "2621440", LI_ECORRUPT, "out of order at entry 2"},
    {"\"layout\":1", "\"layout\":4294967296", LI_ECORRUPT, "\"layout\" is missing"},
    {"\"layout\":1", "\"layout\":-1", LI_ECORRUPT, "\"layout\" is missing"},
    {"1700000000", "null", LI_ECORRUPT, "\"created\" is missing"},
    {"team/app:1.0", "team/app", LI_ECORRUPT, "does not name an image"},
    {"team/app:1.0", "../../etc:1", LI_ECORRUPT, "does not name an image"},
    {"team/app:1.0", "a@00000000000000000000000000000000", LI_ECORRUPT, "does not name an image"},
    {"team/app:1.0", "team/app:1.0\\u0000", LI_ECORRUPT, "\"reference\" is missing"},
    {"\"linux\"", "\"\"", 0, ""},
    {"\"linux\"", "[]", LI_ECORRUPT, "\"os\" is missing"},
    {"\"linux\"", "\"li\\u001bnux\"", LI_ECORRUPT, "control characters"},
    {"\"linux\"", "\"li\\u009bnux\"", LI_ECORRUPT, "control characters"},
    {"\"linux\"", "\"\\u00e4\"", 0, ""},
    {"\"linux\"", "\"\\u202e\"", 0, ""}, /* older versions have stored such */
    {"\"linux\"", "\"li\xffnux\"", LI_ECORRUPT, "not JSON"},
    {"dich", "mich", LI_ECORRUPT, "does not have the digest"},
    {"dich", "dich\\u0000", LI_ECORRUPT, "does not have the digest"},
    {"\"config_digest\":\"sha256:", "\"config_digest\":\"sha512:", LI_ECORRUPT, "the digest"},
    {"\"config_digest\":\"", "\"config_digest\":\"00", LI_ECORRUPT, "\"config_digest\""},
    {"sha256:1111", "sha256:111g", LI_ECORRUPT, "layer 0"},
    {"sha256:1111", "sha256:111", LI_ECORRUPT, "layer 0"},
    {"sha256:3333", "sha512:3333", LI_ECORRUPT, "layer 1"},
    {"\"diff_id\":", "\"diffid\":", LI_ECORRUPT, "\"diff_id\" is missing"},
    {"\"layers\":[", "\"layers\":[7,", LI_ECORRUPT, "\"digest\" is missing"},
    {"\"layers\":[", "\"layers\":{\"a\":[", LI_ECORRUPT, "not JSON"},
    {"\"layers\"", "\"levels\"", LI_ECORRUPT, "\"layers\" is missing"},
};

static void headers_are_strict(void **state)
{
    char json[sizeof(t.json) + 64];

    (void)state;
    for (size_t i = 0; i < sizeof(json_cases) / sizeof(json_cases[0]); i++) {
        const char *at = strstr(t.json, json_cases[i].from);
        int rc;

        assert_non_null(at);
        snprintf(json, sizeof(json), "%.*s%s%s", (int)(at - t.json), t.json, json_cases[i].to,
                 at + strlen(json_cases[i].from));
        craft(json, (uint32_t)strlen(json), strlen(json));
        rc = decode(t.data.len);
        if (rc != json_cases[i].code || (rc < 0 && !strstr(t.err.text, json_cases[i].words)))
            fail_msg("%s -> %s: %d: %s", json_cases[i].from, json_cases[i].to, rc, t.err.text);
    }
}

static void odd_headers_fail(void **state)
{
    static char deep[3001];
    size_t len = strlen(t.json);

    (void)state;
    craft(t.json, (uint32_t)len, len);
    assert_done(decode(t.data.len), &t.err);
    craft(t.json, (uint32_t)len - 1, len);
    assert_fails(decode(t.data.len), LI_ECORRUPT, "lengths do not agree", &t.err);
    craft(t.json, (uint32_t)len + 1, len);
    assert_fails(decode(t.data.len), LI_ECORRUPT, "lengths do not agree", &t.err);
    craft(t.json, UINT32_MAX, len);
    assert_fails(decode(t.data.len), LI_ECORRUPT, "lengths do not agree", &t.err);
    craft("", 0, 0);
    assert_fails(decode(t.data.len), LI_ECORRUPT, "not JSON", &t.err);
    craft("[]", 2, 2);
    assert_fails(decode(t.data.len), LI_ECORRUPT, "\"format\" is missing", &t.err);
    memset(deep, '[', sizeof(deep) - 1);
    craft(deep, 3000, 3000);
    assert_fails(decode(t.data.len), LI_ECORRUPT, "not JSON", &t.err);
}

static void tables_are_checked_behind_the_tag(void **state)
{
    static const struct {
        uint32_t indexes[CHUNKS];
        const char *words;
    } cases[] = {
        {{1, 0, 5}, "out of order at entry 1"},
        {{0, 0, 5}, "out of order at entry 1"},
        {{0, 1, 8}, "out of order at entry 2"},
        {{0, 1, UINT32_MAX}, "out of order at entry 2"},
    };
    size_t len = strlen(t.json);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t k = 0; k < CHUNKS; k++)
            t.chunks[k].index = cases[i].indexes[k];
        craft(t.json, (uint32_t)len, len);
        assert_fails(decode(t.data.len), LI_ECORRUPT, cases[i].words, &t.err);
        assert_int_equal(li_manifest_encode(&t.m, &t.key, nonce, &t.data, &t.err), LI_EINVALID);
        assert_int_equal(t.data.len, 0);
    }
    for (size_t k = 0; k < CHUNKS; k++)
        t.chunks[k].index = (uint32_t)k;
    t.chunks[2].name[31] ^= 1;
    craft(t.json, (uint32_t)len, len);
    assert_fails(decode(t.data.len), LI_ECORRUPT, "name of chunk 2", &t.err);
}

static void the_encoder_refuses_what_the_decoder_would(void **state)
{
    char latin1[] = "{\"Env\":[\"A=\xe4\"]}";
    uint8_t digest[LI_DIGEST_SIZE];

    (void)state;
    t.m.size += 1;
    assert_int_equal(li_manifest_encode(&t.m, &t.key, nonce, &t.data, &t.err), LI_EINVALID);
    t.m.size -= 1;
    t.m.reference = NULL;
    assert_int_equal(li_manifest_encode(&t.m, &t.key, nonce, &t.data, &t.err), LI_EINVALID);
    t.m.reference = (char *)"team/app";
    assert_int_equal(li_manifest_encode(&t.m, &t.key, nonce, &t.data, &t.err), LI_EINVALID);
    t.m.reference = (char *)"app:2";
    t.m.config = latin1;
    t.m.config_len = strlen(latin1);
    assert_fails(li_manifest_encode(&t.m, &t.key, nonce, &t.data, &t.err), LI_EINVALID,
                 "does not have the digest", &t.err);
    assert_done(li_sha256(latin1, strlen(latin1), digest, &t.err), &t.err);
    li_hex_encode(digest, sizeof(digest), t.m.config_digest + 7);
    assert_fails(li_manifest_encode(&t.m, &t.key, nonce, &t.data, &t.err), LI_EUNSUPPORTED,
                 "not valid UTF-8", &t.err);
    t.m.chunk_count = LI_CHUNK_MAX_COUNT + 1;
    assert_int_equal(li_manifest_encode(&t.m, &t.key, nonce, &t.data, &t.err), LI_ELIMIT);
}

/* No chunk, no config, no layer, no text, and a NUL in a config. */
static void the_least_manifest_decodes(void **state)
{
    struct li_manifest least = {
        .reference = (char *)"a:b",
        .config_digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"};
    struct li_manifest m;

    (void)state;
    assert_done(li_manifest_encode(&least, &t.key, nonce, &t.data, &t.err), &t.err);
    assert_done(li_manifest_decode(t.data.data, t.data.len, &t.key, &m, &t.err), &t.err);
    assert_int_equal(m.chunk_count + m.layer_count + m.size + m.config_len, 0);
    assert_string_equal(m.os, "");
    li_manifest_free(&m);

    least.config = (char *)"a\0b";
    least.config_len = 3;
    strcpy(least.config_digest,
           "sha256:59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138");
    assert_done(li_manifest_encode(&least, &t.key, nonce, &t.data, &t.err), &t.err);
    assert_done(li_manifest_decode(t.data.data, t.data.len, &t.key, &m, &t.err), &t.err);
    assert_int_equal(m.config_len, 3);
    assert_memory_equal(m.config, "a\0b", 4);
    li_manifest_free(&m);
}

/* The address space that is in use, in bytes. */
static rlim_t space_in_use(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* A clear header of many chunks, with as many bytes behind it: the tag fails before memory is taken
 * for what they might decrypt to. */
static void a_forged_manifest_costs_no_more_than_itself(void **state)
{
    const uint32_t count = 600000;
    const size_t len = 64 + (size_t)count * 100 + 4 + 16, spare = 8 << 20;
    struct rlimit before, limit;
    struct li_manifest m;
    uint8_t *data;

    (void)state;
    if (SANITIZED)
        return;
    data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(data, MAP_FAILED);
    memcpy(data, t.data.data, 64);
    li_put_le32(data + 12, count);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = (struct rlimit){space_in_use() + spare, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_null(malloc(4 * spare));
    assert_int_equal(li_manifest_decode(data, len, &t.key, &m, &t.err), LI_ECORRUPT);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_non_null(strstr(t.err.text, "damaged or changed"));
    munmap(data, len);
}

int main(void)
{
    /* In TAP cmocka's skip() is a failure, and a name can say it. */
    const char *costs = SANITIZED
                            ? "a_forged_manifest_costs_no_more_than_itself # SKIP a sanitizer "
                              "reserves more memory than any limit allows"
                            : "a_forged_manifest_costs_no_more_than_itself";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(decoding_gives_what_was_encoded, fresh),
        cmocka_unit_test_setup(golden_object, fresh),
        cmocka_unit_test_setup(peek_reads_the_clear_header, fresh),
        cmocka_unit_test_setup(every_flipped_bit_is_noticed, fresh),
        cmocka_unit_test_setup(every_other_length_is_noticed, fresh),
        cmocka_unit_test_setup(another_key_does_not_open, fresh),
        cmocka_unit_test_setup(headers_are_strict, fresh),
        cmocka_unit_test_setup(odd_headers_fail, fresh),
        cmocka_unit_test_setup(tables_are_checked_behind_the_tag, fresh),
        cmocka_unit_test_setup(the_encoder_refuses_what_the_decoder_would, fresh),
        cmocka_unit_test_setup(the_least_manifest_decodes, fresh),
        {costs, a_forged_manifest_costs_no_more_than_itself, fresh, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
