/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes objects.
 *
 * The server checks conditions: If-None-Match if there must be no object yet, If-Match if the
 * object must be as it was read. A request whose answer was lost is sent again, and may then be
 * refused because of what it did itself the first time. So each put marks its object with a random
 * number, and a put that is refused looks whether the mark is its own.
 *
 * If the server ignores a condition, we look before the put, and another process may write between
 * the two. For a chunk this is harmless, because it is the same chunk. For small objects, such as
 * pointers, we also look afterwards: if there are another's bytes, this put has lost, and knows it.
 * Nobody can detect a put that was under way during both looks of another: it overwrites what it
 * has not seen.
 */
#include <stdio.h>
#include <string.h>

#include "store/s3_put.h"

enum { MIXED = 3 /* times that an object is put again after two simultaneous puts */ };

static int put_plainly(struct li_s3 *s3, const struct li_s3_put *put, struct li_error *err)
{
    int status = 0;

    return li_s3_put_send(s3, put, NULL, NULL, &status, err);
}

/* The whole object at a key. Zero-initialise it. */
struct found {
    struct li_buffer body;
    char etag[LI_S3_ETAG_MAX + 1]; /* "" for none */
    struct li_s3_whole whole;
};

static int find(struct li_s3 *s3, const char *key, size_t limit, struct found *found,
                struct li_error *err)
{
    const struct li_aws_call call = {.method = LI_HTTP_GET,
                                     .limit = limit,
                                     .check = li_s3_check_digest,
                                     .check_arg = &found->whole};
    struct li_http_response response = {0};
    int rc;

    found->whole = (struct li_s3_whole){.differed = false};
    rc = li_s3_call(s3, key, &call, &response, err);
    li_s3_header(&response, "etag", found->etag, sizeof(found->etag));
    li_buffer_free(&found->body);
    found->body = response.body;
    response.body = (struct li_buffer){0};
    li_http_response_free(&response);
    return rc;
}

/* RC is the result of find(). LI_ECHANGED if there is another object, LI_ENOTFOUND if there is
 * none. */
static int compare(const struct found *found, int rc, const void *expected, size_t len,
                   struct li_error *err)
{
    if (rc == LI_ELIMIT || (rc == 0 && (found->body.len != len ||
                                        (len && memcmp(found->body.data, expected, len) != 0))))
        return li_fail(err, LI_ECHANGED, "another process changed it");
    return rc;
}

/* If a server keeps bytes and metadata apart, two simultaneous puts may leave the bytes of one with
 * the metadata of the other. The put whose bytes are there has won. If it sees another's metadata,
 * it puts the same bytes once more. */
static int find_sound(struct li_s3 *s3, const char *key, struct found *found, struct li_error *err)
{
    struct li_s3_put again;
    int rc = find(s3, key, LI_S3_SMALL, found, err);

    for (int i = 0; i < MIXED && rc == 0 && found->whole.mixed; i++) {
        li_s3_tell_once(
            s3, LI_S3_TOLD_MIXED,
            "two clients wrote the same object at the same moment, which this server does not "
            "prevent; it kept the bytes of one with the metadata of the other, so the object "
            "was written again");
        rc = li_s3_put_prepare(s3, key, found->body.data, found->body.len, &again, err);
        if (rc == 0)
            rc = put_plainly(s3, &again, err);
        if (rc == 0)
            rc = find(s3, key, LI_S3_SMALL, found, err);
    }
    return rc;
}

/* PUT was written without a condition that is known to be honoured: LI_ECHANGED if another process
 * has overwritten it meanwhile. If it is gone, nothing is lost: it was there, and was removed. The
 * bytes of large objects are not checked: chunks have the same bytes, and manifests have names of
 * their own. */
static int read_back(struct li_s3 *s3, const struct li_s3_put *put, struct li_error *err)
{
    struct found found = {.etag = ""};
    int rc = 0;

    if (put->len <= LI_S3_SMALL) {
        rc = find_sound(s3, put->key, &found, err);
        rc = compare(&found, rc, put->data, put->len, err);
    }
    li_buffer_free(&found.body);
    if (rc == LI_ENOTFOUND) {
        li_error_clear(err);
        return 0;
    }
    if (rc == LI_ECHANGED)
        li_s3_tell_once(
            s3, LI_S3_TOLD_RACE,
            "another client wrote the same object at the same moment, which this server does "
            "not prevent; the object is read again");
    return rc;
}

static int look_and_put(struct li_s3 *s3, const struct li_s3_put *put, struct li_error *err)
{
    struct li_s3_seen seen;
    int rc = li_s3_head(s3, put->key, &seen, err);

    if (rc < 0)
        return rc;
    return seen.present ? LI_END : put_plainly(s3, put, err);
}

static bool is_own(const struct li_s3_put *put, const struct li_s3_seen *seen)
{
    return seen->present && strcmp(put->mark, seen->mark) == 0;
}

/* The server does not accept the condition, at all or this once. */
static int put_after_refusal(struct li_s3 *s3, const struct li_s3_put *put, struct li_error *err)
{
    int rc = look_and_put(s3, put, err);

    if (rc == 0) {
        li_s3_is_refused(s3, &s3->client->if_absent);
        rc = li_s3_put_probe(s3, put, err);
    }
    return rc;
}

/* Sets *PLAIN if it was put without the condition. */
static int put_conditionally(struct li_s3 *s3, const struct li_s3_put *put, bool *plain,
                             struct li_error *err)
{
    struct li_s3_condition *condition = &s3->client->if_absent;
    struct li_s3_seen seen;
    int status = 0, rc = li_s3_put_send(s3, put, "If-None-Match", "*", &status, err);

