/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt of a call, and the meaning of its answer.
 *
 * Some refusals say what was wrong: another region, another time of day, expired credentials. These
 * are corrected and the request is sent again at once, each kind once in a call. Credentials may
 * expire again while a long request is under way, or waits for its turn. Then it is sent again as
 * after any failure that may pass, as long as there are credentials other than the refused ones. A
 * response to a HEAD has no body that could say any of this, so such a call names another call to
 * ask for the reason. That is also sent after a 404, which may come from a proxy.
 *
 * A service must not be able to lead us elsewhere: a redirect only gives the name of a region,
 * which the service's move() checks, and never an address.
 */
#include <string.h>

#include "aws/sending.h"
#include "http/curl.h"

enum { SKEW = 240 /* seconds of difference that may cause a refusal; AWS allows 900 */ };

/* 2100-01-01: a server that claims a later time is wrong. After the year 9999 no request could be
 * signed, so no answer would ever correct the clock. */
static const int64_t LATEST = 4102444800;

static bool is_accepted(const struct li_aws_sending *s, const struct li_aws_call *call)
{
    int status = s->attempts.response.status;

    if (status >= 200 && status <= 299)
        return true;
    for (const int *at = call->accept; at && *at; at++)
        if (*at == status)
            return status != 404 || s->said.absent;
    return false;
}

static bool says(const struct li_aws_sending *s, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(s->said.code, *codes) == 0)
            return true;
    return false;
}

static bool is_passing(const struct li_aws_sending *s)
{
    return s->client->options.ops->is_passing(s->attempts.response.status, s->said.code);
}

/* ---- corrections ----------------------------------------------------------------------------- */

/* The server's region, if it names one that we did not sign for. */
static bool corrects_region(struct li_aws_sending *s)
{
    struct li_aws_client *client = s->client;
    bool moves;

    if (s->moved || !*s->said.region || strcmp(s->said.region, s->destination.region) == 0)
        return false;
    s->moved = true;
    pthread_mutex_lock(&client->lock);
    moves = client->options.ops->move &&
            client->options.ops->move(client, s->said.region, &client->destination);
    pthread_mutex_unlock(&client->lock);
    return moves;
}

/* Of many servers behind one address, one may have a wrong clock. So a second correction is as good
 * as the first, but it waits as after any failure. So does a request that was refused at a time
 * that a wrong server gave. */
static bool corrects_clock(struct li_aws_sending *s)
{
    const char *text = li_http_header(&s->attempts.response, "date");
    time_t date = text ? curl_getdate(text, NULL) : -1;
    int64_t skew = (int64_t)date - s->now, change = skew - s->skew;

    if (date < 0 || date >= LATEST || (change > -SKEW && change < SKEW))
        return false;
    pthread_mutex_lock(&s->client->lock);
    s->client->skew = skew;
    pthread_mutex_unlock(&s->client->lock);
    return true;
}

/* Whether they have expired and there are others now. */
static bool renews_credentials(struct li_aws_sending *s, struct li_error *err)
{
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException", "InvalidToken",
                                          "TokenRefreshRequired", NULL};
    struct li_aws_provider *provider = s->client->options.provider;

    if (!provider || !says(s, expired))
        return false;
    s->expired = li_aws_provider_rejected(provider, &s->credentials, err) < 0;
    return !s->expired;
}

/* ---- the outcome ----------------------------------------------------------------------------- */

/* The outcome of one request. Corrections and questions are sent AGAIN without a wait. */
enum outcome { ANSWERED, AGAIN, LATER, REFUSED };

/* Again at once if this is the first correction of its kind, which CORRECTED notes. */
static enum outcome again_once(bool *corrected)
{
    bool before = *corrected;

    *corrected = true;
    return before ? LATER : AGAIN;
}

