/* SPDX-License-Identifier: Apache-2.0 */
/* A call on its way, shared by call.c, which sends it until it is answered, send.c, which sends it
 * once, and judge.c, which judges the result. */
#ifndef LI_AWS_SENDING_H
#define LI_AWS_SENDING_H

#include "aws/call.h"

struct li_aws_sending {
    struct li_aws_client *client;
    const struct li_aws_call *call;
    struct li_attempts attempts;           /* with the last response */
    struct li_aws_credentials credentials; /* of the last request, like the fields below */
    struct li_aws_destination destination;
    int64_t now, skew;
    struct li_aws_error said;
    int rc; /* of the last attempt: 0 if there is a response that makes sense, whatever it says */
    bool sent;                      /* at least once */
    bool moved, set_clock, renewed; /* corrections that were made already */
    bool asked_why;                 /* and it found no fault */
    bool expired;                   /* and there are no other credentials; the error is filled in */
    bool spoiled;                   /* the last response failed its check */
};

/* Signs CALL and sends it once. CALL is the sending's own, or the one that asks for the reason. */
int li_aws_send_once(struct li_aws_sending *s, const struct li_aws_call *call,
                     struct li_error *err);

/* One attempt with its corrections, for li_attempts_run(). SENDING is a struct li_aws_sending. */
enum li_verdict li_aws_attempt_call(void *sending, struct li_error *err);

#endif
