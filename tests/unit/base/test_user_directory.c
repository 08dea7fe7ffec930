/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include "base/user_directory.h"

static void the_first_that_is_known_counts(void **state)
{
    static const struct {
        struct li_user_directories from;
        const char *want; /* NULL: none is known */
    } cases[] = {
        {{"/own", "/base", "/home", ".cache"}, "/own"},
        {{"own", "/base", "/home", ".cache"}, "own"},
        {{"", "/base", "/home", ".cache"}, "/base/lambdaimg"},
        {{NULL, "/base", NULL, ".cache"}, "/base/lambdaimg"},
        {{NULL, "base", "/home", ".local/state"}, "/home/.local/state/lambdaimg"},
        {{NULL, "", "/home", ".cache"}, "/home/.cache/lambdaimg"},
        {{NULL, NULL, "/home", ".cache"}, "/home/.cache/lambdaimg"},
        {{NULL, NULL, "", ".cache"}, NULL},
        {{"", "base", NULL, ".cache"}, NULL},
    };
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *got = NULL;

        assert_int_equal(li_user_directory(&cases[i].from, &got, &err), cases[i].want ? 0 : LI_END);
        if (cases[i].want)
            assert_string_equal(got, cases[i].want);
        else
            assert_null(got);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_is_known_counts),
    };

    return cmocka_run_group_tests_name("user directory", tests, NULL, NULL);
}
