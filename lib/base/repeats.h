/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of failures that happen again and again.
 *
 * One lost chunk may fail ten thousand requests. Each distinct failure is reported when it first
 * happens, and again after LI_REPEATS_WHILE seconds. Failures of one part (struct li_error.part)
 * are one failure; others are distinguished by their text. At most LI_REPEATS_MAX are reported in
 * that time. All functions may be called from many threads at once.
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

/* Plain data of a fixed size. Initialise it with LI_REPEATS_INIT. */
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

/* Whether to report the failure ERR at NOW, in seconds. Sets *UNTOLD to the number of failures, of
 * this kind and of others, that were not reported since the last report. */
bool li_repeats_tell(struct li_repeats *repeats, const struct li_error *err, int64_t now,
                     uint64_t *untold);

/* The number of failures that were not reported since the last report. */
uint64_t li_repeats_untold(struct li_repeats *repeats);

#endif
