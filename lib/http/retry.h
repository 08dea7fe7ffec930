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
 *
 * Where the server lets nobody in, all that are under way fail at once, and the bucket would be
 * empty within a second. So for as long as a restart may take one caller asks again, which takes no
 * tokens, and the others wait for what it finds, at the cost of the one retry that comes of it. A
 * server that is in trouble gets fewer requests by that, not more.
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
    LI_RETRY_ATTEMPTS_SPOILED = 4, /* where what comes is not what was sent */
    LI_RETRY_OUTAGE = 30000, /* milliseconds of an outage, at most, in which one asks for all */
    LI_RETRY_PROBE = 1000,   /* milliseconds from one question to the next, at most */
    LI_RETRY_LOOK = 200,     /* the same between looks at what it found */
};

struct li_retry_budget {
    atomic_int tokens;
};

/* Fills it: LI_RETRY_BUDGET tokens. */
void li_retry_init(struct li_retry_budget *budget);

/* Takes the tokens of one retry; false where there are too few. Any thread. */
bool li_retry_take(struct li_retry_budget *budget);

/* A request was answered. Any thread. */
void li_retry_refill(struct li_retry_budget *budget);

/* Of a server that a client has reached before. All zero: it answers. */
struct li_retry_outage {
    atomic_uint_fast64_t since; /* when it was found to let nobody in; 0: it does */
    atomic_bool asked;          /* somebody asks it again */
};

/* It was not reached at the moment NOW, or it was. Any thread. */
void li_retry_unreached(struct li_retry_outage *outage, uint64_t now);
void li_retry_reached(struct li_retry_outage *outage);

/* Whether one is to ask for all. Any thread. */
bool li_retry_is_out(struct li_retry_outage *outage, uint64_t now);

/* Whether the caller is that one, until it says that it is no more. Any thread. */
bool li_retry_ask(struct li_retry_outage *outage);
void li_retry_asked(struct li_retry_outage *outage);

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
