/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request to the bucket, sent until there is an answer: what may pass by itself is sent again
 * after a wait, and all else ends the call.
 */
#include "store/s3_attempt.h"

enum { SPOILED = 4 }; /* attempts in all where what comes is not what was sent */

static bool is_out(const struct li_s3_sending *s)
{
    return s->response.unreached && li_retry_is_out(&s->s3->client->outage, li_http_milliseconds());
}

static void stop_asking(struct li_s3_sending *s)
{
    if (s->asks)
        li_retry_asked(&s->s3->client->outage);
    s->asks = false;
}

static bool may_try_again(struct li_s3_sending *s, const struct li_error *err)
{
    struct li_s3_client *client = s->s3->client;
    unsigned most = atomic_load(&client->answered) ? LI_RETRY_ATTEMPTS : LI_RETRY_ATTEMPTS_UNKNOWN;

    if (s->spoiled && err->code == LI_ECORRUPT && most > SPOILED)
        most = SPOILED;
    return s->attempts - s->asked < most && li_retry_take(&client->budget);
}

static int pause_at_random(struct li_s3_sending *s, unsigned least, unsigned attempt, unsigned most,
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
static int wait_for_next(struct li_s3_sending *s, struct li_error *err)
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

static int refuse(struct li_s3_sending *s, int rc, struct li_error *err)
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
    struct li_s3_sending s = {.s3 = s3, .call = call};
    enum li_s3_verdict verdict = LI_S3_LATER;
    int rc = 0, waited = 0;

    while (verdict == LI_S3_LATER && waited == 0) {
        s.attempts++;
        verdict = li_s3_attempt(&s, &rc, err);
        if (verdict == LI_S3_LATER)
            waited = wait_for_next(&s, err);
    }
    if (waited == LI_ECANCELLED) {
        rc = waited;
    } else if (verdict != LI_S3_ANSWERED) {
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
