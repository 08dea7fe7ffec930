/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of ACLs are counted in bytes that come in pieces of any size. */
#include "tests/fixtures/unit.h"

#include <string.h>

#include "base/acl_watch.h"

static bool add_text(struct li_acl_watch *watch, const char *text)
{
    return li_acl_watch_add(watch, (const uint8_t *)text, strlen(text));
}

static void test_counts(void **state)
{
    struct li_acl_watch watch;

    (void)state;
    li_acl_watch_begin(&watch);
    assert_true(add_text(&watch, "12 path=a,b,c\n30 SCHILY.acl"));
    assert_int_equal(watch.rules, 0);
    assert_true(add_text(&watch, ".access=u:1:r,u:2:r\n"));
    assert_int_equal(watch.rules, 2);
    assert_true(add_text(&watch, ",\n"));
    assert_int_equal(watch.rules, 4);
    li_acl_watch_begin(&watch);
    assert_true(add_text(&watch, ",\n"));
    assert_int_equal(watch.rules, 0);
}

/* However the keyword is cut, and whatever looks like its beginning comes before. */
static void test_cuts(void **state)
{
    static const char *const texts[] = {"SCHILY.acl.default=,", "SCHSCHILY.acl.ace=,",
                                        "SSCHILY.acl.,", "SCHILY.acSCHILY.acl.,"};

    (void)state;
    for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
        for (size_t cut = 0; cut <= strlen(texts[t]); cut++) {
            struct li_acl_watch watch;

            li_acl_watch_begin(&watch);
            assert_true(li_acl_watch_add(&watch, (const uint8_t *)texts[t], cut));
            assert_true(add_text(&watch, texts[t] + cut));
            assert_int_equal(watch.rules, 1);
        }
}

static void test_limit(void **state)
{
    struct li_acl_watch watch;

    (void)state;
    li_acl_watch_begin(&watch);
    assert_true(add_text(&watch, "SCHILY.acl.access="));
    for (int i = 0; i < LI_ACL_WATCH_RULES; i++)
        assert_true(add_text(&watch, "u:1:r,"));
    assert_false(add_text(&watch, "u:1:r,"));
    assert_false(add_text(&watch, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
