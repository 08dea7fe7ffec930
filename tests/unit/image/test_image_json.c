/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as container engines read it: what is odd where nobody looks, and what is refused. */
#include "tests/fixtures/image_files.h"

#include "image/json.h"

static int parse(const char *text, struct li_image_json *out, struct li_error *err)
{
    return li_image_json_parse("it", text, strlen(text), JSON_OBJECT, out, err);
}

/* The document is read, and its member "os" is "linux". */
static void expect_read(const char *text)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image_json root = {0};
    const char *os = NULL;

    assert_done(parse(text, &root, &err), &err);
    assert_done(li_image_json_string(&root, "os", &os, &err), &err);
    assert_string_equal(os, "linux");
    li_image_json_free(&root);
}

static void oddities_are_passed_over(void **state)
{
    static const char *const cases[] = {
        "{\"a\":\"\\u0000\",\"os\":\"linux\"}",
        "{\"a\\u0000b\":1,\"os\":\"linux\"}",
        "{\"\\u0000\":1,\"\\u0000\":2,\"os\":\"linux\"}",
        "{\"a\":12345678901234567890123,\"os\":\"linux\"}",
        "{\"a\":-9223372036854775809,\"os\":\"linux\"}",
        "{\"a\":1e999,\"b\":-1e999,\"c\":1e-999,\"d\":1E+2,\"os\":\"linux\"}",
        "{\"a\":\"\\ud800\",\"os\":\"linux\"}",
        "{\"a\":\"\\udc00\\ud800\",\"os\":\"linux\"}",
        "{\"a\":\"\\ud800\\u0041 \\ud83d\\ude00\",\"os\":\"linux\"}",
        "{\"\\udfff\":\"\",\"os\":\"linux\"}",
        "{\"a\":\"\xff\xc0\x80\xed\xa0\x80\xf5\xe2\x82\",\"os\":\"linux\"}",
        "{\"a\xff\":1,\"a\xfe\":2,\"os\":\"linux\"}",
        "{\"a\":1,\"a\":2,\"os\":\"linux\"}",
        "{\"a\":{\"b\":1,\"b\":[]},\"a\":2,\"os\":\"linux\"}",
        "{\"a\":\"\\\\ud800 \\\"x\\\": 5\",\"os\":\"linux\"}",
        "{\"a\":[\"x\" , \"y\"] , \"os\" \n : \"linux\"}",
        "{\"a\":0,\"b\":-0,\"c\":9223372036854775807,\"d\":-9223372036854775808,\"os\":\"linux\"}",
    };
    struct li_buffer text = {0};
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_read(cases[i]);

    assert_done(li_buffer_append(&text, "{\"a\":", 5, &err), &err);
    for (int i = 0; i < 2000; i++)
        assert_done(li_buffer_append(&text, "[", 1, &err), &err);
    for (int i = 0; i < 2000; i++)
        assert_done(li_buffer_append(&text, "]", 1, &err), &err);
    assert_done(li_buffer_append(&text, ",\"os\":\"linux\"}", 15, &err), &err);
    expect_read((char *)text.data);
    text.len = 0;
    assert_done(li_buffer_append(&text, "{\"a\":", 5, &err), &err);
    for (int i = 0; i < 5000; i++)
        assert_done(li_buffer_append(&text, "9", 1, &err), &err);
    assert_done(li_buffer_append(&text, ",\"os\":\"linux\"}", 15, &err), &err);
    expect_read((char *)text.data);
    li_buffer_free(&text);
}

static void keys_match_in_any_case(void **state)
{
    static const char *const cases[] = {
        "{\"os\":\"linux\"}",
        "{\"OS\":\"linux\"}",
        "{\"oS\":\"linux\",\"Os\":null}",
        "{\"O\xc5\xbf\":\"linux\"}",
        "{\"o\\u017f\":\"linux\"}",
        "{\"o\\u0073\":\"linux\"}",
        "{\"os\":\"linux\",\"OS\":\"linux\",\"1:os\":\"windows\"}",
        "{\"osx\":\"no\",\"o\":\"no\",\"\":\"no\",\"os\":\"linux\",\"0:os\":\"no\"}",
    };
    struct li_error err = LI_ERROR_INIT;
    struct li_image_json root = {0};
    const char *text = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_read(cases[i]);

    assert_done(parse("{\"A.Name\":\"x\",\"a.name\":\"y\"}", &root, &err), &err);
    assert_done(li_image_json_entry(&root, "a.name", &text, &err), &err);
    assert_string_equal(text, "y");
    assert_done(li_image_json_entry(&root, "a.NAME", &text, &err), &err);
    assert_string_equal(text, "");
    li_image_json_free(&root);
}

