/* SPDX-License-Identifier: Apache-2.0 */
/* Records come out sorted, whether they fit in memory or not. */
#include "tests/fixtures/unit.h"

#include "report/records.h"

enum { MANY = 50000 };

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, LI_RECORD_SIZE);
}

/* COUNT records of few different beginnings, so that many differ in their end only. */
static uint8_t (*make(size_t count))[LI_RECORD_SIZE]
{
    uint8_t(*all)[LI_RECORD_SIZE] = calloc(count + 1, LI_RECORD_SIZE);
    uint32_t state = 7;

    assert_non_null(all);
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        all[i][0] = (uint8_t)(state >> 30);
        all[i][LI_RECORD_SIZE - 2] = (uint8_t)(state >> 24);
        all[i][LI_RECORD_SIZE - 1] = (uint8_t)(state >> 16);
    }
    return all;
}

static void sorts(size_t count, size_t memory)
{
    uint8_t(*all)[LI_RECORD_SIZE] = make(count);
    struct li_error err = LI_ERROR_INIT;
    struct li_records *records = NULL;
    const uint8_t *record;

    assert_done(li_records_new("/tmp", memory, &records, &err), &err);
    for (size_t i = 0; i < count; i++)
        assert_done(li_records_add(records, all[i], &err), &err);
    assert_done(li_records_sort(records, &err), &err);
    qsort(all, count, LI_RECORD_SIZE, compare);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(li_records_next(records, &record, &err), 0);
        assert_memory_equal(record, all[i], LI_RECORD_SIZE);
    }
    assert_int_equal(li_records_next(records, &record, &err), LI_END);
    assert_int_equal(li_records_next(records, &record, &err), LI_END);
    li_records_free(records);
    free(all);
}

static void in_memory(void **state)
{
    (void)state;
    sorts(0, 1000);
    sorts(1, 1000);
    sorts(MANY, (size_t)MANY * LI_RECORD_SIZE);
}

/* Runs that are longer than the piece that is read at once, shorter ones, and a last one of one
 * record. */
static void in_a_file(void **state)
{
    (void)state;
    sorts(MANY, (size_t)MANY * LI_RECORD_SIZE / 2);
    sorts(MANY, (size_t)MANY * LI_RECORD_SIZE / 50);
    sorts(101, 99 * LI_RECORD_SIZE);
    sorts(100, 99 * LI_RECORD_SIZE);
    sorts(300, 0);
}

static void too_many_runs(void **state)
{
    static const uint8_t record[LI_RECORD_SIZE];
    struct li_error err = LI_ERROR_INIT;
    struct li_records *records = NULL;

    (void)state;
    assert_done(li_records_new("/tmp", 0, &records, &err), &err);
    for (size_t i = 0; i <= LI_RECORDS_RUNS_MAX; i++)
        assert_done(li_records_add(records, record, &err), &err);
    assert_fails(li_records_add(records, record, &err), LI_ELIMIT, "too many", &err);
    li_records_free(records);
}

static void no_room_for_a_file(void **state)
{
    static const uint8_t record[LI_RECORD_SIZE];
    struct li_error err = LI_ERROR_INIT;
    struct li_records *records = NULL;

    (void)state;
    assert_done(li_records_new("/tmp/lambdaimg-no-such-directory", 0, &records, &err), &err);
    assert_done(li_records_add(records, record, &err), &err);
    assert_fails(li_records_add(records, record, &err), LI_ENOTFOUND, "temporary file", &err);
    li_records_free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory),
        cmocka_unit_test(in_a_file),
        cmocka_unit_test(too_many_runs),
        cmocka_unit_test(no_room_for_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
