/* SPDX-License-Identifier: Apache-2.0 */
/* Writing requests: a brace at the end of what is there tells that no member came yet. */
#include "kms/request_json.h"

#include <string.h>

#include "base/base64.h"
#include "base/hex.h"

int li_request_put(struct li_buffer *out, const char *text, struct li_error *err)
{
    return li_buffer_append(out, text, strlen(text), err);
}

/* Up to the value. What ends with a brace has no member yet. */
static int put_name(struct li_buffer *out, const char *name, struct li_error *err)
{
    bool first = out->len > 0 && out->data[out->len - 1] == '{';
    const char *parts[] = {out->len == 0 ? "{\"" : first ? "\"" : ",\"", name, "\":"};
    int rc = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++)
        rc = li_request_put(out, parts[i], err);
    return rc;
}

int li_request_text(struct li_buffer *out, const char *name, const char *text, struct li_error *err)
{
    const char *parts[] = {"\"", text, "\""};
    int rc = put_name(out, name, err);

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++)
        rc = li_request_put(out, parts[i], err);
    return rc;
}

int li_request_id(struct li_buffer *out, const char *name, const uint8_t id[LI_ID_SIZE],
                  struct li_error *err)
{
    char hex[2 * LI_ID_SIZE + 1];

    li_hex_encode(id, LI_ID_SIZE, hex);
    return li_request_text(out, name, hex, err);
}

static int put_base64(struct li_buffer *out, const uint8_t *bytes, size_t len, struct li_error *err)
{
    int rc = li_buffer_reserve(out, out->len + LI_BASE64_LENGTH(len) + 1, err);

    if (rc < 0)
        return rc;
    li_base64_encode(bytes, len, (char *)out->data + out->len);
    out->len += LI_BASE64_LENGTH(len);
    return 0;
}

int li_request_bytes(struct li_buffer *out, const char *name, const uint8_t *bytes, size_t len,
                     struct li_error *err)
{
    int rc;

    if (len > LI_KMS_BLOB_MAX)
        return li_fail(err, LI_ECORRUPT, "a wrapped key has at most %d bytes", LI_KMS_BLOB_MAX);
    rc = put_name(out, name, err);
    if (rc == 0)
        rc = li_request_put(out, "\"", err);
    if (rc == 0)
        rc = put_base64(out, bytes, len, err);
    return rc == 0 ? li_request_put(out, "\"", err) : rc;
}

int li_request_open(struct li_buffer *out, const char *name, struct li_error *err)
{
    int rc = put_name(out, name, err);

    return rc == 0 ? li_request_put(out, "{", err) : rc;
}

int li_request_purpose(const char *purpose, struct li_error *err)
{
    size_t len = strlen(purpose);

    if (len == 0 || len > 32 || strspn(purpose, "abcdefghijklmnopqrstuvwxyz-") != len)
        return li_fail(err, LI_EINVALID, "\"%.40s\" is not the purpose of a wrap", purpose);
    return 0;
}
