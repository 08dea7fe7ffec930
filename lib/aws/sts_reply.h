/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of STS. */
#ifndef LI_AWS_STS_REPLY_H
#define LI_AWS_STS_REPLY_H

#include "aws/aws.h"
#include "http/http.h"

/* Reads the credentials in the answer to AssumeRole or AssumeRoleWithWebIdentity into OUT, which
 * must be empty. If STS refused: LI_EDENIED with its code and message, LI_ENETWORK if it asks to
 * try again. */
int li_aws_sts_reply(const struct li_http_response *response, struct li_aws_credentials *out,
                     struct li_error *err);

#endif
