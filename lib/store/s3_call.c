/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request to the bucket, sent until there is an answer.
 *
 * Some refusals tell what was wrong, and are corrected and sent again at once, each kind once for a
 * request: another region, another time of day, credentials that have expired. These may expire
 * again while a long request is on its way, or waits for its turn: then it is sent again as after
 * any failure that passes, as long as there are others than those that were refused. The answer to
 * a HEAD has no body to tell it in, so the same is then asked by a GET of one byte. What may pass
 * by itself is sent again after a wait. All else ends the call.
 *
 * Whoever reads a bucket through here must not be led elsewhere by it: a redirect is taken for the
 * name of a region, which is checked to be one label, and never for an address.
 */
#include <curl/curl.h>
#include <string.h>

#include "store/s3_internal.h"

enum {
    TOTAL = 120,      /* seconds for a request without a body */
    RATE = 16 * 1024, /* bytes a second that a body must make on the whole */
    SKEW = 240,       /* seconds off that may be the reason of a refusal; AWS grants 900 */
    SPOILED = 4,      /* attempts in all where what comes is not what was sent */
};

/* 2100-01-01: a server that is later than this is wrong about the time. Later than the year 9999 no
 * request can be signed, so that no answer would ever come that corrects it. */
static const int64_t LATEST = 4102444800;

/* A request on its way through its attempts. */
struct sending {
    struct li_s3 *s3;
    const struct li_s3_call *call;
    struct li_aws_credentials credentials; /* of the last attempt */
    struct li_s3_place place;
    int64_t now, skew;
    struct li_http_response response;
    struct li_s3_error said;
    unsigned attempts;
    unsigned asked;                 /* of these, those that asked for all in an outage */
    bool asks;                      /* it does */
    bool sent;                      /* once at least */
    bool moved, set_clock, renewed; /* what was corrected already */
    bool asked_why;                 /* and found nothing wrong */
    bool expired;                   /* and there are no other credentials; the error is filled in */
    bool spoiled;                   /* what came last failed its check */
};

enum verdict { ANSWERED, AGAIN, LATER, REFUSED };

static bool is_accepted(const struct li_s3_call *call, int status)
{
    if (status >= 200 && status <= 299)
        return true;
    for (const int *at = call->accept; at && *at; at++)
        if (*at == status)
            return true;
    return false;
}

/* ---- one attempt ----------------------------------------------------------------------------- */

static unsigned patience(const struct li_s3_call *call)
{
    size_t bytes = call->len > call->limit ? call->len : call->limit;

    if (bytes > LI_STORE_OBJECT_MAX)
        bytes = LI_STORE_OBJECT_MAX;
    return TOTAL + (unsigned)(bytes / RATE);
}

static int send_signed(struct sending *s, const struct li_s3_call *call, const char *path,
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
    int rc = li_aws_sign(&request, &s->credentials, s->now + s->skew, &ready, err);

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

static void count(struct sending *s, const struct li_s3_call *call)
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

static int send_once(struct sending *s, const struct li_s3_call *call, struct li_error *err)
{
    struct li_s3 *s3 = s->s3;
    struct li_buffer path = {0};
    int rc;

    s->response.unreached = false;
    rc = li_aws_provider_get(s3->client->provider, &s->credentials, err);
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

static bool says(const struct sending *s, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(s->said.code, *codes) == 0)
            return true;
    return false;
}

/* The server's region, where it names one that is not the one we signed for. */
static bool corrects_region(struct sending *s)
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
static bool corrects_clock(struct sending *s)
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
static bool renews_credentials(struct sending *s, struct li_error *err)
{
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException", "InvalidToken",
                                          "TokenRefreshRequired", NULL};

    if (!says(s, expired))
        return false;
    s->expired = li_aws_provider_rejected(s->s3->client->provider, &s->credentials, err) < 0;
    return !s->expired;
}

static enum verdict judge(struct sending *s, const struct li_s3_call *call, struct li_error *err)
{
    static const char *const skewed[] = {"RequestTimeTooSkewed", NULL};
    int status = s->response.status;

    li_s3_error_read(&s->response, &s->said);
    if (call->may_fail_late && status == 200 && *s->said.code)
        return li_s3_error_is_passing(s->said.code) ? LATER : REFUSED;
    if (is_accepted(call, status) || (call->accept_codes && says(s, call->accept_codes)))
        return ANSWERED;
    if ((status == 301 || status == 307 || status == 400 || status == 403) && corrects_region(s))
        return AGAIN;
    if (status == 403 && corrects_clock(s)) {
        bool before = s->set_clock;

        s->set_clock = true;
        return before ? LATER : AGAIN;
    }
    if (s->skew && says(s, skewed))
        return LATER;
    if (renews_credentials(s, err)) {
        bool before = s->renewed;

        s->renewed = true;
        return before ? LATER : AGAIN;
    }
    return li_retry_is_passing(status) || li_s3_error_is_passing(s->said.code) ? LATER : REFUSED;
}

/* The reason of a HEAD's refusal, by a GET. What it says replaces what the HEAD said. Where it is
 * not refused, the reason has gone since, as when another thread renewed the credentials: then the
 * HEAD is sent again, the first time at once. That the GET could not be sent is none of the
 * server's reasons, and is told in its own words: what was called off must not look like a refusal.
 */
