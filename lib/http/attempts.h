/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request, sent until it is answered.
 *
 * What may pass by itself is sent again after a wait, and all else ends the request. This is the
 * only loop of its kind: whoever asks a service says what one attempt is and what its outcome
 * means; waits, limits and outages are decided here, by the rules of retry.h.
 */
#ifndef LI_HTTP_ATTEMPTS_H
#define LI_HTTP_ATTEMPTS_H

#include "base/env.h"
#include "http/http.h"
#include "http/retry.h"

/* What is known of a server. All requests to it share one; li_http_server_init() comes first. */
struct li_http_server {
    struct li_retry_budget budget;
    struct li_retry_outage outage;
    atomic_bool answered; /* at least once, with whatever status */
};

/* Of a server of which nothing is known. */
void li_http_server_init(struct li_http_server *server);

/* What one attempt came to. */
enum li_verdict {
    LI_VERDICT_ANSWERED,
    LI_VERDICT_LATER,   /* it may be answered later */
    LI_VERDICT_SPOILED, /* the same, but the answer was damaged: it is worth fewer attempts */
    LI_VERDICT_REFUSED, /* it would be refused again */
};

/* A request on its way through its attempts. For one thread at a time. */
struct li_attempts {
    struct li_http *http;
    const struct li_env *env;
    const struct li_http_group *group; /* whose end ends a wait; NULL: none */
    struct li_http_server *server;     /* NULL: no other request shares what is known of it */
    unsigned most;                     /* attempts in all; at least 1 */
    uint64_t until; /* when the last one is over, by li_http_milliseconds(); 0: whenever it is */
    unsigned heeds; /* milliseconds of a wait that the server asks for, at most */
    /* Of the last request; zeroes at first. The caller frees it, on failure too. */
    struct li_http_response response;
    /* For li_attempts_run(); zeroes at first. */
    unsigned count; /* attempts made */
    unsigned asked; /* of these, those that asked for all in an outage */
    bool asks;      /* this request does */
};

/* One attempt: sends by li_attempts_send(), as often as it likes, and judges what came. */
typedef enum li_verdict li_attempts_one(void *arg, struct li_error *err);

/* Calls ONE until it is answered or refused, or there are no more attempts, and puts what the last
 * one came to into *VERDICT; ERR is as that one left it. Fails only where a wait does:
 * LI_ECANCELLED where the client was stopped or the group was called off, or where ENV has no
 * randomness. */
int li_attempts_run(struct li_attempts *attempts, li_attempts_one *one, void *arg,
                    enum li_verdict *verdict, struct li_error *err);

/* li_http_send() into the attempts' response; what it says of the server is noted. */
int li_attempts_send(struct li_attempts *attempts, const struct li_http_request *request,
                     struct li_error *err);

#endif
