/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client against a server that sends what the test wrote. */
#include "tests/fixtures/http_server.h"

#include <unistd.h>

#include "base/workers.h"
#include "http/http.h"
#include "http/retry.h"
#include "http/window.h"

struct fixture {
    struct http_server server;
    struct li_http *http;
    struct li_http_response response;
    struct li_error err;
};

/* A client, and a server with the given answers. */
#define BEGIN(...)                                                                                 \
    static const struct http_reply replies[] = {__VA_ARGS__};                                      \
    struct fixture f = {0};                                                                        \
    (void)state;                                                                                   \
    http_server_start(&f.server, replies, sizeof(replies) / sizeof(replies[0]));                   \
    assert_done(li_http_new(&(struct li_http_options){0}, &f.http, &f.err), &f.err)

static void finish(struct fixture *f)
{
    li_http_free(f->http);
    li_http_response_free(&f->response);
    http_server_stop(&f->server);
    http_server_free(&f->server);
}

static int send_request(struct fixture *f, struct li_http_request request)
{
    char url[128];

    snprintf(url, sizeof(url), "%s/path?query=1", f->server.url);
    request.url = url;
    request.no_proxy = true;
    request.limit = request.limit ? request.limit : 1000;
    return li_http_send(f->http, &request, &f->response, &f->err);
}

static void expect_body(const struct fixture *f, int status, const char *body)
{
    assert_int_equal(f->response.status, status);
    assert_int_equal(f->response.body.len, strlen(body));
    if (*body)
        assert_memory_equal(f->response.body.data, body, strlen(body));
}

/* ---- what is sent, what is received ---------------------------------------------------------- */

static void get(void **state)
{
    BEGIN(
        {.bytes =
             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: \t a b \r\nx-one: c\r\nX-None:\r\n\r\n"
             "hello"});
    const struct li_http_header headers[] = {{"X-Sent", "yes"}, {"X-Empty", ""}};

    assert_done(send_request(&f, (struct li_http_request){.headers = headers, .header_count = 2}),
                &f.err);
    expect_body(&f, 200, "hello");
    assert_true(f.response.framed);
    assert_string_equal(li_http_header(&f.response, "X-ONE"), "a b");
    assert_string_equal(li_http_header(&f.response, "x-none"), "");
    assert_null(li_http_header(&f.response, "x-two"));
    assert_ptr_equal(strstr(f.server.request[0], "GET /path?query=1 HTTP/1.1\r\n"),
                     f.server.request[0]);
    assert_non_null(strstr(f.server.request[0], "\r\nX-Sent: yes\r\n"));
    assert_non_null(strstr(f.server.request[0], "\r\nX-Empty:\r\n"));
    finish(&f);
}

static void put(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 201 Created\r\n"
                    "Content-Length: 0\r\n\r\n"},
          {.bytes = "HTTP/1.1 204 No Content\r\n\r\n"});

    assert_done(send_request(&f, (struct li_http_request){.method = LI_HTTP_PUT,
                                                          .body = "some\0bytes",
                                                          .body_len = 10}),
                &f.err);
    expect_body(&f, 201, "");
    assert_null(li_http_header(&f.response, "x-interim"));
    assert_ptr_equal(strstr(f.server.request[0], "PUT /path"), f.server.request[0]);
    assert_non_null(strstr(f.server.request[0], "\r\nContent-Length: 10\r\n"));
    assert_memory_equal(strstr(f.server.request[0], "\r\n\r\n") + 4, "some\0bytes", 10);
    assert_null(strcasestr(f.server.request[0], "content-type"));
    assert_null(strcasestr(f.server.request[0], "expect:"));

    assert_done(send_request(&f, (struct li_http_request){.method = LI_HTTP_PUT}), &f.err);
    expect_body(&f, 204, "");
    assert_non_null(strstr(f.server.request[1], "\r\nContent-Length: 0\r\n"));
    finish(&f);
}

