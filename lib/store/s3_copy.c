/* SPDX-License-Identifier: Apache-2.0 */
/* Copies objects within a bucket. The server copies, so their bytes do not pass through this
 * process. */
#include "store/s3_internal.h"

static int send_copy(struct li_s3 *s3, const char *source, const char *to, bool conditional,
                     int *status, struct li_error *err)
{
    static const int accept[] = {304, 412, 501, 0};
    const struct li_http_header headers[] = {{"x-amz-copy-source", source}, {"If-None-Match", "*"}};
    const struct li_aws_call call = {.method = LI_HTTP_PUT,
                                     .headers = headers,
                                     .header_count = conditional ? 2 : 1,
                                     .limit = LI_S3_REPLY_MAX,
                                     .accept = conditional ? accept : NULL,
                                     .may_fail_late = true};
    struct li_http_response response = {0};
    int rc = li_s3_call(s3, to, &call, &response, err);

    if (rc == 0)
        *status = response.status == 304 ? 412 : response.status;
    li_http_response_free(&response);
    return rc;
}

/* Conditions on copies are newer than those on puts, and servers ignore them, so we look first. In
 * between, another process can only copy the same bytes to the same place. */
int li_s3_copy(struct li_store *store, const char *from, const char *to, struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    const char *const path[] = {"/", s3->client->location.bucket, "/", s3->client->location.prefix,
                                from};
    struct li_buffer source = {0};
    struct li_s3_seen seen;
    int status = 0, rc = li_s3_head(s3, to, &seen, err);

    if (rc < 0 || seen.present)
        return rc < 0 ? rc : LI_END;
    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]) && rc == 0; i++)
        rc = li_aws_encode(&source, path[i], true, err);
    if (rc == 0)
        rc = li_buffer_append(&source, "", 1, err);
    if (rc == 0)
        rc = send_copy(s3, (char *)source.data, to, true, &status, err);
    if (rc == 0 && status == 501)
        rc = send_copy(s3, (char *)source.data, to, false, &status, err);
    if (rc == 0 && status == 412)
        rc = LI_END;
    li_buffer_free(&source);
    return rc;
}
