/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets: what a file may say, and when a budget is met. */
#include "tests/fixtures/unit.h"

#include "report/budget.h"

static int parse(const char *text, struct li_report_budgets *out, struct li_error *err)
{
    return li_report_budgets_parse(text, strlen(text), out, err);
}

static void what_a_file_may_say(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_report_budgets b;

    (void)state;
    assert_done(parse("{\"format\":1}", &b, &err), &err);
    for (int i = 0; i < LI_BUDGETS; i++)
        assert_false(b.of[i].set);
    assert_done(parse("{\"max_new_bytes\":1000, \"format\":1, \"max_size\":\"+3.5%\","
                      "\"min_dedup\":1.5, \"max_new_share\":0, \"max_waste\":\"7%\"}",
                      &b, &err),
                &err);
    for (int i = 0; i < LI_BUDGETS; i++) {
        assert_true(b.of[i].set);
        assert_int_equal(b.of[i].relative, i == LI_BUDGET_SIZE);
        assert_int_equal(b.of[i].share, i == LI_BUDGET_WASTE);
    }
    assert_true(b.of[LI_BUDGET_NEW_BYTES].limit == 1000);
    assert_true(b.of[LI_BUDGET_NEW_SHARE].limit == 0);
    assert_true(b.of[LI_BUDGET_SIZE].limit == 3.5);
    assert_true(b.of[LI_BUDGET_DEDUP].limit == 1.5);
    assert_true(b.of[LI_BUDGET_WASTE].limit == 7);
    assert_done(parse("{\"format\":1,\"max_size\":5}", &b, &err), &err);
    assert_false(b.of[LI_BUDGET_SIZE].relative);
}

static void what_it_may_not_say(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "not valid JSON"},
        {"{\"format\":1", "not valid JSON"},
        {"{\"format\":1} {}", "not valid JSON"},
        {"[]", "not a JSON object"},
        {"{}", "\"format\" is not 1"},
        {"{\"format\":2}", "\"format\" is not 1"},
        {"{\"format\":\"1\"}", "\"format\" is not 1"},
        {"{\"format\":1,\"max_new_byte\":1}", "\"max_new_byte\" is not a budget"},
        {"{\"format\":1,\"max-size\":1}", "is not a budget"},
        {"{\"format\":1,\"max_size\":1,\"max_size\":2}", "duplicate"},
        {"{\"format\":1,\"max_size\":-1}", "not a number, nor"},
        {"{\"format\":1,\"max_size\":\"3%\"}", "not a number, nor"},
        {"{\"format\":1,\"max_size\":\"+3\"}", "not a number, nor"},
        {"{\"format\":1,\"max_size\":\"+-3%\"}", "not a number, nor"},
        {"{\"format\":1,\"max_size\":\"+infinity%\"}", "not a number, nor"},
        {"{\"format\":1,\"max_new_bytes\":\"+3%\"}", "is not a number"},
        {"{\"format\":1,\"max_new_bytes\":\"3%\"}", "is not a number"},
        {"{\"format\":1,\"max_waste\":\"+3%\"}", "such as \"3%\""},
        {"{\"format\":1,\"max_waste\":1.5}", "a whole number of bytes"},
        {"{\"format\":1,\"max_new_bytes\":null}", "is not a number"},
        {"{\"format\":1,\"max_new_bytes\":1e30}", "up to 2^62"},
        {"{\"format\":1,\"max_new_bytes\":0.5}", "a whole number of bytes"},
        {"{\"format\":1,\"min_dedup\":true}", "is not a number"},
    };
    struct li_report_budgets b = {.of = {{.limit = 7}}};
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(parse(bad[i].text, &b, &err), LI_EINVALID, bad[i].words, &err);
    assert_true(b.of[0].limit == 7);
}

static struct li_report_verdict judged(enum li_report_budget_kind kind,
                                       struct li_report_budget budget, double value, double base)
{
    return li_report_budget_judge(kind, &budget, value, base);
}

