/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's requests: what is corrected, what is retried, what is told; and where buckets are.
 */
#include "s3_fixture.h"

#include "store/s3_internal.h"

/* ---- places ---------------------------------------------------------------------------------- */

static void places(void **state)
{
    static const struct {
        const char *address, *endpoint, *region;
        bool path_style;
        const char *host, *path; /* of the key "k" */
    } good[] = {
        {"s3://buck/a/b", NULL, NULL, false, "buck.s3.us-east-1.amazonaws.com", "/a/b/k"},
        {"s3://buck", NULL, "eu-west-3", false, "buck.s3.eu-west-3.amazonaws.com", "/k"},
        {"s3://buck/", NULL, "cn-north-1", false, "buck.s3.cn-north-1.amazonaws.com.cn", "/k"},
        {"s3://buck", NULL, "eusc-de-east-1", false, "buck.s3.eusc-de-east-1.amazonaws.eu", "/k"},
        {"s3://buck", NULL, "us-iso-east-1", false, "buck.s3.us-iso-east-1.c2s.ic.gov", "/k"},
        {"s3://buck/a/", NULL, NULL, true, "s3.us-east-1.amazonaws.com", "/buck/a/k"},
        {"s3://my.buck/a", NULL, NULL, false, "s3.us-east-1.amazonaws.com", "/my.buck/a/k"},
        {"s3://Buck", NULL, NULL, false, "s3.us-east-1.amazonaws.com", "/Buck/k"},
        {"s3://buck/a", "http://localhost:9000", NULL, false, "localhost:9000", "/buck/a/k"},
        {"s3://buck/a", "https://minio.example", NULL, false, "minio.example", "/buck/a/k"},
        {"s3://buck", "https://oss-cn-beijing.aliyuncs.com", NULL, false,
         "buck.oss-cn-beijing.aliyuncs.com", "/k"},
        {"s3://buck", "https://s3.eu-west-3.amazonaws.com", NULL, false,
         "buck.s3.eu-west-3.amazonaws.com", "/k"},
    };
    static const char *const bad[] = {"s3:",        "s3://",        "s3:///a",     "s3://.b/a",
                                      "s3://b//a",  "s3://b/../a",  "s3://b/a/..", "s3://b/./a",
                                      "s3://b/a//", "s3://b/a\nb",  "s3://a b",    "s3:/b",
                                      "s3://b?x",   "s3://b/a//b/", "dir:/x"};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer path = {0};
    struct li_s3_place place;
    char long_address[700] = "s3://b/";

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const struct li_s3_options options = {.endpoint = good[i].endpoint,
                                              .region = good[i].region,
                                              .path_style = good[i].path_style};

        assert_done(li_s3_place_parse(good[i].address, &options, &place, &err), &err);
        assert_done(li_s3_place_path(&place, "k", &path, &err), &err);
        assert_string_equal(place.endpoint.host, good[i].host);
        assert_string_equal((char *)path.data, good[i].path);
        assert_done(li_s3_place_path(&place, NULL, &path, &err), &err);
        assert_int_equal(((char *)path.data)[strlen((char *)path.data) - 1] == '/', place.in_host);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (li_s3_place_parse(bad[i], &(struct li_s3_options){0}, &place, &err) != LI_EINVALID)
            fail_msg("%s", bad[i]);
    memset(long_address + strlen(long_address), 'x', 600);
    assert_int_equal(li_s3_place_parse(long_address, &(struct li_s3_options){0}, &place, &err),
                     LI_EINVALID);
    li_buffer_free(&path);
}

static void regions(void **state)
{
    static const char *const bad[] = {"", "eu.west", "evil.com/", "a@b", "-a", "EU", "eu_west"};
    struct li_error err = LI_ERROR_INIT;
    struct li_s3_place place;

    (void)state;
    assert_done(li_s3_place_parse("s3://b2b", &(struct li_s3_options){0}, &place, &err), &err);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(li_s3_place_move(&place, bad[i], &err), LI_EINVALID, "region", &err);
    assert_fails(li_s3_place_move(&place, "eusc-de-east-1", &err), LI_EINVALID, "partition", &err);
    assert_fails(li_s3_place_move(&place, "cn-north-1", &err), LI_EINVALID, "partition", &err);
    assert_string_equal(place.endpoint.host, "b2b.s3.us-east-1.amazonaws.com");
    assert_done(li_s3_place_move(&place, "eu-west-1", &err), &err);
    assert_string_equal(place.endpoint.host, "b2b.s3.eu-west-1.amazonaws.com");
}

/* ---- corrections ----------------------------------------------------------------------------- */

static int get(struct s3_fixture *f)
{
    return li_store_get(f->store, "k", 100, &f->out, &f->err);
}

#define HELLO                                                                                      \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"                               \
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
    BEGIN({.bytes = "HTTP/1.1 400 Bad" ERROR_END "ExpiredToken</Code></Error>", .close = true});

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

