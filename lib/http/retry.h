/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to try again, and after how long.
 *
 * The wait before a retry is random between nothing and a bound that doubles with each ("full
 * jitter": AWS Architecture Blog, "Exponential Backoff And Jitter", 2015), so that those who failed
 * together do not come back together. A retry takes tokens from a bucket that all requests of a
 * client share and successes slowly fill (as in the AWS SDKs' standard mode): while one request in
 * many fails all are retried, and where everything fails the retries end after some hundred instead
 * of adding to the trouble.
 */
#ifndef LI_HTTP_RETRY_H
#define LI_HTTP_RETRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/http.h"

enum {
    LI_RETRY_BUDGET = 500, /* tokens at most, and at first */
    LI_RETRY_COST = 5,     /* tokens for one retry */
    LI_RETRY_FIRST = 100,  /* milliseconds: the bound of the first wait */
    LI_RETRY_LONGEST = 20000,
    /* Attempts in all; fewer where the server has never answered, since then it is more probably
     * not there. */
    LI_RETRY_ATTEMPTS = 8,
    LI_RETRY_ATTEMPTS_UNKNOWN = 4,
};

struct li_retry_budget {
    atomic_int tokens;
};

void li_retry_init(struct li_retry_budget *budget);

/* Takes the tokens of one retry; false where there are too few. Any thread. */
bool li_retry_take(struct li_retry_budget *budget);

/* A request was answered. Any thread. */
void li_retry_refill(struct li_retry_budget *budget);

/* Milliseconds to wait after attempt ATTEMPT (1 is the first), from 32 random bits; at least what
 * the server asked for, in milliseconds. */
unsigned li_retry_wait(unsigned attempt, uint32_t random, uint64_t retry_after);

/* Whether the server asks for fewer requests: 429 and 503. */
bool li_retry_is_plea(int status);

/* Whether the same request may be answered otherwise: a plea, 408, or a failure of the server's.
 * 501 is none. */
bool li_retry_is_passing(int status);

/* Milliseconds from the answer's Retry-After, where it is a number of seconds, at most
 * LI_RETRY_LONGEST; or 0. */
uint64_t li_retry_after(const struct li_http_response *response);

#endif
