/* SPDX-License-Identifier: Apache-2.0 */
#include "http/attempts.h"

void li_http_server_init(struct li_http_server *server)
{
    li_retry_init(&server->budget);
    server->outage = (struct li_retry_outage){.since = 0};
    atomic_init(&server->answered, false);
}

/* Seconds for a request that may take TOTAL, but no more than are left, rounded up. */
static unsigned time_for(const struct li_attempts *attempts, unsigned total)
{
    uint64_t now, left;

    if (!attempts->until)
        return total;
    now = li_http_milliseconds();
    left = attempts->until > now ? (attempts->until - now + 999) / 1000 : 1;
    return total && total < left ? total : (unsigned)left;
}

/* Seconds without progress for a request that may have SECONDS, but no more than are left. */
static unsigned silence_for(const struct li_attempts *attempts, unsigned seconds)
{
    uint64_t left;

    if (!attempts->patience)
        return seconds;
    left = attempts->patience > attempts->silent ? attempts->patience - attempts->silent : 0;
    left = (left + 999) / 1000;
    return left == 0 ? 1 : left < seconds ? (unsigned)left : seconds;
}

int li_attempts_send(struct li_attempts *attempts, const struct li_http_request *request,
                     struct li_error *err)
{
    struct li_http_server *server = attempts->server;
    struct li_http_request timed = *request;
    int rc;

    timed.total = time_for(attempts, request->total);
    timed.connect = silence_for(attempts, request->connect ? request->connect : LI_HTTP_CONNECT);
    timed.stall = silence_for(attempts, request->stall ? request->stall : LI_HTTP_STALL);
    attempts->response.unreached = false;
    attempts->response.silent = 0;
    rc = li_http_send(attempts->http, &timed, &attempts->response, err);
    attempts->silent += attempts->response.silent;
    if (!server)
        return rc;
    if (rc == 0) {
        atomic_store(&server->answered, true);
        li_retry_reached(&server->outage);
    } else if (attempts->response.unreached && atomic_load(&server->answered)) {
        li_retry_unreached(&server->outage, li_http_milliseconds());
    }
    return rc;
}

static bool is_out(const struct li_attempts *attempts)
{
    return attempts->server && attempts->response.unreached &&
           li_retry_is_out(&attempts->server->outage, li_http_milliseconds());
}

static void stop_asking(struct li_attempts *attempts)
{
    if (attempts->asks)
        li_retry_asked(&attempts->server->outage);
    attempts->asks = false;
}

static bool may_try_again(struct li_attempts *attempts, enum li_verdict verdict)
{
    struct li_http_server *server = attempts->server;
    unsigned most = attempts->most;

    if (server && !atomic_load(&server->answered) && most > LI_RETRY_ATTEMPTS_UNKNOWN)
        most = LI_RETRY_ATTEMPTS_UNKNOWN;
    if (verdict == LI_VERDICT_SPOILED && most > LI_RETRY_ATTEMPTS_SPOILED)
        most = LI_RETRY_ATTEMPTS_SPOILED;
    return attempts->count - attempts->asked < most && (!server || li_retry_take(&server->budget));
}

/* Waits, or returns LI_END if the wait would last until the end or longer. */
static int pause_at_random(struct li_attempts *attempts, uint64_t least, unsigned number,
                           unsigned most, struct li_error *err)
{
    uint32_t random;
    unsigned wait;
    int rc = attempts->env->random(&random, sizeof(random), err);

    if (rc < 0)
        return rc;
    wait = li_retry_wait(number, random, least);
    if (wait > most)
        wait = most;
    if (attempts->until && li_http_milliseconds() + wait >= attempts->until)
        return LI_END;
    attempts->silent += wait;
    if (attempts->patience && attempts->silent >= attempts->patience)
        return LI_END;
    return li_http_pause(attempts->http, attempts->group, wait, err);
}

/* The wait that the server asked for, within the caller's limit. */
static uint64_t asked_wait(const struct li_attempts *attempts)
{
    uint64_t wait = li_retry_after(&attempts->response);

    return wait < attempts->heeds ? wait : attempts->heeds;
}

/* Waits for the next attempt; returns LI_END if there is none. In an outage one request probes for
 * all, at its own pace. The others wait until it is answered, or take over the probing. */
static int wait_for_next(struct li_attempts *attempts, enum li_verdict verdict,
                         struct li_error *err)
{
    int rc;

    if (attempts->asks && is_out(attempts)) {
        attempts->asked++;
        return pause_at_random(attempts, LI_RETRY_PROBE / 2, attempts->asked + 1, LI_RETRY_PROBE,
                               err);
    }
    stop_asking(attempts);
    if (!may_try_again(attempts, verdict))
        return LI_END;
    rc = pause_at_random(attempts, asked_wait(attempts), attempts->count - attempts->asked,
                         LI_RETRY_LONGEST, err);
    while (rc == 0 && is_out(attempts) &&
           !(attempts->asks = li_retry_ask(&attempts->server->outage)))
        rc = pause_at_random(attempts, LI_RETRY_LOOK / 2, 2, LI_RETRY_LOOK, err);
    return rc;
}

int li_attempts_run(struct li_attempts *attempts, li_attempts_one *one, void *arg,
                    enum li_verdict *verdict, struct li_error *err)
{
    int rc = 0;

    do {
        attempts->count++;
        *verdict = one(arg, err);
        if (*verdict == LI_VERDICT_ANSWERED || *verdict == LI_VERDICT_REFUSED)
            break;
        rc = wait_for_next(attempts, *verdict, err);
    } while (rc == 0);
    stop_asking(attempts);
    if (*verdict == LI_VERDICT_ANSWERED && attempts->server)
        li_retry_refill(&attempts->server->budget);
    return rc == LI_END ? 0 : rc;
}
