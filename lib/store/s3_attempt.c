/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt of a request to the bucket, and what its answer means.
 *
 * Some refusals tell what was wrong, and are corrected and sent again at once, each kind once for a
 * request: another region, another time of day, credentials that have expired. These may expire
 * again while a long request is on its way, or waits for its turn: then it is sent again as after
 * any failure that passes, as long as there are others than those that were refused. The answer to
 * a HEAD has no body to tell it in, so the same is then asked by a GET of one byte; so it is where
 * a 404 may be another's than the server's.
 *
 * Whoever reads a bucket through here must not be led elsewhere by it: a redirect is taken for the
 * name of a region, which is checked to be one label, and never for an address.
 */
#include "store/s3_attempt.h"

#include <curl/curl.h>
#include <string.h>

enum {
    TOTAL = 120,      /* seconds for a request without a body */
    RATE = 16 * 1024, /* bytes a second that a body must make on the whole */
    SKEW = 240,       /* seconds off that may be the reason of a refusal; AWS grants 900 */
};

/* 2100-01-01: a server that is later than this is wrong about the time. Later than the year 9999 no
 * request can be signed, so that no answer would ever come that corrects it. */
static const int64_t LATEST = 4102444800;

/* ---- sending it ------------------------------------------------------------------------------ */

static unsigned patience(const struct li_s3_call *call)
{
    size_t bytes = call->len > call->limit ? call->len : call->limit;

    if (bytes > LI_STORE_OBJECT_MAX)
        bytes = LI_STORE_OBJECT_MAX;
    return TOTAL + (unsigned)(bytes / RATE);
}

static int send_signed(struct li_s3_sending *s, const struct li_s3_call *call, const char *path,
                       struct li_error *err)
{
    const struct li_aws_request request = {.method = call->method,
                                           .endpoint = &s->place.endpoint,
                                           .path = path,
                                           .query = call->query,
                                           .query_count = call->query_count,
                                           .headers = call->headers,
                                           .header_count = call->header_count,
                                           .body = call->body,
                                           .body_len = call->len,
                                           .digest = call->digest,
                                           .region = s->place.region,
                                           .service = "s3"};
    struct li_aws_signed ready = {0};
    int rc = li_aws_sign(&request, s->s3->client->provider ? &s->credentials : NULL,
                         s->now + s->skew, &ready, err);

    if (rc == 0) {
        const struct li_http_request http = {.method = call->method,
                                             .url = ready.url,
                                             .headers = ready.headers,
                                             .header_count = ready.header_count,
                                             .body = call->body,
                                             .body_len = call->len,
                                             .limit = call->limit,
                                             .stall = s->s3->client->stall,
                                             .total = patience(call),
                                             .group = &s->s3->group};

        rc = li_http_send(s->s3->client->http, &http, &s->response, err);
    }
    li_aws_signed_free(&ready);
    return rc;
}

static void count(struct li_s3_sending *s, const struct li_s3_call *call)
{
    static const enum li_store_request kinds[] = {[LI_HTTP_GET] = LI_STORE_GET,
                                                  [LI_HTTP_HEAD] = LI_STORE_HEAD,
                                                  [LI_HTTP_PUT] = LI_STORE_PUT,
                                                  [LI_HTTP_POST] = LI_STORE_DELETE,
                                                  [LI_HTTP_DELETE] = LI_STORE_DELETE};
    enum li_store_request kind = call->key                     ? kinds[call->method]
                                 : call->method == LI_HTTP_GET ? LI_STORE_LIST
                                                               : kinds[call->method];

    atomic_fetch_add(&s->s3->client->requests[kind], 1);
    atomic_fetch_add(&s->s3->client->repeated, s->sent);
    atomic_fetch_add(&s->s3->client->sent, call->len);
    atomic_fetch_add(&s->s3->client->received, s->response.body.len);
    s->sent = true;
}

/* Whatever is wrong with credentials says nothing about an object: a profile or a token's file that
 * is not there must not look like a key that is not, nor one on a bad sector like a damaged
 * object. */
