/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each chunk of an image costs in the store, as a push, or a dry run of one, reports it.
 */
#ifndef LI_REPORT_COSTS_H
#define LI_REPORT_COSTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "push/push.h"

enum li_cost_kind {
    LI_COST_ZEROS,    /* not stored */
    LI_COST_KNOWN,    /* the repository has it */
    LI_COST_REPEATED, /* the same as an earlier chunk of the image */
    LI_COST_NEW,
    LI_COST_KINDS
};

struct li_cost {
    enum li_cost_kind kind;
    uint32_t bytes; /* of the object, if NEW; else 0 */
};

struct li_costs;

/* For an image of COUNT chunks. LI_ENOMEM. */
int li_costs_new(uint64_t count, struct li_costs **out, struct li_error *err);
void li_costs_free(struct li_costs *costs); /* NULL is allowed */

/* A li_push_report: ARG is a struct li_costs. */
int li_costs_note(void *arg, const struct li_push_chunk *chunk, struct li_error *err);

/* Call it once, after the push. Of equal chunks, one is new for a push, and which one depends on
 * its threads; from now on it is the first in the image. LI_ENOMEM. */
int li_costs_settle(struct li_costs *costs, struct li_error *err);

/* The number of chunks, and each of them. */
uint64_t li_costs_count(const struct li_costs *costs);
struct li_cost li_costs_of(const struct li_costs *costs, uint64_t index);

/* Calls VISIT with the name of each chunk that is not all zeros. A result other than 0 ends it and
 * is returned. */
int li_costs_each_name(const struct li_costs *costs,
                       int (*visit)(void *arg, uint64_t index, const uint8_t *name), void *arg);

#endif