#define EXPIRED                                                                                    \
    {                                                                                              \
        .bytes = "HTTP/1.1 400 Bad" ERROR_END "ExpiredToken</Code></Error>", .close = true         \
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
    BEGIN({.bytes = "HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\n"}, EXPIRED,
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}, EXPIRED, EXPIRED, EXPIRED,
          {.bytes = OK_EMPTY}, EXPIRED, EXPIRED, EXPIRED, EXPIRED, EXPIRED, EXPIRED, EXPIRED,
          EXPIRED, EXPIRED);

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
                 "ExpiredToken: the credentials from somewhere are refused also when renewed",
                 &f.err);
    li_store_free(store);
    s3_finish(&f);
}

/* ---- retries --------------------------------------------------------------------------------- */

static void what_passes_is_retried(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"},
          {.bytes = "HTTP/1.1 503 Slow" ERROR_END "SlowDown</Code></Error>", .close = true},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", .close = true},
          {.bytes = "HTTP/1.1 200 OK\r\n\r\nhello", .close = true},
          {.bytes = "HTTP/1.1 400 Bad" ERROR_END "RequestTimeout</Code></Error>", .close = true},
          HELLO);

    assert_done(get(&f), &f.err);
    assert_int_equal(f.out.len, 5);
    s3_finish(&f);
}

#define SUMMED(body)                                                                               \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nx-amz-meta-lambdaimg-sha256: "                                \
                 "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\r\nx-amz-request-id: the-id\r\n"    \
                 "Connection: close\r\nContent-Length: 5\r\n\r\n" body,                            \
        .close = true                                                                              \
    }

/* Bytes that are not those of the checksum are asked for four times. */
static void spoiled_on_the_way(void **state)
{
    BEGIN(SUMMED("hallo"), SUMMED("hello"), SUMMED("hallo"), SUMMED("hell0"), SUMMED("jello"),
          SUMMED("hullo"));

    assert_done(get(&f), &f.err);
    assert_int_equal(f.out.len, 5);
    assert_memory_equal(f.out.data, "hello", 5);
    assert_fails(get(&f), LI_ECORRUPT, "no sound answer in 4 attempts", &f.err);
    assert_fails(f.err.code, LI_ECORRUPT, "request the-id", &f.err);
    s3_finish(&f);
}

#define NOTHING                                                                                    \
    {                                                                                              \
        .bytes = "HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n"                                  \
    }

/* What has no checksum is none the more whole for that. */
static void a_part_is_not_the_whole(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-2/5\r\n", .body = "hel"}, HELLO,
          NOTHING, NOTHING, NOTHING, NOTHING);

    assert_done(get(&f), &f.err);
    assert_memory_equal(f.out.data, "hello", 5);
    assert_fails(get(&f), LI_ECORRUPT, "204", &f.err);
    s3_finish(&f);
}

