/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns a request about a key into a call. The answer to a HEAD has no body, so a GET of one byte
 * asks why it was refused.
 */
#include "store/s3_internal.h"

_Static_assert((int)LI_STORE_REQUESTS <= (int)LI_AWS_KINDS, "each kind of request has a counter");

/* The counter of a request about KEY. */
static enum li_store_request kind_of(enum li_http_method method, const char *key)
{
    static const enum li_store_request kinds[] = {[LI_HTTP_GET] = LI_STORE_GET,
                                                  [LI_HTTP_HEAD] = LI_STORE_HEAD,
                                                  [LI_HTTP_PUT] = LI_STORE_PUT,
                                                  [LI_HTTP_POST] = LI_STORE_DELETE,
                                                  [LI_HTTP_DELETE] = LI_STORE_DELETE};

    return !key && method == LI_HTTP_GET ? LI_STORE_LIST : kinds[method];
}

int li_s3_call(struct li_s3 *s3, const char *key, const struct li_aws_call *call,
               struct li_http_response *out, struct li_error *err)
{
    static const struct li_http_header range = {"Range", "bytes=0-0"};
    static const int any[] = {404, 416, 0};
    struct li_aws_call why = {.method = LI_HTTP_GET,
                              .headers = &range,
                              .header_count = 1,
                              .limit = LI_S3_REPLY_MAX,
                              .kind = kind_of(LI_HTTP_GET, key),
                              .group = &s3->group,
                              .accept = any};
    struct li_aws_call whole = *call;
    struct li_buffer path = {0};
    int rc = li_s3_location_path(&s3->client->location, key, &path, err);

    whole.path = why.path = (const char *)path.data;
    whole.kind = kind_of(call->method, key);
    whole.group = &s3->group;
    whole.why = call->method == LI_HTTP_HEAD ? &why : NULL;
    if (rc == 0)
        rc = li_aws_call(&s3->client->aws, &whole, out, err);
    li_buffer_free(&path);
    return rc;
}
