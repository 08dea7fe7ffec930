/* SPDX-License-Identifier: Apache-2.0 */
/* What each chunk costs does not depend on the order in which a push reports chunks. report-image.t
 * has the rest. */
#include "tests/fixtures/unit.h"

#include "report/costs.h"

enum { CHUNKS = 6 };

struct told {
    uint32_t index;
    uint8_t name;
    enum li_push_fate fate;
    size_t sealed;
};

static struct li_costs *costs_of(const struct told *told, size_t count)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_costs *costs = NULL;

    assert_done(li_costs_new(CHUNKS, &costs, &err), &err);
    for (size_t i = 0; i < count; i++) {
        uint8_t name[LI_NAME_SIZE] = {told[i].name};
        const struct li_push_chunk chunk = {
            .index = told[i].index, .name = name, .fate = told[i].fate, .sealed = told[i].sealed};

        assert_done(li_costs_note(costs, &chunk, &err), &err);
    }
    assert_done(li_costs_settle(costs, &err), &err);
    return costs;
}

static void expect(const struct li_costs *costs, uint64_t index, enum li_cost_kind kind,
                   uint32_t bytes)
{
    assert_int_equal(li_costs_of(costs, index).kind, kind);
    assert_int_equal(li_costs_of(costs, index).bytes, bytes);
}

static void the_first_of_equal_chunks_is_new(void **state)
{
    static const struct told one[] = {{1, 7, LI_PUSH_NEW, 50},
                                      {4, 7, LI_PUSH_REPEATED, 0},
                                      {3, 8, LI_PUSH_KNOWN, 0},
                                      {5, 8, LI_PUSH_REPEATED, 0}};
    static const struct told other[] = {{5, 8, LI_PUSH_KNOWN, 0},
                                        {4, 7, LI_PUSH_NEW, 50},
                                        {3, 8, LI_PUSH_REPEATED, 0},
                                        {1, 7, LI_PUSH_REPEATED, 0}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct li_costs *costs = costs_of(i ? other : one, 4);

        assert_int_equal(li_costs_count(costs), CHUNKS);
        expect(costs, 0, LI_COST_ZEROS, 0);
        expect(costs, 1, LI_COST_NEW, 50);
        expect(costs, 2, LI_COST_ZEROS, 0);
        expect(costs, 3, LI_COST_KNOWN, 0);
        expect(costs, 4, LI_COST_REPEATED, 0);
        expect(costs, 5, LI_COST_REPEATED, 0);
        li_costs_free(costs);
    }
}

/* A push that starts again reports chunks again. */
static void the_last_report_counts(void **state)
{
    static const struct told told[] = {{2, 7, LI_PUSH_NEW, 50}, {2, 7, LI_PUSH_KNOWN, 0}};
    struct li_costs *costs = costs_of(told, 2);

    (void)state;
    expect(costs, 2, LI_COST_KNOWN, 0);
    li_costs_free(costs);
}

static void a_chunk_that_is_not_there(void **state)
{
    const uint8_t name[LI_NAME_SIZE] = {0};
    const struct li_push_chunk chunk = {.index = CHUNKS, .name = name};
    struct li_error err = LI_ERROR_INIT;
    struct li_costs *costs = costs_of(NULL, 0);

    (void)state;
    assert_fails(li_costs_note(costs, &chunk, &err), LI_EINVALID, "no chunk 6", &err);
    li_costs_free(costs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_equal_chunks_is_new),
        cmocka_unit_test(the_last_report_counts),
        cmocka_unit_test(a_chunk_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
