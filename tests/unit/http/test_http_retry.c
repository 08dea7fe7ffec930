/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests may be in flight, and when one is sent again. */
#include "tests/fixtures/unit.h"

#include "http/retry.h"
#include "http/window.h"

/* ---- the window ------------------------------------------------------------------------------ */

static void window_narrows(void **state)
{
    struct li_window w;

    (void)state;
    li_window_init(&w, 32);
    for (int i = 0; i < 32; i++) {
        assert_true(li_window_open(&w, 5000));
        li_window_begin(&w);
    }
    assert_false(li_window_open(&w, 5000));
    /* All that were under way complain: one halving. */
    for (int i = 0; i < 32; i++)
        li_window_end(&w, false, true, 0, 5000 + (uint64_t)i);
    assert_int_equal(w.running, 0);
    assert_int_equal(w.thousandths, 16000);
    assert_false(li_window_open(&w, 5031 + LI_WINDOW_PAUSE - 1));
    assert_true(li_window_open(&w, 5031 + LI_WINDOW_PAUSE));
    for (uint64_t i = 1; i < 10; i++) {
        li_window_begin(&w);
        li_window_end(&w, false, true, 7000, 5000 + i * LI_WINDOW_HALVING);
    }
    assert_int_equal(w.thousandths, 1000);
    assert_int_equal(w.resume, 14000 + 7000);
    li_window_begin(&w);
    li_window_end(&w, false, true, 1000000, 15000);
    assert_int_equal(w.resume, 15000 + LI_WINDOW_PAUSE_MAX);
}

static void window_widens(void **state)
{
    struct li_window w;

    (void)state;
    li_window_init(&w, 4);
    li_window_begin(&w);
    li_window_end(&w, false, true, 0, 1000);
    assert_int_equal(w.thousandths, 2000);
    for (int i = 0; i < 3; i++) {
        li_window_begin(&w);
        li_window_end(&w, false, false, 0, 2000);
    }
    assert_int_equal(w.thousandths / 1000, 3);
    li_window_begin(&w);
    li_window_end(&w, true, false, 0, 2000);
    assert_int_equal(w.thousandths / 1000, 3);
    for (int i = 0; i < 100; i++) {
        li_window_begin(&w);
        li_window_end(&w, false, false, 0, 2000);
    }
    assert_int_equal(w.thousandths, 4000);
}

/* ---- retries --------------------------------------------------------------------------------- */

static void retry_waits(void **state)
{
    (void)state;
    assert_int_equal(li_retry_wait(1, 0, 0), 0);
    assert_int_equal(li_retry_wait(1, UINT32_MAX, 0), LI_RETRY_FIRST - 1);
    assert_int_equal(li_retry_wait(1, 1U << 31, 0), LI_RETRY_FIRST / 2);
    assert_int_equal(li_retry_wait(4, 1U << 31, 0), LI_RETRY_FIRST * 4);
    assert_int_equal(li_retry_wait(1000, UINT32_MAX, 0), LI_RETRY_LONGEST - 1);
    assert_int_equal(li_retry_wait(1, 0, 3000), 3000);
    assert_int_equal(li_retry_wait(1, 0, UINT64_MAX), LI_RETRY_LONGEST);
}

static void retry_budget(void **state)
{
    struct li_retry_budget budget;
    int count = 0;

    (void)state;
    li_retry_init(&budget);
    li_retry_refill(&budget);
    while (li_retry_take(&budget))
        count++;
    assert_int_equal(count, LI_RETRY_BUDGET / LI_RETRY_COST);
    for (int i = 0; i < LI_RETRY_COST; i++) {
        assert_false(li_retry_take(&budget));
        li_retry_refill(&budget);
    }
    assert_true(li_retry_take(&budget));
}

static void retry_which(void **state)
{
    static const int passing[] = {408, 429, 500, 502, 503, 504},
                     final[] = {200, 301, 400, 403, 404, 412, 501};

    (void)state;
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        assert_true(li_retry_is_passing(passing[i]));
    for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
        assert_false(li_retry_is_passing(final[i]));
}

static void retry_after(void **state)
{
    static const struct {
        const char *text;
        uint64_t want;
    } cases[] = {{"0", 0},        {"2", 2000}, {"20", 20000}, {"99999999999999999999", 20000},
                 {"tomorrow", 0}, {"", 0},     {"2 ", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_http_response response = {0};
        struct li_error err = LI_ERROR_INIT;

        assert_done(li_buffer_append(&response.headers, "Retry-After", 12, &err), &err);
        assert_done(
            li_buffer_append(&response.headers, cases[i].text, strlen(cases[i].text) + 1, &err),
            &err);
        assert_int_equal(li_retry_after(&response), cases[i].want);
        li_http_response_free(&response);
    }
}

static void outages_end(void **state)
{
    struct li_retry_outage outage = {0};

    (void)state;
    assert_false(li_retry_is_out(&outage, 7));
    li_retry_unreached(&outage, 1000);
    li_retry_unreached(&outage, 2000);
    assert_true(li_retry_is_out(&outage, 1000));
    assert_true(li_retry_is_out(&outage, 1000 + LI_RETRY_OUTAGE - 1));
    /* Gone for good: each for itself, with what tokens there are. */
    assert_false(li_retry_is_out(&outage, 1000 + LI_RETRY_OUTAGE));
    li_retry_unreached(&outage, 50000);
    assert_false(li_retry_is_out(&outage, 50000));
    li_retry_reached(&outage);
    assert_false(li_retry_is_out(&outage, 50000));
    li_retry_unreached(&outage, 60000);
    assert_true(li_retry_is_out(&outage, 60001));
    assert_true(li_retry_ask(&outage));
    assert_false(li_retry_ask(&outage));
    li_retry_asked(&outage);
    assert_true(li_retry_ask(&outage));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_narrows), cmocka_unit_test(window_widens),
        cmocka_unit_test(retry_waits),    cmocka_unit_test(retry_budget),
        cmocka_unit_test(retry_which),    cmocka_unit_test(retry_after),
        cmocka_unit_test(outages_end),
    };

    return cmocka_run_group_tests_name("http_retry", tests, NULL, NULL);
}
