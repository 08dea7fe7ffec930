/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The action gives the answer's root element its name; the contents are the same for all actions.
 * Services that imitate STS (MinIO, Ceph) leave out what they do not have, so we look only for what
 * we need.
 */
#include "aws/sts_reply.h"

#include <string.h>

#include "aws/internal.h"
#include "aws/time.h"
#include "aws/xml.h"
#include "base/secret.h"

enum { CODE_MAX = 96, MESSAGE_MAX = 400, EXPIRES_MAX = 40 };

struct reply {
    char access_key[LI_AWS_KEY_MAX + 1], secret_key[LI_AWS_KEY_MAX + 1];
    char token[LI_AWS_TOKEN_MAX + 1], expires[EXPIRES_MAX + 1];
    char code[CODE_MAX + 1], message[MESSAGE_MAX + 1];
};

static const struct field {
    const char *path; /* below the root element's first child, or the root */
    size_t at, most;
    bool may_be_cut;
} fields[] = {
    {"/Credentials/AccessKeyId", offsetof(struct reply, access_key), LI_AWS_KEY_MAX, false},
    {"/Credentials/SecretAccessKey", offsetof(struct reply, secret_key), LI_AWS_KEY_MAX, false},
    {"/Credentials/SessionToken", offsetof(struct reply, token), LI_AWS_TOKEN_MAX, false},
    {"/Credentials/Expiration", offsetof(struct reply, expires), EXPIRES_MAX, false},
    {"/Error/Code", offsetof(struct reply, code), CODE_MAX, true},
    {"/Error/Message", offsetof(struct reply, message), MESSAGE_MAX, true},
};

static bool ends_with(const char *path, const char *end)
{
    size_t len = strlen(path), end_len = strlen(end);

    return len > end_len && strcmp(path + len - end_len, end) == 0;
}

static int on_element(void *arg, const char *path, const char *text, struct li_error *err)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct field *field = &fields[i];
        char *to = (char *)arg + field->at;
        size_t len = strlen(text);

        if (!ends_with(path, field->path))
            continue;
        if (len > field->most && !field->may_be_cut)
            return li_fail(err, LI_ELIMIT, "%s in the answer has more than %zu characters",
                           field->path + 1, field->most);
        len = len > field->most ? field->most : len;
        memcpy(to, text, len);
        to[len] = '\0';
    }
    return 0;
}

/* Codes that STS itself calls temporary, although it answers with a status of 400. */
static bool is_passing(const char *code)
{
    static const char *const passing[] = {"IDPCommunicationError", "Throttling",
                                          "ThrottlingException", "RequestLimitExceeded"};

    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        if (strcmp(code, passing[i]) == 0)
            return true;
    return false;
}

static int refused(const struct li_http_response *response, const struct reply *reply,
                   struct li_error *err)
{
    if (!*reply->code)
        return li_fail(err, LI_EDENIED, "it answered with status %d", response->status);
    return li_fail(err, is_passing(reply->code) ? LI_ENETWORK : LI_EDENIED, "%s: %s", reply->code,
                   *reply->message ? reply->message : "no reason is given");
}

static int read_reply(const struct li_http_response *response, struct reply *reply,
                      struct li_aws_credentials *out, struct li_error *err)
{
    int rc = li_xml_parse(response->body.data, response->body.len, on_element, reply, err);

    /* An error may come from a proxy, in any format. */
    if (response->status != 200)
        return refused(response, reply, err);
    if (rc < 0)
        return rc;
    if (li_aws_time_parse(reply->expires, &out->expires) < 0)
        return li_fail(err, LI_ECORRUPT, "its answer does not say when the credentials expire");
    return li_aws_credentials_fill(out, reply->access_key, reply->secret_key, reply->token, err);
}

int li_aws_sts_reply(const struct li_http_response *response, struct li_aws_credentials *out,
                     struct li_error *err)
{
    struct reply reply = {{0}, {0}, {0}, {0}, {0}, {0}};
    int rc = read_reply(response, &reply, out, err);

    li_wipe(&reply, sizeof(reply));
    return rc;
}
