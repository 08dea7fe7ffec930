/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are kept, because only they tell which chunks are equal. A push may report a chunk twice,
 * if it starts again in another root: the last report counts.
 */
#include "report/costs.h"

#include <stdlib.h>
#include <string.h>

struct row {
    struct li_cost cost;
    uint8_t name[LI_NAME_SIZE];
};

struct li_costs {
    uint64_t count;
    struct row *row;
};

int li_costs_new(uint64_t count, struct li_costs **out, struct li_error *err)
{
    struct li_costs *costs = calloc(1, sizeof(*costs));

    if (costs)
        costs->row = calloc(count + 1, sizeof(*costs->row));
    if (!costs || !costs->row) {
        li_costs_free(costs);
        return li_fail_memory(err);
    }
    costs->count = count;
    *out = costs;
    return 0;
}

void li_costs_free(struct li_costs *costs)
{
    if (costs)
        free(costs->row);
    free(costs);
}

int li_costs_note(void *arg, const struct li_push_chunk *chunk, struct li_error *err)
{
    struct li_costs *costs = arg;
    struct row *row;

    if (chunk->index >= costs->count)
        return li_fail(err, LI_EINVALID, "the image has no chunk %u", chunk->index);
    row = &costs->row[chunk->index];
    row->cost.kind = chunk->fate == LI_PUSH_NEW        ? LI_COST_NEW
                     : chunk->fate == LI_PUSH_REPEATED ? LI_COST_REPEATED
                                                       : LI_COST_KNOWN;
    row->cost.bytes = chunk->fate == LI_PUSH_NEW ? (uint32_t)chunk->sealed : 0;
    memcpy(row->name, chunk->name, LI_NAME_SIZE);
    return 0;
}

/* By name, and then by position; so the first of equal chunks comes first. */
static int compare(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
    int order = memcmp(x->name, y->name, LI_NAME_SIZE);

    if (order)
        return order;
    return x < y ? -1 : x > y;
}

/* Of COUNT equal chunks, the first gets what one of them has. */
static void settle_equal(struct row **row, size_t count)
{
    struct li_cost cost = row[0]->cost;

    for (size_t i = 1; i < count; i++) {
        if (row[i]->cost.kind != LI_COST_REPEATED)
            cost = row[i]->cost;
        row[i]->cost = (struct li_cost){.kind = LI_COST_REPEATED};
    }
    row[0]->cost = cost;
}

int li_costs_settle(struct li_costs *costs, struct li_error *err)
{
    struct row **row = malloc((costs->count + 1) * sizeof(struct row *));
    size_t count = 0, end;

    if (!row)
        return li_fail_memory(err);
    for (uint64_t i = 0; i < costs->count; i++)
        if (costs->row[i].cost.kind != LI_COST_ZEROS)
            row[count++] = &costs->row[i];
    qsort(row, count, sizeof(struct row *), compare);
    for (size_t first = 0; first < count; first = end) {
        for (end = first + 1; end < count; end++)
            if (memcmp(row[first]->name, row[end]->name, LI_NAME_SIZE) != 0)
                break;
        settle_equal(row + first, end - first);
    }
    free(row);
    return 0;
}

uint64_t li_costs_count(const struct li_costs *costs)
{
    return costs->count;
}

struct li_cost li_costs_of(const struct li_costs *costs, uint64_t index)
{
    return costs->row[index].cost;
}

int li_costs_each_name(const struct li_costs *costs,
                       int (*visit)(void *arg, uint64_t index, const uint8_t *name), void *arg)
{
    int rc = 0;

    for (uint64_t i = 0; i < costs->count && rc == 0; i++)
        if (costs->row[i].cost.kind != LI_COST_ZEROS)
            rc = visit(arg, i, costs->row[i].name);
    return rc;
}
