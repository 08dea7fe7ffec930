/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/key_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/io.h"
#include "base/workers.h"
#include "tests/fixtures/golden.h"
#include "tests/fixtures/no_links.h"

static struct li_error err;

static void create_makes_a_private_key(void **state)
{
    struct li_kms *kms = NULL;
    struct li_buffer before = {0}, after = {0};
    struct stat st;

    (void)state;
    assert_int_equal(li_kms_create(key_spec, &kms_options, &err), 0);
    assert_int_equal(stat(key_path, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(st.st_nlink, 1);
    assert_done(li_read_file(key_path, 1000, &before, &err), &err);
    assert_int_equal(before.len, 81);
    assert_done(li_kms_open(key_spec, &kms_options, &kms, &err), &err);
    li_kms_free(kms);

    assert_int_equal(li_kms_create(key_spec, &kms_options, &err), LI_END);
    assert_done(li_read_file(key_path, 1000, &after, &err), &err);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.data, before.data, before.len);
    li_buffer_free(&before);
    li_buffer_free(&after);
}

static void create_makes_private_directories(void **state)
{
    char spec[128], path[128];
    struct stat st;

    (void)state;
    snprintf(spec, sizeof(spec), "file:%s/a/b/key", key_dir);
    assert_int_equal(li_kms_create(spec, &kms_options, &err), 0);
    assert_int_equal(unlink(spec + 5), 0);
    for (int depth = 2; depth > 0; depth--) {
        snprintf(path, sizeof(path), "%s%s", key_dir, depth == 2 ? "/a/b" : "/a");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0700);
        assert_int_equal(rmdir(path), 0);
    }
}

static void create_says_why_it_cannot(void **state)
{
    char spec[128];

    (void)state;
    write_key_file("x", 1, 0600);
    snprintf(spec, sizeof(spec), "file:%s/key/below", key_dir);
    assert_fails(li_kms_create(spec, &kms_options, &err), LI_ENOTFOUND, "Not a directory", &err);
    assert_int_equal(unlink(key_path), 0);
    assert_int_equal(symlink("nowhere", key_path), 0);
    assert_fails(li_kms_create(key_spec, &kms_options, &err), LI_EINVALID, "leads nowhere", &err);
}

static void create_does_without_links(void **state)
{
    struct li_kms *kms = NULL;
    struct stat st;

    (void)state;
    no_links = true;
    links_refused = 0;
    assert_int_equal(symlink("nowhere", key_path), 0);
    assert_fails(li_kms_create(key_spec, &kms_options, &err), LI_EINVALID, "leads nowhere", &err);
    assert_int_equal(unlink(key_path), 0);
    assert_done(li_kms_create(key_spec, &kms_options, &err), &err);
    no_links = false;
    assert_int_equal(links_refused, 2);
    assert_int_equal(stat(key_path, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_done(li_kms_open(key_spec, &kms_options, &kms, &err), &err);
    li_kms_free(kms);
}

/* The "randomness" of unit.h is not for several threads. */
static int threads_random(void *buf, size_t len, struct li_error *e)
{
    static atomic_uint calls;

    (void)e;
    memset(buf, (int)atomic_fetch_add(&calls, 1), len);
    return 0;
}

static int create_one(void *arg, unsigned index, struct li_workers *team, struct li_error *e)
{
    static const struct li_env env = {threads_random, unit_now, "/tmp", 1};
    atomic_int *made = arg;
    int rc = li_kms_create(key_spec, &(struct li_kms_options){.env = &env}, e);

    (void)index, (void)team;
    if (rc == 0)
        atomic_fetch_add(made, 1);
    return rc < 0 ? rc : 0;
}

static void of_many_at_once_one_makes_the_key(void **state)
{
    struct li_workers *team = NULL;
    struct li_kms *kms = NULL;
    atomic_int made = 0;

    (void)state;
    assert_done(li_workers_start(8, create_one, &made, &team, &err), &err);
    assert_done(li_workers_join(team, &err), &err);
    assert_int_equal(made, 1);
    assert_done(li_kms_open(key_spec, &kms_options, &kms, &err), &err);
    li_kms_free(kms);
}

static void only_private_key_files_open(void **state)
{
    static const mode_t open_modes[] = {0644, 0640, 0620, 0604, 0601, 0610, 0666};
    struct li_kms *kms = NULL;
    char words[80];

    (void)state;
    snprintf(words, sizeof(words), "chmod 600 %s", key_path);
    for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
        write_key_file(golden_key, sizeof(golden_key) - 1, open_modes[i]);
        assert_fails(li_kms_open(key_spec, &kms_options, &kms, &err), LI_EDENIED, words, &err);
    }
    write_key_file(golden_key, sizeof(golden_key) - 1, 0400);
    assert_done(li_kms_open(key_spec, &kms_options, &kms, &err), &err);
    li_kms_free(kms);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(key_path, 12345, 0), 0);
    assert_fails(li_kms_open(key_spec, &kms_options, &kms, &err), LI_EDENIED, "another user", &err);
}

