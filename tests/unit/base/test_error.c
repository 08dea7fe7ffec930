/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: what they say, what they are to others, and how often the same one is told. */
#include "tests/fixtures/unit.h"

#include <errno.h>

#include "base/repeats.h"
#include "base/text.h"

static void error_reads_from_outside_in(void **state)
{
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_int_equal(li_fail_errno(&err, ENOENT, "cannot open %s", "a\x1b[2Jb"), LI_ENOTFOUND);
    assert_int_equal(li_context(&err, "cannot push %s", "x"), LI_ENOTFOUND);
    assert_string_equal(err.text, "cannot push x: cannot open a?[2Jb: No such file or directory");
    assert_int_equal(err.sys, ENOENT);
}

/* Whatever a room below calls it, and whether or not it said why. */
static void an_answer_of_below_is_a_failure_here(void **state)
{
    static const struct {
        int rc, want;
    } rows[] = {
        {LI_ENOTFOUND, LI_ECORRUPT},
        {LI_ELIMIT, LI_ECORRUPT},
        {LI_ECORRUPT, LI_ECORRUPT},
        {LI_EUNSUPPORTED, LI_EIO},
        {LI_EINVALID, LI_EIO},
        {LI_EEXISTS, LI_EIO},
        {LI_ECHANGED, LI_EIO},
        {LI_EIO, LI_EIO},
        {-99, LI_EIO},
        {LI_END, LI_EIO},
        {7, LI_EIO},
        {LI_EDENIED, LI_EDENIED},
        {LI_ENETWORK, LI_ENETWORK},
        {LI_ENOMEM, LI_ENOMEM},
        {LI_ECANCELLED, LI_ECANCELLED},
        {0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct li_error err = LI_ERROR_INIT;

        if (rows[i].rc < 0)
            li_fail(&err, rows[i].rc, "why");
        assert_int_equal(li_as_failure(rows[i].rc, &err), rows[i].want);
        assert_int_equal(err.code, rows[i].want);
        if (rows[i].rc < 0)
            assert_string_equal(err.text, "why");
        else
            assert_int_equal(*err.text == '\0', rows[i].rc == 0);
    }
}

/* A failure of the given part, or text. */
static bool tell(struct li_repeats *repeats, uint64_t part, const char *text, int64_t now)
{
    struct li_error err = LI_ERROR_INIT;
    uint64_t untold = 0;

    li_fail(&err, LI_EIO, "%s", text);
    err.part = part;
    return li_repeats_tell(repeats, &err, now, &untold);
}

static void a_failure_is_told_once_in_a_while(void **state)
{
    struct li_repeats repeats = LI_REPEATS_INIT;
    struct li_error err = LI_ERROR_INIT;
    uint64_t untold = 99;

    (void)state;
    assert_true(tell(&repeats, 0, "one", 1000));
    assert_false(tell(&repeats, 0, "one", 1000 + LI_REPEATS_WHILE - 1));
    assert_true(tell(&repeats, 0, "two", 1000));
    assert_true(tell(&repeats, 5, "one", 1000));
    assert_false(tell(&repeats, 5, "of the same part", 1001));
    assert_int_equal(li_repeats_untold(&repeats), 1);
    li_fail(&err, LI_EIO, "one");
    assert_true(li_repeats_tell(&repeats, &err, 1000 + LI_REPEATS_WHILE, &untold));
    assert_int_equal(untold, 1);
    assert_int_equal(li_repeats_untold(&repeats), 0);
    assert_true(tell(&repeats, 6, "one", 1001));
    /* The clock was set back. */
    assert_true(tell(&repeats, 0, "one", 10));
}

static void failures_of_all_kinds_are_told_a_bounded_number_of_times(void **state)
{
    struct li_repeats repeats = LI_REPEATS_INIT;
    unsigned told = 0;

    (void)state;
    for (uint64_t part = 1; part <= 1000; part++)
        told += tell(&repeats, part, "lost", 1000 + (int64_t)part / 100);
    assert_int_equal(told, LI_REPEATS_MAX);
    assert_int_equal(li_repeats_untold(&repeats), 1000 - LI_REPEATS_MAX);
    assert_true(tell(&repeats, 1000, "lost", 1000 + LI_REPEATS_WHILE));
}

/* What a terminal could take for a command, in ASCII or not, and what is no text at all. */
static void error_shows_visible_characters_only(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"plain ~", "plain ~"},
        {"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x90\x8b",
         "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x90\x8b"},
        {"\xc2\xa0 \xc2\x9f", "\xc2\xa0 ??"},
        {"a\xc2\x9b"
         "2Jb",
         "a??2Jb"},
        {"a\x9b"
         "2Jb",
         "a?2Jb"},
        {"\x7f\n\t", "???"},
        {"\xc0\x9b\xe0\x80\x9b\xed\xa0\x80", "????????"},
        {"\xf4\x90\x80\x80\xff", "?????"},
        {"cut \xe2\x82", "cut ??"},
        /* Right to left, and isolated: each can make "gpj.exe" read as "exe.jpg". */
        {"\xe2\x80\xae\xe2\x80\xaa \xe2\x81\xa6\xe2\x81\xa9", "?????? ??????"},
        {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c\xe2\x80\x8b\xe2\x80\x8d", "??????????????"},
        {"\xc2\xad\xef\xbb\xbf\xe2\x80\xa8\xe2\x80\xa9\xe1\xa0\x8e", "??????????????"},
        {"\xef\xbf\xbe\xf4\x8f\xbf\xbf\xf3\xa0\x81\x81", "???????????"},
        {"\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\x9f\xef\xbf\xbd",
         "\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\x9f\xef\xbf\xbd"},
    };
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        li_fail(&err, LI_EIO, "%s", cases[i].text);
        assert_string_equal(err.text, cases[i].shown);
    }
}

static void only_one_is_no_plural(void **state)
{
    (void)state;
    assert_string_equal(li_text_s(0), "s");
    assert_string_equal(li_text_s(1), "");
    assert_string_equal(li_text_s(2), "s");
    assert_string_equal(li_text_s(UINT64_MAX), "s");
}

static void error_survives_long_texts(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    char word[800];

    (void)state;
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    li_fail(&err, LI_EIO, "%s", word);
    li_context(&err, "%s", word);
    assert_int_equal(strlen(err.text), LI_ERROR_TEXT_MAX - 1);
    assert_non_null(strstr(err.text, "w...: ...ww"));

    li_fail_errno(&err, ENOENT, "%s%s", word, word);
    li_context(&err, "cannot push %s%s", word, word);
    assert_int_equal(strncmp(err.text, "cannot push www", 15), 0);
    assert_string_equal(err.text + strlen(err.text) - 31, "w...: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_reads_from_outside_in),
        cmocka_unit_test(an_answer_of_below_is_a_failure_here),
        cmocka_unit_test(a_failure_is_told_once_in_a_while),
        cmocka_unit_test(failures_of_all_kinds_are_told_a_bounded_number_of_times),
        cmocka_unit_test(error_shows_visible_characters_only),
        cmocka_unit_test(only_one_is_no_plural),
        cmocka_unit_test(error_survives_long_texts),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
