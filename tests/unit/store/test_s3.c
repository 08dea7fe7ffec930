/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's requests: what is corrected, what is retried, what is told. */
#include "tests/fixtures/s3_fixture.h"

/* ---- corrections ----------------------------------------------------------------------------- */

static int get(struct s3_fixture *f)
{
    return li_store_get(f->store, "k", 100, &f->out, &f->err);
}

static void plain_get(void **state)
{
    BEGIN(HELLO);

    assert_done(get(&f), &f.err);
    assert_int_equal(f.out.len, 5);
    assert_memory_equal(f.out.data, "hello", 5);
    expect_request(&f, 0, "GET /bucket/pre/k HTTP/1.1\r\n");
    assert_true(has_text(&f, 0, "Credential=AK/20231114/us-east-1/s3/aws4_request"));
    assert_true(has_text(&f, 0, "x-amz-content-sha256: e3b0c442"));
    s3_finish(&f);
}

static void region_is_corrected(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: eu-west-3\r\n"
                    "Location: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"},
          HELLO, HELLO,
          {.bytes = "HTTP/1.1 400 Bad" ERROR_END "AuthorizationHeaderMalformed</Code>"
                    "<Region>ap-south-1</Region></Error>",
           .close = true},
          HELLO);

    assert_done(get(&f), &f.err);
    assert_true(has_text(&f, 1, "/eu-west-3/s3/aws4_request"));
    assert_done(get(&f), &f.err);
    assert_true(has_text(&f, 2, "/eu-west-3/s3/aws4_request"));
    assert_done(get(&f), &f.err);
    assert_true(has_text(&f, 4, "/ap-south-1/s3/aws4_request"));
    s3_finish(&f);
}

static void region_goes_nowhere(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: evil.example/\r\n"
                    "Content-Length: 0\r\n\r\n"},
          {.bytes = "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: one\r\nContent-Length: 0\r\n\r\n"},
          {.bytes = "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: two\r\nContent-Length: 0\r\n\r\n"});

    assert_fails(get(&f), LI_EINVALID, "301", &f.err);
    assert_fails(get(&f), LI_EINVALID, "--region", &f.err);
    assert_true(has_text(&f, 1, "/us-east-1/s3/"));
    s3_finish(&f);
}

/* The environment says 2023-11-14 22:13:20. */
static void clock_is_corrected(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 403 Forbidden\r\nDate: Wed, 15 Nov 2023 22:13:20 GMT" ERROR_END
                    "RequestTimeTooSkewed</Code></Error>",
           .close = true},
          HELLO, HELLO,
          {.bytes = "HTTP/1.1 403 Forbidden\r\nDate: Wed, 15 Nov 2023 22:14:20 GMT" ERROR_END
                    "AccessDenied</Code></Error>",
           .close = true});

    assert_done(get(&f), &f.err);
    assert_true(has_text(&f, 0, "x-amz-date: 20231114T221320Z"));
    assert_true(has_text(&f, 1, "x-amz-date: 20231115T221320Z"));
    assert_done(get(&f), &f.err);
    assert_true(has_text(&f, 2, "x-amz-date: 20231115T221320Z"));
    assert_fails(get(&f), LI_EDENIED, "AccessDenied", &f.err);
    s3_finish(&f);
}

#define SKEWED(date)                                                                               \
    {                                                                                              \
        .bytes = "HTTP/1.1 403 Forbidden\r\nDate: " date ERROR_END                                 \
                 "RequestTimeTooSkewed</Code></Error>",                                            \
        .close = true                                                                              \
    }

/* A server that is wrong by a century, or a thousand, spoils no requests but its own. */
static void clock_is_not_moved_far(void **state)
{
    BEGIN(SKEWED("Wed, 15 Nov 99999 22:13:20 GMT"), SKEWED("Wed, 15 Nov 2123 22:13:20 GMT"), HELLO);

    assert_fails(get(&f), LI_EDENIED, "set this machine's clock", &f.err);
    assert_fails(get(&f), LI_EDENIED, "set this machine's clock", &f.err);
    assert_done(get(&f), &f.err);
    assert_true(has_text(&f, 2, "x-amz-date: 20231114T221320Z"));
    s3_finish(&f);
}