static int take_credentials(struct li_s3_sending *s, struct li_error *err)
{
    int rc = li_aws_provider_get(s->s3->client->provider, &s->credentials, err);

    if (rc < 0)
        err->sys = 0;
    if (rc < 0 && rc != LI_ENETWORK && rc != LI_ENOMEM && rc != LI_ECANCELLED)
        rc = err->code = LI_EDENIED;
    return rc;
}

void li_s3_place_now(struct li_s3 *s3, struct li_s3_place *out)
{
    pthread_mutex_lock(&s3->client->lock);
    *out = s3->client->place;
    pthread_mutex_unlock(&s3->client->lock);
}

static int send_once(struct li_s3_sending *s, const struct li_s3_call *call, struct li_error *err)
{
    struct li_s3 *s3 = s->s3;
    struct li_buffer path = {0};
    int rc = 0;

    s->response.unreached = false;
    if (s3->client->provider)
        rc = take_credentials(s, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&s3->client->lock);
    s->place = s3->client->place;
    s->skew = s3->client->skew;
    pthread_mutex_unlock(&s3->client->lock);
    s->now = s3->client->env->now();
    rc = li_s3_place_path(&s->place, call->key, &path, err);
    if (rc == 0)
        rc = send_signed(s, call, (char *)path.data, err);
    count(s, call);
    li_buffer_free(&path);
    if (rc == 0) {
        atomic_store(&s3->client->answered, true);
        li_retry_reached(&s3->client->outage);
    } else if (s->response.unreached && atomic_load(&s3->client->answered)) {
        li_retry_unreached(&s3->client->outage, li_http_milliseconds());
    }
    /* What a server does not end may have been cut by anybody. */
    if (rc == 0 && (call->method == LI_HTTP_GET || call->may_fail_late) &&
        s->response.status < 300 && !s->response.framed)
        rc = li_fail(err, LI_ENETWORK, "the answer does not say where it ends");
    return rc;
}

/* ---- what the answer means ------------------------------------------------------------------- */

static bool is_accepted(const struct li_s3_sending *s, const struct li_s3_call *call)
{
    int status = s->response.status;

    if (status >= 200 && status <= 299)
        return true;
    for (const int *at = call->accept; at && *at; at++)
        if (*at == status)
            return status != 404 || s->said.absent;
    return false;
}

static bool says(const struct li_s3_sending *s, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(s->said.code, *codes) == 0)
            return true;
    return false;
}

/* The server's region, where it names one that is not the one we signed for. */
static bool corrects_region(struct li_s3_sending *s)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_s3 *s3 = s->s3;
    int rc;

    if (s->moved || !*s->said.region || strcmp(s->said.region, s->place.region) == 0)
        return false;
    s->moved = true;
    pthread_mutex_lock(&s3->client->lock);
    rc = li_s3_place_move(&s3->client->place, s->said.region, &ignored);
    pthread_mutex_unlock(&s3->client->lock);
    return rc == 0;
}

/* Of many servers behind one address one may be wrong about the time: a second correction is as
 * good as the first, but whoever needs one waits as for any failure, as does who is refused at the
 * time that a wrong one gave. */
static bool corrects_clock(struct li_s3_sending *s)
{
    const char *text = li_http_header(&s->response, "date");
    time_t date = text ? curl_getdate(text, NULL) : -1;
    int64_t skew = (int64_t)date - s->now, change = skew - s->skew;

    if (date < 0 || date >= LATEST || (change > -SKEW && change < SKEW))
        return false;
    pthread_mutex_lock(&s->s3->client->lock);
    s->s3->client->skew = skew;
    pthread_mutex_unlock(&s->s3->client->lock);
    return true;
}

/* Whether they have expired and there are others now. */
static bool renews_credentials(struct li_s3_sending *s, struct li_error *err)
{
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException", "InvalidToken",
                                          "TokenRefreshRequired", NULL};

    if (!s->s3->client->provider || !says(s, expired))
        return false;
    s->expired = li_aws_provider_rejected(s->s3->client->provider, &s->credentials, err) < 0;
    return !s->expired;
}

static enum li_s3_verdict judge(struct li_s3_sending *s, const struct li_s3_call *call,
                                struct li_error *err)
{
    static const char *const skewed[] = {"RequestTimeTooSkewed", NULL};
    int status = s->response.status;

