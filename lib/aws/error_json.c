/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of services that speak JSON ("AWS JSON 1.0" and "1.1" of the Smithy specification): KMS
 * and most services except S3, STS and EC2.
 *
 * Their statuses say little: both refusals and requests to slow down are 400. The code counts. It
 * is in a header or in the member __type, which may have a name space before the code and an
 * address after it: "com.amazonaws.kms#NotFoundException:http://...". What stands before a service,
 * such as a gateway, may answer in XML: <Error><Code>, or an element with the code's name.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws/call.h"
#include "aws/json.h"
#include "aws/xml.h"

/* A text that does not fit is not a code, and is ignored. */
static void keep_code(struct li_aws_error *out, const char *text)
{
    const char *hash = strchr(text, '#');
    size_t len;

    if (hash && !memchr(text, ':', (size_t)(hash - text)))
        text = hash + 1;
    len = strcspn(text, ":");
    if (len < sizeof(out->code))
        snprintf(out->code, sizeof(out->code), "%.*s", (int)len, text);
}

/* The elements of an error come before those around them: <NAME><Message> before <NAME>. */
static int note_element(void *arg, const char *path, const char *text, struct li_error *err)
{
    struct li_aws_error *out = arg;
    const char *last = strrchr(path, '/');
    const char *name = last ? last + 1 : path;
    bool is_name = strcmp(path, "Error") != 0 && strcmp(path, "ErrorResponse") != 0;

    (void)err;
    if (strcmp(name, "Code") == 0)
        keep_code(out, text);
    else if (strcasecmp(name, "Message") == 0)
        snprintf(out->message, sizeof(out->message), "%s", text);
    else if (strcasecmp(name, "RequestId") == 0)
        snprintf(out->request, sizeof(out->request), "%s", text);
    else if (!last && is_name && !*out->code)
        keep_code(out, name);
    return 0;
}

/* A page of a proxy is XML, too, but has no code. */
static void read_xml(const struct li_http_response *response, struct li_aws_error *out)
{
    struct li_aws_error found = {.code = ""};
    struct li_error ignored = LI_ERROR_INIT;

    if (li_xml_parse(response->body.data, response->body.len, note_element, &found, &ignored) ==
            0 &&
        strcasecmp(found.code, "html") != 0)
        *out = found;
}

static void read_body(const struct li_http_response *response, struct li_aws_error *out)
{
    struct li_error ignored = LI_ERROR_INIT;
    const char *code, *message;
    json_t *body = NULL;

    if (li_aws_json_parse("the error", response->body.data, response->body.len, &body, &ignored) <
        0) {
        read_xml(response, out);
        return;
    }
    code = li_aws_json_text(body, "__type");
    message = li_aws_json_text(body, "message");
    if (!message)
        message = li_aws_json_text(body, "Message");
    if (code)
        keep_code(out, code);
    if (message)
        snprintf(out->message, sizeof(out->message), "%s", message);
    li_aws_json_free(body);
}

static void read_error(const struct li_http_response *response, struct li_aws_error *out)
{
    const char *code = li_http_header(response, "x-amzn-errortype");
    const char *request = li_http_header(response, "x-amzn-requestid");

    *out = (struct li_aws_error){.code = ""};
    if (response->status > 299)
        read_body(response, out);
    if (code)
        keep_code(out, code);
    if (request)
        snprintf(out->request, sizeof(out->request), "%s", request);
    out->absent = *out->code != '\0';
}

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(code, *codes) == 0)
            return true;
    return false;
}

/* Codes that AWS's SDKs retry. Codes that come with 5xx need not be listed. */
static bool is_passing(int status, const char *code)
{
    static const char *const passing[] = {"Throttling",
                                          "ThrottlingException",
                                          "ThrottledException",
                                          "TooManyRequestsException",
                                          "RequestThrottled",
                                          "RequestThrottledException",
                                          "RequestLimitExceeded",
                                          "RequestTimeout",
                                          "RequestTimeoutException",
                                          "PriorRequestNotComplete",
                                          "TransactionInProgressException",
                                          NULL};

    return is_one_of(code, passing) || li_retry_is_passing(status);
}

static int code_of(const struct li_aws_refusal *refusal)
{
    static const char *const denied[] = {"AccessDenied",
                                         "AccessDeniedException",
                                         "ExpiredTokenException",
                                         "IncompleteSignatureException",
                                         "InvalidSignatureException",
                                         "MissingAuthenticationTokenException",
                                         "NotAuthorized",
                                         "OptInRequired",
                                         "UnrecognizedClientException",
                                         NULL};
    static const char *const absent[] = {"NotFoundException", "ResourceNotFoundException", NULL};
    const char *code = refusal->said->code;

    if (refusal->status == 401 || refusal->status == 403 || is_one_of(code, denied))
        return LI_EDENIED;
    if (is_one_of(code, absent))
        return LI_ENOTFOUND;
    return is_passing(refusal->status, code) ? LI_ENETWORK : LI_EINVALID;
}

static int tell(const struct li_aws_client *client, const struct li_aws_refusal *refusal,
                struct li_error *err)
{
    const struct li_aws_error *said = refusal->said;
    char times[32] = "", who[600] = "";
    int code = code_of(refusal);

    if (refusal->attempts > 1)
        snprintf(times, sizeof(times), " %u times", refusal->attempts);
    if (code == LI_EDENIED && *refusal->credentials->access_key)
        snprintf(who, sizeof(who), "; the request used the access key %.100s from %.100s",
                 refusal->credentials->access_key, refusal->credentials->source);
    return li_fail(err, code, "%s answered%s with %d%s%s%s%s%s%s%s%s", client->options.service,
                   times, refusal->status, *said->code ? " " : "", said->code,
                   *said->message ? ": " : "", said->message, who,
                   *said->request ? " (request " : "", said->request, *said->request ? ")" : "");
}

const struct li_aws_client_operations li_aws_json_operations = {
    .read_error = read_error, .is_passing = is_passing, .tell = tell};
