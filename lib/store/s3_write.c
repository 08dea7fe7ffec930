/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What writes objects.
 *
 * Conditions are the server's to keep: If-None-Match where there must be nothing yet, If-Match
 * where there must be what was read. A request whose answer was lost is sent again, and may then be
 * refused because of what it did itself the first time; so each put marks its object with a random
 * number, and who is refused looks whether the mark is its own.
 *
 * A server that refuses conditions says so (501). One that ignores them does not, so the first
 * small object that is put is put again, the same bytes once under each condition that does not
 * hold: what ignores that only repeats what it has. Where conditions do not count there is a look
 * before each put, and between the two a moment in which another may write: for a chunk that is
 * the same chunk; a pointer would lose one of two pushes to the same tag.
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "store/s3_internal.h"

enum { PROBE_MAX = 1 << 16 /* bytes of an object that is put again */ };

/* A put of one object, however often it is tried. */
struct put {
    const char *key;
    const void *data;
    size_t len;
    char mark[2 * LI_S3_MARK_SIZE + 1];
    uint8_t digest[LI_SHA256_SIZE];
    char checksum[LI_S3_DIGEST_SIZE]; /* the digest in Base64 */
};

static int prepare(struct li_s3 *s3, const char *key, const void *data, size_t len, struct put *put,
                   struct li_error *err)
{
    uint8_t mark[LI_S3_MARK_SIZE];
    int rc;

    *put = (struct put){.key = key, .data = data, .len = len};
    rc = s3->client->env->random(mark, sizeof(mark), err);
    if (rc == 0)
        rc = li_s3_digest(data, len, put->digest, put->checksum, err);
    if (rc < 0)
        return rc;
    li_hex_encode(mark, sizeof(mark), put->mark);
    return 0;
}

/* Sends it under CONDITION, or under none where that is NULL; returns the status in *STATUS: 2xx,
 * 412, 501, or 404 for an If-Match of what is gone. */
static int send_put(struct li_s3 *s3, const struct put *put, const char *condition,
                    const char *value, int *status, struct li_error *err)
{
    static const int conditional[] = {404, 412, 501, 0};
    const struct li_http_header headers[] = {{LI_S3_MARK, put->mark},
                                             {LI_S3_DIGEST, put->checksum},
                                             {"x-amz-checksum-sha256", put->checksum},
                                             {condition, value}};
    const struct li_s3_call call = {.method = LI_HTTP_PUT,
                                    .key = put->key,
                                    .headers = headers,
                                    .header_count = condition ? 4 : 3,
                                    .body = put->data,
                                    .len = put->len,
                                    .digest = put->digest,
                                    .limit = LI_S3_REPLY_MAX,
                                    .accept = condition ? conditional : NULL};
    struct li_http_response response = {0};
    int rc = li_s3_call(s3, &call, &response, err);

    if (rc == 0)
        *status = response.status;
    li_http_response_free(&response);
    return rc;
}

/* ---- whether conditions count ---------------------------------------------------------------- */

static void ignores(struct li_s3 *s3, atomic_int *support)
{
    atomic_store(support, LI_S3_IGNORED);
    if (!atomic_exchange(&s3->client->noticed, true) && s3->client->notice)
        s3->client->notice(
            s3->client->notice_arg,
            "this server does not keep conditions on writes; of two pushes to one tag at "
            "the same moment one may be lost");
}

static int probe_one(struct li_s3 *s3, const struct put *put, atomic_int *support,
                     const char *condition, const char *value, struct li_error *err)
{
    int status = 0, rc;

    if (atomic_load(support) != LI_S3_UNKNOWN)
        return 0;
    rc = send_put(s3, put, condition, value, &status, err);
    if (rc == 0 && (status == 412 || status == 404))
        atomic_store(support, LI_S3_HONOURED);
    else if (rc == 0)
        ignores(s3, support);
    return rc;
}