/* One server of many is wrong about the time, and the next one is not. */
static void clock_is_corrected_again(void **state)
{
    BEGIN(SKEWED("Wed, 15 Nov 2023 22:13:20 GMT"), SKEWED("Tue, 14 Nov 2023 22:13:20 GMT"), HELLO,
          SKEWED("Tue, 14 Nov 2023 22:13:20 GMT"));

    assert_done(get(&f), &f.err);
    assert_true(has_text(&f, 1, "x-amz-date: 20231115T221320Z"));
    assert_true(has_text(&f, 2, "x-amz-date: 20231114T221320Z"));
    assert_fails(get(&f), LI_EDENIED, "set this machine's clock", &f.err);
    s3_finish(&f);
}

/* The wrong one is asked again, with its own time, and then the right one. */
static void clocks_that_differ(void **state)
{
    BEGIN(SKEWED("Wed, 15 Nov 2023 22:13:20 GMT"), SKEWED("Wed, 15 Nov 2023 22:13:20 GMT"),
          SKEWED("Tue, 14 Nov 2023 22:13:20 GMT"), HELLO);

    assert_done(get(&f), &f.err);
    assert_true(has_text(&f, 3, "x-amz-date: 20231114T221320Z"));
    s3_finish(&f);
}

static void expired_credentials(void **state)
{
    BEGIN(STATUS("400 Bad", "ExpiredToken"));

    assert_fails(get(&f), LI_EDENIED, "have expired", &f.err);
    s3_finish(&f);
}

/* A provider that has other credentials once the first were rejected. */
struct renewing {
    struct li_aws_provider provider;
    int renewals;
};

static int renewing_get(struct li_aws_provider *provider, struct li_aws_credentials *out,
                        struct li_error *err)
{
    struct renewing *r = (struct renewing *)provider;
    struct li_aws_credentials now = {
        .expires = INT64_MAX, .secret_key = "SK", .source = "somewhere"};

    snprintf(now.access_key, sizeof(now.access_key), "AK%d", r->renewals);
    return li_aws_credentials_copy(out, &now, err);
}

static int renewing_rejected(struct li_aws_provider *provider,
                             const struct li_aws_credentials *used, struct li_error *err)
{
    struct renewing *r = (struct renewing *)provider;

    (void)err;
    assert_int_equal(atoi(used->access_key + 2), r->renewals);
    r->renewals++;
    return 0;
}

#define EXPIRED STATUS("400 Bad", "ExpiredToken")
#define NINE                                                                                       \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"                                    \
    }

/* A HEAD's refusal has no body, so a GET of one byte finds out. Credentials that expire again and
 * again are renewed as often, within the attempts of a request. */
static void credentials_are_renewed(void **state)
{
    static const struct li_aws_provider_operations operations = {renewing_get, renewing_rejected,
                                                                 NULL};
    struct renewing renewing = {{&operations}, 0};
    struct li_s3_options options = {.provider = &renewing.provider};
    struct li_store *store = NULL;
    const char *key = "k";
    bool present = false;
    BEGIN({.bytes = "HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\n"}, EXPIRED, NINE,
          TWICE(EXPIRED), EXPIRED, DONE, FOUR(EXPIRED), FOUR(EXPIRED), EXPIRED);

    options.http = f.http;
    options.endpoint = f.server.url;
    assert_done(li_s3_open("s3://bucket", &options, &s3_env, &store, &f.err), &f.err);
    assert_done(li_store_exists(store, &key, 1, 9, &present, &f.err), &f.err);
    assert_true(present);
    expect_request(&f, 0, "HEAD /bucket/k ");
    expect_request(&f, 1, "GET /bucket/k ");
    assert_true(has_text(&f, 1, "Range: bytes=0-0"));
    expect_request(&f, 2, "HEAD /bucket/k ");
    assert_true(has_text(&f, 2, "Credential=AK1/"));
    assert_done(li_store_get(store, "k", 1, &f.out, &f.err), &f.err);
    assert_int_equal(renewing.renewals, 4);
    assert_true(has_text(&f, 6, "Credential=AK4/"));
    assert_fails(li_store_get(store, "k", 1, &f.out, &f.err), LI_EINVALID,
                 "ExpiredToken: the credentials from somewhere are refused even after a renewal",
                 &f.err);
    li_store_free(store);
    s3_finish(&f);
}

/* A provider that fails with the code of its number. */
static int lacking_get(struct li_aws_provider *provider, struct li_aws_credentials *out,
                       struct li_error *err)
{
    (void)out;
    return li_fail(err, ((struct renewing *)provider)->renewals, "there is no token");
}

