/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests may be in flight: additive increase, multiplicative decrease, as TCP does it.
 * A server that asks for less, or an answer that does not come in time, halves the window, once for
 * all the answers that were under way then, and lets nothing new begin for a moment; each window's
 * worth of other answers widens it by one. Times are milliseconds of a clock that only goes
 * forward. For one thread at a time.
 */
#ifndef LI_HTTP_WINDOW_H
#define LI_HTTP_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LI_WINDOW_PAUSE = 200,       /* milliseconds without new requests after a plea */
    LI_WINDOW_PAUSE_MAX = 20000, /* the longest pause a server may ask for */
    LI_WINDOW_HALVING = 1000,    /* milliseconds from one halving to the next, at least */
};

struct li_window {
    unsigned most, running;
    uint64_t thousandths; /* of a request: the window's size */
    uint64_t resume;      /* nothing begins before this moment */
    uint64_t halved;      /* the moment of the last halving; 0: never */
};

/* MOST is at least 1. */
void li_window_init(struct li_window *window, unsigned most);

/* Whether a request may begin now. */
bool li_window_open(const struct li_window *window, uint64_t now);

/* A request begins. */
void li_window_begin(struct li_window *window);

/* One that began has ended. FAILED: there was no answer. TOO_MANY: the server asked for less, and
 * for RETRY_AFTER milliseconds without requests (0: it did not say how long), or there was no
 * answer in time. */
void li_window_end(struct li_window *window, bool failed, bool too_many, uint64_t retry_after,
                   uint64_t now);

#endif
