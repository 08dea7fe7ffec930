/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What whoever answers for AWS KMS may say, and what a user may call a key. The first byte says
 * what the rest is: an answer to each of the actions, a refusal, a key, Base64.
 */
#include "fuzz.h"

#include "base/base64.h"
#include "kms/aws_internal.h"

enum { REFUSAL = LI_KMS_ACTIONS, KEY, BASE64, KINDS };

static struct li_http_response response_of(const uint8_t *data, size_t size, int status)
{
    return (struct li_http_response){
        .status = status, .body = {.data = fuzz_copy(data, size), .len = size, .cap = size}};
}

/* Whatever is accepted names a key, and keeps within the limits. */
static void read_answer(enum li_kms_action action, const uint8_t *data, size_t size)
{
    struct li_http_response response = response_of(data, size, 200);
    struct li_aws_reply reply = {.id = ""};
    struct li_error err = LI_ERROR_INIT;
    struct li_aws_key key;
    int rc = li_kms_aws_decode(action, &response, &reply, &err);

    fuzz_check_error(rc, &err);
    if (rc == 0) {
        assert_int_equal(li_aws_key_parse(reply.id, &key, &err), 0);
        assert_string_equal(key.id, reply.id);
        assert_true(reply.blob.len <= LI_KMS_BLOB_MAX);
        assert_true((reply.blob.len > 0) == (action == LI_KMS_WRAP || action == LI_KMS_REWRAP));
        assert_true((*reply.description.state != '\0') == (action == LI_KMS_DESCRIBE));
    }
    li_buffer_free(&reply.blob);
    li_http_response_free(&response);
}

static void read_refusal(const uint8_t *data, size_t size)
{
    struct li_http_response response = response_of(data, size, 400);
    struct li_aws_error said;

    li_aws_json_operations.read_error(&response, &said);
    assert_true(strnlen(said.code, sizeof(said.code)) < sizeof(said.code));
    assert_true(strnlen(said.message, sizeof(said.message)) < sizeof(said.message));
    li_http_response_free(&response);
}

/* A key stands in JSON and in host names as it is. */
static void read_key(const char *text)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_aws_key key;

    if (li_aws_key_parse(text, &key, &err) < 0)
        return;
    assert_string_equal(key.text, text);
    assert_true(
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/_-") ==
        strlen(text));
    assert_true(strspn(key.region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(key.region));
}

/* Each text is the only one of its bytes. */
static void read_base64(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    char *text = malloc(size + 5);
    size_t len;

    assert_non_null(bytes);
    assert_non_null(text);
    if (li_base64_decode((const char *)data, size, bytes, size, &len) == 0) {
        li_base64_encode(bytes, len, text);
        assert_int_equal(strlen(text), size);
        assert_memory_equal(text, data, size);
    }
    free(bytes);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned kind = size > 0 ? data[0] % KINDS : 0;
    char *text;

    if (size == 0)
        return 0;
    if (kind < LI_KMS_ACTIONS)
        read_answer((enum li_kms_action)kind, data + 1, size - 1);
    else if (kind == REFUSAL)
        read_refusal(data + 1, size - 1);
    else if (kind == BASE64)
        read_base64(data + 1, size - 1);
    if (kind == KEY) {
        text = strndup((const char *)data + 1, size - 1);
        assert_non_null(text);
        read_key(text);
        free(text);
    }
    return 0;
}
