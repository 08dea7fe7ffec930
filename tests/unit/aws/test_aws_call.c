/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of a service that speaks JSON, as KMS does: what all services have in common beside S3, of
 * which test_s3*.c are. The environment's randomness is all zeros, so that no retry waits.
 */
#include "tests/fixtures/http_server.h"

#include "aws/call.h"

#define JSON_OK "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"a\":\"sec\"}"
#define SAYS(line) "HTTP/1.1 " line "\r\nx-amzn-RequestId: rq-1\r\n"
#define ERROR(line, text)                                                                          \
    {                                                                                              \
        .bytes = SAYS(line), .body = text                                                          \
    }

static int zero_random(void *buf, size_t len, struct li_error *err)
{
    (void)err;
    memset(buf, 0, len);
    return 0;
}

/* 2026-01-31 12:00:00 */
static int64_t noon(void)
{
    return 1769860800;
}

static const struct li_env env = {zero_random, noon, "/tmp", 2};

/* Credentials that are replaced when they are rejected: KEY0, KEY1, and so on. */
struct renewing {
    struct li_aws_provider provider;
    unsigned serial, last;
};

static int renewing_get(struct li_aws_provider *provider, struct li_aws_credentials *out,
                        struct li_error *err)
{
    const struct renewing *self = (struct renewing *)provider;

    (void)err;
    li_aws_credentials_wipe(out);
    *out = (struct li_aws_credentials){.secret_key = "SK", .source = "a test"};
    snprintf(out->access_key, sizeof(out->access_key), "KEY%u", self->serial);
    return 0;
}

static int renewing_rejected(struct li_aws_provider *provider,
                             const struct li_aws_credentials *used, struct li_error *err)
{
    struct renewing *self = (struct renewing *)provider;

    (void)used;
    if (self->serial == self->last)
        return li_fail(err, LI_EDENIED, "there are no others");
    self->serial++;
    return 0;
}

static const struct li_aws_provider_operations renewing_operations = {
    .get = renewing_get, .rejected = renewing_rejected};

struct fixture {
    struct http_server server;
    struct li_http *http;
    struct renewing renewing;
    struct li_aws_client client;
    struct li_http_response response;
    struct li_error err;
};

static void start(struct fixture *f, const struct http_reply *replies, size_t count)
{
    struct li_aws_client_options options = {
        .ops = &li_aws_json_operations, .service = "kms", .env = &env};

    *f = (struct fixture){.renewing = {.provider = {&renewing_operations}, .last = 1}};
    http_server_start(&f->server, replies, count);
    assert_done(li_http_new(&(struct li_http_options){0}, &f->http, &f->err), &f->err);
    options.http = f->http;
    options.provider = &f->renewing.provider;
    li_aws_client_init(&f->client, &options);
    strcpy(f->client.destination.region, "eu-west-1");
    assert_done(li_aws_endpoint_parse(f->server.url, &f->client.destination.endpoint, &f->err),
                &f->err);
}

static int call(struct fixture *f, unsigned deadline)
{
    static const struct li_http_header headers[] = {{"X-Amz-Target", "TrentService.Decrypt"},
                                                    {"Content-Type", "application/x-amz-json-1.1"}};
    const struct li_aws_call decrypt = {.method = LI_HTTP_POST,
                                        .path = "/",
                                        .headers = headers,
                                        .header_count = 2,
                                        .body = "{}",
                                        .body_len = 2,
                                        .limit = 4096,
                                        .secret = true,
                                        .deadline = deadline,
                                        .kind = 3};

    return li_aws_call(&f->client, &decrypt, &f->response, &f->err);
}

/* Frees all, and checks that COUNT requests came. */
static void finish(struct fixture *f, size_t count)
{
    assert_int_equal(atomic_load(&f->client.counters.requests[3]), count);
    li_http_response_free(&f->response);
    li_aws_client_destroy(&f->client);
    li_http_free(f->http);
    http_server_stop(&f->server);
    assert_int_equal(f->server.asked, count);
    http_server_free(&f->server);
}