/* A HEAD is refused, and the GET that asks why is not: what refused it has passed. */
static void refused_in_passing(void **state)
{
    const char *key = "k";
    bool present = false;
    BEGIN({.bytes = "HTTP/1.1 403 No\r\n\r\n", .close = true}, {.bytes = ABSENT, .close = true},
          {.bytes = "HTTP/1.1 403 No\r\n\r\n", .close = true}, {.bytes = ABSENT, .close = true},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"});

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
    BEGIN({.bytes = "HTTP/1.1 404 No" ERROR_END "NoSuchKey</Code></Error>", .close = true},
          {.bytes = "HTTP/1.1 404 No" ERROR_END "NoSuchBucket</Code></Error>", .close = true},
          {.bytes = "HTTP/1.1 403 No" ERROR_END "SignatureDoesNotMatch</Code></Error>",
           .close = true},
          {.bytes = "HTTP/1.1 501 No" ERROR_END "NotImplemented</Code></Error>", .close = true},
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

static void too_large(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!"}, HELLO);

    assert_int_equal(li_store_get(f.store, "k", 5, &f.out, &f.err), LI_ELIMIT);
    assert_done(li_store_get(f.store, "k", 5, &f.out, &f.err), &f.err);
    s3_finish(&f);
}

/* ---- ranges, and looking --------------------------------------------------------------------- */

#define PART(range, body)                                                                          \
    {                                                                                              \
        .bytes = "HTTP/1.1 206 Part\r\nContent-Range: " range "\r\nConnection: close\r\n"          \
                 "Content-Length: 3\r\n\r\n" body,                                                 \
        .close = true                                                                              \
    }

static void get_range(void **state)
{
    BEGIN(PART("bytes 2-4/9", "cde"), PART("bytes 2-4/5", "cde"), PART("bytes 3-5/9", "def"),
          PART("bytes 2-9/9", "cde"), PART("nonsense", "cde"),
          {.bytes = "HTTP/1.1 416 Range\r\nContent-Length: 0\r\n\r\n"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdefghi", .close = true},
          NOTHING, {.bytes = OK_EMPTY}, {.bytes = ABSENT});
    static const struct {
        uint64_t offset;
        size_t len;
        int rc;
        size_t got;
    } asked[] = {
        {2, 3, 0, 3},
        {2, 5, 0, 3},
        {2, 3, LI_ECORRUPT, 0},
        {2, 8, LI_ECORRUPT, 0},
        {2, 3, LI_ECORRUPT, 0},
        {20, 3, 0, 0},
        {0, 3, 0, 3},
        {1, 3, LI_EUNSUPPORTED, 0},
        {0, 3, LI_EUNSUPPORTED, 0},
        {0, 3, LI_EUNSUPPORTED, 0},
        {5, 0, 0, 0},
        {5, 0, LI_ENOTFOUND, 0},
    };

    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        int rc = li_store_get_range(f.store, "k", asked[i].offset, asked[i].len, &f.out, &f.err);

        if (rc != asked[i].rc)
            fail_msg("%zu: %d: %s", i, rc, f.err.text);
        assert_int_equal(f.out.len, asked[i].got);
    }
    assert_true(has_text(&f, 0, "\r\nRange: bytes=2-4\r\n"));
    s3_finish(&f);
}

#define SHUT(text)                                                                                 \
    {                                                                                              \
        .bytes = "HTTP/1.1 " text "\r\nConnection: close\r\n\r\n", .close = true                   \
    }
#define LONG(length) SHUT("200 OK\r\nContent-Length: " length)

static void exists(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"},
          SHUT("404 No\r\nContent-Length: 0"), LONG("1"), LONG("9"), LONG("2"));
    const char *keys[] = {"a", "b", "c"};
    bool present[3] = {false, false, false};

    assert_done(li_store_exists(f.store, keys, 0, 9, present, &f.err), &f.err);
    assert_done(li_store_exists(f.store, keys, 1, 9, present, &f.err), &f.err);
    assert_true(present[0]);
    assert_done(li_store_exists(f.store, keys, 1, 9, present, &f.err), &f.err);
    assert_false(present[0]);
    assert_done(li_store_exists(f.store, keys, 3, 9, present, &f.err), &f.err);
    assert_true(present[0] && present[1] && present[2]);
    s3_finish(&f);
}

/* What has a length that is none of the object's, whatever its ETag; and what has no length. */
static void exists_in_name_only(void **state)
{
    BEGIN(LONG("0"), LONG("10"), LONG("99999999999999999999999"), LONG("0\r\nETag: \"e\""),
          SHUT("200 OK"), SHUT("200 OK\r\nETag: \"e\""));
    const char *key = "k";
    bool present;

    for (int i = 0; i < 6; i++) {
        present = i < 5;
        assert_done(li_store_exists(f.store, &key, 1, 9, &present, &f.err), &f.err);
        assert_int_equal(present, i == 5);
    }
    s3_finish(&f);
}

static void make_bucket(void **state)
{
    struct li_s3_options options = {.create_bucket = true};
    struct li_store *store = NULL;
    BEGIN(
        {.bytes = OK_EMPTY},
        {.bytes = "HTTP/1.1 409 No" ERROR_END "BucketAlreadyOwnedByYou</Code></Error>",
         .close = true},
        {.bytes = "HTTP/1.1 409 No" ERROR_END "BucketAlreadyExists</Code></Error>", .close = true});

    options.http = f.http;
    options.provider = f.provider;
    options.endpoint = f.server.url;
    for (int i = 0; i < 2; i++) {
        assert_done(li_s3_open("s3://new/x", &options, &s3_env, &store, &f.err), &f.err);
        expect_request(&f, (size_t)i, "PUT /new ");
        li_store_free(store);
        store = NULL;
    }
    assert_fails(li_s3_open("s3://new/x", &options, &s3_env, &store, &f.err), LI_EDENIED,
                 "another's", &f.err);
    assert_null(store);
    s3_finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(regions),
        cmocka_unit_test(plain_get),
        cmocka_unit_test(region_is_corrected),
        cmocka_unit_test(region_goes_nowhere),
        cmocka_unit_test(clock_is_corrected),
        cmocka_unit_test(clock_is_not_moved_far),
        cmocka_unit_test(clock_is_corrected_again),
        cmocka_unit_test(clocks_that_differ),
        cmocka_unit_test(expired_credentials),
        cmocka_unit_test(credentials_are_renewed),
        cmocka_unit_test(what_passes_is_retried),
        cmocka_unit_test(spoiled_on_the_way),
        cmocka_unit_test(a_part_is_not_the_whole),
        cmocka_unit_test(refused_in_passing),
        cmocka_unit_test(what_does_not_pass_is_told),
        cmocka_unit_test(what_is_final_is_told_at_once),
        cmocka_unit_test(too_large),
        cmocka_unit_test(get_range),
        cmocka_unit_test(exists),
        cmocka_unit_test(exists_in_name_only),
        cmocka_unit_test(make_bucket),
    };

    return cmocka_run_group_tests_name("s3", tests, NULL, NULL);
}