static void only_key_files_open(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "lambdaimg-key-2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
        "lambdaimg-key-1 000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
        "lambdaimg-key-1 000102030405060708090g0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
        "lambdaimg-key-1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f ",
        "lambdaimg-key-1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "lambdaimg-key-1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\n",
    };
    struct li_kms *kms = NULL;
    char cut[sizeof(golden_key)];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_key_file(texts[i], strlen(texts[i]), 0600);
        assert_fails(li_kms_open(key_spec, &kms_options, &kms, &err), LI_ECORRUPT,
                     "is not a lambdaimg key file", &err);
    }
    /* A NUL among the digits ends them early. */
    memcpy(cut, golden_key, sizeof(cut));
    cut[40] = '\0';
    write_key_file(cut, sizeof(cut) - 1, 0600);
    assert_fails(li_kms_open(key_spec, &kms_options, &kms, &err), LI_ECORRUPT,
                 "is not a lambdaimg key file", &err);
}

static void what_is_no_file_does_not_open(void **state)
{
    struct li_kms *kms = NULL;
    char spec[80];

    (void)state;
    assert_fails(li_kms_open(key_spec, &kms_options, &kms, &err), LI_ENOTFOUND, "lambdaimg init",
                 &err);
    snprintf(spec, sizeof(spec), "file:%s", key_dir);
    assert_fails(li_kms_open(spec, &kms_options, &kms, &err), LI_EINVALID, "not a regular file",
                 &err);
    assert_int_equal(mkfifo(key_path, 0600), 0);
    assert_fails(li_kms_open(key_spec, &kms_options, &kms, &err), LI_EINVALID, "not a regular file",
                 &err);
    assert_fails(li_kms_open("file:", &kms_options, &kms, &err), LI_EINVALID, "file:PATH", &err);
    assert_fails(li_kms_open("vault:x", &kms_options, &kms, &err), LI_EINVALID, "file:PATH", &err);
    assert_fails(li_kms_create("/tmp/x", &kms_options, &err), LI_EINVALID, "file:PATH", &err);
}

static void expect_default(const char *config, const char *home, const char *want)
{
    char *spec = NULL;
    int rc = li_kms_default_spec(config, home, &spec, &err);

    assert_int_equal(rc, want ? 0 : LI_END);
    if (want)
        assert_string_equal(spec, want);
    free(spec);
}

static void specs_are_told_apart_and_have_a_default(void **state)
{
    (void)state;
    assert_string_equal(LI_KMS_FORMS, "file:PATH or aws-kms:KEY or exec:PROGRAM");
    assert_true(li_kms_is_spec("file:/k"));
    assert_true(li_kms_is_spec("file:")); /* which is then said to name no file */
    assert_false(li_kms_is_spec("file"));
    assert_false(li_kms_is_spec("/k"));
    assert_false(li_kms_is_spec(""));
    assert_false(li_kms_is_service("file:/k"));
    assert_true(li_kms_is_spec("aws-kms:alias/k"));
    assert_true(li_kms_is_service("aws-kms:alias/k"));
    assert_false(li_kms_is_spec("aws:k"));
    assert_false(li_kms_is_service("vault:x"));
    expect_default("/c", "/h", "file:/c/lambdaimg/key");
    expect_default("relative", "/h", "file:/h/.config/lambdaimg/key");
    expect_default(NULL, "/h", "file:/h/.config/lambdaimg/key");
    expect_default("", "", NULL);
    expect_default(NULL, NULL, NULL);
}

static void symbolic_links_are_followed(void **state)
{
    struct li_kms *kms = open_golden();
    char spec[80];

    (void)state;
    li_kms_free(kms);
    kms = NULL;
    snprintf(spec, sizeof(spec), "file:%s/link", key_dir);
    assert_int_equal(symlink("key", spec + 5), 0);
    assert_done(li_kms_open(spec, &kms_options, &kms, &err), &err);
    li_kms_free(kms);
    assert_int_equal(unlink(spec + 5), 0);
}

/* Computed once with other implementations: the name, and a wrap by a nonce of zeros. */
static int zero_random(void *buf, size_t len, struct li_error *e)
{
    (void)e;
    memset(buf, 0, len);
    return 0;
}

