/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in JSON 1.1 ("AWS KMS API Reference").
 *
 * The encryption context is what CloudTrail shows and what the conditions of a policy can name
 * (kms:EncryptionContext:lambdaimg:repository). It must never change: what was wrapped under it is
 * unwrapped under it alone.
 */
#include "kms/aws_internal.h"
#include "kms/request_json.h"

static int put_context(struct li_buffer *body, const char *name,
                       const struct li_kms_context *context, struct li_error *err)
{
    int rc = li_request_purpose(context->purpose, err);

    if (rc == 0)
        rc = li_request_open(body, name, err);
    if (rc == 0)
        rc = li_request_id(body, "lambdaimg:object", context->object, err);
    if (rc == 0)
        rc = li_request_text(body, "lambdaimg:purpose", context->purpose, err);
    if (rc == 0)
        rc = li_request_id(body, "lambdaimg:repository", context->repository, err);
    return rc == 0 ? li_request_put(body, "}", err) : rc;
}

static int put_rewrap(const struct li_kms_aws *self, const struct li_kms_wrapped *wrapped,
                      struct li_buffer *body, struct li_error *err)
{
    const struct li_kms_aws *from = (const struct li_kms_aws *)wrapped->by;
    int rc = li_request_bytes(body, "CiphertextBlob", wrapped->blob, wrapped->len, err);

    if (rc == 0)
        rc = li_request_text(body, "SourceKeyId", from->key.text, err);
    if (rc == 0)
        rc = put_context(body, "SourceEncryptionContext", wrapped->context, err);
    if (rc == 0)
        rc = li_request_text(body, "DestinationKeyId", self->key.text, err);
    if (rc == 0)
        rc = put_context(body, "DestinationEncryptionContext", wrapped->context, err);
    return rc;
}

static int put_question(const struct li_kms_aws *self, const struct li_aws_question *question,
                        struct li_buffer *body, struct li_error *err)
{
    int rc = li_request_text(body, "KeyId", self->key.text, err);

    if (rc == 0 && question->action == LI_KMS_WRAP)
        rc = li_request_bytes(body, "Plaintext", question->key->bytes, sizeof(question->key->bytes),
                              err);
    if (rc == 0 && question->action == LI_KMS_UNWRAP)
        rc = li_request_bytes(body, "CiphertextBlob", question->wrapped->blob,
                              question->wrapped->len, err);
    if (rc == 0 && question->context)
        rc = put_context(body, "EncryptionContext", question->context, err);
    return rc;
}

int li_kms_aws_encode(const struct li_kms_aws *self, const struct li_aws_question *question,
                      struct li_buffer *body, struct li_error *err)
{
    int rc = question->action == LI_KMS_REWRAP ? put_rewrap(self, question->wrapped, body, err)
                                               : put_question(self, question, body, err);

    return rc == 0 ? li_request_put(body, "}", err) : rc;
}
