/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials are renewed as AWS's SDKs do it: early and by one thread if there is time, else with
 * all threads waiting for that one. A failure is remembered for a while, because a thousand reads
 * without credentials must not ask a service that is down a thousand times.
 *
 * INVARIANT: at most one thread is in origin.get(), and it does not hold the lock; `renewing` is
 * true exactly then.
 */
#include "aws/cached.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"

struct cached {
    struct li_aws_provider provider; /* first, so that the pointers can be converted */
    struct li_aws_origin origin;
    const struct li_env *env;
    pthread_mutex_t lock; /* guards all fields below */
    pthread_cond_t renewed;
    struct li_aws_credentials current;
    bool there, renewing;
    int64_t retry_at;  /* no renewal before this time, seconds since 1970 */
    int64_t reject_at; /* no renewal because of a rejection before this time: one gave the same
                          credentials */
    struct li_error failure; /* of the last renewal */
};

enum phase { FRESH, ADVISED, REQUIRED, EXPIRED };

static enum phase phase_of(const struct cached *self, int64_t now)
{
    int64_t expires = self->current.expires;

    if (!self->there || expires <= now)
        return EXPIRED;
    if (expires - now > LI_AWS_RENEW_ADVISED)
        return FRESH;
    return expires - now > LI_AWS_RENEW_REQUIRED ? ADVISED : REQUIRED;
}

static bool same_text(const char *a, const char *b)
{
    a = a ? a : "";
    b = b ? b : "";
    return strlen(a) == strlen(b) && li_equal_secret(a, b, strlen(a));
}

static bool same(const struct li_aws_credentials *a, const struct li_aws_credentials *b)
{
    return same_text(a->access_key, b->access_key) && same_text(a->secret_key, b->secret_key) &&
           same_text(a->token, b->token);
}

/* When to try again. Credentials that live shorter than the times above are renewed after half of
 * their life, not all the time. */
static int64_t next_renewal(const struct cached *self, int64_t now)
{
    int64_t pause = LI_AWS_RENEW_PAUSE, left = self->there ? self->current.expires - now : 0;

    if (left <= 0)
        return now + LI_AWS_RENEW_PAUSE_NONE;
    if (left / 2 < pause)
        pause = left / 2;
    return now + (pause > 0 ? pause : 1);
}

/* A clock that was set back must not cause a pause of years. */
static bool is_pausing(int64_t now, int64_t until)
{
    return now < until && until - now <= LI_AWS_RENEW_PAUSE;
}

static int too_old(const struct li_aws_credentials *got, struct li_error *err)
{
    return li_fail(err, LI_EDENIED,
                   "the AWS credentials from %s have expired; renew them, or see whether this "
                   "machine's clock is right",
                   got->source);
}

/* Asks the origin. The lock is held at the call and at the return, but not meanwhile. */
static int renew(struct cached *self, struct li_error *err)
{
    struct li_aws_credentials got = {.expires = 0};
    int64_t now;
    int rc;

    self->renewing = true;
    pthread_mutex_unlock(&self->lock);
    rc = self->origin.get(self->origin.self, &got, err);
    now = self->env->now();
    if (rc == 0 && got.expires <= now)
        rc = too_old(&got, err);
    pthread_mutex_lock(&self->lock);
    self->renewing = false;
    if (rc == 0) {
        li_aws_credentials_wipe(&self->current);
        self->current = got;
        self->there = true;
        li_error_clear(&self->failure);
    } else {
        li_aws_credentials_wipe(&got);
        self->failure = *err;
    }
    self->retry_at = next_renewal(self, now);
    pthread_cond_broadcast(&self->renewed);
    return rc;
}

/* Waits for the renewal that is under way; false if it takes too long. */
static bool await(struct cached *self)
{
    struct timespec deadline;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += LI_AWS_WAIT_MAX;
    while (self->renewing && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&self->renewed, &self->lock, &deadline);
    return !self->renewing;
}

static int waited_too_long(struct li_error *err)
{
    return li_fail(err, LI_ENETWORK, "no AWS credentials came within %d seconds", LI_AWS_WAIT_MAX);
}

/* Makes sure that the current credentials are valid; the lock is held. */
static int ensure(struct cached *self, struct li_error *err)
{
    for (;;) {
        int64_t now = self->env->now();
        enum phase phase = phase_of(self, now);

        if (phase == FRESH || (phase == ADVISED && self->renewing))
            return 0;
        if (self->renewing) {
            if (!await(self))
                return phase == EXPIRED ? waited_too_long(err) : 0;
        } else if (is_pausing(now, self->retry_at)) {
            if (phase == EXPIRED && self->failure.code < 0)
                *err = self->failure;
            else if (phase == EXPIRED)
                too_old(&self->current, err);
            return phase == EXPIRED ? err->code : 0;
        } else {
            int rc = renew(self, err);

            return rc < 0 && phase_of(self, self->env->now()) != EXPIRED ? 0 : rc;
        }
    }
}

static int cached_get(struct li_aws_provider *provider, struct li_aws_credentials *out,
                      struct li_error *err)
{
    struct cached *self = (struct cached *)provider;
    int rc;

    pthread_mutex_lock(&self->lock);
    rc = ensure(self, err);
    if (rc == 0)
        rc = li_aws_credentials_copy(out, &self->current, err);
    pthread_mutex_unlock(&self->lock);
    return rc;
}

static int no_others(const struct li_aws_credentials *used, struct li_error *err)
{
    return li_fail(
        err, LI_EDENIED,
        "the AWS credentials from %s were rejected as expired, and there are no others; get "
        "new ones",
        used->source);
}

/* The lock is held. */
static int replace(struct cached *self, const struct li_aws_credentials *used, struct li_error *err)
{
    int rc = 0;

    if (self->there && !same(&self->current, used))
        return 0;
    if (self->renewing) {
        if (!await(self))
            return waited_too_long(err);
        if (self->failure.code < 0) {
            *err = self->failure;
            rc = err->code;
        }
    } else if (!is_pausing(self->env->now(), self->reject_at)) {
        rc = renew(self, err);
        if (rc < 0 || same(&self->current, used))
            self->reject_at = self->env->now() + LI_AWS_REJECTED_PAUSE;
    }
    if (rc == 0 && same(&self->current, used))
        rc = no_others(used, err);
    return rc;
}

static int cached_rejected(struct li_aws_provider *provider, const struct li_aws_credentials *used,
                           struct li_error *err)
{
    struct cached *self = (struct cached *)provider;
    int rc;

    pthread_mutex_lock(&self->lock);
    rc = replace(self, used, err);
    pthread_mutex_unlock(&self->lock);
    return rc;
}

static void cached_free(struct li_aws_provider *provider)
{
    struct cached *self = (struct cached *)provider;

    self->origin.free(self->origin.self);
    li_aws_credentials_wipe(&self->current);
    pthread_cond_destroy(&self->renewed);
    pthread_mutex_destroy(&self->lock);
    li_secret_free(self);
}

static const struct li_aws_provider_operations operations = {cached_get, cached_rejected,
                                                             cached_free};

int li_aws_provider_cached(const struct li_aws_origin *origin, const struct li_env *env,
                           struct li_aws_provider **out, struct li_error *err)
{
    struct cached *self = li_secret_alloc(sizeof(*self));
    pthread_condattr_t monotonic;

    if (!self) {
        origin->free(origin->self);
        return li_fail_memory(err);
    }
    self->provider.ops = &operations;
    self->origin = *origin;
    self->env = env;
    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->renewed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = &self->provider;
    return 0;
}