static void golden_name_and_wrap(void **state)
{
    static const struct li_env env = {zero_random, unit_now, "/tmp", 1};
    struct li_kms_context context = context_of("manifest", 1, 2);
    struct li_secret key = golden_secret(64);
    struct li_buffer blob = {0};
    struct li_kms *kms = NULL;

    (void)state;
    write_key_file(golden_key, sizeof(golden_key) - 1, 0600);
    assert_done(li_kms_open(key_spec, &(struct li_kms_options){.env = &env}, &kms, &err), &err);
    assert_string_equal(kms->name, "file-0c771f6afae7ca8a");
    assert_done(li_kms_wrap(kms, &context, &key, &blob, &err), &err);
    assert_int_equal(blob.len, 60);
    assert_hex(blob.data, 60,
               "00000000000000000000000091e749116f983f0bca2eb889912855493b10f225f5a159100b12b4dc7b7"
               "7213b0f01b5c25ca2043042864973b7e1c8b3");
    li_buffer_free(&blob);
    li_kms_free(kms);
}

static void wraps_fit_their_context_only(void **state)
{
    struct li_kms_context good = context_of("manifest", 1, 2);
    struct li_kms_context bad[] = {
        context_of("salt", 1, 2),
        context_of("manifest", 9, 2),
        context_of("manifest", 1, 9),
        context_of("", 1, 2),
    };
    struct li_secret key = golden_secret(64), opened = {{0}};
    struct li_buffer blob = {0}, again = {0};
    struct li_kms *kms = open_golden();

    (void)state;
    assert_done(li_kms_wrap(kms, &good, &key, &blob, &err), &err);
    assert_done(li_kms_wrap(kms, &good, &key, &again, &err), &err);
    assert_memory_not_equal(blob.data, again.data, 12);
    assert_done(li_kms_unwrap(kms, &good, blob.data, blob.len, &opened, &err), &err);
    assert_memory_equal(opened.bytes, key.bytes, sizeof(key.bytes));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(li_kms_unwrap(kms, &bad[i], blob.data, blob.len, &opened, &err), LI_EDENIED,
                     "does not fit", &err);
    bad[0].purpose = "a purpose of more than thirty-two bytes";
    assert_int_equal(li_kms_wrap(kms, &bad[0], &key, &again, &err), LI_EINVALID);
    li_buffer_free(&blob);
    li_buffer_free(&again);
    li_kms_free(kms);
}

static void wraps_fit_their_key_only(void **state)
{
    struct li_kms_context context = context_of("salt", 1, 2);
    struct li_secret key = golden_secret(64), opened;
    struct li_buffer blob = {0};
    struct li_kms *kms = open_golden();
    struct li_kms *other = NULL;

    (void)state;
    assert_done(li_kms_wrap(kms, &context, &key, &blob, &err), &err);
    assert_int_equal(unlink(key_path), 0);
    assert_done(li_kms_create(key_spec, &kms_options, &err), &err);
    assert_done(li_kms_open(key_spec, &kms_options, &other, &err), &err);
    assert_string_not_equal(kms->name, other->name);
    assert_fails(li_kms_unwrap(other, &context, blob.data, blob.len, &opened, &err), LI_EDENIED,
                 other->name, &err);
    li_kms_free(kms);
    li_kms_free(other);
    li_buffer_free(&blob);
}

static void changed_and_cut_wraps_fail(void **state)
{
    struct li_kms_context context = context_of("salt", 1, 2);
    struct li_secret key = golden_secret(64), opened;
    struct li_buffer blob = {0};
    struct li_kms *kms = open_golden();

    (void)state;
    assert_done(li_kms_wrap(kms, &context, &key, &blob, &err), &err);
    for (size_t i = 0; i < blob.len; i++) {
        blob.data[i] ^= (uint8_t)(1 << i % 8);
        assert_fails(li_kms_unwrap(kms, &context, blob.data, blob.len, &opened, &err), LI_EDENIED,
                     "does not fit", &err);
        blob.data[i] ^= (uint8_t)(1 << i % 8);
        assert_fails(li_kms_unwrap(kms, &context, blob.data, i, &opened, &err), LI_ECORRUPT,
                     "has 60 bytes", &err);
    }
    assert_done(li_kms_unwrap(kms, &context, blob.data, blob.len, &opened, &err), &err);
    li_buffer_free(&blob);
    li_kms_free(kms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_key(create_makes_a_private_key),
        with_key(create_makes_private_directories),
        with_key(create_says_why_it_cannot),
        with_key(create_does_without_links),
        with_key(of_many_at_once_one_makes_the_key),
        with_key(only_private_key_files_open),
        with_key(only_key_files_open),
        with_key(what_is_no_file_does_not_open),
        with_key(specs_are_told_apart_and_have_a_default),
        with_key(symbolic_links_are_followed),
        with_key(golden_name_and_wrap),
        with_key(wraps_fit_their_context_only),
        with_key(wraps_fit_their_key_only),
        with_key(changed_and_cut_wraps_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
