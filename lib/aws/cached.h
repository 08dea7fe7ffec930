/* SPDX-License-Identifier: Apache-2.0 */
/* A provider that keeps what an origin gave, and asks it again in time. */
#ifndef LI_AWS_CACHED_H
#define LI_AWS_CACHED_H

#include "aws/aws.h"
#include "base/env.h"

/* Where credentials come from. GET is called by one thread at a time, and takes a bounded time. */
struct li_aws_origin {
    void *self;
    int (*get)(void *self, struct li_aws_credentials *out, struct li_error *err);
    void (*free)(void *self);
};

enum {
    /* seconds */
    LI_AWS_RENEW_ADVISED = 600,  /* before they expire: one caller renews, the others go on */
    LI_AWS_RENEW_REQUIRED = 300, /* all wait for new ones */
    LI_AWS_RENEW_PAUSE = 60,     /* after a failure, while the old ones are good */
    LI_AWS_RENEW_PAUSE_NONE = 5, /* after a failure, while there are none */
    LI_AWS_REJECTED_PAUSE = 30,  /* after asking because of a rejection gave the same ones */
    LI_AWS_WAIT_MAX = 240,       /* for another thread's renewal */
};

/* Takes over ORIGIN, also on failure. ENV must outlive it. */
int li_aws_provider_cached(const struct li_aws_origin *origin, const struct li_env *env,
                           struct li_aws_provider **out, struct li_error *err);

#endif
