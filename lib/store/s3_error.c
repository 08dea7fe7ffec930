/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server's refusal means for users. Codes are those of the S3 API reference, "Error
 * responses"; a proxy in between may send anything, or nothing, instead. So a 404 alone does not
 * mean that the object does not exist: its body must say so, or, if there is no body, a header that
 * only S3 servers send.
 */
#include <stdio.h>
#include <string.h>

#include "aws/xml.h"
#include "store/s3_internal.h"

/* A text that does not fit is not a code or a region, and is ignored; a message is cut. */
static void keep(char *to, size_t size, const char *text, bool whole)
{
    if (!whole || strlen(text) < size)
        snprintf(to, size, "%s", text);
}

static int note(void *arg, const char *path, const char *text, struct li_error *err)
{
    struct li_aws_error *said = arg;

    (void)err;
    if (strcmp(path, "Error/Code") == 0)
        keep(said->code, sizeof(said->code), text, true);
    else if (strcmp(path, "Error/Message") == 0)
        keep(said->message, sizeof(said->message), text, false);
    else if (strcmp(path, "Error/Region") == 0)
        keep(said->region, sizeof(said->region), text, true);
    else if (strcmp(path, "Error/RequestId") == 0)
        keep(said->request, sizeof(said->request), text, false);
    return 0;
}

void li_s3_error_read(const struct li_http_response *response, struct li_aws_error *out)
{
    const char *region = li_http_header(response, "x-amz-bucket-region");
    const char *request = li_http_header(response, "x-amz-request-id");
    struct li_error ignored = LI_ERROR_INIT;

    *out = (struct li_aws_error){.code = ""};
    if (response->body.len > 0)
        (void)li_xml_parse(response->body.data, response->body.len, note, out, &ignored);
    if (region)
        keep(out->region, sizeof(out->region), region, true);
    if (request)
        keep(out->request, sizeof(out->request), request, false);
    if (response->status == 404)
        out->absent = response->body.len ? strcmp(out->code, "NoSuchKey") == 0
                                         : request || li_http_header(response, "x-amz-id-2");
}

bool li_s3_error_is_passing(int status, const char *code)
{
    static const char *const passing[] = {"RequestTimeout",
                                          "BadDigest",
                                          "XAmzContentSHA256Mismatch",
                                          "IncompleteBody",
                                          "SlowDown",
                                          "ServiceUnavailable",
                                          "InternalError",
                                          "ConditionalRequestConflict",
                                          "OperationAborted"};

    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        if (strcmp(code, passing[i]) == 0)
            return true;
    return li_retry_is_passing(status);
}

static int code_of(const struct li_aws_error *said, int status)
{
    switch (status) {
    case 401:
    case 403:
        return LI_EDENIED;
    case 404:
        return said->absent ? LI_ENOTFOUND : LI_EINVALID;
    case 501:
        return LI_EUNSUPPORTED;
    default:
        return li_retry_is_passing(status) ? LI_ENETWORK : LI_EINVALID;
    }
}

/* The server's own words, what they mean, and what to try. A hint, if there is one, replaces the
 * server's message. */
static void explain(const struct li_aws_refusal *refusal, const char *bucket, char *text,
                    size_t size)
{
    const struct li_aws_error *said = refusal->said;
    const char *key = refusal->credentials->access_key, *source = refusal->credentials->source;
    int status = refusal->status;

    if (strcmp(said->code, "NoSuchBucket") == 0)
        snprintf(
            text, size,
            ": there is no bucket %.100s; check the endpoint, or create the bucket with lambdaimg "
            "init --create-bucket",
            bucket);
    else if (strcmp(said->code, "InvalidAccessKeyId") == 0)
        snprintf(text, size, ": it does not know the access key %.100s from %.100s", key, source);
    else if (strcmp(said->code, "SignatureDoesNotMatch") == 0)
        snprintf(text, size,
                 ": the secret key does not fit the access key %.100s, both from %.100s", key,
                 source);
    else if (strcmp(said->code, "ExpiredToken") == 0)
        snprintf(text, size, ": the credentials from %.100s are refused even after a renewal",
                 source);
    else if (strcmp(said->code, "RequestTimeTooSkewed") == 0)
        snprintf(text, size, ": set this machine's clock");
    else if ((status == 401 || status == 403) && !*key)
        snprintf(text, size,
                 ": this needs credentials, or the object does not exist; leave out "
                 "--no-sign-request to send credentials");
    else if (status == 403)
        snprintf(text, size, ": the access key %.100s from %.100s may not do this", key, source);
    else if (status == 301 || status == 307)
        snprintf(text, size, ": the bucket is in another region; give its --region or --endpoint");
    else if (status == 404 && !*said->code && !said->absent)
        snprintf(text, size,
                 ": this is not how S3 says that there is no such object; check the endpoint, and "
                 "proxies on the way");
    else
        snprintf(text, size, "%s%s", *said->message ? ": " : "", said->message);
}

int li_s3_error_tell(const char *bucket, const struct li_aws_refusal *refusal, struct li_error *err)
{
    const struct li_aws_error *said = refusal->said;
    char why[512], times[32] = "";

    explain(refusal, bucket, why, sizeof(why));
    if (refusal->attempts > 1)
        snprintf(times, sizeof(times), " %u times", refusal->attempts);
    return li_fail(err, code_of(said, refusal->status),
                   "the server answered %s%s with %d%s%s%s%s%s%s",
                   li_http_method_text(refusal->call->method), times, refusal->status,
                   *said->code ? " " : "", said->code, why, *said->request ? " (request " : "",
                   said->request, *said->request ? ")" : "");
}