static void head_and_delete(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"},
          {.bytes = "HTTP/1.1 204 Gone\r\n\r\n"});

    assert_done(send_request(&f, (struct li_http_request){.method = LI_HTTP_HEAD}), &f.err);
    expect_body(&f, 200, "");
    assert_string_equal(li_http_header(&f.response, "content-length"), "500");
    assert_done(send_request(&f, (struct li_http_request){.method = LI_HTTP_DELETE}), &f.err);
    expect_body(&f, 204, "");
    assert_ptr_equal(strstr(f.server.request[0], "HEAD /path"), f.server.request[0]);
    assert_ptr_equal(strstr(f.server.request[1], "DELETE /path"), f.server.request[1]);
    finish(&f);
}

static void redirect_is_an_answer(void **state)
{
    BEGIN(
        {.bytes =
             "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno"});

    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    expect_body(&f, 301, "no");
    finish(&f);
}

static void bad_headers(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
    const struct li_http_header header = {"X-Sent", "a\r\nX-Other: b"};

    assert_fails(send_request(&f, (struct li_http_request){.headers = &header, .header_count = 1}),
                 LI_EINVALID, "X-Sent", &f.err);
    assert_int_equal(http_server_asked(&f.server), 0);
    finish(&f);
}

/* ---- answers that are none ------------------------------------------------------------------- */

static void short_body(void **state)
{
    BEGIN(
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n", .close = true}, {.bytes = NULL},
        {.bytes = "HTTP/1.1 200 OK\r\nX-Cut", .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\n\r\nhello", .close = true});

    for (int i = 0; i < 5; i++)
        assert_int_equal(send_request(&f, (struct li_http_request){0}), LI_ENETWORK);
    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    expect_body(&f, 200, "hello");
    assert_false(f.response.framed);
    finish(&f);
}

static void limits(void **state)
{
    static char large[LI_HTTP_ERROR_MAX + 5000];
    int head = snprintf(large, sizeof(large), "HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n",
                        LI_HTTP_ERROR_MAX + 4000);
    static struct http_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", .close = true},
        {.bytes = large, .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello worl", .close = true},
    };
    struct fixture f = {0};

    (void)state;
    memset(large + head, 'x', LI_HTTP_ERROR_MAX + 4000);
    replies[1].len = (size_t)head + LI_HTTP_ERROR_MAX + 4000;
    http_server_start(&f.server, replies, 3);
    assert_done(li_http_new(&(struct li_http_options){0}, &f.http, &f.err), &f.err);
    assert_fails(send_request(&f, (struct li_http_request){.limit = 10}), LI_ELIMIT, "10 bytes",
                 &f.err);
    assert_done(send_request(&f, (struct li_http_request){.limit = 10}), &f.err);
    assert_int_equal(f.response.status, 400);
    assert_int_equal(f.response.body.len, LI_HTTP_ERROR_MAX);
    assert_done(send_request(&f, (struct li_http_request){.limit = 10}), &f.err);
    expect_body(&f, 200, "hello worl");
    finish(&f);
}

static void too_many_headers(void **state)
{
    static char large[LI_HTTP_HEADERS_MAX + 9000];
    static struct http_reply replies[] = {{.bytes = large, .close = true}};
    struct fixture f = {0};
    size_t len = (size_t)sprintf(large, "HTTP/1.1 200 OK\r\n");

    (void)state;
    while (len < LI_HTTP_HEADERS_MAX + 4000)
        len += (size_t)sprintf(large + len, "X-Header-%zu: %0100zu\r\n", len, len);
    sprintf(large + len, "\r\n");
    http_server_start(&f.server, replies, 1);
    assert_done(li_http_new(&(struct li_http_options){0}, &f.http, &f.err), &f.err);
    assert_fails(send_request(&f, (struct li_http_request){0}), LI_EIO, "headers", &f.err);
    finish(&f);
}

/* Interim answers each have few headers, or none, and never need to end. */
static void endless_interim_answers(void **state)
{
    static char large[LI_HTTP_HEADERS_MAX + 9000];
    static struct http_reply replies[] = {{.bytes = large, .close = true}};
    struct fixture f = {0};
    size_t len = 0;

    (void)state;
    while (len < LI_HTTP_HEADERS_MAX)
        len += (size_t)sprintf(large + len, "HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n");
    sprintf(large + len, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    http_server_start(&f.server, replies, 1);
    assert_done(li_http_new(&(struct li_http_options){0}, &f.http, &f.err), &f.err);
    assert_fails(send_request(&f, (struct li_http_request){0}), LI_EIO, "headers", &f.err);
    finish(&f);
}

static void interim_answers_and_trailers(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 100 Continue\r\nX-A: no\r\n\r\n"
                    "HTTP/1.1 200 OK\r\nX-B: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\n0\r\nX-A: no\r\nX-C: no\r\n\r\n"});

    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    expect_body(&f, 200, "hello");
    assert_true(f.response.framed);
    assert_string_equal(li_http_header(&f.response, "x-b"), "yes");
    assert_null(li_http_header(&f.response, "x-a"));
    assert_null(li_http_header(&f.response, "x-c"));
    finish(&f);
}

static void stall(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .hold = 20000},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .hold = 20000});
    time_t start = time(NULL);

    assert_int_equal(send_request(&f, (struct li_http_request){.stall = 1}), LI_ENETWORK);
    assert_false(f.response.unreached);
    assert_int_equal(send_request(&f, (struct li_http_request){.total = 1}), LI_ENETWORK);
    assert_false(f.response.unreached);
    assert_true(time(NULL) - start < 9);
    finish(&f);
}

