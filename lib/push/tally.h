/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunks that a push has met, and the fate of each: the one place that counts and reports them.
 * Any thread.
 */
#ifndef LI_PUSH_TALLY_H
#define LI_PUSH_TALLY_H

#include <pthread.h>

#include "push/item.h"
#include "push/names.h"
#include "push/push.h"

struct li_tally {
    const struct li_push_options *options; /* has the report */
    struct li_push_result *result;         /* under lock, like the fields below */
    struct li_names names;
    pthread_mutex_t lock;
};

/* ITEMS are all chunks of the image, by index. Everything is borrowed. */
void li_tally_init(struct li_tally *tally, const struct li_push_item *items,
                   const struct li_push_options *options, struct li_push_result *result);
void li_tally_free(struct li_tally *tally);

/* Adds ITEM, which is named. LI_END if the push has met a chunk of that name before; LI_ENOMEM. */
int li_tally_meet(struct li_tally *tally, const struct li_push_item *item, struct li_error *err);

/* Counts and reports the fate of ITEM. CHUNK has its fate, whether it was read, and the bytes of
 * its object; the rest is filled in from ITEM. Call it once for each item that was met. Returns
 * what the report returns. */
int li_tally_settle(struct li_tally *tally, const struct li_push_item *item,
                    struct li_push_chunk chunk, struct li_error *err);

#endif