/* PUT has just been written. No ETag is the one asked for: it would be the MD5 of something. */
static int probe(struct li_s3 *s3, const struct put *put, struct li_error *err)
{
    int rc = 0;

    if (put->len > PROBE_MAX)
        return 0;
    pthread_mutex_lock(&s3->client->probing);
    rc = probe_one(s3, put, &s3->client->if_absent, "If-None-Match", "*", err);
    if (rc == 0)
        rc = probe_one(s3, put, &s3->client->if_match, "If-Match",
                       "\"00000000000000000000000000000000\"", err);
    pthread_mutex_unlock(&s3->client->probing);
    return rc;
}

/* ---- put and replace ------------------------------------------------------------------------- */

static int put_plainly(struct li_s3 *s3, const struct put *put, struct li_error *err)
{
    int status = 0;

    return send_put(s3, put, NULL, NULL, &status, err);
}

static int look_and_put(struct li_s3 *s3, const struct put *put, struct li_error *err)
{
    struct li_s3_seen seen;
    int rc = li_s3_head(s3, put->key, &seen, err);

    if (rc < 0)
        return rc;
    return seen.present ? LI_END : put_plainly(s3, put, err);
}

static bool is_own(const struct put *put, const struct li_s3_seen *seen)
{
    return seen->present && strcmp(put->mark, seen->mark) == 0;
}

static int put_conditionally(struct li_s3 *s3, const struct put *put, struct li_error *err)
{
    struct li_s3_seen seen;
    int status = 0, rc = send_put(s3, put, "If-None-Match", "*", &status, err);

    if (rc < 0)
        return rc;
    if (status == 501) {
        ignores(s3, &s3->client->if_absent);
        atomic_store(&s3->client->if_match, LI_S3_IGNORED);
        return look_and_put(s3, put, err);
    }
    if (status == 404)
        return li_fail(err, LI_EINVALID, "the server answered PUT with 404: check the bucket");
    if (status == 412) {
        atomic_store(&s3->client->if_absent, LI_S3_HONOURED);
        rc = li_s3_head(s3, put->key, &seen, err);
        if (rc == 0 && !seen.present)
            return li_fail(err, LI_ENETWORK,
                           "the server refused it as one that is there already, and it is not; "
                           "try again");
        return rc < 0 || is_own(put, &seen) ? rc : LI_END;
    }
    return probe(s3, put, err);
}

int li_s3_put_if_absent(struct li_store *store, const char *key, const void *data, size_t len,
                        struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    struct put put;
    int rc = prepare(s3, key, data, len, &put, err);

    if (rc < 0)
        return rc;
    if (atomic_load(&s3->client->if_absent) == LI_S3_IGNORED)
        return look_and_put(s3, &put, err);
    return put_conditionally(s3, &put, err);
}

int li_s3_replace(struct li_store *store, const char *key, const void *data, size_t len,
                  struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    struct put put;
    int rc = prepare(s3, key, data, len, &put, err);

    return rc < 0 ? rc : put_plainly(s3, &put, err);
}

/* LI_ECHANGED where KEY does not hold exactly EXPECTED; otherwise its ETag, "" where it has none.
 */
static int compare(struct li_s3 *s3, const char *key, const void *expected, size_t len,
                   char etag[LI_S3_ETAG_MAX + 1], struct li_error *err)
{
    const struct li_s3_call call = {
        .method = LI_HTTP_GET, .key = key, .limit = len, .check = li_s3_check_digest};
    struct li_http_response response = {0};
    int rc = li_s3_call(s3, &call, &response, err);

    if (rc == LI_ENOTFOUND)
        return li_fail(err, LI_ECHANGED, "it was removed by another");
    if (rc == LI_ELIMIT || (rc == 0 && (response.body.len != len ||
                                        (len && memcmp(response.body.data, expected, len) != 0))))
        rc = li_fail(err, LI_ECHANGED, "it was changed by another");
    li_s3_header(&response, "etag", etag, LI_S3_ETAG_MAX + 1);
    li_http_response_free(&response);
    return rc;
}

