/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests may be in flight: additive increase, multiplicative decrease, like TCP. When a
 * server asks for fewer requests, or an answer does not come in time, the window is halved, once
 * for all answers that were under way then, and nothing new begins for a moment. Each window's
 * worth of other answers widens it by one. Times are milliseconds of a monotonic clock. For one
 * thread at a time.
 */
#ifndef LI_HTTP_WINDOW_H
#define LI_HTTP_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LI_WINDOW_PAUSE = 200, /* milliseconds without new requests after a server asked for fewer */
    LI_WINDOW_PAUSE_MAX = 20000, /* the longest pause a server may ask for */
    LI_WINDOW_HALVING = 1000,    /* milliseconds between two halvings, at least */
};

struct li_window {
    unsigned most, running;
    uint64_t thousandths; /* the window's size, in thousandths of a request */
    uint64_t resume;      /* nothing begins before this time */
    uint64_t halved;      /* the time of the last halving; 0: never */
};

/* MOST is at least 1. */
void li_window_init(struct li_window *window, unsigned most);

/* Whether a request may begin now. */
bool li_window_open(const struct li_window *window, uint64_t now);

/* A request begins. */
void li_window_begin(struct li_window *window);

/* A request has ended. FAILED: there was no answer. TOO_MANY: the server asked for fewer requests,
 * and for RETRY_AFTER milliseconds without any (0: it did not say how long), or there was no answer
 * in time. */
void li_window_end(struct li_window *window, bool failed, bool too_many, uint64_t retry_after,
                   uint64_t now);

#endif