static void what_is_asked_for_is_checked(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"{\"os\":\"a\\u0000b\"}", "it: os has a NUL in it"},
        {"{\"os\":\"a\",\"os\":\"b\"}", "it has \"os\" twice, with different values"},
        {"{\"os\":\"a\",\"OS\":\"b\"}", "it has \"os\" twice, with different values"},
        {"{\"os\":\"a\",\"oS\":1}", "it has \"os\" twice, with different values"},
        {"{\"os\":{\"a\":[{}]},\"OS\":{\"a\":[{}]}}", "it: os is not a string"},
        {"{\"os\":{\"a\":[1]},\"OS\":{\"a\":[2]}}", "twice, with different values"},
        {"{\"os\":{\"a\":1},\"OS\":{\"a\":1,\"b\":1}}", "twice, with different values"},
        {"{\"os\":{\"a\":1},\"OS\":{\"b\":1}}", "twice, with different values"},
        {"{\"os\":[1,2],\"OS\":[1]}", "twice, with different values"},
        {"{\"os\":1e999}", "it: os is not a string"},
        {"{\"os\":{}}", "it: os is not a string"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_error err = LI_ERROR_INIT;
        struct li_image_json root = {0};
        const char *os = NULL;

        assert_done(parse(cases[i].text, &root, &err), &err);
        assert_fails(li_image_json_string(&root, "os", &os, &err), LI_ECORRUPT, cases[i].words,
                     &err);
        li_image_json_free(&root);
    }
}

static void numbers_are_integers_where_need_be(void **state)
{
    static const char *const cases[] = {"{\"n\":9223372036854775808}", "{\"n\":1.0}", "{\"n\":1e3}",
                                        "{\"n\":1e999}", "{\"n\":\"1\"}"};
    struct li_error err = LI_ERROR_INIT;
    struct li_image_json root = {0}, n;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_done(parse(cases[i], &root, &err), &err);
        assert_fails(li_image_json_get(&root, "n", JSON_INTEGER, &n, &err), LI_ECORRUPT,
                     "it: n is not an integer", &err);
        li_image_json_free(&root);
    }
    assert_done(parse("{\"n\":9223372036854775807}", &root, &err), &err);
    assert_done(li_image_json_get(&root, "n", JSON_INTEGER, &n, &err), &err);
    assert_true(json_integer_value(n.value) == INT64_MAX);
    li_image_json_free(&root);
}

/* Only what no real has room for is written anew. */
static void numbers_keep_their_values(void **state)
{
    static const char *const same[] = {"0e999", "-0e999",     "0.00e+9999999999", "0.1",
                                       "5e299", "123.5e-999", "0.0001e303",       "-1.5"};
    static const char *const large[] = {"1e300", "0.1e301", "0.0001e304", "123e298",
                                        "1e9999999999"};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer out = {0};
    struct li_buffer tiny = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        out.len = 0;
        assert_done(li_image_json_lenient(same[i], strlen(same[i]), false, &out, &err), &err);
        assert_int_equal(out.len, strlen(same[i]));
        assert_memory_equal(out.data, same[i], out.len);
    }
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        out.len = 0;
        assert_done(li_image_json_lenient(large[i], strlen(large[i]), false, &out, &err), &err);
        assert_int_equal(out.len, 5);
        assert_memory_equal(out.data, "1e300", 5);
    }
    /* More zeros behind the point than the exponent takes away. */
    assert_done(li_buffer_append(&tiny, "0.", 2, &err), &err);
    for (int i = 0; i < 40000; i++)
        assert_done(li_buffer_append(&tiny, "0", 1, &err), &err);
    assert_done(li_buffer_append(&tiny, "1e39999", 7, &err), &err);
    out.len = 0;
    assert_done(li_image_json_lenient(tiny.data, tiny.len, false, &out, &err), &err);
    assert_int_equal(out.len, tiny.len);
    li_buffer_free(&tiny);
    li_buffer_free(&out);
}