static enum outcome judge(struct li_aws_sending *s, const struct li_aws_call *call,
                          struct li_error *err)
{
    static const char *const skewed[] = {"RequestTimeTooSkewed", NULL};
    /* How services that speak JSON report a wrong clock, with a status of 400. */
    static const char *const dated[] = {"InvalidSignatureException", "RequestExpired", NULL};
    int status = s->attempts.response.status;

    s->client->options.ops->read_error(&s->attempts.response, &s->said);
    if (call->may_fail_late && status == 200 && *s->said.code)
        return is_passing(s) ? LATER : REFUSED;
    if (is_accepted(s, call) || (call->accept_codes && says(s, call->accept_codes)))
        return ANSWERED;
    if ((status == 301 || status == 307 || status == 400 || status == 403) && corrects_region(s))
        return AGAIN;
    if ((status == 403 || says(s, dated)) && corrects_clock(s))
        return again_once(&s->set_clock);
    if (s->skew && says(s, skewed))
        return LATER;
    if (renews_credentials(s, err))
        return again_once(&s->renewed);
    return is_passing(s) ? LATER : REFUSED;
}

/* If there was no answer, ERR is filled in. */
static enum outcome unanswered(const struct li_aws_sending *s)
{
    return s->rc == LI_ENETWORK ? LATER : REFUSED;
}

/* Finds the reason of a refusal with the call that asks for it. The answer replaces the refusal's:
 * if both are 404, the object does not exist. If the question is not refused, the reason has gone
 * since, for instance because another thread renewed the credentials; then the call is sent again,
 * the first time at once. If the question could not be sent, its own error is reported: a cancelled
 * call must not look like a refusal. */
static enum outcome ask_why(struct li_aws_sending *s, struct li_error *err)
{
    int status = s->attempts.response.status;
    enum outcome outcome;

    s->rc = li_aws_send_once(s, s->call->why, err);
    if (s->rc < 0)
        return unanswered(s);
    outcome = judge(s, s->call->why, err);
    if (outcome != ANSWERED || (status == 404 && s->attempts.response.status == 404))
        return outcome;
    if (!s->asked_why) {
        s->asked_why = true;
        return AGAIN;
    }
    s->attempts.response.status = status;
    *s->said.code = *s->said.message = '\0';
    s->said.absent = false;
    return LATER;
}

/* Lets the caller check an answer that is acceptable. */
static enum li_verdict check(struct li_aws_sending *s, struct li_error *err)
{
    if (!s->call->check || s->attempts.response.status > 299)
        return LI_VERDICT_ANSWERED;
    s->rc = s->call->check(s->call->check_arg, &s->attempts.response, err);
    if (s->rc == 0)
        return LI_VERDICT_ANSWERED;
    s->spoiled = s->rc == LI_ECORRUPT || s->rc == LI_ENETWORK;
    if (*s->said.request)
        li_context(err, "request %s", s->said.request);
    if (s->rc == LI_ECORRUPT)
        return LI_VERDICT_SPOILED;
    return s->spoiled ? LI_VERDICT_LATER : LI_VERDICT_REFUSED;
}

static enum outcome send_and_judge(struct li_aws_sending *s, struct li_error *err)
{
    int status;
    enum outcome outcome;

    s->spoiled = false;
    li_http_response_free(&s->attempts.response);
    s->rc = li_aws_send_once(s, s->call, err);
    if (s->rc < 0)
        return unanswered(s);
    outcome = judge(s, s->call, err);
    status = s->attempts.response.status;
    if (outcome == REFUSED && s->call->why && (status == 400 || status == 403 || status == 404))
        return ask_why(s, err);
    return outcome;
}

enum li_verdict li_aws_attempt_call(void *sending, struct li_error *err)
{
    struct li_aws_sending *s = sending;
    enum outcome outcome;

    do
        outcome = send_and_judge(s, err);
    while (outcome == AGAIN);
    if (outcome == ANSWERED)
        return check(s, err);
    return outcome == LATER ? LI_VERDICT_LATER : LI_VERDICT_REFUSED;
}
