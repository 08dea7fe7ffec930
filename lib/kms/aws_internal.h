/* SPDX-License-Identifier: Apache-2.0 */
/* The AWS KMS, shared by kms_aws.c, which opens it, aws_request.c and aws_reply.c, which speak its
 * protocol, and aws_error.c, which says what its refusals mean. */
#ifndef LI_KMS_AWS_INTERNAL_H
#define LI_KMS_AWS_INTERNAL_H

#include "aws/call.h"
#include "kms/aws_key.h"
#include "kms/kms.h"

struct li_kms_aws {
    struct li_kms kms; /* first, so that the pointers can be converted */
    struct li_aws_key key;
    struct li_aws_location location;
    struct li_aws_client_operations calls; /* those of JSON services, with a tell() of its own */
    struct li_aws_client client;
    unsigned deadline;
};

/* ---- aws_request.c --------------------------------------------------------------------------- */

/* What is asked. A question about no key has neither a context nor any of the rest. */
struct li_aws_question {
    enum li_kms_action action;
    const struct li_kms_context *context;
    const struct li_secret *key;          /* to wrap */
    const struct li_kms_wrapped *wrapped; /* to unwrap, or to rewrap: then it has a KMS */
};

/* Appends the JSON of QUESTION to BODY, which should be `wiped`. LI_EINVALID if the purpose is not
 * of a-z and '-'. */
int li_kms_aws_encode(const struct li_kms_aws *self, const struct li_aws_question *question,
                      struct li_buffer *body, struct li_error *err);

/* ---- aws_reply.c ----------------------------------------------------------------------------- */

/* What is answered; the member that belongs to the action. */
struct li_aws_reply {
    struct li_buffer blob;
    struct li_secret key;
    struct li_kms_description description;
    char id[LI_AWS_KEY_ID_SIZE]; /* of the key that AWS KMS used */
};

/* Reads the answer to ACTION. LI_ECORRUPT if it is not one, or breaks a limit; LI_EUNSUPPORTED if
 * it describes a key that is not for encryption by the key itself. */
int li_kms_aws_decode(enum li_kms_action action, const struct li_http_response *response,
                      struct li_aws_reply *out, struct li_error *err);

/* The argument of each call's check(). */
struct li_aws_asking {
    const struct li_aws_question *question;
    struct li_aws_reply *reply;
};

/* ---- aws_error.c ----------------------------------------------------------------------------- */

/* tell() of `struct li_aws_client_operations`. The call's check_arg is a `struct li_aws_asking`. */
int li_kms_aws_tell(const struct li_aws_client *client, const struct li_aws_refusal *refusal,
                    struct li_error *err);

/* Adds the outer half of the sentence: what could not be done, and with which key. Returns
 * err->code. */
int li_kms_aws_failed(const struct li_kms_aws *self, enum li_kms_action action,
                      struct li_error *err);

#endif