static void expect_request(struct fixture *f, size_t number, const char *words)
{
    if (!strstr(f->server.request[number], words))
        fail_msg("request %zu is without \"%s\":\n%s", number, words, f->server.request[number]);
}

static void calls_are_signed_for_their_service(void **state)
{
    static const struct http_reply replies[] = {{.bytes = JSON_OK}};
    struct fixture f;

    (void)state;
    start(&f, replies, 1);
    assert_done(call(&f, 0), &f.err);
    assert_int_equal(f.response.body.len, 11);
    assert_true(f.response.body.wiped);
    expect_request(&f, 0, "POST / HTTP/1.1\r\n");
    expect_request(&f, 0, "Credential=KEY0/20260131/eu-west-1/kms/aws4_request, ");
    expect_request(&f, 0, "SignedHeaders=content-type;host;x-amz-date;x-amz-target, ");
    finish(&f, 1);
}

static void pleas_are_heeded_whatever_their_status(void **state)
{
    static const struct http_reply replies[] = {
        ERROR("400 Bad Request", "{\"__type\":\"ThrottlingException\",\"message\":\"Rate\"}"),
        ERROR("503 Slow", "<html>a proxy's</html>"),
        {.bytes = JSON_OK},
    };
    struct fixture f;

    (void)state;
    start(&f, replies, 3);
    assert_done(call(&f, 0), &f.err);
    assert_int_equal(atomic_load(&f.client.counters.repeated), 2);
    finish(&f, 3);
}

/* It is asked once with the wrong time, and never again. */
static void a_clock_that_is_wrong_is_corrected(void **state)
{
    static const struct http_reply replies[] = {
        {.bytes = SAYS("400 Bad Request") "Date: Sat, 31 Jan 2026 15:00:00 GMT\r\n",
         .body = "{\"__type\":\"InvalidSignatureException\","
                 "\"message\":\"Signature expired: 20260131T120000Z\"}"},
        {.bytes = JSON_OK},
        {.bytes = JSON_OK},
    };
    struct fixture f;

    (void)state;
    start(&f, replies, 3);
    assert_done(call(&f, 0), &f.err);
    assert_done(call(&f, 0), &f.err);
    expect_request(&f, 0, "20260131T120000Z");
    expect_request(&f, 1, "20260131T150000Z");
    expect_request(&f, 2, "20260131T150000Z");
    finish(&f, 3);
}

/* Where the clock is right such a refusal is about the secret. */
static void a_wrong_secret_is_told(void **state)
{
    static const struct http_reply replies[] = {
        {.bytes = SAYS("400 Bad Request") "Date: Sat, 31 Jan 2026 12:00:01 GMT\r\n",
         .body = "{\"__type\":\"InvalidSignatureException\",\"message\":\"It does not match\"}"},
    };
    struct fixture f;

    (void)state;
    start(&f, replies, 1);
    assert_fails(
        call(&f, 0), LI_EDENIED,
        "kms answered with 400 InvalidSignatureException: It does not match; the request used "
        "the access key KEY0 from a test (request rq-1)",
        &f.err);
    finish(&f, 1);
}

#define EXPIRED                                                                                    \
    ERROR("400 Bad Request", "{\"__type\":\"ExpiredTokenException\",\"message\":\"Expired\"}")

static void expired_credentials_are_renewed(void **state)
{
    static const struct http_reply replies[] = {EXPIRED, {.bytes = JSON_OK}};
    struct fixture f;

    (void)state;
    start(&f, replies, 2);
    assert_done(call(&f, 0), &f.err);
    expect_request(&f, 0, "Credential=KEY0/");
    expect_request(&f, 1, "Credential=KEY1/");
    finish(&f, 2);
}

static void without_other_credentials_that_is_the_end(void **state)
{
    static const struct http_reply replies[] = {EXPIRED, EXPIRED};
    struct fixture f;

    (void)state;
    start(&f, replies, 2);
    assert_fails(call(&f, 0), LI_EDENIED, "there are no others", &f.err);
    finish(&f, 2);
}

