/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as progress of a request, and how long one without it may take (D6p). */
#include "tests/fixtures/http_server.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/attempts.h"
#include "http/meter.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: "

/* ---- the meter ------------------------------------------------------------------------------- */

/* So much time passes, and is looked at as often as it should. */
static void pass(struct li_meter *m, uint64_t milliseconds)
{
    for (; milliseconds >= LI_METER_STEP; milliseconds -= LI_METER_STEP)
        li_meter_look(m, m->looked + LI_METER_STEP);
    li_meter_look(m, m->looked + milliseconds);
}

static void drops_are_no_progress(void **state)
{
    struct li_meter m;

    (void)state;
    li_meter_begin(&m, 1000);
    pass(&m, 8000);
    assert_int_equal(li_meter_stall(&m), 0);
    assert_int_equal(li_meter_silent(&m), 8000);
    li_meter_connect(&m);
    pass(&m, 500);
    li_meter_connect(&m);
    assert_int_equal(li_meter_stall(&m), 500);
    assert_int_equal(li_meter_silent(&m), 8500);
    pass(&m, 500);
    for (uint64_t i = 1; i < 20; i++) {
        li_meter_move(&m, (int64_t)i * (LI_HTTP_RATE - 1));
        pass(&m, 1000);
    }
    li_meter_move(&m, 20 * (LI_HTTP_RATE - 1));
    assert_int_equal(li_meter_stall(&m), 20000);
    pass(&m, 1000);
    li_meter_move(&m, 21 * LI_HTTP_RATE);
    assert_int_equal(li_meter_stall(&m), 0);
    assert_int_equal(li_meter_silent(&m), 8000);
}

/* What moved before is no credit, and what goes back is no loss. */
static void bursts_are_progress_once(void **state)
{
    struct li_meter m;

    (void)state;
    li_meter_begin(&m, 1);
    li_meter_connect(&m);
    pass(&m, 1);
    li_meter_move(&m, 1 << 20);
    pass(&m, 10000);
    assert_int_equal(li_meter_stall(&m), 10000);
    li_meter_move(&m, (1 << 20) + 5 * LI_HTTP_RATE);
    assert_int_equal(li_meter_stall(&m), 10000);
    pass(&m, 1);
    li_meter_move(&m, -5);
    pass(&m, 999);
    li_meter_move(&m, (1 << 20) + 11 * LI_HTTP_RATE);
    assert_int_equal(li_meter_stall(&m), 0);
}

/* A process that was stopped, or a clock that jumps. */
static void time_that_nobody_saw_is_no_silence(void **state)
{
    struct li_meter m;

    (void)state;
    li_meter_begin(&m, 1000);
    li_meter_look(&m, 3600000);
    assert_int_equal(li_meter_silent(&m), LI_METER_STEP);
    li_meter_connect(&m);
    li_meter_look(&m, 7200000);
    assert_int_equal(li_meter_stall(&m), LI_METER_STEP);
    li_meter_move(&m, LI_HTTP_RATE);
    assert_int_equal(li_meter_stall(&m), 0);
    li_meter_look(&m, 7199000);
    assert_in_range(li_meter_stall(&m), 0, LI_METER_STEP);
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

/* The child, which ends with 0 if it gets an answer. It learns the server's address from FD. */
static void get_in_child(int fd)
{
    struct fixture f = {.rc = 0};
    int rc = -1;

    if (read(fd, f.server.url, sizeof(f.server.url)) > 0)
        rc = li_http_new(&(struct li_http_options){0}, &f.http, &f.err);
    _exit(rc == 0 && get(&f, 2) == 0 ? 0 : 1);
}

/* Ctrl-Z for longer than a request may be silent. Its answer comes meanwhile. */
static void a_process_that_was_stopped_goes_on(void **state)
{
    static const struct http_reply reply = {.bytes = OK "0\r\n\r\n", .hold = 3000};
    struct fixture f;
    pid_t child;
    int pipes[2], status = 0;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    /* Before there are threads. */
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        get_in_child(pipes[0]);
    begin(&f, &reply, 1);
    assert_int_equal(write(pipes[1], f.server.url, sizeof(f.server.url)), sizeof(f.server.url));
    while (http_server_asked(&f.server) == 0)
        usleep(1000);
    kill(child, SIGSTOP);
    sleep(5);
    kill(child, SIGCONT);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(pipes[0]);
    close(pipes[1]);
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
        cmocka_unit_test(time_that_nobody_saw_is_no_silence),
        cmocka_unit_test(a_dripping_body_is_cut),
        cmocka_unit_test(dripping_headers_are_cut),
        cmocka_unit_test(a_slow_body_is_served),
        cmocka_unit_test(a_process_that_was_stopped_goes_on),
        cmocka_unit_test(silence_adds_up_to_the_patience),
        cmocka_unit_test(an_answer_in_time_is_taken),
    };

    return cmocka_run_group_tests_name("http progress", tests, NULL, NULL);
}