/* An ETag is compared with its quotes (RFC 9110, section 8.8.3), but some servers compare without
 * (Ceph 16 does, for writes). Sets *STATUS as send_put() does. */
static int send_if_match(struct li_s3 *s3, const struct put *put, const char *etag, int *status,
                         struct li_error *err)
{
    char bare[LI_S3_ETAG_MAX + 1];
    size_t len = strlen(etag);

    if (!atomic_load(&s3->client->bare_etags) || len < 2 || etag[0] != '"')
        return send_put(s3, put, "If-Match", etag, status, err);
    snprintf(bare, sizeof(bare), "%.*s", (int)len - 2, etag + 1);
    return send_put(s3, put, "If-Match", bare, status, err);
}

/* The condition was refused: 0 where that was because of what we wrote ourselves, LI_END where it
 * was refused though it holds, so that the other way to write an ETag is to be tried. */
static int look_why(struct li_s3 *s3, const struct put *put, const char *etag, struct li_error *err)
{
    struct li_s3_seen seen;
    int rc = li_s3_head(s3, put->key, &seen, err);

    if (rc < 0 || is_own(put, &seen))
        return rc;
    if (seen.present && strcmp(seen.etag, etag) == 0 &&
        !atomic_exchange(&s3->client->bare_etags, true))
        return LI_END;
    return li_fail(err, LI_ECHANGED, "it was changed by another");
}

static int put_if_match(struct li_s3 *s3, const struct put *put, const char *etag,
                        struct li_error *err)
{
    int status = 0, rc = LI_END;

    while (rc == LI_END) {
        rc = send_if_match(s3, put, etag, &status, err);
        if (rc == 0 && status == 501) {
            ignores(s3, &s3->client->if_match);
            return put_plainly(s3, put, err);
        }
        if (rc == 0 && (status == 412 || status == 404))
            rc = look_why(s3, put, etag, err);
    }
    return rc;
}

int li_s3_replace_if(struct li_store *store, const char *key, const void *expected,
                     size_t expected_len, const void *data, size_t len, struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    char etag[LI_S3_ETAG_MAX + 1];
    struct put put;
    int rc = prepare(s3, key, data, len, &put, err);

    if (rc == 0)
        rc = compare(s3, key, expected, expected_len, etag, err);
    if (rc < 0)
        return rc;
    if (!*etag)
        ignores(s3, &s3->client->if_match);
    if (atomic_load(&s3->client->if_match) == LI_S3_IGNORED)
        return put_plainly(s3, &put, err);
    return put_if_match(s3, &put, etag, err);
}

/* ---- copy ------------------------------------------------------------------------------------ */

static int send_copy(struct li_s3 *s3, const char *source, const char *to, bool conditional,
                     int *status, struct li_error *err)
{
    static const int accept[] = {412, 501, 0};
    const struct li_http_header headers[] = {{"x-amz-copy-source", source}, {"If-None-Match", "*"}};
    const struct li_s3_call call = {.method = LI_HTTP_PUT,
                                    .key = to,
                                    .headers = headers,
                                    .header_count = conditional ? 2 : 1,
                                    .limit = LI_S3_REPLY_MAX,
                                    .accept = conditional ? accept : NULL,
                                    .may_fail_late = true};
    struct li_http_response response = {0};
    int rc = li_s3_call(s3, &call, &response, err);

    if (rc == 0)
        *status = response.status;
    li_http_response_free(&response);
    return rc;
}

/* Conditions on copies are newer than those on puts, and servers ignore them; so there is a look
 * first. Between the two another may copy the same bytes to the same place. */
int li_s3_copy(struct li_store *store, const char *from, const char *to, struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    const char *const path[] = {"/", s3->client->place.bucket, "/", s3->client->place.prefix, from};
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