    li_s3_error_read(&s->response, &s->said);
    if (call->may_fail_late && status == 200 && *s->said.code)
        return li_s3_error_is_passing(s->said.code) ? LI_S3_LATER : LI_S3_REFUSED;
    if (is_accepted(s, call) || (call->accept_codes && says(s, call->accept_codes)))
        return LI_S3_ANSWERED;
    if ((status == 301 || status == 307 || status == 400 || status == 403) && corrects_region(s))
        return LI_S3_AGAIN;
    if (status == 403 && corrects_clock(s)) {
        bool before = s->set_clock;

        s->set_clock = true;
        return before ? LI_S3_LATER : LI_S3_AGAIN;
    }
    if (s->skew && says(s, skewed))
        return LI_S3_LATER;
    if (renews_credentials(s, err)) {
        bool before = s->renewed;

        s->renewed = true;
        return before ? LI_S3_LATER : LI_S3_AGAIN;
    }
    return li_retry_is_passing(status) || li_s3_error_is_passing(s->said.code) ? LI_S3_LATER
                                                                               : LI_S3_REFUSED;
}

/* The reason of a HEAD's refusal, by a GET. What it says replaces what the HEAD said: that there is
 * no such object is the answer to both, where the HEAD had 404. Where it is not refused, the reason
 * has gone since, as when another thread renewed the credentials: then the HEAD is sent again, the
 * first time at once. That the GET could not be sent is none of the server's reasons, and is told
 * in its own words: what was called off must not look like a refusal.
 */
static enum li_s3_verdict ask_why(struct li_s3_sending *s, int *rc, struct li_error *err)
{
    static const struct li_http_header range = {"Range", "bytes=0-0"};
    static const int any[] = {404, 416, 0};
    const struct li_s3_call call = {.method = LI_HTTP_GET,
                                    .key = s->call->key,
                                    .headers = &range,
                                    .header_count = 1,
                                    .limit = LI_S3_REPLY_MAX,
                                    .accept = any};
    int status = s->response.status;
    enum li_s3_verdict verdict;

    *rc = send_once(s, &call, err);
    if (*rc < 0)
        return *rc == LI_ENETWORK ? LI_S3_LATER : LI_S3_REFUSED;
    verdict = judge(s, &call, err);
    if (verdict != LI_S3_ANSWERED || (status == 404 && s->response.status == 404))
        return verdict;
    if (!s->asked_why) {
        s->asked_why = true;
        return LI_S3_AGAIN;
    }
    s->response.status = status;
    *s->said.code = *s->said.message = '\0';
    s->said.absent = false;
    return LI_S3_LATER;
}

/* What the caller has to say of an answer that is one. */
static enum li_s3_verdict check(struct li_s3_sending *s, int *rc, struct li_error *err)
{
    if (!s->call->check || s->response.status > 299)
        return LI_S3_ANSWERED;
    *rc = s->call->check(s->call->check_arg, &s->response, err);
    if (*rc == 0)
        return LI_S3_ANSWERED;
    s->spoiled = *rc == LI_ECORRUPT || *rc == LI_ENETWORK;
    if (*s->said.request)
        li_context(err, "request %s", s->said.request);
    return s->spoiled ? LI_S3_LATER : LI_S3_REFUSED;
}

enum li_s3_verdict li_s3_attempt(struct li_s3_sending *s, int *rc, struct li_error *err)
{
    enum li_s3_verdict verdict;

    do {
        s->spoiled = false;
        li_http_response_free(&s->response);
        *rc = send_once(s, s->call, err);
        if (*rc < 0)
            return *rc == LI_ENETWORK ? LI_S3_LATER : LI_S3_REFUSED;
        verdict = judge(s, s->call, err);
        if (verdict == LI_S3_REFUSED && s->call->method == LI_HTTP_HEAD &&
            (s->response.status == 400 || s->response.status == 403 || s->response.status == 404))
            verdict = ask_why(s, rc, err);
        if (verdict == LI_S3_ANSWERED)
            verdict = check(s, rc, err);
    } while (verdict == LI_S3_AGAIN);
    return verdict;
}
