/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One put of an object, and whether the server honours a condition on it.
 *
 * A server that refuses conditions says so (501). One that ignores them does not. So the first
 * small object is put again, with the same bytes, once under each condition that does not hold: a
 * server that ignores the condition only repeats the write. The two kinds are judged separately,
 * and one 501 is not enough, because it may come from something on the way.
 */
#include "store/s3_put.h"

#include "base/hex.h"

int li_s3_put_prepare(struct li_s3 *s3, const char *key, const void *data, size_t len,
                      struct li_s3_put *put, struct li_error *err)
{
    uint8_t mark[LI_S3_MARK_SIZE];
    int rc;

    *put = (struct li_s3_put){.key = key, .data = data, .len = len};
    rc = s3->client->aws.options.env->random(mark, sizeof(mark), err);
    if (rc == 0)
        rc = li_s3_digest(data, len, put->digest, put->checksum, err);
    if (rc < 0)
        return rc;
    li_hex_encode(mark, sizeof(mark), put->mark);
    return 0;
}

/* MinIO of 2023 answers a refused write with 304, like a read; here that is 412. */
int li_s3_put_send(struct li_s3 *s3, const struct li_s3_put *put, const char *condition,
                   const char *value, int *status, struct li_error *err)
{
    static const int conditional[] = {304, 404, 412, 501, 0};
    const struct li_http_header headers[] = {{LI_S3_MARK, put->mark},
                                             {LI_S3_DIGEST, put->checksum},
                                             {"x-amz-checksum-sha256", put->checksum},
                                             {condition, value}};
    const struct li_aws_call call = {.method = LI_HTTP_PUT,
                                     .headers = headers,
                                     .header_count = condition ? 4 : 3,
                                     .body = put->data,
                                     .body_len = put->len,
                                     .digest = put->digest,
                                     .limit = LI_S3_REPLY_MAX,
                                     .accept = condition ? conditional : NULL};
    struct li_http_response response = {0};
    int rc = li_s3_call(s3, put->key, &call, &response, err);

    if (rc == 0)
        *status = response.status == 304 ? 412 : response.status;
    li_http_response_free(&response);
    return rc;
}

/* ---- whether conditions count ---------------------------------------------------------------- */

/* Sends the put again under a condition that does not hold, until it is known whether the server
 * honours it. */
static int probe_one(struct li_s3 *s3, const struct li_s3_put *put,
                     struct li_s3_condition *condition, const char *name, const char *value,
                     struct li_error *err)
{
    int status = 501, rc = 0;

    while (rc == 0 && status == 501 && li_s3_support(condition) == LI_S3_UNKNOWN) {
        rc = li_s3_put_send(s3, put, name, value, &status, err);
        if (rc == 0 && (status == 412 || status == 404))
            li_s3_is_honoured(condition);
        else if (rc == 0 && status == 501)
            li_s3_is_refused(s3, condition);
        else if (rc == 0)
            li_s3_is_ignored(s3, condition);
    }
    return rc;
}

/* The ETag of no object: it would be the MD5 of something. */
int li_s3_put_probe(struct li_s3 *s3, const struct li_s3_put *put, struct li_error *err)
{
    int rc = 0;

    if (put->len > LI_S3_SMALL)
        return 0;
    pthread_mutex_lock(&s3->client->probing);
    rc = probe_one(s3, put, &s3->client->if_absent, "If-None-Match", "*", err);
    if (rc == 0)
        rc = probe_one(s3, put, &s3->client->if_match, "If-Match",
                       "\"00000000000000000000000000000000\"", err);
    pthread_mutex_unlock(&s3->client->probing);
    return rc;
}
