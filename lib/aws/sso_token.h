/* SPDX-License-Identifier: Apache-2.0 */
/* The token that `aws sso login` leaves in ~/.aws/sso/cache, renewed if possible. */
#ifndef LI_AWS_SSO_TOKEN_H
#define LI_AWS_SSO_TOKEN_H

#include "aws/internal.h"
#include "base/buffer.h"

/* Strings are borrowed. */
struct li_aws_sso_session {
    const char *name; /* of [sso-session NAME]; NULL: the older form */
    const char *start_url, *region;
    const char *profile; /* for messages */
};

/* Appends the token and a NUL to OUT, which the caller wipes and frees. LI_EDENIED if there is no
 * token, or if it expired and cannot be renewed; the text says how to log in. */
int li_aws_sso_token(const struct li_aws_search *search, const struct li_aws_sso_session *session,
                     struct li_buffer *out, struct li_error *err);

/* The endpoint of SERVICE: the configured one, or https://HOST.REGION and AWS's domain. */
int li_aws_sso_endpoint(const struct li_aws_search *search, const struct li_aws_service *service,
                        const char *host, const char *region, char url[LI_AWS_URL_SIZE],
                        struct li_error *err);

#endif