#define IDENTIFIED(id, body)                                                                       \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nx-amz-request-id: " id "\r\n\r\n" body,  \
    }

/* The second answer to the first request waits in the connection for the second. */
static void answers_that_come_twice(void **state)
{
    BEGIN(IDENTIFIED("1", "a"), IDENTIFIED("1", "a"), IDENTIFIED("2", "b"), IDENTIFIED("3", "c"));

    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    assert_fails(send_request(&f, (struct li_http_request){0}), LI_ENETWORK, "twice", &f.err);
    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    expect_body(&f, 200, "b");
    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    expect_body(&f, 200, "c");
    finish(&f);
}

/* Where the first answer of a connection has it, too, the id is no id. */
static void ids_that_are_none(void **state)
{
    BEGIN(IDENTIFIED("1", "a"), IDENTIFIED("1", "b"), IDENTIFIED("1", "c"), IDENTIFIED("1", "d"));

    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    assert_fails(send_request(&f, (struct li_http_request){0}), LI_ENETWORK, "twice", &f.err);
    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    expect_body(&f, 200, "c");
    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    expect_body(&f, 200, "d");
    finish(&f);
}

static void refused(void **state)
{
    BEGIN({.bytes = NULL});
    const struct li_http_request request = {.url = "http://127.0.0.1:1/", .no_proxy = true};
    const struct li_http_request other = {.url = "file:///etc/passwd", .limit = 10000};

    assert_int_equal(li_http_send(f.http, &request, &f.response, &f.err), LI_ENETWORK);
    assert_true(f.response.unreached);
    assert_int_equal(li_http_send(f.http, &other, &f.response, &f.err), LI_EINVALID);
    assert_false(f.response.unreached);
    finish(&f);
}

/* Somebody takes the connection, and says nothing that begins TLS. */
static void nobody_lets_in(void **state)
{
    BEGIN({.bytes = NULL});
    struct li_http_request request = {.no_proxy = true, .connect = 1};
    uint64_t start = unit_milliseconds();
    char url[sizeof(f.server.url) + 1];

    snprintf(url, sizeof(url), "https://%s", strstr(f.server.url, "127.0.0.1"));
    request.url = url;
    assert_int_equal(li_http_send(f.http, &request, &f.response, &f.err), LI_ENETWORK);
    assert_true(f.response.unreached);
    assert_in_range(unit_milliseconds() - start, 900, 1000 * LI_HTTP_STALL - 1);
    finish(&f);
}

/* ---- stopping -------------------------------------------------------------------------------- */

struct grouped {
    struct fixture *f;
    struct li_http_group group, inner;
};

