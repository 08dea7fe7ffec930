/* SPDX-License-Identifier: Apache-2.0 */
/* Requests are text of ours (request_json.h). Answers are JSON of anybody's making. */
#include <string.h>

#include "aws/json.h"
#include "base/base64.h"
#include "kms/exec.h"
#include "kms/request_json.h"

enum { VERSION = 1 };

static const char what[] = "the program's answer";

/* ---- requests -------------------------------------------------------------------------------- */

static int put_context(struct li_buffer *out, const struct li_kms_context *context,
                       struct li_error *err)
{
    int rc = li_request_open(out, "context", err);

    if (rc == 0)
        rc = li_request_text(out, "purpose", context->purpose, err);
    if (rc == 0)
        rc = li_request_id(out, "repository", context->repository, err);
    if (rc == 0)
        rc = li_request_id(out, "object", context->object, err);
    return rc == 0 ? li_request_put(out, "}", err) : rc;
}

static int begin(struct li_buffer *out, const char *operation, struct li_error *err)
{
    int rc;

    out->len = 0;
    out->wiped = true;
    rc = li_request_put(out, "{\"version\":1", err);
    return rc == 0 ? li_request_text(out, "operation", operation, err) : rc;
}

/* What a request is about: a member with bytes. */
struct subject {
    const char *member;
    const uint8_t *bytes;
    size_t len;
};

static int ask(const char *operation, const struct li_kms_context *context,
               const struct subject *subject, struct li_buffer *out, struct li_error *err)
{
    int rc = li_request_purpose(context->purpose, err);

    if (rc == 0)
        rc = begin(out, operation, err);
    if (rc == 0)
        rc = put_context(out, context, err);
    if (rc == 0)
        rc = li_request_bytes(out, subject->member, subject->bytes, subject->len, err);
    return rc == 0 ? li_request_put(out, "}\n", err) : rc;
}

int li_exec_ask_name(struct li_buffer *out, struct li_error *err)
{
    int rc = begin(out, "describe", err);

    return rc == 0 ? li_request_put(out, "}\n", err) : rc;
}

int li_exec_ask_wrap(const struct li_kms_context *context, const struct li_secret *key,
                     struct li_buffer *out, struct li_error *err)
{
    const struct subject subject = {"key", key->bytes, sizeof(key->bytes)};

    return ask("wrap", context, &subject, out, err);
}

int li_exec_ask_unwrap(const struct li_kms_context *context, const uint8_t *blob, size_t len,
                       struct li_buffer *out, struct li_error *err)
{
    const struct subject subject = {"blob", blob, len};

    return ask("unwrap", context, &subject, out, err);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* A bad answer is a failure of the program, and says nothing about the repository. */
static int parse(const struct li_buffer *answer, json_t **out, struct li_error *err)
{
    const json_t *version;
    json_t *json = NULL;
    int rc = li_aws_json_parse(what, answer->data, answer->len, &json, err);

    if (rc == LI_ECORRUPT)
        rc = err->code = LI_EIO;
    if (rc < 0)
        return rc;
    version = json_object_get(json, "version");
    if (!json_is_integer(version))
        rc = li_fail(err, LI_EIO, "%s has no \"version\": %d", what, VERSION);
    else if (json_integer_value(version) != VERSION)
        rc = li_fail(err, LI_EUNSUPPORTED, "%s has another version than %d", what, VERSION);
    if (rc < 0)
        li_aws_json_free(json);
    else
        *out = json;
    return rc;
}

/* The bytes of a member, at most SIZE of them. */
static int read_bytes(const struct li_buffer *answer, const char *member, uint8_t *bytes,
                      size_t size, size_t *len, struct li_error *err)
{
    json_t *json = NULL;
    const json_t *value;
    int rc = parse(answer, &json, err);

    if (rc < 0)
        return rc;
    value = json_object_get(json, member);
    if (!json_is_string(value))
        rc = li_fail(err, LI_EIO, "%s has no text \"%s\"", what, member);
    if (rc == 0)
        rc =
            li_base64_decode(json_string_value(value), json_string_length(value), bytes, size, len);
    if (rc == LI_EINVALID)
        rc = li_fail(err, LI_EIO, "\"%s\" in %s is not Base64", member, what);
    if (rc == LI_ELIMIT)
        rc = li_fail(err, LI_EIO, "\"%s\" in %s has more than %zu bytes", member, what, size);
    li_aws_json_free(json);
    return rc;
}

int li_exec_read_name(const struct li_buffer *answer, char name[LI_EXEC_NAME_MAX],
                      struct li_error *err)
{
    json_t *json = NULL;
    const char *text;
    int rc = parse(answer, &json, err);

    if (rc < 0)
        return rc;
    text = li_aws_json_text(json, "name");
    if (!text || !li_kms_is_name(text) || strlen(text) >= LI_EXEC_NAME_MAX)
        rc = li_fail(err, LI_EIO, "\"name\" in %s is not 1 to %d characters of a-z, 0-9 and \"-\"",
                     what, LI_EXEC_NAME_MAX - 1);
    else
        memcpy(name, text, strlen(text) + 1);
    li_aws_json_free(json);
    return rc;
}

int li_exec_read_blob(const struct li_buffer *answer, size_t most, struct li_buffer *out,
                      struct li_error *err)
{
    size_t len = 0;
    int rc = li_buffer_reserve(out, out->len + most, err);

    if (rc == 0)
        rc = read_bytes(answer, "blob", out->data + out->len, most, &len, err);
    if (rc == 0 && len == 0)
        rc = li_fail(err, LI_EIO, "\"blob\" in %s is empty", what);
    if (rc == 0)
        out->len += len;
    return rc;
}

int li_exec_read_key(const struct li_buffer *answer, struct li_secret *key, struct li_error *err)
{
    struct li_secret got = {{0}};
    size_t len = 0;
    int rc = read_bytes(answer, "key", got.bytes, sizeof(got.bytes), &len, err);

    if (rc == 0 && len != sizeof(got.bytes))
        rc = li_fail(err, LI_EIO, "\"key\" in %s has %zu bytes, not %zu", what, len,
                     sizeof(got.bytes));
    if (rc == 0)
        *key = got;
    li_secret_wipe(&got);
    return rc;
}