    if (rc < 0)
        return rc;
    *plain = status == 501;
    if (status == 501)
        return put_after_refusal(s3, put, err);
    if (status == 404)
        return li_fail(err, LI_EINVALID, "the server answered PUT with 404: check the bucket");
    if (status == 412) {
        li_s3_is_honoured(condition);
        rc = li_s3_head(s3, put->key, &seen, err);
        if (rc == 0 && !seen.present)
            return li_fail(err, LI_ENETWORK,
                           "the server refused it as if the object existed, but it does not; "
                           "try again");
        return rc < 0 || is_own(put, &seen) ? rc : LI_END;
    }
    atomic_store(&condition->refused, 0);
    return li_s3_put_probe(s3, put, err);
}

int li_s3_put_if_absent(struct li_store *store, const char *key, const void *data, size_t len,
                        struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    struct li_s3_condition *condition = &s3->client->if_absent;
    bool plain = true;
    struct li_s3_put put;
    int rc = li_s3_put_prepare(s3, key, data, len, &put, err);

    if (rc < 0)
        return rc;
    if (li_s3_support(condition) == LI_S3_IGNORED)
        rc = look_and_put(s3, &put, err);
    else
        rc = put_conditionally(s3, &put, &plain, err);
    if (rc == 0 && (plain || li_s3_support(condition) == LI_S3_IGNORED))
        rc = read_back(s3, &put, err);
    if (rc == LI_ECHANGED) {
        li_error_clear(err);
        rc = LI_END;
    }
    return rc;
}

int li_s3_replace(struct li_store *store, const char *key, const void *data, size_t len,
                  struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    struct li_s3_put put;
    int rc = li_s3_put_prepare(s3, key, data, len, &put, err);

    return rc < 0 ? rc : put_plainly(s3, &put, err);
}

/* An ETag is compared with its quotes (RFC 9110, section 8.8.3), but some servers compare it
 * without (Ceph 16 does, for writes). Sets *STATUS as li_s3_put_send() does. */
static int send_if_match(struct li_s3 *s3, const struct li_s3_put *put, const char *etag,
                         int *status, struct li_error *err)
{
    char bare[LI_S3_ETAG_MAX + 1];
    size_t len = strlen(etag);

    if (!atomic_load(&s3->client->bare_etags) || len < 2 || etag[0] != '"')
        return li_s3_put_send(s3, put, "If-Match", etag, status, err);
    snprintf(bare, sizeof(bare), "%.*s", (int)len - 2, etag + 1);
    return li_s3_put_send(s3, put, "If-Match", bare, status, err);
}

/* The condition was refused: 0 if that was because of our own write; LI_END if it was refused
 * although it holds, so that the other form of the ETag must be tried. */
static int look_why(struct li_s3 *s3, const struct li_s3_put *put, const char *etag,
                    struct li_error *err)
{
    struct li_s3_seen seen;
    int rc = li_s3_head(s3, put->key, &seen, err);

    if (rc < 0 || is_own(put, &seen))
        return rc;
    if (seen.present && strcmp(seen.etag, etag) == 0 &&
        !atomic_exchange(&s3->client->bare_etags, true))
        return LI_END;
    return li_fail(err, LI_ECHANGED, "another process changed it");
}

static int replace_plainly(struct li_s3 *s3, const struct li_s3_put *put, struct li_error *err)
{
    int rc = put_plainly(s3, put, err);

    return rc == 0 ? read_back(s3, put, err) : rc;
}

static int put_if_match(struct li_s3 *s3, const struct li_s3_put *put, const char *etag,
                        struct li_error *err)
{
    struct li_s3_condition *condition = &s3->client->if_match;
    int status = 0, rc = LI_END;

    while (rc == LI_END) {
        rc = send_if_match(s3, put, etag, &status, err);
        if (rc == 0 && status == 501) {
            rc = put_plainly(s3, put, err);
            if (rc == 0)
                li_s3_is_refused(s3, condition);
            return rc == 0 ? read_back(s3, put, err) : rc;
        }
        if (rc == 0 && status == 412)
            li_s3_is_honoured(condition);
        if (rc == 0 && (status == 412 || status == 404))
            rc = look_why(s3, put, etag, err);
    }
    if (rc == 0)
        atomic_store(&condition->refused, 0);
    return rc == 0 && li_s3_support(condition) != LI_S3_HONOURED ? read_back(s3, put, err) : rc;
}

/* The object there is EXPECTED, with ETAG. */
static int replace_found(struct li_s3 *s3, const struct li_s3_put *put, const char *etag,
                         struct li_error *err)
{
    if (li_s3_support(&s3->client->if_match) == LI_S3_IGNORED)
        return replace_plainly(s3, put, err);
    if (*etag)
        return put_if_match(s3, put, etag, err);
    li_s3_tell_once(s3, LI_S3_TOLD_ETAG,
                    "this server gave no ETag for an object that is replaced; of two pushes to one "
                    "tag at the same moment one may be lost");
    return replace_plainly(s3, put, err);
}

int li_s3_replace_if(struct li_store *store, const char *key, const struct li_buffer *expected,
                     const void *data, size_t len, struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    struct found found = {.etag = ""};
    struct li_s3_put put;
    int rc = li_s3_put_prepare(s3, key, data, len, &put, err);

    if (rc == 0) {
        rc = find(s3, key, expected->len, &found, err);
        rc = compare(&found, rc, expected->data, expected->len, err);
    }
    if (rc == LI_ENOTFOUND)
        rc = li_fail(err, LI_ECHANGED, "another process removed it");
    if (rc == 0)
        rc = replace_found(s3, &put, found.etag, err);
    li_buffer_free(&found.body);
    return rc;
}
