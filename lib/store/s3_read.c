/* SPDX-License-Identifier: Apache-2.0 */
/* Reads objects. A body that ends early never gets here: it is retried as a failure. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/workers.h"
#include "store/s3_internal.h"

enum { PARALLEL = 32 }; /* requests at a time for one call with many keys */

/* The body becomes OUT; OUT's old bytes are freed with the response. */
static void take_body(struct li_http_response *response, struct li_buffer *out)
{
    struct li_buffer body = response->body;

    response->body = *out;
    *out = body;
}

int li_s3_digest(const void *data, size_t len, uint8_t digest[LI_SHA256_SIZE],
                 char text[LI_S3_DIGEST_SIZE], struct li_error *err)
{
    int rc = li_sha256(data, len, digest, err);

    if (rc == 0)
        EVP_EncodeBlock((unsigned char *)text, digest, LI_SHA256_SIZE);
    return rc;
}

/* Chunks and manifests have their own checks, which find objects that were made wrong. This check
 * finds bytes that were damaged on the way, which may be right the next time. If the bytes differ
 * again in the same way, the object itself is so. Either it is damaged, or its server keeps bytes
 * and metadata apart, and two simultaneous puts left the bytes of one with the checksum of the
 * other. Such an object is as good as any, so to refuse it here would be to lose it. */
int li_s3_check_digest(void *arg, const struct li_http_response *response, struct li_error *err)
{
    const char *said = li_http_header(response, LI_S3_DIGEST);
    struct li_s3_whole *whole = arg;
    uint8_t digest[LI_SHA256_SIZE];
    char text[LI_S3_DIGEST_SIZE];
    int rc;

    whole->mixed = false;
    if (response->status != 200)
        return li_fail(err, LI_ECORRUPT, "the answer, with status %d, is not the whole object",
                       response->status);
    if (!said)
        return 0;
    rc = li_s3_digest(response->body.data, response->body.len, digest, text, err);
    if (rc < 0 || strcmp(text, said) == 0)
        return rc;
    whole->mixed = whole->differed && memcmp(whole->digest, digest, LI_SHA256_SIZE) == 0;
    whole->differed = true;
    memcpy(whole->digest, digest, LI_SHA256_SIZE);
    return whole->mixed
               ? 0
               : li_fail(err, LI_ECORRUPT, "the object is not what was put: its checksum differs");
}

int li_s3_get(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
              struct li_error *err)
{
    struct li_s3_whole whole = {.differed = false};
    const struct li_aws_call call = {
        .method = LI_HTTP_GET, .limit = limit, .check = li_s3_check_digest, .check_arg = &whole};
    struct li_http_response response = {0};
    int rc = li_s3_call((struct li_s3 *)store, key, &call, &response, err);

    out->len = 0;
    if (rc == 0)
        take_body(&response, out);
    li_http_response_free(&response);
    return rc;
}

/* Checks that the answer has the requested range. */
static int check_range(const struct li_http_response *response, uint64_t offset, size_t len,
                       struct li_error *err)
{
    const char *text = li_http_header(response, "content-range");
    uint64_t first, last;

    if (!text || sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/", &first, &last) != 2)
        return li_fail(err, LI_ECORRUPT, "the answer does not say which bytes it holds");
    if (first != offset || last < first || last - first >= len ||
        last - first + 1 != response->body.len)
        return li_fail(err, LI_ECORRUPT,
                       "the answer holds bytes %" PRIu64 " to %" PRIu64 ", not %zu from %" PRIu64,
                       first, last, len, offset);
    return 0;
}

/* For zero bytes, which no range can request: only asks whether the object exists. */
static int get_nothing(struct li_s3 *s3, const char *key, struct li_error *err)
{
    struct li_s3_seen seen;
    int rc = li_s3_head(s3, key, &seen, err);

    if (rc == 0 && !seen.present)
        rc = li_fail(err, LI_ENOTFOUND, "there is no such object");
    return rc;
}

int li_s3_get_range(struct li_store *store, const char *key, uint64_t offset, size_t len,
                    struct li_buffer *out, struct li_error *err)
{
    static const int accept[] = {416, 0};
    char range[64];
    const struct li_http_header header = {"Range", range};
    const struct li_aws_call call = {.method = LI_HTTP_GET,
                                     .headers = &header,
                                     .header_count = 1,
                                     .limit = len,
                                     .accept = accept};
    struct li_http_response response = {0};
    int rc;

