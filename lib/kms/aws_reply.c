/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers, which may come from anybody who can be reached at the endpoint. Each member must be
 * there, of its type and within its limit. Which key was used is compared by the caller.
 */
#include <stdio.h>
#include <string.h>

#include "aws/json.h"
#include "base/base64.h"
#include "kms/aws_internal.h"

static const char algorithm[] = "SYMMETRIC_DEFAULT";

static int read_bytes(const json_t *answer, const char *name, struct li_buffer *out,
                      struct li_error *err)
{
    const json_t *value = json_object_get(answer, name);
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), got = 0;
    int rc;

    out->len = 0;
    if (!text || len == 0)
        return li_fail(err, LI_ECORRUPT, "the answer has no %s", name);
    if (len > LI_BASE64_LENGTH(LI_KMS_BLOB_MAX))
        return li_fail(err, LI_ECORRUPT, "the answer's %s has more than %d bytes", name,
                       LI_KMS_BLOB_MAX);
    rc = li_buffer_reserve(out, len, err);
    if (rc < 0)
        return rc;
    rc = li_base64_decode(text, len, out->data, LI_KMS_BLOB_MAX, &got);
    if (rc < 0)
        return li_fail(err, LI_ECORRUPT, "the answer's %s is not base64 of at most %d bytes", name,
                       LI_KMS_BLOB_MAX);
    out->len = got;
    return 0;
}

static int read_key(const json_t *answer, struct li_secret *key, struct li_error *err)
{
    struct li_buffer bytes = {.wiped = true};
    int rc = read_bytes(answer, "Plaintext", &bytes, err);

    if (rc == 0 && bytes.len != sizeof(key->bytes))
        rc = li_fail(err, LI_ECORRUPT, "the unwrapped key has %zu bytes instead of %zu", bytes.len,
                     sizeof(key->bytes));
    if (rc == 0)
        memcpy(key->bytes, bytes.data, sizeof(key->bytes));
    li_buffer_wipe_free(&bytes);
    return rc;
}

/* The member NAME, which must be the ARN of a key. */
static int read_arn(const json_t *object, const char *name, struct li_aws_key *out,
                    struct li_error *err)
{
    const char *text = li_aws_json_text(object, name);
    struct li_error ignored = LI_ERROR_INIT;

    if (!text || li_aws_key_parse(text, out, &ignored) < 0 || !*out->region || !*out->id)
        return li_fail(err, LI_ECORRUPT, "the answer does not say which key was used");
    return 0;
}

/* Without the member, the service knows no other algorithm. */
static int check_algorithm(const json_t *answer, const char *name, struct li_error *err)
{
    const char *said = li_aws_json_text(answer, name);

    if (!said || strcmp(said, algorithm) == 0)
        return 0;
    return li_fail(err, LI_ECORRUPT, "the answer's %s is %.40s instead of %s", name, said,
                   algorithm);
}

static int read_used(enum li_kms_action action, const json_t *answer, struct li_aws_reply *out,
                     struct li_error *err)
{
    struct li_aws_key used;
    int rc = read_arn(answer, "KeyId", &used, err);

    if (rc == 0)
        rc = check_algorithm(answer,
                             action == LI_KMS_REWRAP ? "DestinationEncryptionAlgorithm"
                                                     : "EncryptionAlgorithm",
                             err);
    if (rc == 0)
        strcpy(out->id, used.id);
    if (rc == 0)
        rc = action == LI_KMS_UNWRAP ? read_key(answer, &out->key, err)
                                     : read_bytes(answer, "CiphertextBlob", &out->blob, err);
    return rc;
}

static int check_kind(const json_t *metadata, struct li_error *err)
{
    const char *usage = li_aws_json_text(metadata, "KeyUsage");
    const char *spec = li_aws_json_text(metadata, "KeySpec");

    if (!spec)
        spec = li_aws_json_text(metadata, "CustomerMasterKeySpec");
    if ((usage && strcmp(usage, "ENCRYPT_DECRYPT") != 0) || (spec && strcmp(spec, algorithm) != 0))
        return li_fail(err, LI_EUNSUPPORTED,
                       "the key is %.40s for %.40s; give a symmetric key for encryption (%s for "
                       "ENCRYPT_DECRYPT)",
                       spec ? spec : "of an unknown kind", usage ? usage : "an unknown use",
                       algorithm);
    return 0;
}

static int read_description(const json_t *answer, struct li_aws_reply *out, struct li_error *err)
{
    const json_t *metadata = json_object_get(answer, "KeyMetadata");
    const char *state = li_aws_json_text(metadata, "KeyState");
    struct li_aws_key key;
    int rc = read_arn(metadata, "Arn", &key, err);

    if (rc == 0 && !state)
        rc = li_fail(err, LI_ECORRUPT, "the answer does not say in which state the key is");
    if (rc == 0)
        rc = check_kind(metadata, err);
    if (rc < 0)
        return rc;
    strcpy(out->id, key.id);
    strcpy(out->description.key, key.text);
    snprintf(out->description.state, sizeof(out->description.state), "%s", state);
    out->description.usable = strcmp(state, "Enabled") == 0;
    return 0;
}

int li_kms_aws_decode(enum li_kms_action action, const struct li_http_response *response,
                      struct li_aws_reply *out, struct li_error *err)
{
    json_t *answer = NULL;
    int rc = li_aws_json_parse("the answer", response->body.data, response->body.len, &answer, err);

    if (rc == 0 && action == LI_KMS_DESCRIBE)
        rc = read_description(answer, out, err);
    else if (rc == 0)
        rc = read_used(action, answer, out, err);
    li_aws_json_free(answer);
    return rc;
}