/* What is wrong with credentials is not found out of any object. */
static void without_credentials_nothing_is_known(void **state)
{
    static const struct li_aws_provider_operations operations = {lacking_get, NULL, NULL};
    static const int codes[][2] = {
        {LI_ENOTFOUND, LI_EDENIED},     {LI_ECORRUPT, LI_EDENIED}, {LI_ELIMIT, LI_EDENIED},
        {LI_EINVALID, LI_EDENIED},      {LI_EDENIED, LI_EDENIED},  {LI_ENOMEM, LI_ENOMEM},
        {LI_ECANCELLED, LI_ECANCELLED},
    };
    struct renewing lacking = {{&operations}, 0};
    struct li_s3_options options = {.provider = &lacking.provider};
    struct li_store *store = NULL;
    const char *key = "k";
    bool present;
    BEGIN(DONE);

    options.http = f.http;
    options.endpoint = f.server.url;
    assert_done(li_s3_open("s3://bucket", &options, &s3_env, &store, &f.err), &f.err);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        lacking.renewals = codes[i][0];
        assert_fails(li_store_get(store, "k", 1, &f.out, &f.err), codes[i][1], "no token", &f.err);
        assert_fails(li_store_exists(store, &key, 1, 9, &present, &f.err), codes[i][1], "no token",
                     &f.err);
        assert_fails(li_store_replace_if(store, "k", unit_bytes(""), "x", 1, &f.err), codes[i][1],
                     "no token", &f.err);
    }
    li_store_free(store);
    s3_finish_after(&f, 0);
}

/* ---- retries --------------------------------------------------------------------------------- */

static void what_passes_is_retried(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"},
          STATUS("503 Slow", "SlowDown"),
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", .close = true},
          {.bytes = "HTTP/1.1 200 OK\r\n\r\nhello", .close = true},
          STATUS("400 Bad", "RequestTimeout"), HELLO);

    assert_done(get(&f), &f.err);
    assert_int_equal(f.out.len, 5);
    s3_finish(&f);
}

/* A HEAD is refused, and the GET that asks why is not: what refused it has passed. */
static void refused_in_passing(void **state)
{
    const char *key = "k";
    bool present = false;
    BEGIN({.bytes = "HTTP/1.1 403 No\r\n\r\n", .close = true}, {.bytes = ABSENT, .close = true},
          {.bytes = "HTTP/1.1 403 No\r\n\r\n", .close = true}, {.bytes = ABSENT, .close = true},
          NINE);

    assert_done(li_store_exists(f.store, &key, 1, 9, &present, &f.err), &f.err);
    assert_true(present);
    s3_finish(&f);
}

#define BUSY                                                                                       \
    {                                                                                              \
        .bytes = "HTTP/1.1 500 Busy\r\nx-amz-request-id: the-id" ERROR_END                         \
                 "InternalError</Code><Message>We are sorry</Message></Error>",                    \
        .close = true                                                                              \
    }

static void what_does_not_pass_is_told(void **state)
{
    BEGIN(BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY);

    assert_fails(get(&f), LI_ENETWORK, "GET 8 times with 500 InternalError: We are sorry", &f.err);
    assert_fails(f.err.code, LI_ENETWORK, "request the-id", &f.err);
    assert_fails(f.err.code, LI_ENETWORK, "s3://bucket/pre/k: ", &f.err);
    s3_finish(&f);
}

static void what_is_final_is_told_at_once(void **state)
{
    BEGIN(STATUS("404 No", "NoSuchKey"), STATUS("404 No", "NoSuchBucket"),
          STATUS("403 No", "SignatureDoesNotMatch"), STATUS("501 No", "NotImplemented"),
          {.bytes = "HTTP/1.1 418 No\r\nConnection: close\r\n\r\n<html>&nbsp;\x1b[2J</p>",
           .close = true},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", .close = true},
          {.bytes = "HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n"});

    assert_int_equal(get(&f), LI_ENOTFOUND);
    assert_fails(get(&f), LI_EINVALID, "--create-bucket", &f.err);
    assert_fails(get(&f), LI_EDENIED, "AK", &f.err);
    assert_null(strstr(f.err.text, "SK"));
    assert_int_equal(get(&f), LI_EUNSUPPORTED);
    assert_fails(get(&f), LI_EINVALID, "418", &f.err);
    assert_int_not_equal(get(&f), 0);
    s3_finish(&f);
}

/* ---- buckets --------------------------------------------------------------------------------- */

static int make(struct s3_fixture *f, const char *region)
{
    struct li_s3_options options = {.create_bucket = true,
                                    .http = f->http,
                                    .provider = f->provider,
                                    .endpoint = f->server.url,
                                    .region = region};
    struct li_store *store = NULL;
    int rc = li_s3_open("s3://new/x", &options, &s3_env, &store, &f->err);

    assert_true(rc == 0 ? store != NULL : store == NULL);
    li_store_free(store);
    return rc;
}