static void when_it_is_met(void **state)
{
    const struct li_report_budget hundred = {.set = true, .limit = 100};
    const struct li_report_budget more = {.set = true, .relative = true, .limit = 10};
    const struct li_report_budget share = {.set = true, .share = true, .limit = 10};
    struct li_report_verdict v;

    (void)state;
    v = judged(LI_BUDGET_NEW_BYTES, hundred, 100, 0);
    assert_true(v.met && v.known && v.left == 0);
    v = judged(LI_BUDGET_NEW_BYTES, hundred, 101, 0);
    assert_true(!v.met && v.left == -1);
    v = judged(LI_BUDGET_DEDUP, hundred, 99, 0);
    assert_true(!v.met && v.left == -1);
    v = judged(LI_BUDGET_DEDUP, hundred, 101, 0);
    assert_true(v.met && v.left == 1);
    v = judged(LI_BUDGET_SIZE, more, 219, 200);
    assert_true(v.met && v.limit > 219.9 && v.limit < 220.1);
    v = judged(LI_BUDGET_SIZE, more, 221, 200);
    assert_false(v.met);
    v = judged(LI_BUDGET_SIZE, more, 221, 0);
    assert_true(v.met && !v.known);
    v = judged(LI_BUDGET_WASTE, share, 20, 200);
    assert_true(v.met && v.known && v.limit == 20 && v.left == 0);
    v = judged(LI_BUDGET_WASTE, share, 21, 200);
    assert_false(v.met);
    v = judged(LI_BUDGET_WASTE, share, 0, 0);
    assert_true(v.met && v.known);
}

static void what_is_written_is_read(void **state)
{
    const struct li_report_budgets budgets = {
        .of = {[LI_BUDGET_NEW_BYTES] = {.set = true, .limit = 123456789012.0},
               [LI_BUDGET_SIZE] = {.set = true, .relative = true, .limit = 2.5},
               [LI_BUDGET_WASTE] = {.set = true, .share = true, .limit = 12},
               [LI_BUDGET_DEDUP] = {.set = true, .limit = 1.25}}};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer text = {0};
    struct li_report_budgets got;

    (void)state;
    assert_done(li_report_budgets_encode(&budgets, &text, &err), &err);
    assert_done(li_report_budgets_parse(text.data, text.len, &got, &err), &err);
    for (int i = 0; i < LI_BUDGETS; i++) {
        assert_int_equal(got.of[i].set, budgets.of[i].set);
        assert_int_equal(got.of[i].relative, budgets.of[i].relative);
        assert_int_equal(got.of[i].share, budgets.of[i].share);
        assert_true(got.of[i].limit == budgets.of[i].limit);
    }
    li_buffer_free(&text);
}

/* Tightens a budget of LIMIT to VALUE with 5 % to spare; the new limit, or -1 if it stays. */
static double tightened(enum li_report_budget_kind kind, double limit, double value)
{
    struct li_report_budget budget = {.set = true, .limit = limit};
    struct li_report_verdict v = judged(kind, budget, value, 0);

    return li_report_budget_tighten(&budget, &v, 5) ? budget.limit : -1;
}

static void a_budget_is_only_tightened(void **state)
{
    struct li_report_budget relative = {.set = true, .relative = true, .limit = 50};
    struct li_report_verdict v = judged(LI_BUDGET_SIZE, relative, 100, 100);

    (void)state;
    assert_true(tightened(LI_BUDGET_NEW_BYTES, 1000, 101) == 107);
    assert_true(tightened(LI_BUDGET_NEW_BYTES, 1000, 990) == -1);
    assert_true(tightened(LI_BUDGET_NEW_BYTES, 1000, 1001) == -1);
    assert_true(tightened(LI_BUDGET_NEW_BYTES, 1000, 0) == -1);
    assert_true(tightened(LI_BUDGET_NEW_SHARE, 50, 10) == 10.5);
    assert_true(tightened(LI_BUDGET_DEDUP, 1, 2) == 1.9);
    assert_true(tightened(LI_BUDGET_DEDUP, 1.95, 2) == -1);
    assert_true(tightened(LI_BUDGET_DEDUP, 3, 2) == -1);
    assert_false(li_report_budget_tighten(&relative, &v, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_file_may_say),
        cmocka_unit_test(what_it_may_not_say),
        cmocka_unit_test(when_it_is_met),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_budget_is_only_tightened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
