/* SPDX-License-Identifier: Apache-2.0 */
/* The set of chunk names that a push has met. Not safe for two threads at once. */
#ifndef LI_PUSH_NAMES_H
#define LI_PUSH_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "push/item.h"

/* Zero-initialise everything except ITEM, the array that has the names; the caller owns it. */
struct li_names {
    const struct li_push_item *item;
    uint32_t *slot; /* index of an item plus 1, or 0 */
    size_t cap;     /* a power of two, or 0 */
    size_t used;
};

/* Adds the name of item NUMBER of the array, below 2^32 - 1. LI_END if the set has that name
 * already; LI_ENOMEM. */
int li_names_add(struct li_names *names, uint32_t number, struct li_error *err);
void li_names_free(struct li_names *names);

#endif
