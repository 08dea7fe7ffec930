/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that holds secrets, from services, programs and cache files. */
#ifndef LI_AWS_JSON_H
#define LI_AWS_JSON_H

#include <jansson.h>

#include "aws/credentials.h"
#include "base/error.h"

enum { LI_AWS_REPLY_MAX = 65536 }; /* bytes of a document in any format */

/* Parses LEN bytes as an object; li_aws_json_free() frees it. WHAT names it in errors, which never
 * show its contents. LI_ECORRUPT. */
int li_aws_json_parse(const char *what, const void *data, size_t len, json_t **out,
                      struct li_error *err);

/* The member KEY if it is a string that is not empty, else NULL. */
const char *li_aws_json_text(const json_t *object, const char *key);

/* Overwrites all strings in it, and frees it. NULL is allowed. */
void li_aws_json_free(json_t *object);

/* The names of the members that hold credentials. */
struct li_aws_json_names {
    const char *token, *expires;
};

/* Reads the members AccessKeyId, SecretAccessKey and those that NAMES lists. Without an expiry, it
 * is INT64_MAX. LI_ECORRUPT. */
int li_aws_json_credentials(const json_t *object, const struct li_aws_json_names *names,
                            struct li_aws_credentials *out, struct li_error *err);

#endif
