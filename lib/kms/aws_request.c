/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in JSON 1.1 ("AWS KMS API Reference"). They are written by hand: the key to wrap is in
 * them, so they are in one buffer, which is wiped, and every text in them is of characters that
 * need no escape.
 *
 * The encryption context is what CloudTrail shows and what the conditions of a policy can name
 * (kms:EncryptionContext:lambdaimg:repository). It must never change: what was wrapped under it is
 * unwrapped under it alone.
 */
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "kms/aws_internal.h"

static int put(struct li_buffer *body, const char *text, struct li_error *err)
{
    return li_buffer_append(body, text, strlen(text), err);
}

/* {"NAME":"TEXT", or ,"NAME":"TEXT" */
static int put_text(struct li_buffer *body, const char *name, const char *text,
                    struct li_error *err)
{
    const char *parts[] = {body->len > 0 ? ",\"" : "{\"", name, "\":\"", text, "\""};
    int rc = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++)
        rc = put(body, parts[i], err);
    return rc;
}

static int put_bytes(struct li_buffer *body, const char *name, const uint8_t *bytes, size_t len,
                     struct li_error *err)
{
    char text[LI_BASE64_LENGTH(LI_KMS_BLOB_MAX) + 1];
    int rc;

    if (len > LI_KMS_BLOB_MAX)
        return li_fail(err, LI_ECORRUPT, "a wrapped key has at most %d bytes", LI_KMS_BLOB_MAX);
    li_base64_encode(bytes, len, text);
    rc = put_text(body, name, text, err);
    li_wipe(text, LI_BASE64_LENGTH(len));
    return rc;
}

static int check_purpose(const char *purpose, struct li_error *err)
{
    size_t len = strlen(purpose);

    if (len == 0 || len > 32 || strspn(purpose, "abcdefghijklmnopqrstuvwxyz-") != len)
        return li_fail(err, LI_EINVALID, "\"%.40s\" is not the purpose of a wrap", purpose);
    return 0;
}

static int put_context(struct li_buffer *body, const char *name,
                       const struct li_kms_context *context, struct li_error *err)
{
    char repository[2 * LI_ID_SIZE + 1], object[2 * LI_ID_SIZE + 1];
    const char *parts[] = {",\"",
                           name,
                           "\":{\"lambdaimg:object\":\"",
                           object,
                           "\",\"lambdaimg:purpose\":\"",
                           context->purpose,
                           "\",\"lambdaimg:repository\":\"",
                           repository,
                           "\"}"};
    int rc = check_purpose(context->purpose, err);

    li_hex_encode(context->repository, LI_ID_SIZE, repository);
    li_hex_encode(context->object, LI_ID_SIZE, object);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++)
        rc = put(body, parts[i], err);
    return rc;
}

static int put_rewrap(const struct li_kms_aws *self, const struct li_kms_wrapped *wrapped,
                      struct li_buffer *body, struct li_error *err)
{
    const struct li_kms_aws *from = (const struct li_kms_aws *)wrapped->by;
    int rc = put_bytes(body, "CiphertextBlob", wrapped->blob, wrapped->len, err);

    if (rc == 0)
        rc = put_text(body, "SourceKeyId", from->key.text, err);
    if (rc == 0)
        rc = put_context(body, "SourceEncryptionContext", wrapped->context, err);
    if (rc == 0)
        rc = put_text(body, "DestinationKeyId", self->key.text, err);
    if (rc == 0)
        rc = put_context(body, "DestinationEncryptionContext", wrapped->context, err);
    return rc;
}

static int put_question(const struct li_kms_aws *self, const struct li_aws_question *question,
                        struct li_buffer *body, struct li_error *err)
{
    int rc = put_text(body, "KeyId", self->key.text, err);

    if (rc == 0 && question->action == LI_KMS_WRAP)
        rc = put_bytes(body, "Plaintext", question->key->bytes, sizeof(question->key->bytes), err);
    if (rc == 0 && question->action == LI_KMS_UNWRAP)
        rc =
            put_bytes(body, "CiphertextBlob", question->wrapped->blob, question->wrapped->len, err);
    if (rc == 0 && question->context)
        rc = put_context(body, "EncryptionContext", question->context, err);
    return rc;
}

int li_kms_aws_encode(const struct li_kms_aws *self, const struct li_aws_question *question,
                      struct li_buffer *body, struct li_error *err)
{
    int rc = question->action == LI_KMS_REWRAP ? put_rewrap(self, question->wrapped, body, err)
                                               : put_question(self, question, body, err);

    return rc == 0 ? put(body, "}", err) : rc;
}
