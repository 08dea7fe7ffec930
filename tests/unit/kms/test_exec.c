/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "kms/kms.h"
#include "tests/fixtures/tree.h"

/* Programs of this test say the same name, and wrap a key as itself: what they bind to the context
 * is nothing. A program is the part of a shell script after this one, which sets $request and
 * $operation. */
static const char beginning[] =
    "#!/bin/sh\n"
    "request=$(cat)\n"
    "of() { printf %s \"$request\" | sed \"s/.*\\\"$1\\\":\\\"\\([^\\\"]*\\)\\\".*/\\1/\"; }\n"
    "operation=$(of operation)\n"
    "[ $operation != describe ] || { echo '{\"version\":1,\"name\":\"unit-1\"}'; exit 0; }\n";
static const char honest[] =
    "[ $operation != wrap ] || echo \"{\\\"version\\\":1,\\\"blob\\\":\\\"$(of key)\\\"}\"\n"
    "[ $operation != unwrap ] || echo \"{\\\"version\\\":1,\\\"key\\\":\\\"$(of blob)\\\"}\"\n";

enum { BLOB_SIZE = 32 + LI_SECRET_SIZE };

static char dir[64];
static char spec[128];
static struct li_error err;
static struct li_buffer notices, blob;

static int set_up(void **state)
{
    (void)state;
    tree_make(dir);
    snprintf(spec, sizeof(spec), "exec:%s/program 'an argument'", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tree_remove(dir);
    li_buffer_free(&notices);
    li_buffer_free(&blob);
    return 0;
}

static void note(void *arg, const char *text)
{
    struct li_error ignored = LI_ERROR_INIT;

    (void)li_buffer_append(arg, text, strlen(text) + 1, &ignored);
}

static const struct li_kms_options options = {
    .env = &unit_env, .deadline = 60, .notice = note, .notice_arg = &notices};

static void write_script(const char *text)
{
    char *path = tree_path(dir, "program");

    tree_write(dir, "program", text, strlen(text));
    assert_int_equal(chmod(path, 0700), 0);
    free(path);
}

static void write_program(const char *rest)
{
    char text[4096];

    snprintf(text, sizeof(text), "%s%s", beginning, rest);
    write_script(text);
}

static struct li_kms *open_program(void)
{
    struct li_kms *kms = NULL;

    assert_done(li_kms_open(spec, &options, &kms, &err), &err);
    return kms;
}

static struct li_kms_context context_of(const char *purpose, uint8_t repository, uint8_t object)
{
    struct li_kms_context context = {.purpose = purpose};

    memset(context.repository, repository, LI_ID_SIZE);
    memset(context.object, object, LI_ID_SIZE);
    return context;
}

static const struct li_secret key = {"0123456789abcdefghijklmnopqrstuv"};

static void asks_and_takes_answers(void **state)
{
    struct li_kms_context context = context_of("manifest", 1, 0xa2);
    struct li_secret opened = {{0}};
    struct li_kms *kms;
    char text[512];

    (void)state;
    snprintf(text, sizeof(text), "echo \"$request\" >>%s/asked; echo \"$1, $#\" >&2\n%s", dir,
             honest);
    write_program(text);
    kms = open_program();
    assert_string_equal(kms->name, "exec-unit-1");
    assert_done(li_kms_wrap(kms, &context, &key, &blob, &err), &err);
    assert_int_equal(blob.len, BLOB_SIZE);
    assert_memory_equal(blob.data + 32, key.bytes, sizeof(key.bytes));
    assert_done(li_kms_unwrap(kms, &context, blob.data, blob.len, &opened, &err), &err);
    assert_memory_equal(opened.bytes, key.bytes, sizeof(key.bytes));
    snprintf(text, sizeof(text), "%s/program: an argument, 1", dir);
    assert_string_equal((const char *)notices.data, text);
    li_kms_free(kms);

    snprintf(text, sizeof(text), "%s/asked", dir);
    blob.len = 0;
    {
        FILE *file = fopen(text, "r");
        size_t n;

        assert_non_null(file);
        n = fread(text, 1, sizeof(text) - 1, file);
        text[n] = '\0';
        fclose(file);
    }
#define CONTEXT                                                                                    \
    "\"context\":{\"purpose\":\"manifest\",\"repository\":\"01010101010101010101010101010101\","   \
    "\"object\":\"a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2\"}"
    assert_string_equal(text, "{\"version\":1,\"operation\":\"wrap\"," CONTEXT
                              ",\"key\":\"MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=\"}\n"
                              "{\"version\":1,\"operation\":\"unwrap\"," CONTEXT
                              ",\"blob\":\"MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=\"}\n");
}

/* The program of this test ignores the context, and opens everything. */
static void a_wrap_opens_only_in_its_place(void **state)
{
    struct li_kms_context good = context_of("manifest", 1, 2);
    struct li_kms_context bad[] = {context_of("salt", 1, 2), context_of("manifest", 3, 2),
                                   context_of("manifest", 1, 3)};
    struct li_secret opened = {{0}};
    struct li_kms *kms;

    (void)state;
    write_program(honest);
    kms = open_program();
    assert_done(li_kms_wrap(kms, &good, &key, &blob, &err), &err);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(li_kms_unwrap(kms, &bad[i], blob.data, blob.len, &opened, &err), LI_EDENIED,
                     "does not fit this repository and object", &err);
    for (size_t i = 0; i < blob.len; i++) {
        blob.data[i] ^= 1;
        assert_fails(li_kms_unwrap(kms, &good, blob.data, blob.len, &opened, &err), LI_EDENIED,
                     "it was moved or changed", &err);
        blob.data[i] ^= 1;
    }
    for (size_t i = 0; i <= 32; i++)
        assert_fails(li_kms_unwrap(kms, &good, blob.data, i, &opened, &err), LI_ECORRUPT, "bytes",
                     &err);
    assert_fails(li_kms_unwrap(kms, &good, blob.data, 33, &opened, &err), LI_EIO, "1 bytes, not 32",
                 &err);
    assert_int_equal(opened.bytes[0], 0);
    bad[0].purpose = "a \"quote\"";
    assert_int_equal(li_kms_wrap(kms, &bad[0], &key, &blob, &err), LI_EINVALID);
    bad[0].purpose = "a-purpose-that-is-longer-than-any-of-ours";
    assert_int_equal(li_kms_wrap(kms, &bad[0], &key, &blob, &err), LI_EINVALID);
    li_kms_free(kms);
}

static void broken_answers(void **state)
{
    static const struct {
        const char *script;
        int code;
        const char *words;
    } cases[] = {
        {"", LI_EIO, "is not valid JSON"},
        {"echo nonsense", LI_EIO, "is not valid JSON"},
        {"echo '{\"version\":1,\"blob\":\"QQ==\"} {}'", LI_EIO, "is not valid JSON"},
        {"echo '{\"version\":1,\"blob\":\"QQ==\"'", LI_EIO, "is not valid JSON"},
        {"echo '{\"version\":1,\"blob\":\"QQ==\",\"blob\":\"QQ==\"}'", LI_EIO, "is not valid JSON"},
        {"echo '[]'", LI_EIO, "is not a JSON object"},
        {"echo '{\"blob\":\"QQ==\"}'", LI_EIO, "has no \"version\": 1"},
        {"echo '{\"version\":\"1\",\"blob\":\"QQ==\"}'", LI_EIO, "has no \"version\": 1"},
        {"echo '{\"version\":2,\"blob\":\"QQ==\"}'", LI_EIO, "has another version than 1"},
        {"echo '{\"version\":1}'", LI_EIO, "has no text \"blob\""},
        {"echo '{\"version\":1,\"blob\":7}'", LI_EIO, "has no text \"blob\""},
        {"echo '{\"version\":1,\"blob\":\"\"}'", LI_EIO, "is empty"},
        {"echo '{\"version\":1,\"blob\":\"QQ=\"}'", LI_EIO, "is not Base64"},
        {"echo '{\"version\":1,\"blob\":\"QQ==\\u0000\"}'", LI_EIO, "is not valid JSON"},
        {"printf '{\"version\":1,\"blob\":\"'; head -c 8161 /dev/zero | base64 -w 0; echo '\"}'",
         LI_EIO, "has more than 8160 bytes"},
        {"cat /dev/zero", LI_EIO, "more than 65536 bytes"},
        {"echo no >&2; exit 1", LI_EDENIED, "ended with exit status 1: no"},
        {"exit 75", LI_ENETWORK, "ended with exit status 75"},
        {"kill -9 $$", LI_EIO, "ended by signal 9"},
    };
    struct li_kms_context context = context_of("manifest", 1, 2);
    struct li_kms *kms;

    (void)state;
    write_program(honest);
    kms = open_program();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_program(cases[i].script);
        assert_fails(li_kms_wrap(kms, &context, &key, &blob, &err), cases[i].code, cases[i].words,
                     &err);
        assert_non_null(strstr(err.text, "exec:/"));
    }
    write_program(
        "printf '{\"version\":1,\"blob\":\"'; head -c 8160 /dev/zero | base64 -w 0; echo '\"}'");
    assert_done(li_kms_wrap(kms, &context, &key, &blob, &err), &err);
    assert_int_equal(blob.len, LI_KMS_BLOB_MAX);
    li_kms_free(kms);
}

