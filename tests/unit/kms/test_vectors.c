/* SPDX-License-Identifier: Apache-2.0 */
/* The known answers of testdata/wraps.txt, which an independent implementation has computed
 * (tests/wrap-vectors). */
#include "tests/fixtures/unit.h"

#include <sys/stat.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/io.h"
#include "crypto/crypto.h"
#include "kms/kms.h"
#include "manifest/manifest.h"
#include "tests/fixtures/tree.h"

enum { VALUE_MAX = 128 };

static char dir[64];
static struct li_error err;
static struct li_buffer text;
static uint8_t nonce[LI_GCM_NONCE_SIZE];

static int set_up(void **state)
{
    (void)state;
    tree_make(dir);
    if (li_read_file("testdata/wraps.txt", 1 << 20, &text, &err) < 0)
        return -1;
    return li_buffer_append(&text, "", 1, &err);
}

static int tear_down(void **state)
{
    (void)state;
    tree_remove(dir);
    li_buffer_free(&text);
    return 0;
}

/* The text of the value NAME in LINE, which ends at a space or a newline. */
static void value_text(const char *line, const char *name, char *out, size_t size)
{
    char key[32];
    const char *at;
    size_t len;

    snprintf(key, sizeof(key), " %s=", name);
    at = strstr(line, key);
    assert_non_null(at);
    at += strlen(key);
    len = strcspn(at, " \n");
    assert_true(len < size);
    memcpy(out, at, len);
    out[len] = '\0';
}

static size_t value(const char *line, const char *name, uint8_t out[VALUE_MAX])
{
    char digits[2 * VALUE_MAX + 1];

    value_text(line, name, digits, sizeof(digits));
    assert_int_equal(li_hex_decode(digits, out, strlen(digits) / 2), 0);
    return strlen(digits) / 2;
}

static void value_of(const char *line, const char *name, void *out, size_t size)
{
    uint8_t bytes[VALUE_MAX];

    assert_int_equal(value(line, name, bytes), size);
    memcpy(out, bytes, size);
}

/* Calls CHECK with each line of the kind KIND. */
static void each(const char *kind, void (*check)(const char *line))
{
    unsigned count = 0;

    for (char *line = (char *)text.data; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, kind, strlen(kind)) != 0 || line[strlen(kind)] != ' ')
            continue;
        check(line);
        count++;
    }
    assert_int_equal(count, 4);
}

static void check_derivation(const char *line)
{
    struct li_secret salt, prk, want;
    uint8_t digest[LI_DIGEST_SIZE], name[LI_NAME_SIZE], want_name[LI_NAME_SIZE];

    value_of(line, "salt", &salt, sizeof(salt));
    value_of(line, "digest", digest, sizeof(digest));
    value_of(line, "prk", &want, sizeof(want));
    value_of(line, "name", want_name, sizeof(want_name));
    assert_done(li_crypto_prk(&salt, digest, &prk, &err), &err);
    assert_memory_equal(prk.bytes, want.bytes, sizeof(want.bytes));
    assert_done(li_crypto_name(&prk, name, &err), &err);
    assert_memory_equal(name, want_name, sizeof(name));
}

static int give_nonce(void *buf, size_t len, struct li_error *e)
{
    (void)e;
    assert_int_equal(len, sizeof(nonce));
    memcpy(buf, nonce, len);
    return 0;
}

/* Wraps SECRET as LINE says, and unwraps what LINE gives. */
static void check_wrap(const char *line, struct li_kms *kms)
{
    char purpose[32];
    struct li_kms_context context = {.purpose = purpose};
    struct li_secret secret, opened;
    struct li_buffer blob = {0}, wrap = {0};
    uint8_t want[VALUE_MAX];
    size_t len = value(line, "wrap", want), blob_len;
    const uint8_t *at;

    value_text(line, "purpose", purpose, sizeof(purpose));
    value_of(line, "repository", context.repository, LI_ID_SIZE);
    value_of(line, "object", context.object, LI_ID_SIZE);
    value_of(line, "secret", &secret, sizeof(secret));
    assert_done(li_kms_wrap(kms, &context, &secret, &blob, &err), &err);
    assert_done(li_wrap_encode(&blob, &wrap, &err), &err);
    assert_int_equal(wrap.len, len);
    assert_memory_equal(wrap.data, want, len);
    assert_done(li_wrap_decode(want, len, &at, &blob_len, &err), &err);
    assert_done(li_kms_unwrap(kms, &context, at, blob_len, &opened, &err), &err);
    assert_memory_equal(opened.bytes, secret.bytes, sizeof(secret.bytes));
    li_buffer_free(&blob);
    li_buffer_free(&wrap);
}

static void check_file(const char *line)
{
    struct li_env env = unit_env;
    char digits[80], contents[128], spec[100], name[64], *path = tree_path(dir, "key");
    struct li_kms *kms = NULL;

    env.random = give_nonce;
    value_of(line, "nonce", nonce, sizeof(nonce));
    value_text(line, "key", digits, sizeof(digits));
    value_text(line, "name", name, sizeof(name));
    snprintf(contents, sizeof(contents), "lambdaimg-key-1 %s\n", digits);
    tree_write(dir, "key", contents, strlen(contents));
    assert_int_equal(chmod(path, 0600), 0);
    snprintf(spec, sizeof(spec), "file:%s", path);
    assert_done(li_kms_open(spec, &(struct li_kms_options){.env = &env}, &kms, &err), &err);
    assert_string_equal(kms->name, name);
    check_wrap(line, kms);
    li_kms_free(kms);
    free(path);
}

/* A program that answers with the line's blob, or with its secret. */
static void check_exec(const char *line)
{
    uint8_t blob[VALUE_MAX], secret[VALUE_MAX];
    size_t blob_len = value(line, "blob", blob), secret_len = value(line, "secret", secret);
    char blob64[2 * VALUE_MAX], secret64[2 * VALUE_MAX], script[1024], spec[100];
    char *path = tree_path(dir, "program");
    struct li_kms *kms = NULL;

    li_base64_encode(blob, blob_len, blob64);
    li_base64_encode(secret, secret_len, secret64);
    snprintf(script, sizeof(script),
             "#!/bin/sh\necho '{\"version\":1,\"name\":\"x\",\"blob\":\"%s\",\"key\":\"%s\"}'\n",
             blob64, secret64);
    tree_write(dir, "program", script, strlen(script));
    assert_int_equal(chmod(path, 0700), 0);
    snprintf(spec, sizeof(spec), "exec:%s", path);
    assert_done(li_kms_open(spec, &(struct li_kms_options){.env = &unit_env}, &kms, &err), &err);
    check_wrap(line, kms);
    li_kms_free(kms);
    free(path);
}

static void derivations(void **state)
{
    (void)state;
    each("derive", check_derivation);
}

static void wraps_of_key_files(void **state)
{
    (void)state;
    each("file", check_file);
}

static void wraps_of_programs(void **state)
{
    (void)state;
    each("exec", check_exec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivations),
        cmocka_unit_test(wraps_of_key_files),
        cmocka_unit_test(wraps_of_programs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
