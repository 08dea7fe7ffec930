/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request, sent until it is answered.
 *
 * A failure that may pass is followed by a wait and another attempt; any other failure ends the
 * request. This is the only such loop: whoever calls a service says what one attempt is and what
 * its outcome means; waits, limits and outages are decided here, by the rules of retry.h.
 */
#ifndef LI_HTTP_ATTEMPTS_H
#define LI_HTTP_ATTEMPTS_H

#include "base/env.h"
#include "http/http.h"
#include "http/retry.h"

/* What is known about a server. All requests to it share one. Call li_http_server_init() first. */
struct li_http_server {
    struct li_retry_budget budget;
    struct li_retry_outage outage;
    atomic_bool answered; /* at least once, with whatever status */
};

/* For a server about which nothing is known. */
void li_http_server_init(struct li_http_server *server);

/* The outcome of one attempt. */
enum li_verdict {
    LI_VERDICT_ANSWERED,
    LI_VERDICT_LATER,   /* it may be answered later */
    LI_VERDICT_SPOILED, /* the same, but the answer was damaged: worth fewer attempts */
    LI_VERDICT_REFUSED, /* it would be refused again */
};

/* A request on its way through its attempts. For one thread at a time. */
struct li_attempts {
    struct li_http *http;
    const struct li_env *env;
    const struct li_http_group *group; /* ending it ends a wait; NULL: none */
    struct li_http_server *server;     /* NULL: no other request shares this knowledge */
    unsigned most;                     /* attempts in all; at least 1 */
    /* The longest time without progress, in milliseconds, in all requests and waits; 0: no limit.
     * The time in which a request waits for its turn does not count. */
    uint64_t patience;
    uint64_t until; /* when the last attempt must be over, by li_http_milliseconds(); 0: no limit */
    unsigned heeds; /* the longest wait that the server may ask for, in milliseconds */
    /* Of the last request that was answered; zeroes at first. The caller frees it, also on failure.
     */
    struct li_http_response response;
    /* For li_attempts_run(); zeroes at first. */
    uint64_t silent; /* milliseconds without progress so far */
    unsigned count;  /* attempts made */
    unsigned asked;  /* of these, the probes made for all requests in an outage */
    bool asks;       /* this request is the probe */
};

/* One attempt: sends with li_attempts_send(), as often as it likes, and judges the result. */
typedef enum li_verdict li_attempts_one(void *arg, struct li_error *err);

/* Calls ONE until the request is answered or refused, or no attempts are left. *VERDICT is the
 * outcome of the last attempt, and ERR is as that attempt left it. Fails only if a wait fails:
 * LI_ECANCELLED if the client was stopped or the group cancelled, or if ENV has no randomness. */
int li_attempts_run(struct li_attempts *attempts, li_attempts_one *one, void *arg,
                    enum li_verdict *verdict, struct li_error *err);

/* li_http_send() into the attempts' response. Notes what the response says about the server. */
int li_attempts_send(struct li_attempts *attempts, const struct li_http_request *request,
                     struct li_error *err);

#endif
