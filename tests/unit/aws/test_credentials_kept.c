/* SPDX-License-Identifier: Apache-2.0 */
/* How credentials are kept and renewed, by a fixed clock and an origin that gives what it is told.
 */
#include "tests/fixtures/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "aws/cached.h"
#include "aws/internal.h"

static struct li_error err;

/* An origin that gives what the test says. */
static struct {
    pthread_mutex_t lock;
    atomic_int asked, inside;
    int serial, rc;
    int64_t life;
    unsigned delay;   /* microseconds */
    atomic_bool held; /* until it is not any more */
    bool freed;
} origin = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic int64_t clock_now;

static int64_t fake_now(void)
{
    return clock_now;
}

static const struct li_env env = {unit_random, fake_now, "/tmp", 2};

static int origin_get(void *self, struct li_aws_credentials *out, struct li_error *e)
{
    char id[32];

    (void)self;
    assert_int_equal(atomic_fetch_add(&origin.inside, 1), 0);
    atomic_fetch_add(&origin.asked, 1);
    if (origin.delay)
        usleep(origin.delay);
    while (atomic_load(&origin.held))
        usleep(1000);
    atomic_fetch_sub(&origin.inside, 1);
    if (origin.rc < 0)
        return li_fail(e, origin.rc, "the origin fails");
    snprintf(id, sizeof(id), "KEY%d", origin.serial);
    out->expires = origin.life == INT64_MAX ? INT64_MAX : clock_now + origin.life;
    li_aws_credentials_source(out, "the test");
    return li_aws_credentials_fill(out, id, "secret", "token", e);
}

static void origin_free(void *self)
{
    (void)self;
    origin.freed = true;
}

static struct li_aws_provider *new_provider(int64_t life)
{
    static const struct li_aws_origin o = {NULL, origin_get, origin_free};
    struct li_aws_provider *provider = NULL;

    clock_now = 1000000;
    origin.asked = 0;
    origin.serial = 1;
    origin.rc = 0;
    origin.life = life;
    origin.delay = 0;
    origin.freed = false;
    assert_done(li_aws_provider_cached(&o, &env, &provider, &err), &err);
    return provider;
}

static void free_provider(struct li_aws_provider *provider)
{
    li_aws_provider_free(provider);
    assert_true(origin.freed);
}

static void assert_gives(struct li_aws_provider *provider, const char *want, int asked)
{
    struct li_aws_credentials got = {.expires = 0};

    assert_done(li_aws_provider_get(provider, &got, &err), &err);
    assert_string_equal(got.access_key, want);
    assert_int_equal(origin.asked, asked);
    li_aws_credentials_wipe(&got);
}

static int get(struct li_aws_provider *provider)
{
    struct li_aws_credentials got = {.expires = 0};
    int rc = li_aws_provider_get(provider, &got, &err);

    li_aws_credentials_wipe(&got);
    return rc;
}

static void they_are_kept_until_shortly_before_they_expire(void **state)
{
    struct li_aws_provider *provider = new_provider(3600);

    (void)state;
    assert_gives(provider, "KEY1", 1);
    origin.serial = 2;
    clock_now += 3600 - LI_AWS_RENEW_ADVISED - 1;
    assert_gives(provider, "KEY1", 1);
    clock_now += 1;
    assert_gives(provider, "KEY2", 2);
    assert_gives(provider, "KEY2", 2);
    free_provider(provider);
    provider = new_provider(INT64_MAX);
    assert_gives(provider, "KEY1", 1);
    clock_now += 1000000000;
    assert_gives(provider, "KEY1", 1);
    free_provider(provider);
}

static void they_serve_while_they_cannot_be_renewed(void **state)
{
    struct li_aws_provider *provider = new_provider(3600);

    (void)state;
    assert_gives(provider, "KEY1", 1);
    origin.rc = LI_ENETWORK;
    clock_now += 3000;
    assert_gives(provider, "KEY1", 2);
    assert_gives(provider, "KEY1", 2);
    clock_now += LI_AWS_RENEW_PAUSE;
    assert_gives(provider, "KEY1", 3);
    clock_now += 539;
    assert_gives(provider, "KEY1", 4);
    clock_now += 1;
    assert_fails(get(provider), LI_ENETWORK, "the origin fails", &err);
    origin.rc = 0;
    origin.serial = 2;
    clock_now += LI_AWS_RENEW_PAUSE_NONE;
    assert_gives(provider, "KEY2", 6);
    free_provider(provider);
}

static void a_failure_is_remembered_for_a_while(void **state)
{
    struct li_aws_provider *provider = new_provider(3600);

    (void)state;
    origin.rc = LI_EDENIED;
    assert_fails(get(provider), LI_EDENIED, "the origin fails", &err);
    li_error_clear(&err);
    assert_fails(get(provider), LI_EDENIED, "the origin fails", &err);
    assert_int_equal(origin.asked, 1);
    origin.rc = 0;
    clock_now += LI_AWS_RENEW_PAUSE_NONE;
    assert_gives(provider, "KEY1", 2);
    free_provider(provider);
}

static void a_clock_that_is_set_back_is_no_reason_to_wait(void **state)
{
    struct li_aws_provider *provider = new_provider(3600);
    struct li_aws_credentials used = {.expires = 0};

    (void)state;
    origin.rc = LI_EDENIED;
    assert_fails(get(provider), LI_EDENIED, "the origin fails", &err);
    clock_now -= 500000;
    origin.rc = 0;
    assert_gives(provider, "KEY1", 2);
    assert_done(li_aws_provider_get(provider, &used, &err), &err);
    assert_fails(li_aws_provider_rejected(provider, &used, &err), LI_EDENIED, "rejected", &err);
    clock_now -= 500000 - 1000;
    origin.serial = 2;
    assert_int_equal(li_aws_provider_rejected(provider, &used, &err), 0);
    assert_gives(provider, "KEY2", 4);
    li_aws_credentials_wipe(&used);
    free_provider(provider);
}

