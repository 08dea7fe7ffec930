/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as progress of a request, and how long one without it may take (D6p). */
#include "tests/fixtures/http_server.h"

#include "http/attempts.h"
#include "http/meter.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: "

/* ---- the meter ------------------------------------------------------------------------------- */

static void drops_are_no_progress(void **state)
{
    struct li_meter m;

    (void)state;
    li_meter_begin(&m, 1000);
    assert_int_equal(li_meter_stall(&m, 9000), 0);
    assert_int_equal(li_meter_silent(&m, 9000), 8000);
    li_meter_connect(&m, 9000);
    li_meter_connect(&m, 9500);
    assert_int_equal(li_meter_stall(&m, 9500), 500);
    assert_int_equal(li_meter_silent(&m, 9500), 8500);
    for (uint64_t i = 1; i <= 20; i++)
        li_meter_move(&m, (int64_t)i * (LI_HTTP_RATE - 1), 9000 + 1000 * i);
    assert_int_equal(li_meter_stall(&m, 29000), 20000);
    li_meter_move(&m, 21 * LI_HTTP_RATE, 30000);
    assert_int_equal(li_meter_stall(&m, 30000), 0);
    assert_int_equal(li_meter_silent(&m, 30000), 8000);
}

/* What moved before is no credit, and what goes back is no loss. */
static void bursts_are_progress_once(void **state)
{
    struct li_meter m;

    (void)state;
    li_meter_begin(&m, 1);
    li_meter_connect(&m, 1);
    li_meter_move(&m, 1 << 20, 2);
    assert_int_equal(li_meter_stall(&m, 10002), 10000);
    li_meter_move(&m, (1 << 20) + 5 * LI_HTTP_RATE, 10002);
    assert_int_equal(li_meter_stall(&m, 10002), 10000);
    li_meter_move(&m, -5, 10003);
    li_meter_move(&m, (1 << 20) + 11 * LI_HTTP_RATE, 11002);
    assert_int_equal(li_meter_stall(&m, 11002), 0);
}

/* ---- a request ------------------------------------------------------------------------------- */

struct fixture {
    struct http_server server;
    struct li_http *http;
    struct li_http_response response;
    struct li_http_server known;
    struct li_attempts attempts;
    struct li_http_request request;
    int rc;
    struct li_error err;
};

static void begin(struct fixture *f, const struct http_reply *replies, size_t count)
{
    *f = (struct fixture){.rc = 0};
    http_server_start(&f->server, replies, count);
    assert_done(li_http_new(&(struct li_http_options){0}, &f->http, &f->err), &f->err);
}

static void finish(struct fixture *f)
{
    li_http_free(f->http);
    li_http_response_free(&f->response);
    li_http_response_free(&f->attempts.response);
    http_server_stop(&f->server);
    http_server_free(&f->server);
}

static int get(struct fixture *f, unsigned stall)
{
    const struct li_http_request request = {
        .url = f->server.url, .no_proxy = true, .limit = 1 << 20, .stall = stall};

    return li_http_send(f->http, &request, &f->response, &f->err);
}

/* It would take a quarter of an hour. */
static void a_dripping_body_is_cut(void **state)
{
    static char bytes[10000] = OK "9000\r\n\r\n";
    const struct http_reply reply = {.bytes = bytes, .drip = 100, .piece = 1};
    struct fixture f;

    (void)state;
    memset(bytes + strlen(bytes), 'x', 9000);
    begin(&f, &reply, 1);
    assert_fails(get(&f, 1), LI_ENETWORK, "less than 1024 bytes a second in the last 1 second",
                 &f.err);
    assert_in_range(f.response.silent, 1000, 60000);
    assert_false(f.response.unreached);
    finish(&f);
}