    out->len = 0;
    if (len == 0 || offset > UINT64_MAX - len)
        return get_nothing((struct li_s3 *)store, key, err);
    snprintf(range, sizeof(range), "bytes=%" PRIu64 "-%" PRIu64, offset, offset + len - 1);
    rc = li_s3_call((struct li_s3 *)store, key, &call, &response, err);
    if (rc == LI_ELIMIT)
        rc = li_fail(err, LI_EUNSUPPORTED, "the server does not send parts of objects");
    if (rc == 0 && response.status == 206)
        rc = check_range(&response, offset, len, err);
    else if (rc == 0 && response.status == 416)
        response.body.len = 0;
    else if (rc == 0 && (response.status != 200 || offset > 0))
        rc = li_fail(err, LI_EUNSUPPORTED, "the server does not send parts of objects");
    if (rc == 0)
        take_body(&response, out);
    li_http_response_free(&response);
    return rc;
}

void li_s3_header(const struct li_http_response *response, const char *name, char *to, size_t size)
{
    const char *text = li_http_header(response, name);

    snprintf(to, size, "%s", text && strlen(text) < size ? text : "");
}

static void read_size(const struct li_http_response *response, struct li_s3_seen *seen)
{
    const char *text = li_http_header(response, "content-length");
    char *end = NULL;

    seen->sized = text != NULL;
    seen->size = 0;
    if (!text)
        return;
    errno = 0;
    seen->size = strtoull(text, &end, 10);
    if (errno || *text < '0' || *text > '9' || *end)
        seen->size = UINT64_MAX;
}

int li_s3_head(struct li_s3 *s3, const char *key, struct li_s3_seen *out, struct li_error *err)
{
    static const int accept[] = {404, 0};
    const struct li_aws_call call = {
        .method = LI_HTTP_HEAD, .limit = LI_S3_REPLY_MAX, .accept = accept};
    struct li_http_response response = {0};
    int rc = li_s3_call(s3, key, &call, &response, err);

    if (rc == 0) {
        out->present = response.status != 404;
        read_size(&response, out);
        li_s3_header(&response, LI_S3_MARK, out->mark, sizeof(out->mark));
        li_s3_header(&response, "etag", out->etag, sizeof(out->etag));
    }
    li_http_response_free(&response);
    return rc;
}

struct each {
    struct li_s3 s3; /* a handle of its own */
    size_t count;
    li_s3_one *one;
    void *arg;
    atomic_size_t next;
};

static int work(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct each *each = arg;
    size_t i;
    int rc = 0;

    (void)index;
    while (rc == 0 && !li_workers_stopped(team) &&
           (i = atomic_fetch_add(&each->next, 1)) < each->count)
        rc = each->one(each->arg, &each->s3, i, err);
    if (rc < 0)
        li_http_cancel(each->s3.client->aws.options.http, &each->s3.group);
    return rc;
}

int li_s3_each(struct li_s3 *s3, size_t count, li_s3_one *one, void *arg, struct li_error *err)
{
    struct each each = {.s3 = {.client = s3->client, .group = {.parent = &s3->group}},
                        .count = count,
                        .one = one,
                        .arg = arg};
    struct li_workers *team = NULL;
    int rc;

    if (count < 2)
        return count ? one(arg, s3, 0, err) : 0;
    rc = li_workers_start(count < PARALLEL ? (unsigned)count : PARALLEL, work, &each, &team, err);
    return rc < 0 ? rc : li_workers_join(team, err);
}

struct batch {
    const char *const *keys;
    uint64_t most;
    bool *present;
};

/* Whether it can be the wanted object. An interrupted copy may have left an empty one. An answer
 * with neither a length nor an ETag is not a server's answer about an object. */
static bool is_sound(const struct li_s3_seen *seen, uint64_t most)
{
    if (!seen->sized)
        return *seen->etag != '\0';
    return seen->size > 0 && seen->size <= most;
}

static int look(void *arg, struct li_s3 *s3, size_t i, struct li_error *err)
{
    struct batch *batch = arg;
    struct li_s3_seen seen;
    int rc = li_s3_head(s3, batch->keys[i], &seen, err);

    if (rc == 0)
        batch->present[i] = seen.present && is_sound(&seen, batch->most);
    return rc;
}

int li_s3_exists(struct li_store *store, const char *const *keys, size_t count, uint64_t most,
                 bool *present, struct li_error *err)
{
    struct batch batch = {keys, most, present};

    return li_s3_each((struct li_s3 *)store, count, look, &batch, err);
}