static void short_lives_do_not_make_it_ask_all_the_time(void **state)
{
    struct li_aws_provider *provider = new_provider(20);

    (void)state;
    assert_gives(provider, "KEY1", 1);
    clock_now += 9;
    assert_gives(provider, "KEY1", 1);
    origin.serial = 2;
    clock_now += 1;
    assert_gives(provider, "KEY2", 2);
    origin.life = -1;
    clock_now += 20;
    assert_fails(get(provider), LI_EDENIED, "from the test have expired", &err);
    free_provider(provider);
}

static void a_rejection_asks_once(void **state)
{
    struct li_aws_provider *provider = new_provider(3600);
    struct li_aws_credentials first = {.expires = 0}, second = {.expires = 0};

    (void)state;
    assert_done(li_aws_provider_get(provider, &first, &err), &err);
    origin.serial = 2;
    assert_int_equal(li_aws_provider_rejected(provider, &first, &err), 0);
    assert_gives(provider, "KEY2", 2);
    /* Others were under way with the old ones. */
    assert_int_equal(li_aws_provider_rejected(provider, &first, &err), 0);
    assert_int_equal(origin.asked, 2);
    assert_done(li_aws_provider_get(provider, &second, &err), &err);
    assert_fails(li_aws_provider_rejected(provider, &second, &err), LI_EDENIED,
                 "from the test were rejected", &err);
    assert_int_equal(origin.asked, 3);
    assert_fails(li_aws_provider_rejected(provider, &second, &err), LI_EDENIED, "rejected", &err);
    assert_int_equal(origin.asked, 3);
    clock_now += LI_AWS_REJECTED_PAUSE;
    origin.serial = 3;
    assert_int_equal(li_aws_provider_rejected(provider, &second, &err), 0);
    assert_gives(provider, "KEY3", 4);
    origin.rc = LI_ENETWORK;
    assert_int_equal(li_aws_provider_rejected(provider, &second, &err), 0);
    li_aws_credentials_wipe(&second);
    assert_done(li_aws_provider_get(provider, &second, &err), &err);
    assert_fails(li_aws_provider_rejected(provider, &second, &err), LI_ENETWORK, "origin fails",
                 &err);
    li_aws_credentials_wipe(&first);
    li_aws_credentials_wipe(&second);
    free_provider(provider);
}

enum { THREADS = 8 };

/* Each has the first credentials, is told that they are no good, and wants others. */
static void *be_rejected(void *arg)
{
    struct li_aws_provider *provider = arg;
    struct li_aws_credentials used = {.expires = 0}, now = {.expires = 0};
    struct li_error e = LI_ERROR_INIT;
    bool good;

    li_aws_credentials_fill(&used, "KEY1", "secret", "token", &e);
    good = li_aws_provider_rejected(provider, &used, &e) == 0 &&
           li_aws_provider_get(provider, &now, &e) == 0 && strcmp(now.access_key, "KEY2") == 0;
    li_aws_credentials_wipe(&used);
    li_aws_credentials_wipe(&now);
    return good ? provider : NULL;
}

static void *get_current(void *arg)
{
    struct li_aws_credentials now = {.expires = 0};
    struct li_error e = LI_ERROR_INIT;
    int rc = li_aws_provider_get(arg, &now, &e);

    li_aws_credentials_wipe(&now);
    return rc == 0 ? arg : NULL;
}

static void run_threads(void *(*run)(void *), struct li_aws_provider *provider)
{
    pthread_t threads[THREADS];
    void *result;

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, provider), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, provider);
    }
}

static void many_threads_ask_once(void **state)
{
    struct li_aws_provider *provider = new_provider(3600);

    (void)state;
    origin.delay = 50000;
    run_threads(get_current, provider);
    assert_int_equal(origin.asked, 1);
    origin.serial = 2;
    run_threads(be_rejected, provider);
    assert_int_equal(origin.asked, 2);
    clock_now += 3600 - LI_AWS_RENEW_REQUIRED;
    run_threads(get_current, provider);
    assert_int_equal(origin.asked, 3);
    clock_now += 3600;
    run_threads(get_current, provider);
    assert_int_equal(origin.asked, 4);
    free_provider(provider);
}

/* While there is time, only who renews waits. */
static void nobody_waits_while_there_is_time(void **state)
{
    struct li_aws_provider *provider = new_provider(3600);
    pthread_t thread;
    void *result;

    (void)state;
    assert_gives(provider, "KEY1", 1);
    atomic_store(&origin.held, true);
    origin.serial = 2;
    clock_now += 3600 - LI_AWS_RENEW_ADVISED;
    assert_int_equal(pthread_create(&thread, NULL, get_current, provider), 0);
    while (origin.inside == 0)
        usleep(1000);
    assert_gives(provider, "KEY1", 2);
    assert_int_equal(origin.inside, 1);
    atomic_store(&origin.held, false);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_gives(provider, "KEY2", 2);
    free_provider(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_kept_until_shortly_before_they_expire),
        cmocka_unit_test(they_serve_while_they_cannot_be_renewed),
        cmocka_unit_test(a_failure_is_remembered_for_a_while),
        cmocka_unit_test(a_clock_that_is_set_back_is_no_reason_to_wait),
        cmocka_unit_test(short_lives_do_not_make_it_ask_all_the_time),
        cmocka_unit_test(a_rejection_asks_once),
        cmocka_unit_test(many_threads_ask_once),
        cmocka_unit_test(nobody_waits_while_there_is_time),
    };

    return cmocka_run_group_tests_name("credentials_kept", tests, NULL, NULL);
}
