/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures that happen again and again, told once in a while.
 *
 * One lost chunk may fail ten thousand requests. Each distinct failure is told when it happens for
 * the first time, and again after LI_REPEATS_WHILE seconds; those of one part
 * (struct li_error.part) are one failure, others are told apart by their text. At most
 * LI_REPEATS_MAX are told in that time, whatever fails. All functions may be called from many
 * threads at once.
 */
#ifndef LI_BASE_REPEATS_H
#define LI_BASE_REPEATS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LI_REPEATS_WHILE = 60, /* seconds */
    LI_REPEATS_MAX = 32,   /* distinct failures */
};

/* Plain data of a fixed size; begins as LI_REPEATS_INIT. */
struct li_repeats {
    pthread_mutex_t lock;
    struct {
        uint64_t key; /* of the failure; 0: not in use */
        int64_t told; /* seconds since 1970 */
    } row[LI_REPEATS_MAX];
    uint64_t untold;
};

#define LI_REPEATS_INIT                                                                            \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                          \
    }

/* Whether the failure ERR is to be told at NOW, in seconds. Sets *UNTOLD to how many were not since
 * the last that was: of this kind and of others. */
bool li_repeats_tell(struct li_repeats *repeats, const struct li_error *err, int64_t now,
                     uint64_t *untold);

/* How many were not told since the last that was. */
uint64_t li_repeats_untold(struct li_repeats *repeats);

#endif
