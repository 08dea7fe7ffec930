/* SPDX-License-Identifier: Apache-2.0 */
/* A provider that keeps the credentials of an origin, and asks the origin for new ones in time. */
#ifndef LI_AWS_CACHED_H
#define LI_AWS_CACHED_H

#include "aws/aws.h"
#include "base/env.h"

/* Where credentials come from. One thread at a time calls GET, and the call takes a bounded time.
 */
struct li_aws_origin {
    void *self;
    int (*get)(void *self, struct li_aws_credentials *out, struct li_error *err);
    void (*free)(void *self);
};

enum {
    /* seconds */
    LI_AWS_RENEW_ADVISED = 600,  /* before they expire: one caller renews, the others continue */
    LI_AWS_RENEW_REQUIRED = 300, /* all wait for new ones */
    LI_AWS_RENEW_PAUSE = 60,     /* after a failure, while the old ones are good */
    LI_AWS_RENEW_PAUSE_NONE = 5, /* after a failure, while there are none */
    LI_AWS_REJECTED_PAUSE = 30,  /* after a rejection, if the origin gave the same ones again */
    LI_AWS_WAIT_MAX = 240,       /* waiting for another thread's renewal */
};

/* Takes ownership of ORIGIN, also on failure. ENV must outlive the provider. */
int li_aws_provider_cached(const struct li_aws_origin *origin, const struct li_env *env,
                           struct li_aws_provider **out, struct li_error *err);

#endif
