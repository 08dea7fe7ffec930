/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt of a request to the bucket, between the files of the S3 store. */
#ifndef LI_STORE_S3_ATTEMPT_H
#define LI_STORE_S3_ATTEMPT_H

#include "store/s3_internal.h"

/* A request on its way through its attempts. */
struct li_s3_sending {
    struct li_s3 *s3;
    const struct li_s3_call *call;
    struct li_aws_credentials credentials; /* of the last attempt */
    struct li_s3_place place;
    int64_t now, skew;
    struct li_http_response response;
    struct li_s3_error said;
    unsigned attempts;
    unsigned asked;                 /* of these, those that asked for all in an outage */
    bool asks;                      /* it does */
    bool sent;                      /* once at least */
    bool moved, set_clock, renewed; /* what was corrected already */
    bool asked_why;                 /* and found nothing wrong */
    bool expired;                   /* and there are no other credentials; the error is filled in */
    bool spoiled;                   /* what came last failed its check */
};

enum li_s3_verdict { LI_S3_ANSWERED, LI_S3_AGAIN, LI_S3_LATER, LI_S3_REFUSED };

/* One attempt with its corrections; never LI_S3_AGAIN. *RC is a failure to get an answer, or to
 * make sense of one, and then ERR tells it; 0: the response is there, whatever it says. */
enum li_s3_verdict li_s3_attempt(struct li_s3_sending *s, int *rc, struct li_error *err);

#endif
