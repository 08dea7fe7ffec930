/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's requests that are called off: they end at once, and leave the store as it was. And
 * those that a server which is gone for a moment stops. */
#include "tests/fixtures/s3_fixture.h"

#include <unistd.h>

#include "base/workers.h"
#include "http/retry.h"

static int look_for_key(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_store *store = arg;
    const char *key = "k";
    bool present = false;

    (void)index, (void)team;
    return li_store_exists(store, &key, 1, 9, &present, err);
}

/* While the reason of a refusal is asked for: what is told is that it was called off, and not that
 * it was refused. The store goes on. */
static void called_off(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"},
          {.bytes = OK_EMPTY, .hold = 20000}, {.bytes = OK_EMPTY});
    struct li_store *fork = NULL;
    struct li_workers *team = NULL;
    uint64_t start;

    assert_done(li_store_fork(f.store, &fork, &f.err), &f.err);
    assert_non_null(fork);
    assert_done(li_workers_start(1, look_for_key, fork, &team, &f.err), &f.err);
    while (http_server_asked(&f.server) < 2)
        usleep(1000);
    start = unit_milliseconds();
    li_store_cancel(fork);
    assert_int_equal(li_workers_join(team, &f.err), LI_ECANCELLED);
    assert_null(strstr(f.err.text, "403"));
    assert_int_equal(li_store_get(fork, "k", 10, &f.out, &f.err), LI_ECANCELLED);
    assert_true(unit_milliseconds() - start < 1000);
    li_store_free(fork);
    assert_done(li_store_get(f.store, "k", 10, &f.out, &f.err), &f.err);
    s3_finish(&f);
}

/* One of many is refused for good while another waits for its next attempt. */
static void one_of_many_fails(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 500 Oops\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n",
           .close = true},
          {.bytes = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", .close = true},
          {.bytes = OK_EMPTY});
    const char *const keys[] = {"a", "b"};
    uint64_t start = unit_milliseconds();
    bool present[2];

    assert_fails(li_store_exists(f.store, keys, 2, 9, present, &f.err), LI_EDENIED, "401", &f.err);
    assert_true(unit_milliseconds() - start < 5000);
    assert_done(li_store_get(f.store, "k", 10, &f.out, &f.err), &f.err);
    s3_finish(&f);
}

static void make_nothing(char *body, size_t size, size_t number)
{
    (void)number;
    snprintf(body, size, "%s", "");
}

/* For any number of requests, on a connection each. */
#define ALWAYS_EMPTY                                                                               \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n", .close = true, .make = make_nothing   \
    }

enum { MANY = 32, AWAY = 3000 /* milliseconds */ };

/* All are under way when the server goes: one asks for it until it is back, and all go on. */
static void server_that_goes_and_comes(void **state)
{
    BEGIN(ALWAYS_EMPTY);
    struct li_workers *team = NULL;
    uint64_t start = unit_milliseconds(), gone;

    assert_done(li_store_get(f.store, "k", 10, &f.out, &f.err), &f.err);
    http_server_go(&f.server, true);
    assert_done(li_workers_start(MANY, look_for_key, f.store, &team, &f.err), &f.err);
    while (http_server_turned_away(&f.server) < MANY)
        usleep(1000);
    usleep(AWAY * 1000);
    http_server_go(&f.server, false);
    gone = unit_milliseconds() - start;
    assert_done(li_workers_join(team, &f.err), &f.err);
    assert_in_range(http_server_turned_away(&f.server), MANY,
                    MANY + gone / (LI_RETRY_PROBE / 2) + 2);
    s3_finish_after(&f, 1 + MANY);
}

/* Who asks for all may be called off; another does it then, and does not wait until the outage is
 * taken for the end. */
static void who_asks_is_called_off(void **state)
{
    BEGIN(ALWAYS_EMPTY);
    struct li_store *fork[2] = {NULL, NULL};
    struct li_workers *team[2] = {NULL, NULL};
    uint64_t start;

    assert_done(li_store_get(f.store, "k", 10, &f.out, &f.err), &f.err);
    http_server_go(&f.server, true);
    for (int i = 0; i < 2; i++) {
        assert_done(li_store_fork(f.store, &fork[i], &f.err), &f.err);
        assert_done(li_workers_start(1, look_for_key, fork[i], &team[i], &f.err), &f.err);
        /* The first has failed and asked, the second has failed. */
        while (http_server_turned_away(&f.server) < 2)
            usleep(1000);
        usleep(300000);
    }
    start = unit_milliseconds();
    li_store_cancel(fork[0]);
    assert_int_equal(li_workers_join(team[0], &f.err), LI_ECANCELLED);
    http_server_go(&f.server, false);
    assert_done(li_workers_join(team[1], &f.err), &f.err);
    assert_true(unit_milliseconds() - start < LI_RETRY_OUTAGE / 2);
    for (int i = 0; i < 2; i++)
        li_store_free(fork[i]);
    s3_finish_after(&f, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(called_off),
        cmocka_unit_test(one_of_many_fails),
        cmocka_unit_test(server_that_goes_and_comes),
        cmocka_unit_test(who_asks_is_called_off),
    };

    return cmocka_run_group_tests_name("s3_stop", tests, NULL, NULL);
}