static int run_held(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct grouped *g = arg;
    struct li_http_response response = {0};
    const struct li_http_request request = {
        .url = g->f->server.url, .no_proxy = true, .limit = 10, .group = &g->inner};
    int rc = index == 0 ? li_http_pause(g->f->http, &g->inner, 20000, err)
                        : li_http_send(g->f->http, &request, &response, err);

    (void)team;
    li_http_response_free(&response);
    return rc == LI_ECANCELLED ? 0 : li_fail(err, LI_EIO, "%u: %d", index, rc);
}

static void stop(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .hold = 20000});
    struct grouped g = {.f = &f};
    struct li_workers *team = NULL;
    time_t start = time(NULL);

    assert_done(li_workers_start(4, run_held, &g, &team, &f.err), &f.err);
    while (http_server_asked(&f.server) == 0)
        usleep(1000);
    li_http_stop(f.http);
    assert_done(li_workers_join(team, &f.err), &f.err);
    assert_int_equal(send_request(&f, (struct li_http_request){0}), LI_ECANCELLED);
    assert_true(time(NULL) - start < 10);
    finish(&f);
}

/* A pause, a request that runs and one that waits for its turn end with their group; what is in
 * none goes on. */
static void cancel(void **state)
{
    static const struct http_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .hold = 20000},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}};
    struct fixture f = {0};
    struct grouped g = {.f = &f, .inner = {.parent = &g.group}};
    const struct li_http_request late = {.group = &g.group};
    struct li_workers *team = NULL;
    uint64_t start;

    (void)state;
    http_server_start(&f.server, replies, 2);
    assert_done(li_http_new(&(struct li_http_options){.in_flight = 1}, &f.http, &f.err), &f.err);
    assert_done(li_workers_start(3, run_held, &g, &team, &f.err), &f.err);
    while (http_server_asked(&f.server) == 0)
        usleep(1000);
    usleep(20000);
    start = unit_milliseconds();
    li_http_cancel(f.http, &g.group);
    assert_done(li_workers_join(team, &f.err), &f.err);
    assert_true(unit_milliseconds() - start < 1000);
    assert_int_equal(send_request(&f, late), LI_ECANCELLED);
    assert_int_equal(li_http_pause(f.http, &g.inner, 1, &f.err), LI_ECANCELLED);
    assert_done(li_http_pause(f.http, NULL, 1, &f.err), &f.err);
    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    expect_body(&f, 200, "ok");
    finish(&f);
}

/* A plea closes the window for all who share the client. */
static void plea_pauses(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 503 Slow Down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
    /* The plea comes later than this, however much. */
    uint64_t start = unit_milliseconds();

    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    assert_int_equal(li_retry_after(&f.response), 1000);
    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    assert_true(unit_milliseconds() - start >= 1000);
    finish(&f);
}

/* So does an answer that does not come in time, since others may be what it has no room for. */
static void lateness_pauses(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .hold = 20000},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
    uint64_t start = unit_milliseconds();

    assert_int_equal(send_request(&f, (struct li_http_request){.total = 1}), LI_ENETWORK);
    assert_done(send_request(&f, (struct li_http_request){0}), &f.err);
    assert_true(unit_milliseconds() - start >= 1000 + LI_WINDOW_PAUSE - 20);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get),
        cmocka_unit_test(put),
        cmocka_unit_test(head_and_delete),
        cmocka_unit_test(redirect_is_an_answer),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(short_body),
        cmocka_unit_test(limits),
        cmocka_unit_test(too_many_headers),
        cmocka_unit_test(endless_interim_answers),
        cmocka_unit_test(interim_answers_and_trailers),
        cmocka_unit_test(stall),
        cmocka_unit_test(answers_that_come_twice),
        cmocka_unit_test(ids_that_are_none),
        cmocka_unit_test(refused),
        cmocka_unit_test(nobody_lets_in),
        cmocka_unit_test(stop),
        cmocka_unit_test(cancel),
        cmocka_unit_test(plea_pauses),
        cmocka_unit_test(lateness_pauses),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