static void refusals_are_told_by_their_codes(void **state)
{
    static const struct {
        struct http_reply reply;
        int code;
        const char *words;
    } cases[] = {
        {ERROR("400 Bad Request",
               "{\"__type\":\"com.amazonaws.kms#NotFoundException\",\"message\":\"No key\"}"),
         LI_ENOTFOUND, "400 NotFoundException: No key (request rq-1)"},
        {{.bytes =
              SAYS("400 Bad Request") "x-amzn-ErrorType: "
                                      "AccessDeniedException:http://internal.amazon.com/x#y\r\n",
          .body = "{\"Message\":\"Not yours\"}"},
         LI_EDENIED,
         "400 AccessDeniedException: Not yours; the request used"},
        {ERROR("400 Bad Request", "{\"__type\":\"ValidationException\"}"), LI_EINVALID,
         "400 ValidationException (request"},
        {ERROR("400 Bad Request", "<AccessDeniedException><Message>Not yours</Message>"
                                  "</AccessDeniedException>"),
         LI_EDENIED, "400 AccessDeniedException: Not yours; the request used"},
        {ERROR("400 Bad Request", "<UnknownOperationException/>"), LI_EINVALID,
         "400 UnknownOperationException (request rq-1)"},
        {{.bytes = "HTTP/1.1 403 Forbidden\r\n",
          .body = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredX</Code><Message>No "
                  "more</Message></Error><RequestId>rq-2</RequestId></ErrorResponse>"},
         LI_EDENIED,
         "403 ExpiredX: No more; the request used the access key KEY0 from a test (request rq-2)"},
        {ERROR("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>"), LI_EINVALID,
         "404 NoSuchKey"},
        {ERROR("400 Bad Request", "<!DOCTYPE x [<!ENTITY y \"z\">]><Error><Code>&y;</Code>"),
         LI_EINVALID, "with 400 (request"},
        {ERROR("403 Forbidden", "<html>a proxy's</html>"), LI_EDENIED,
         "with 403; the request used"},
        {ERROR("404 Not Found", "<html>a proxy's</html>"), LI_EINVALID, "with 404 (request"},
        {ERROR("301 Moved", ""), LI_EINVALID, "with 301"},
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(&f, &cases[i].reply, 1);
        assert_fails(call(&f, 0), cases[i].code, cases[i].words, &f.err);
        finish(&f, 1);
    }
}

/* The server wants five seconds, of which there is one. */
static void no_wait_is_longer_than_the_deadline(void **state)
{
    static const struct http_reply replies[] = {
        {.bytes = SAYS("503 Slow Down") "Retry-After: 5\r\n", .body = "{}"}};
    struct fixture f;

    (void)state;
    start(&f, replies, 1);
    assert_fails(call(&f, 1), LI_ENETWORK, "kms answered with 503", &f.err);
    finish(&f, 1);
}

/* A request for which a minute is allowed ends with the second that is left. */
static void no_request_is_longer_than_the_deadline(void **state)
{
    static const struct http_reply replies[] = {{.bytes = JSON_OK, .hold = 60000}};
    struct fixture f;

    (void)state;
    start(&f, replies, 1);
    assert_int_equal(call(&f, 1), LI_ENETWORK);
    finish(&f, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_signed_for_their_service),
        cmocka_unit_test(pleas_are_heeded_whatever_their_status),
        cmocka_unit_test(a_clock_that_is_wrong_is_corrected),
        cmocka_unit_test(a_wrong_secret_is_told),
        cmocka_unit_test(expired_credentials_are_renewed),
        cmocka_unit_test(without_other_credentials_that_is_the_end),
        cmocka_unit_test(refusals_are_told_by_their_codes),
        cmocka_unit_test(no_wait_is_longer_than_the_deadline),
        cmocka_unit_test(no_request_is_longer_than_the_deadline),
    };

    return cmocka_run_group_tests_name("aws_call", tests, NULL, NULL);
}