static void dripping_headers_are_cut(void **state)
{
    static char bytes[10000] = "HTTP/1.1 200 OK\r\nX-Long: ";
    const struct http_reply reply = {.bytes = bytes, .drip = 5, .piece = 1};
    struct fixture f;

    (void)state;
    memset(bytes + strlen(bytes), 'x', 9000);
    begin(&f, &reply, 1);
    assert_int_equal(get(&f, 1), LI_ENETWORK);
    finish(&f);
}

/* 10 kB a second, for longer than the request may be without progress. */
static void a_slow_body_is_served(void **state)
{
    static char bytes[50000] = OK "45000\r\n\r\n";
    const struct http_reply reply = {.bytes = bytes, .drip = 100, .piece = 1000};
    struct fixture f;

    (void)state;
    memset(bytes + strlen(bytes), 'x', 45000);
    begin(&f, &reply, 1);
    assert_done(get(&f, 4), &f.err);
    assert_int_equal(f.response.body.len, 45000);
    finish(&f);
}

/* ---- attempts -------------------------------------------------------------------------------- */

static int no_random(void *buf, size_t len, struct li_error *err)
{
    (void)err;
    memset(buf, 0, len);
    return 0;
}

static enum li_verdict attempt(void *arg, struct li_error *err)
{
    struct fixture *f = arg;

    f->rc = li_attempts_send(&f->attempts, &f->request, err);
    return f->rc < 0 ? LI_VERDICT_LATER : LI_VERDICT_ANSWERED;
}

static void run(struct fixture *f, const struct li_env *env, uint64_t patience, unsigned stall)
{
    enum li_verdict verdict;

    li_http_server_init(&f->known);
    f->request = (struct li_http_request){
        .url = f->server.url, .no_proxy = true, .limit = 100, .stall = stall};
    f->attempts = (struct li_attempts){.http = f->http,
                                       .env = env,
                                       .server = &f->known,
                                       .most = LI_RETRY_ATTEMPTS,
                                       .patience = patience};
    assert_done(li_attempts_run(&f->attempts, attempt, f, &verdict, &f->err), &f->err);
}

#define SILENT                                                                                     \
    {                                                                                              \
        .bytes = OK "0\r\n\r\n", .hold = 600000                                                    \
    }

static void silence_adds_up_to_the_patience(void **state)
{
    static const struct http_reply replies[] = {SILENT, SILENT, SILENT, SILENT, SILENT, SILENT};
    const struct li_env env = {.random = no_random};
    struct fixture f;

    (void)state;
    begin(&f, replies, 6);
    run(&f, &env, 3000, 2);
    assert_int_equal(f.rc, LI_ENETWORK);
    assert_in_range(f.attempts.count, 1, 2);
    assert_true(f.attempts.silent >= 3000);
    li_http_response_free(&f.attempts.response);
    /* No request may be silent for longer than the whole operation. */
    run(&f, &env, 1000, 600);
    assert_int_equal(f.rc, LI_ENETWORK);
    assert_int_equal(f.attempts.count, 1);
    finish(&f);
}

static void an_answer_in_time_is_taken(void **state)
{
    static const struct http_reply replies[] = {SILENT, {.bytes = OK "0\r\n\r\n"}};
    const struct li_env env = {.random = no_random};
    struct fixture f;

    (void)state;
    begin(&f, replies, 2);
    run(&f, &env, 60000, 1);
    assert_done(f.rc, &f.err);
    assert_int_equal(f.attempts.count, 2);
    assert_true(f.attempts.silent >= 1000);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_are_no_progress),
        cmocka_unit_test(bursts_are_progress_once),
        cmocka_unit_test(a_dripping_body_is_cut),
        cmocka_unit_test(dripping_headers_are_cut),
        cmocka_unit_test(a_slow_body_is_served),
        cmocka_unit_test(silence_adds_up_to_the_patience),
        cmocka_unit_test(an_answer_in_time_is_taken),
    };

    return cmocka_run_group_tests_name("http progress", tests, NULL, NULL);
}