static void keys_of_another_length(void **state)
{
    static const int sizes[] = {0, 1, 31, 33, 64};
    struct li_kms_context context = context_of("manifest", 1, 2);
    struct li_secret opened = {{0}};
    struct li_kms *kms;
    char text[200];

    (void)state;
    write_program(honest);
    kms = open_program();
    assert_done(li_kms_wrap(kms, &context, &key, &blob, &err), &err);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        snprintf(
            text, sizeof(text),
            "printf '{\"version\":1,\"key\":\"'; head -c %d /dev/zero | base64 -w 0; echo '\"}'",
            sizes[i]);
        write_program(text);
        assert_fails(li_kms_unwrap(kms, &context, blob.data, blob.len, &opened, &err), LI_EIO,
                     sizes[i] > 32 ? "more than 32 bytes" : "bytes, not 32", &err);
    }
    li_kms_free(kms);
}

static void a_program_that_never_ends(void **state)
{
    struct li_kms_options hurried = options;
    struct li_kms *kms = NULL;

    (void)state;
    hurried.deadline = 1;
    write_script("#!/bin/sh\nexec sleep 1000\n");
    assert_fails(li_kms_open(spec, &hurried, &kms, &err), LI_ENETWORK,
                 "did not end within 1 second", &err);
}

static void programs_that_are_none(void **state)
{
    struct li_kms *kms = NULL;

    (void)state;
    assert_fails(li_kms_open(spec, &options, &kms, &err), LI_ENOTFOUND, "cannot run", &err);
    assert_fails(li_kms_open("exec:", &options, &kms, &err), LI_EINVALID, "exec:PROGRAM", &err);
    assert_fails(li_kms_open("exec: ", &options, &kms, &err), LI_EINVALID, "no program", &err);
    assert_fails(li_kms_open("exec:''", &options, &kms, &err), LI_EINVALID, "no program", &err);
    assert_fails(li_kms_open("exec:a 'b", &options, &kms, &err), LI_EINVALID, "exec:a 'b", &err);
    assert_int_equal(li_kms_create("exec:/nowhere", &options, &err), LI_END);
    assert_true(li_kms_is_spec("exec:x"));
    assert_false(li_kms_is_service("exec:x"));
}

static void names_that_are_none(void **state)
{
    static const char *const names[] = {
        "",   "A",   "a_b",       "a/b",
        "..", "a b", "a\\u0000b", "a2345678901234567890123456789012345678901234567890123456789"};
    struct li_kms *kms = NULL;
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text), "#!/bin/sh\necho '{\"version\":1,\"name\":\"%s\"}'\n",
                 names[i]);
        write_script(text);
        assert_int_equal(li_kms_open(spec, &options, &kms, &err), LI_EIO);
        assert_null(kms);
    }
    write_script("#!/bin/sh\necho '{\"version\":1,\"name\":"
                 "\"a234567890123456789012345678901234567890123456789012345678\"}'\n");
    kms = open_program();
    assert_int_equal(strlen(kms->name), LI_KMS_WRAP_NAME_MAX - 1);
    li_kms_free(kms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asks_and_takes_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrap_opens_only_in_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_of_another_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_program_that_never_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(programs_that_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_are_none, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