static void strings_become_what_go_makes_of_them(void **state)
{
    static const char text[] = "{\"os\":\"\\ud800x\\udc00\xff \\ud83d\\ude00 \\u00e9\"}";
    struct li_error err = LI_ERROR_INIT;
    struct li_image_json root = {0};
    const char *os = NULL;

    (void)state;
    assert_done(parse(text, &root, &err), &err);
    assert_done(li_image_json_string(&root, "os", &os, &err), &err);
    assert_string_equal(os, "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd \xf0\x9f\x98\x80 \xc3\xa9");
    li_image_json_free(&root);
}

/* What Go refuses is refused. */
static void what_is_not_json_is_refused(void **state)
{
    static const char *const cases[] = {
        "",           "{",          "{\"a\"",         "{\"a\":\"",     "{\"a\":\"\\",
        "{\"a\":01}", "{\"a\":1.}", "{\"a\":1e}",     "{\"a\":--1}",   "{\"a\":.5}",
        "{\"a\":+1}", "{\"a\":1-}", "{\"a\":1e5e}",   "{\"a\":-}",     "{\"a\":\"\\u12g4\"}",
        "{a:1}",      "{\"a\":1,}", "{\"a\":\"\n\"}", "{\"a\":NaN}",   "{\"a\":\"\\x\"}",
        "{} {}",      "\"a\"",      "null",           "{\"a\" \"b\"}", "{\"a\":\"\\u12\"}",
        "[\"a\":1]",  "{1:2}",
    };

    struct li_error err = LI_ERROR_INIT;
    struct li_image_json root = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_fails(parse(cases[i], &root, &err), LI_ECORRUPT, "it is not valid JSON: line ",
                     &err);
        assert_null(root.value);
    }
    assert_fails(li_image_json_parse("it", NULL, 0, JSON_OBJECT, &root, &err), LI_ECORRUPT,
                 "it is not valid JSON: line 1", &err);
}

/* Nothing is read behind the document, wherever it ends. */
static void documents_end_anywhere(void **state)
{
    static const char text[] = "{\"a\\ud83d\\ude00\\n\":\"\xf0\x9f\x98\x80\",\"b\":-1.5e+3}";

    (void)state;
    for (size_t len = 1; len < sizeof(text); len++) {
        struct li_error err = LI_ERROR_INIT;
        struct li_buffer out = {0};
        char *cut = malloc(len); /* so that a sanitizer sees its end */

        assert_non_null(cut);
        memcpy(cut, text, len);
        assert_done(li_image_json_lenient(cut, len, false, &out, &err), &err);
        assert_null(memchr(out.data, '\0', out.len));
        free(cut);
        li_buffer_free(&out);
    }
}

static void depth_is_bounded(void **state)
{
    enum { DEEP = 100000 };
    struct li_error err = LI_ERROR_INIT;
    struct li_image_json root = {0};
    char *deep = malloc(DEEP + 1);

    (void)state;
    assert_non_null(deep);
    memset(deep, '[', DEEP);
    deep[DEEP] = '\0';
    assert_fails(parse(deep, &root, &err), LI_ECORRUPT, "depth", &err);
    free(deep);
}

/* Empty objects are what takes most memory for its bytes. */
static void values_are_bounded(void **state)
{
    enum { MANY = LI_IMAGE_MAX_VALUES / 2 };
    struct li_error err = LI_ERROR_INIT;
    struct li_image_json root = {0};
    struct li_buffer text = {0};

    (void)state;
    for (int more = 0; more < 2; more++) {
        text.len = 0;
        assert_done(li_buffer_append(&text, "{\"a\":[{}", 8, &err), &err);
        for (int i = 1; i < MANY - 1 + more; i++)
            assert_done(li_buffer_append(&text, ",{}", 3, &err), &err);
        assert_done(li_buffer_append(&text, "]}", 2, &err), &err);
        if (more) {
            assert_fails(li_image_json_parse("it", text.data, text.len, JSON_OBJECT, &root, &err),
                         LI_ELIMIT, "it: it has more than 131072 values", &err);
            continue;
        }
        assert_done(li_image_json_parse("it", text.data, text.len, JSON_OBJECT, &root, &err), &err);
        li_image_json_free(&root);
    }
    li_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddities_are_passed_over),
        cmocka_unit_test(keys_match_in_any_case),
        cmocka_unit_test(what_is_asked_for_is_checked),
        cmocka_unit_test(numbers_are_integers_where_need_be),
        cmocka_unit_test(numbers_keep_their_values),
        cmocka_unit_test(strings_become_what_go_makes_of_them),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(documents_end_anywhere),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(values_are_bounded),
    };

    return cmocka_run_group_tests(tests, note_descriptors, check_descriptors);
}
