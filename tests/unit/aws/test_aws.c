/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures as AWS publishes them (the Signature Version 4 test suite, and the examples of the S3
 * API reference), endpoints, credentials, and XML.
 */
#include "tests/fixtures/unit.h"

#include "aws/aws.h"
#include "aws/endpoint.h"
#include "aws/sign.h"
#include "aws/xml.h"

/* ---- signatures ------------------------------------------------------------------------------ */

enum { SUITE_TIME = 1440938160 /* 2015-08-30 12:36:00 */, S3_TIME = 1369353600 /* 2013-05-24 */ };

struct vector {
    const char *name;
    enum li_http_method method;
    const char *path;
    struct li_aws_pair query[3];
    struct li_http_header headers[3];
    const char *body;
    const char *signed_headers, *signature;
};

static const struct vector suite[] = {
    {"get-vanilla",
     LI_HTTP_GET,
     "/",
     {{0}},
     {{0}},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"post-vanilla",
     LI_HTTP_POST,
     "/",
     {{0}},
     {{0}},
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"get-vanilla-query-order-key-case",
     LI_HTTP_GET,
     "/",
     {{"Param2", "value2"}, {"Param1", "value1"}},
     {{0}},
     "",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-utf8-query",
     LI_HTTP_GET,
     "/",
     {{"\xe1\x88\xb4", "bar"}},
     {{0}},
     "",
     "host;x-amz-date",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"post-header-key-sort",
     LI_HTTP_POST,
     "/",
     {{0}},
     {{"My-Header1", "value1"}},
     "",
     "host;my-header1;x-amz-date",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
};

static const struct vector s3[] = {
    {"GET Object",
     LI_HTTP_GET,
     "/test.txt",
     {{0}},
     {{"Range", "bytes=0-9"}},
     "",
     "host;range;x-amz-content-sha256;x-amz-date",
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"PUT Object",
     LI_HTTP_PUT,
     "/test$file.text",
     {{0}},
     {{"x-amz-storage-class", "REDUCED_REDUNDANCY"}, {"Date", "Fri, 24 May 2013 00:00:00 GMT"}},
     "Welcome to Amazon S3.",
     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"GET Bucket Lifecycle",
     LI_HTTP_GET,
     "/",
     {{"lifecycle", ""}},
     {{0}},
     "",
     "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"List Objects",
     LI_HTTP_GET,
     "/",
     {{"prefix", "J"}, {"max-keys", "2"}},
     {{0}},
     "",
     "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static struct li_aws_credentials example(const char *access_key, const char *secret_key)
{
    struct li_aws_credentials credentials = {.expires = INT64_MAX};

    strcpy(credentials.access_key, access_key);
    strcpy(credentials.secret_key, secret_key);
    return credentials;
}

static size_t count_pairs(const struct li_aws_pair *pair)
{
    size_t n = 0;

    while (n < 3 && pair[n].name)
        n++;
    return n;
}

static size_t count_headers(const struct li_http_header *header)
{
    size_t n = 0;

    while (n < 3 && header[n].name)
        n++;
    return n;
}

static void check_vector(const struct vector *v, const char *host, const char *service,
                         const struct li_aws_credentials *credentials, int64_t now,
                         const char *scope)
{
    struct li_aws_endpoint endpoint = {.https = true};
    struct li_aws_request request = {.method = v->method,
                                     .endpoint = &endpoint,
                                     .path = v->path,
                                     .query = v->query,
                                     .query_count = count_pairs(v->query),
                                     .headers = v->headers,
                                     .header_count = count_headers(v->headers),
                                     .body = v->body,
                                     .body_len = strlen(v->body),
                                     .region = "us-east-1",
                                     .service = service};
    struct li_aws_signed out = {0};
    struct li_error err = LI_ERROR_INIT;
    char want[1000];

    strcpy(endpoint.host, host);
    assert_done(li_aws_sign(&request, credentials, now, &out, &err), &err);
    snprintf(want, sizeof(want),
             "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
             credentials->access_key, scope, v->signed_headers, v->signature);
    if (strcmp(want, out.authorization) != 0)
        fail_msg("%s: %s", v->name, out.authorization);
    li_aws_signed_free(&out);
}

static void published_vectors(void **state)
{
    const struct li_aws_credentials suite_key =
        example("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    const struct li_aws_credentials s3_key =
        example("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

    (void)state;
    for (size_t i = 0; i < sizeof(suite) / sizeof(suite[0]); i++)
        check_vector(&suite[i], "example.amazonaws.com", "service", &suite_key, SUITE_TIME,
                     "20150830/us-east-1/service/aws4_request");
    for (size_t i = 0; i < sizeof(s3) / sizeof(s3[0]); i++)
        check_vector(&s3[i], "examplebucket.s3.amazonaws.com", "s3", &s3_key, S3_TIME,
                     "20130524/us-east-1/s3/aws4_request");
}

/* A header of the signed request; NULL: it is not there. */
static const char *signed_header(const struct li_aws_signed *out, const char *name)
{
    for (size_t i = 0; i < out->header_count; i++)
        if (strcmp(out->headers[i].name, name) == 0)
            return out->headers[i].value;
    return NULL;
}

static void what_is_sent(void **state)
{
    struct li_aws_credentials credentials = example("AK", "SK");
    struct li_aws_endpoint endpoint = {.https = false, .host = "h:9000", .path = "/base"};
    const struct li_aws_pair query[] = {{"b", "2"}, {"a-b", "1"}, {"a", "x y/z"}, {"a", "0"}};
    struct li_aws_request request = {.method = LI_HTTP_GET,
                                     .endpoint = &endpoint,
                                     .path = "/b/a+b~c:=\xc3\xa4",
                                     .query = query,
                                     .query_count = 4,
                                     .region = "eu",
                                     .service = "s3"};
    struct li_aws_signed out = {0};
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_done(li_aws_sign(&request, &credentials, S3_TIME, &out, &err), &err);
    assert_string_equal(out.url,
                        "http://h:9000/base/b/a%2Bb~c%3A%3D%C3%A4?a=0&a=x%20y%2Fz&a-b=1&b=2");
    assert_string_equal(signed_header(&out, "Host"), "h:9000");
    assert_string_equal(signed_header(&out, "x-amz-date"), "20130524T000000Z");
    assert_null(signed_header(&out, "x-amz-security-token"));
    li_aws_signed_free(&out);

    credentials.token = strdup("the-token");
    assert_done(li_aws_sign(&request, &credentials, S3_TIME, &out, &err), &err);
    assert_string_equal(signed_header(&out, "x-amz-security-token"), "the-token");
    assert_non_null(strstr(out.authorization, ";x-amz-security-token,"));
    li_aws_signed_free(&out);
    li_aws_credentials_wipe(&credentials);
}

static void what_is_not_signed(void **state)
{
    const struct li_aws_credentials credentials = example("AK", "SK");
    const struct li_aws_endpoint endpoint = {.host = "h"};
    const struct li_http_header headers[] = {{"X-A", "1"}, {"x-a", "2"}};
    struct li_aws_request request = {.endpoint = &endpoint,
                                     .path = "/",
                                     .headers = headers,
                                     .header_count = 2,
                                     .region = "r",
                                     .service = "s"};
    struct li_aws_signed out = {0};
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_fails(li_aws_sign(&request, &credentials, 0, &out, &err), LI_EINVALID, "x-a", &err);
    request.header_count = LI_AWS_HEADERS_MAX + 1;
    assert_fails(li_aws_sign(&request, &credentials, 0, &out, &err), LI_EINVALID, "headers", &err);
    request.header_count = 0;
    request.query_count = LI_AWS_QUERY_MAX + 1;
    assert_fails(li_aws_sign(&request, &credentials, 0, &out, &err), LI_EINVALID, "query", &err);
    request.query_count = 0;
    assert_fails(li_aws_sign(&request, &credentials, -1, &out, &err), LI_EINVALID, "clock", &err);
    assert_fails(li_aws_sign(&request, &credentials, INT64_MAX, &out, &err), LI_EINVALID, "clock",
                 &err);
    assert_null(out.url);
}

/* ---- endpoints ------------------------------------------------------------------------------- */

static void endpoints(void **state)
{
    static const struct {
        const char *text, *host, *path;
        bool https, numeric;
    } good[] = {
        {"https://S3.Example.com", "s3.example.com", "", true, false},
        {"https://s3.example.com:443/", "s3.example.com", "", true, false},
        {"http://127.0.0.1:9000", "127.0.0.1:9000", "", false, true},
        {"http://localhost:80/a/b//", "localhost", "/a/b", false, false},
        {"https://[::1]:8443", "[::1]:8443", "", true, true},
    };
    static const char *const bad[] = {
        "",           "s3.example.com", "ftp://h",      "file:///etc/passwd",
        "https://",   "https://h?x=1",  "https://h/#f", "https://h:99999",
        "https://a b"};
    struct li_error err = LI_ERROR_INIT;
    struct li_aws_endpoint endpoint;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_done(li_aws_endpoint_parse(good[i].text, &endpoint, &err), &err);
        assert_string_equal(endpoint.host, good[i].host);
        assert_string_equal(endpoint.path, good[i].path);
        assert_int_equal(endpoint.https, good[i].https);
        assert_int_equal(endpoint.numeric, good[i].numeric);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(li_aws_endpoint_parse(bad[i], &endpoint, &err), LI_EINVALID, "endpoint", &err);
    assert_fails(li_aws_endpoint_parse("https://user:pass@h", &endpoint, &err), LI_EINVALID,
                 "password", &err);
    assert_null(strstr(err.text, "user:"));
}

/* ---- credentials ----------------------------------------------------------------------------- */

static void fixed_provider(void **state)
{
    struct li_aws_credentials credentials = {0};
    struct li_aws_provider *provider = NULL;
    struct li_error err = LI_ERROR_INIT;
    char *long_text = calloc(1, LI_AWS_TOKEN_MAX + 2);

    (void)state;
    assert_non_null(long_text);
    assert_done(li_aws_provider_fixed("AK", "SK", "T", "a test", &provider, &err), &err);
    for (int i = 0; i < 2; i++) {
        assert_done(li_aws_provider_get(provider, &credentials, &err), &err);
        assert_string_equal(credentials.access_key, "AK");
        assert_string_equal(credentials.secret_key, "SK");
        assert_string_equal(credentials.token, "T");
        assert_string_equal(credentials.source, "a test");
    }
    assert_fails(li_aws_provider_rejected(provider, &credentials, &err), LI_EDENIED, "a test",
                 &err);
    li_aws_credentials_wipe(&credentials);
    assert_null(credentials.token);
    assert_string_equal(credentials.secret_key, "");
    li_aws_provider_free(provider);

    memset(long_text, 'x', LI_AWS_TOKEN_MAX + 1);
    provider = NULL;
    assert_int_equal(li_aws_provider_fixed("", "SK", NULL, "s", &provider, &err), LI_EINVALID);
    assert_int_equal(li_aws_provider_fixed("A\nK", "SK", NULL, "s", &provider, &err), LI_EINVALID);
    assert_int_equal(li_aws_provider_fixed("AK", long_text, NULL, "s", &provider, &err),
                     LI_EINVALID);
    assert_int_equal(li_aws_provider_fixed("AK", "SK", long_text, "s", &provider, &err),
                     LI_EINVALID);
    assert_null(strstr(err.text, "SK"));
    assert_null(provider);
    free(long_text);
}

/* ---- XML ------------------------------------------------------------------------------------- */

static int collect(void *arg, const char *path, const char *text, struct li_error *err)
{
    struct li_buffer *to = arg;
    int rc = 0;

    if (strcmp(text, "stop") == 0)
        return li_fail(err, LI_EDENIED, "stopped");
    rc = li_buffer_append(to, path, strlen(path), err);
    if (rc == 0)
        rc = li_buffer_append(to, "=", 1, err);
    if (rc == 0)
        rc = li_buffer_append(to, text, strlen(text), err);
    return rc < 0 ? rc : li_buffer_append(to, ";", 1, err);
}

static int parse_xml(const char *text, struct li_buffer *out, struct li_error *err)
{
    out->len = 0;
    return li_xml_parse(text, strlen(text), collect, out, err);
}

static void xml(void **state)
{
    static const char *const bad[] = {
        "",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<a>&x;</a>",
        "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>",
        "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/>",
        "<a>&#0;</a>",
        "<a>\xff\xff</a>",
    };
    struct li_buffer out = {0};
    struct li_error err = LI_ERROR_INIT;
    char *large = malloc(LI_XML_TEXT_MAX + 100);

    (void)state;
    assert_non_null(large);
    assert_done(parse_xml("<?xml version=\"1.0\"?><x:a xmlns:x=\"u\"><b c=\"d\">1 &lt; &#x32;</b>"
                          "<x:b/><![CDATA[<raw>]]></x:a>",
                          &out, &err),
                &err);
    assert_done(li_buffer_append(&out, "", 1, &err), &err);
    assert_string_equal((char *)out.data, "a/b=1 < 2;a/b=;a=<raw>;");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(parse_xml(bad[i], &out, &err), LI_ECORRUPT);
    assert_fails(parse_xml("<a><b>stop</b><c/></a>", &out, &err), LI_EDENIED, "stopped", &err);

    memset(large, 'x', LI_XML_TEXT_MAX + 100);
    memcpy(large, "<a>", 3);
    strcpy(large + 3 + LI_XML_TEXT_MAX, "</a>");
    assert_done(parse_xml(large, &out, &err), &err);
    strcpy(large + 3 + LI_XML_TEXT_MAX, "x</a>");
    assert_fails(parse_xml(large, &out, &err), LI_ECORRUPT, "too long", &err);
    free(large);
    li_buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),  cmocka_unit_test(what_is_sent),
        cmocka_unit_test(what_is_not_signed), cmocka_unit_test(endpoints),
        cmocka_unit_test(fixed_provider),     cmocka_unit_test(xml),
    };

    return cmocka_run_group_tests_name("aws", tests, NULL, NULL);
}
