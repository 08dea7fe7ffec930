/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include "reader/ahead.h"

static int set_up(void **state)
{
    static struct li_ahead ahead;

    li_ahead_init(&ahead);
    *state = &ahead;
    return 0;
}

static int tear_down(void **state)
{
    li_ahead_free(*state);
    return 0;
}

enum { FAR = 1000 }; /* a run's last chunk, beyond all windows */

static void the_window_grows_with_the_run(void **state)
{
    assert_int_equal(li_ahead_read(*state, 10, FAR), 10);
    assert_int_equal(li_ahead_read(*state, 11, FAR), 12);
    assert_int_equal(li_ahead_read(*state, 12, FAR), 14);
    assert_int_equal(li_ahead_read(*state, 13, FAR), 16);
    for (uint64_t i = 14; i < 100; i++)
        assert_int_equal(li_ahead_read(*state, i, FAR), i + LI_AHEAD_WINDOW);
}

static void many_reads_of_a_chunk_are_one_step(void **state)
{
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(li_ahead_read(*state, 10, FAR), 10);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(li_ahead_read(*state, 11, FAR), 12);
}

static void nothing_beyond_a_file_is_fetched_at_first(void **state)
{
    li_ahead_read(*state, 10, 12);
    assert_int_equal(li_ahead_read(*state, 11, 12), 12);
    assert_int_equal(li_ahead_read(*state, 12, 12), 12);
    assert_int_equal(li_ahead_read(*state, 13, 13), 13);
}

static void many_files_in_order_are_guessed_after_a_while(void **state)
{
    for (uint64_t i = 0; i <= LI_AHEAD_GUESS; i++)
        assert_int_equal(li_ahead_read(*state, 10 + i, 10 + i), 10 + i);
    for (uint64_t i = 11 + LI_AHEAD_GUESS; i < 100; i++)
        assert_int_equal(li_ahead_read(*state, i, i), i + LI_AHEAD_WINDOW);
}

static void reads_here_and_there_fetch_nothing_ahead(void **state)
{
    uint32_t seed = 7;

    for (unsigned i = 0; i < 1000; i++) {
        /* Even chunks only: none is the one after another. */
        uint64_t index = ((seed = seed * 1664525 + 1013904223) >> 12) * 2;

        assert_int_equal(li_ahead_read(*state, index, FAR + index), index);
    }
}

static void chunk_zero_follows_none(void **state)
{
    assert_int_equal(li_ahead_read(*state, 0, FAR), 0);
    assert_int_equal(li_ahead_read(*state, 1, FAR), 2);
}

static void readers_in_order_are_told_apart(void **state)
{
    for (uint64_t i = 0; i < 50; i++)
        for (uint64_t reader = 1; reader <= LI_AHEAD_STREAMS; reader++) {
            uint64_t index = reader * 10000 + i, window = i < LI_AHEAD_WINDOW ? i : LI_AHEAD_WINDOW;

            assert_int_equal(li_ahead_read(*state, index, FAR * FAR), index + window);
        }
}

static void one_reader_too_many_is_forgotten(void **state)
{
    for (uint64_t i = 0; i < 50; i++)
        for (uint64_t reader = 1; reader <= LI_AHEAD_STREAMS + 1; reader++)
            assert_int_equal(li_ahead_read(*state, reader * 10000 + i, FAR * FAR),
                             reader * 10000 + i);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_window_grows_with_the_run),
        TEST(many_reads_of_a_chunk_are_one_step),
        TEST(nothing_beyond_a_file_is_fetched_at_first),
        TEST(many_files_in_order_are_guessed_after_a_while),
        TEST(reads_here_and_there_fetch_nothing_ahead),
        TEST(chunk_zero_follows_none),
        TEST(readers_in_order_are_told_apart),
        TEST(one_reader_too_many_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