/* Without a provider nothing is signed, and no refusal is taken for one of credentials. */
static void anonymous(void **state)
{
    BEGIN(HELLO, STATUS("403 No", "AccessDenied"), STATUS("401 No", "UnauthorizedAccess"),
          STATUS("400 No", "ExpiredToken"));
    struct li_s3_options options = {.http = f.http, .endpoint = f.server.url};
    struct li_store *store = NULL;

    assert_done(li_s3_open("s3://bucket", &options, &s3_env, &store, &f.err), &f.err);
    assert_done(li_store_get(store, "k", 100, &f.out, &f.err), &f.err);
    assert_false(has_text(&f, 0, "Authorization") || has_text(&f, 0, "x-amz-"));
    for (int i = 0; i < 2; i++)
        assert_fails(li_store_get(store, "k", 100, &f.out, &f.err), LI_EDENIED,
                     "leave out --no-sign-request", &f.err);
    assert_fails(li_store_get(store, "k", 100, &f.out, &f.err), LI_EINVALID, "ExpiredToken",
                 &f.err);
    li_store_free(store);
    s3_finish(&f);
}

#define EXISTS STATUS("409 No", "BucketAlreadyExists")
#define NO_LOCATION STATUS("400 No", "IllegalLocationConstraintException")
#define BAD_LOCATION STATUS("400 No", "InvalidLocationConstraint")
#define LOCATION(region) "<LocationConstraint>" region "</LocationConstraint>"

/* One that is there may be one's own, whatever this server calls it: it is used if it may be. */
static void make_bucket(void **state)
{
    BEGIN(DONE, STATUS("409 No", "BucketAlreadyOwnedByYou"), EXISTS,
          ANSWER("<ListBucketResult></ListBucketResult>"), EXISTS, STATUS("403 No", "AccessDenied"),
          EXISTS, STATUS("404 No", "NoSuchBucket"), STATUS("409 No", "OperationAborted"), DONE);

    for (int i = 0; i < 3; i++)
        assert_done(make(&f, NULL), &f.err);
    for (size_t i = 0; i < 3; i++) {
        expect_request(&f, i, "PUT /new ");
        assert_false(has_text(&f, i, "LocationConstraint"));
    }
    expect_request(&f, 3, "GET /new?list-type=2&max-keys=1 ");
    assert_fails(make(&f, NULL), LI_EDENIED, "belongs to somebody else (BucketAlreadyExists)",
                 &f.err);
    assert_fails(make(&f, NULL), LI_EINVALID, "NoSuchBucket", &f.err);
    assert_done(make(&f, NULL), &f.err);
    s3_finish(&f);
}

/* Each way to say where it is to be is tried once. */
static void make_bucket_somewhere(void **state)
{
    BEGIN(NO_LOCATION, DONE, BAD_LOCATION, EXISTS, ANSWER("<ListBucketResult></ListBucketResult>"),
          NO_LOCATION, BAD_LOCATION);

    assert_done(make(&f, "eu-1"), &f.err);
    assert_false(has_text(&f, 0, "LocationConstraint"));
    assert_true(has_text(&f, 1, LOCATION("eu-1")));
    assert_done(make(&f, "eu-1"), &f.err);
    assert_true(has_text(&f, 3, LOCATION("eu-1")));
    assert_fails(make(&f, "eu-1"), LI_EINVALID, "the region eu-1 (InvalidLocationConstraint)",
                 &f.err);
    s3_finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_get),
        cmocka_unit_test(region_is_corrected),
        cmocka_unit_test(region_goes_nowhere),
        cmocka_unit_test(clock_is_corrected),
        cmocka_unit_test(clock_is_not_moved_far),
        cmocka_unit_test(clock_is_corrected_again),
        cmocka_unit_test(clocks_that_differ),
        cmocka_unit_test(expired_credentials),
        cmocka_unit_test(credentials_are_renewed),
        cmocka_unit_test(without_credentials_nothing_is_known),
        cmocka_unit_test(what_passes_is_retried),
        cmocka_unit_test(refused_in_passing),
        cmocka_unit_test(what_does_not_pass_is_told),
        cmocka_unit_test(what_is_final_is_told_at_once),
        cmocka_unit_test(anonymous),
        cmocka_unit_test(make_bucket),
        cmocka_unit_test(make_bucket_somewhere),
    };

    return cmocka_run_group_tests_name("s3", tests, NULL, NULL);
}
