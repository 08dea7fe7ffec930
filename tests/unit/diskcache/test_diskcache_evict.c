/* SPDX-License-Identifier: Apache-2.0 */
/* Which chunks leave the disk cache, and in what order. */
#include "tests/fixtures/unit.h"

#include "diskcache/internal.h"

enum { CHUNK = 100, MOST = 4096 };

static struct {
    struct li_copy all[MOST];
    struct li_copies copies;
} t;

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    t.copies.all = t.all;
    return 0;
}

static void add(int64_t since, bool main, unsigned uses)
{
    struct li_copy *copy = &t.all[t.copies.count++];

    *copy = (struct li_copy){.size = CHUNK, .since = since, .main = main, .uses = uses};
    snprintf(copy->name, sizeof(copy->name), "%lld", (long long)since);
    t.copies.bytes[main] += CHUNK;
}

static void evict(uint64_t chunks, uint64_t limit)
{
    struct li_error err = LI_ERROR_INIT;

    assert_done(li_evict(&t.copies, chunks * CHUNK, limit * CHUNK, &err), &err);
    assert_true(t.copies.bytes[false] + t.copies.bytes[true] <= chunks * CHUNK);
}

/* The one that came at SINCE. */
static const struct li_copy *at(int64_t since)
{
    for (size_t i = 0; i < t.copies.count; i++)
        if (t.all[i].since == since)
            return &t.all[i];
    fail();
    return NULL;
}

static void check(int64_t since, enum li_fate fate)
{
    if (at(since)->fate != fate)
        fail_msg("%lld: fate %d, not %d", (long long)since, at(since)->fate, fate);
}

static void test_nothing(void **state)
{
    (void)state;
    evict(0, 10);
    add(1, false, 0);
    evict(1, 10);
    check(1, LI_STAYS);
}

/* What came first goes first, whatever the order of the list. */
static void test_oldest_goes(void **state)
{
    (void)state;
    add(3, false, 0);
    add(1, false, 0);
    add(2, false, 0);
    evict(1, 10);
    check(1, LI_GOES);
    check(2, LI_GOES);
    check(3, LI_STAYS);
}

static void test_used_moves(void **state)
{
    (void)state;
    add(1, false, 2);
    add(2, false, 0);
    evict(1, 1);
    check(1, LI_MOVES);
    check(2, LI_GOES);
    assert_true(at(1)->main);
    assert_int_equal(at(1)->uses, 0);
    assert_int_equal(t.copies.bytes[false], 0);
    assert_int_equal(t.copies.bytes[true], CHUNK);
}

/* In the main queue, each use is one more round. */
static void test_rounds(void **state)
{
    (void)state;
    add(1, true, 1);
    add(2, true, 0);
    add(3, true, 2);
    evict(2, 10);
    check(1, LI_MOVES);
    check(2, LI_GOES);
    check(3, LI_STAYS);
    setup(state);
    add(1, true, 1);
    add(2, true, 3);
    evict(1, 10);
    check(1, LI_GOES);
    check(2, LI_MOVES);
    assert_int_equal(at(2)->uses, 2);
}

/* Those that move keep the order in which they came. */
static void test_places(void **state)
{
    (void)state;
    for (int i = 1; i <= 5; i++)
        add(i, false, 1);
    add(6, false, 0);
    evict(5, 1);
    for (int i = 1; i <= 5; i++) {
        check(i, LI_MOVES);
        assert_int_equal(at(i)->place, i - 1);
    }
    check(6, LI_GOES);
}

/* A chunk that comes once does not push out one that is used, however many come. */
static void test_scan(void **state)
{
    (void)state;
    for (int i = 0; i < 90; i++)
        add(i, true, 1);
    for (int i = 0; i < 1000; i++)
        add(1000 + i, false, 0);
    evict(100, 100);
    for (int i = 0; i < 90; i++)
        check(i, LI_STAYS);
    assert_int_equal(t.copies.bytes[true], 90 * CHUNK);
}

/* The small queue is not emptied while it has no more than its tenth. */
static void test_small_has_a_tenth(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++)
        add(i, true, 0);
    for (int i = 0; i < 10; i++)
        add(1000 + i, false, 0);
    evict(100, 100);
    assert_int_equal(t.copies.bytes[false], 10 * CHUNK);
    assert_int_equal(t.copies.bytes[true], 90 * CHUNK);
}

/* What was left behind half-written takes no part. */
static void test_gone(void **state)
{
    (void)state;
    add(1, false, 0);
    add(2, false, 0);
    t.all[1].fate = LI_GOES;
    t.copies.bytes[false] -= CHUNK;
    evict(1, 10);
    check(1, LI_STAYS);
    check(2, LI_GOES);
    assert_int_equal(t.copies.bytes[false], CHUNK);
}

/* It ends with everything in use, and with everything at one moment. */
static void test_all_alike(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        add(7, i % 2, LI_USES_MOST);
    evict(10, 100);
    setup(state);
    for (int i = 0; i < 1000; i++)
        add(7, i % 2, LI_USES_MOST);
    evict(0, 100);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(t.all[i].fate, LI_GOES);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing, setup),
        cmocka_unit_test_setup(test_oldest_goes, setup),
        cmocka_unit_test_setup(test_used_moves, setup),
        cmocka_unit_test_setup(test_rounds, setup),
        cmocka_unit_test_setup(test_places, setup),
        cmocka_unit_test_setup(test_scan, setup),
        cmocka_unit_test_setup(test_small_has_a_tenth, setup),
        cmocka_unit_test_setup(test_gone, setup),
        cmocka_unit_test_setup(test_all_alike, setup),
    };

    return cmocka_run_group_tests_name("which chunks leave the disk cache", tests, NULL, NULL);
}
