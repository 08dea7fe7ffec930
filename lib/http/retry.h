/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to try again, and after how long.
 *
 * The wait before a retry is random between nothing and a bound that doubles with each retry ("full
 * jitter": AWS Architecture Blog, "Exponential Backoff And Jitter", 2015), so that requests that
 * failed together do not come back together. A retry takes tokens from a bucket that all requests
 * of a client share and that successes slowly fill (as in the AWS SDKs' standard mode). While one
 * request in many fails, all are retried; if everything fails, the retries end after some hundred
 * instead of adding load.
 *
 * If the server accepts no connections, all requests in flight fail at once, and the bucket would
 * be empty within a second. So for as long as a restart may take, one caller probes the server,
 * which takes no tokens. The others wait for its result, and pay for one retry. A server in trouble
 * thus gets fewer requests, not more.
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
    /* Attempts in all; fewer if the server has never answered, because then it probably does not
     * exist. */
    LI_RETRY_ATTEMPTS = 8,
    LI_RETRY_ATTEMPTS_UNKNOWN = 4,
    LI_RETRY_ATTEMPTS_SPOILED = 4, /* if the answer is damaged */
    LI_RETRY_OUTAGE =
        30000, /* the longest outage during which one caller probes for all, in milliseconds */
    LI_RETRY_PROBE = 1000, /* the longest time between two probes, in milliseconds */
    LI_RETRY_LOOK = 200,   /* the same between looks at the probe's result */
};

struct li_retry_budget {
    atomic_int tokens;
};

/* Fills the bucket with LI_RETRY_BUDGET tokens. */
void li_retry_init(struct li_retry_budget *budget);

/* Takes the tokens of one retry; false if there are too few. Any thread. */
bool li_retry_take(struct li_retry_budget *budget);

/* A request was answered. Any thread. */
void li_retry_refill(struct li_retry_budget *budget);

/* The state of a server that a client has reached before. All zero: it answers. */
struct li_retry_outage {
    atomic_uint_fast64_t since; /* when it was found to be down; 0: it is up */
    atomic_bool asked;          /* a caller is probing it */
};

/* The server was, or was not, reached at the time NOW. Any thread. */
void li_retry_unreached(struct li_retry_outage *outage, uint64_t now);
void li_retry_reached(struct li_retry_outage *outage);

/* Whether somebody should probe the server. Any thread. */
bool li_retry_is_out(struct li_retry_outage *outage, uint64_t now);

/* Makes the caller the one that probes, until it says otherwise; false if another caller does. Any
 * thread. */
bool li_retry_ask(struct li_retry_outage *outage);
void li_retry_asked(struct li_retry_outage *outage);

/* Milliseconds to wait after attempt ATTEMPT (1 is the first), from 32 random bits; at least the
 * milliseconds that the server asked for. */
unsigned li_retry_wait(unsigned attempt, uint32_t random, uint64_t retry_after);

/* Whether the status asks for fewer requests: 429 and 503. */
bool li_retry_is_plea(int status);

/* Whether the same request may get another answer later: after 429, 408 or a 5xx other than 501. */
bool li_retry_is_passing(int status);

/* The answer's Retry-After in milliseconds, if it is a number of seconds, at most LI_RETRY_LONGEST;
 * else 0. */
uint64_t li_retry_after(const struct li_http_response *response);

#endif
