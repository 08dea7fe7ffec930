/* SPDX-License-Identifier: Apache-2.0 */
/* A call on its way, between call.c, which sends it until it is answered, send.c, which sends it
 * once, and judge.c, which says what came of that. */
#ifndef LI_AWS_SENDING_H
#define LI_AWS_SENDING_H

#include "aws/call.h"

struct li_aws_sending {
    struct li_aws_client *client;
    const struct li_aws_call *call;
    struct li_attempts attempts;           /* with the last response */
    struct li_aws_credentials credentials; /* of the last request, as what follows */
    struct li_aws_destination destination;
    int64_t now, skew;
    struct li_aws_error said;
    int rc; /* of the last attempt: 0 where there is a response that makes sense, whatever it says
             */
    bool sent;                      /* once at least */
    bool moved, set_clock, renewed; /* what was corrected already */
    bool asked_why;                 /* and found nothing wrong */
    bool expired;                   /* and there are no other credentials; the error is filled in */
    bool spoiled;                   /* what came last failed its check */
};

/* Sends CALL, which is the sending's own or what asks why, once and signed. */
int li_aws_send_once(struct li_aws_sending *s, const struct li_aws_call *call,
                     struct li_error *err);

/* One attempt with its corrections, for li_attempts_run(); SENDING is a struct li_aws_sending. */
enum li_verdict li_aws_attempt_call(void *sending, struct li_error *err);

#endif
