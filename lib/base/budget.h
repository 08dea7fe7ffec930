/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A budget of bytes that threads share: one that wants more than is left waits until others give
 * theirs back. Who waits longest comes first, so that a large share is not put off for ever.
 *
 * INVARIANT: a thread that takes a share holds none. So threads never wait for each other in a
 * circle. To get a larger share, give the first back and take again.
 */
#ifndef LI_BASE_BUDGET_H
#define LI_BASE_BUDGET_H

#include <stdint.h>

#include "base/error.h"

struct li_budget;

/* A budget of TOTAL bytes. The caller frees *OUT. LI_ENOMEM. */
int li_budget_new(uint64_t total, struct li_budget **out, struct li_error *err);

/* Waits for BYTES, at most the total, and takes them. Any thread. Without a BUDGET (NULL) there is
 * nothing to share, and nothing is waited for. */
void li_budget_take(struct li_budget *budget, uint64_t bytes);

/* Gives back BYTES that were taken. Any thread; NULL is allowed. */
void li_budget_give(struct li_budget *budget, uint64_t bytes);

/* Nobody may hold a share or wait for one. NULL is allowed. */
void li_budget_free(struct li_budget *budget);

#endif