static enum verdict ask_why(struct sending *s, int *rc, struct li_error *err)
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
    enum verdict verdict;

    *rc = send_once(s, &call, err);
    if (*rc < 0)
        return *rc == LI_ENETWORK ? LATER : REFUSED;
    verdict = judge(s, &call, err);
    if (verdict != ANSWERED)
        return verdict;
    if (!s->asked_why) {
        s->asked_why = true;
        return AGAIN;
    }
    s->response.status = status;
    *s->said.code = *s->said.message = '\0';
    return LATER;
}

/* ---- all attempts ---------------------------------------------------------------------------- */

static bool is_out(const struct sending *s)
{
    return s->response.unreached && li_retry_is_out(&s->s3->client->outage, li_http_milliseconds());
}

static void stop_asking(struct sending *s)
{
    if (s->asks)
        li_retry_asked(&s->s3->client->outage);
    s->asks = false;
}

static bool may_try_again(struct sending *s, const struct li_error *err)
{
    struct li_s3_client *client = s->s3->client;
    unsigned most = atomic_load(&client->answered) ? LI_RETRY_ATTEMPTS : LI_RETRY_ATTEMPTS_UNKNOWN;

    if (s->spoiled && err->code == LI_ECORRUPT && most > SPOILED)
        most = SPOILED;
    return s->attempts - s->asked < most && li_retry_take(&client->budget);
}

static int pause_at_random(struct sending *s, unsigned least, unsigned attempt, unsigned most,
                           struct li_error *err)
{
    struct li_s3 *s3 = s->s3;
    uint32_t random;
    unsigned wait;
    int rc = s3->client->env->random(&random, sizeof(random), err);

    if (rc < 0)
        return rc;
    wait = li_retry_wait(attempt, random, least);
    return li_http_pause(s3->client->http, &s3->group, wait < most ? wait : most, err);
}

/* Waits for the next attempt, or returns a negative error where there is none. In an outage one
 * asks for all, at its own pace; the others wait until it is answered, or ask in its place. */
static int wait_for_next(struct sending *s, struct li_error *err)
{
    struct li_error before = *err;
    int rc;

    if (s->asks && is_out(s)) {
        s->asked++;
        rc = pause_at_random(s, LI_RETRY_PROBE / 2, s->asked + 1, LI_RETRY_PROBE, err);
    } else {
        stop_asking(s);
        if (!may_try_again(s, err))
            return LI_ENETWORK;
        rc = pause_at_random(s, (unsigned)li_retry_after(&s->response), s->attempts - s->asked,
                             LI_RETRY_LONGEST, err);
        while (rc == 0 && is_out(s) && !(s->asks = li_retry_ask(&s->s3->client->outage)))
            rc = pause_at_random(s, LI_RETRY_LOOK / 2, 2, LI_RETRY_LOOK, err);
    }
    if (rc == 0)
        *err = before;
    return rc;
}

/* What the caller has to say of an answer that is one. */
static enum verdict check(struct sending *s, int *rc, struct li_error *err)
{
    if (!s->call->check || s->response.status > 299)
        return ANSWERED;
    *rc = s->call->check(s->call->check_arg, &s->response, err);
    if (*rc == 0)
        return ANSWERED;
    s->spoiled = *rc == LI_ECORRUPT || *rc == LI_ENETWORK;
    if (*s->said.request)
        li_context(err, "request %s", s->said.request);
    return s->spoiled ? LATER : REFUSED;
}

/* One attempt with its corrections. LATER without a response is a failure to get one. */
static enum verdict attempt(struct sending *s, int *rc, struct li_error *err)
{
    enum verdict verdict;

    do {
        s->spoiled = false;
        li_http_response_free(&s->response);
        *rc = send_once(s, s->call, err);
        if (*rc < 0)
            return *rc == LI_ENETWORK ? LATER : REFUSED;
        verdict = judge(s, s->call, err);
        if (verdict == REFUSED && s->call->method == LI_HTTP_HEAD &&
            (s->response.status == 400 || s->response.status == 403))
            verdict = ask_why(s, rc, err);
        if (verdict == ANSWERED)
            verdict = check(s, rc, err);
    } while (verdict == AGAIN);
    return verdict;
}

static int refuse(struct sending *s, int rc, struct li_error *err)
{
    if (rc < 0 && s->attempts > 1)
        return li_context(err, "no %sanswer in %u attempts", s->spoiled ? "sound " : "",
                          s->attempts);
    if (rc < 0)
        return rc;
    if (s->expired)
        return err->code;
    return li_s3_error_tell(&s->said, s->call->method, s->response.status, s->attempts,
                            s->place.bucket, &s->credentials, err);
}

int li_s3_call(struct li_s3 *s3, const struct li_s3_call *call, struct li_http_response *out,
               struct li_error *err)
{
    struct sending s = {.s3 = s3, .call = call};
    enum verdict verdict = LATER;
    int rc = 0, waited = 0;

    while (verdict == LATER && waited == 0) {
        s.attempts++;
        verdict = attempt(&s, &rc, err);
        if (verdict == LATER)
            waited = wait_for_next(&s, err);
    }
    if (waited == LI_ECANCELLED) {
        rc = waited;
    } else if (verdict != ANSWERED) {
        rc = refuse(&s, rc, err);
    } else {
        li_retry_refill(&s3->client->budget);
        li_http_response_free(out);
        *out = s.response;
        s.response = (struct li_http_response){0};
    }
    stop_asking(&s);
    li_http_response_free(&s.response);
    li_aws_credentials_wipe(&s.credentials);
    return rc;
}
