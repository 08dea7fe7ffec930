/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include "manifest/reference.h"
#include "tests/fixtures/golden.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A200 A64 A64 A64 "aaaaaaaa"
#define ID "000102030405060708090a0b0c0d0e0f"

static void references_that_parse(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        const char *tag; /* "": pinned, to the id ID */
    } cases[] = {
        {"app", "app", "latest"},
        {"app:1.0", "app", "1.0"},
        {"a:b", "a", "b"},
        {"7:7", "7", "7"},
        {"team/app:V_1.0-rc", "team/app", "V_1.0-rc"},
        {"app:_x", "app", "_x"},
        {"a..b__c--d/e.f-g_h", "a..b__c--d/e.f-g_h", "latest"},
        {"localhost:5000", "localhost", "5000"},
        {"localhost:5000/app", "localhost:5000/app", "latest"},
        {"localhost:5000/app:1", "localhost:5000/app", "1"},
        {"a/b/c/d:e", "a/b/c/d", "e"},
        {"app@" ID, "app", ""},
        {"localhost:5000/app@" ID, "localhost:5000/app", ""},
        {A200 ":" A64 A64, A200, A64 A64},
    };
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_reference ref;

        assert_done(li_reference_parse(cases[i].text, &ref, &err), &err);
        assert_string_equal(ref.name, cases[i].name);
        assert_string_equal(ref.tag, cases[i].tag);
        assert_int_equal(ref.pinned, cases[i].tag[0] == '\0');
        if (ref.pinned)
            assert_hex(ref.id, 16, ID);
    }
}

static void references_that_do_not(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", "a name is"},
        {":tag", "a name is"},
        {"/", "a name is"},
        {"/app", "a name is"},
        {"app/", "a name is"},
        {"a//b", "a name is"},
        {"..", "a name is"},
        {"a/../b", "a name is"},
        {"a/.tmp", "a name is"},
        {"App", "a name is"},
        {"a b", "a name is"},
        {"a~b", "a name is"},
        {"-a", "a name is"},
        {"a-", "a name is"},
        {"gr\xc3\xbc\xc3\x9f", "a name is"},
        {"host:/app", "a name is"},
        {"host:123456/app", "a name is"},
        {"host:5a/app", "a name is"},
        {"a/host:5000/app", "a name is"},
        {"host:1:2/app", "a name is"},
        {":5000/app", "a name is"},
        {"app:", "a tag is"},
        {"app:.1", "a tag is"},
        {"app:-1", "a tag is"},
        {"app:1:2", "a tag is"},
        {"app:a/b@", "an ID is"},
        {"app:a+b", "a tag is"},
        {"app:" A64 A64 "a", "a tag is"},
        {"app@", "an ID is"},
        {"app@" ID "0", "an ID is"},
        {"app@000102030405060708090a0b0c0d0e0", "an ID is"},
        {"app@000102030405060708090A0B0C0D0E0F", "an ID is"},
        {"app@@" ID, "an ID is"},
        {"app:1@" ID, "both a tag and an ID"},
        {"@" ID, "a name is"},
        {A200 "a", "longer than 200"},
        {A200 A200 A200 A200 A200 A200, "team/app:1.0"},
    };
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_reference ref = {.tag = "untouched"};

        assert_fails(li_reference_parse(cases[i].text, &ref, &err), LI_EINVALID, cases[i].words,
                     &err);
        assert_non_null(strstr(err.text, "write it like team/app:1.0"));
        assert_string_equal(ref.tag, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_that_parse),
        cmocka_unit_test(references_that_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
