/* SPDX-License-Identifier: Apache-2.0 */
/* Where a bucket is, and where it may move to. */
#include "tests/fixtures/unit.h"

#include "store/s3_internal.h"

#define AUTO LI_S3_ADDRESSING_AUTO
#define PATH LI_S3_ADDRESSING_PATH
#define HOST LI_S3_ADDRESSING_HOST

static void locations(void **state)
{
    static const struct {
        const char *address, *endpoint, *region;
        enum li_s3_addressing addressing;
        const char *host, *path; /* of the key "k" */
    } good[] = {
        {"s3://buck/a/b", NULL, NULL, AUTO, "buck.s3.us-east-1.amazonaws.com", "/a/b/k"},
        {"s3://buck", NULL, "eu-west-3", AUTO, "buck.s3.eu-west-3.amazonaws.com", "/k"},
        {"s3://buck/", NULL, "cn-north-1", AUTO, "buck.s3.cn-north-1.amazonaws.com.cn", "/k"},
        {"s3://buck", NULL, "eusc-de-east-1", AUTO, "buck.s3.eusc-de-east-1.amazonaws.eu", "/k"},
        {"s3://buck", NULL, "us-iso-east-1", AUTO, "buck.s3.us-iso-east-1.c2s.ic.gov", "/k"},
        {"s3://buck/a/", NULL, NULL, PATH, "s3.us-east-1.amazonaws.com", "/buck/a/k"},
        {"s3://my.buck/a", NULL, NULL, AUTO, "s3.us-east-1.amazonaws.com", "/my.buck/a/k"},
        {"s3://Buck", NULL, NULL, AUTO, "s3.us-east-1.amazonaws.com", "/Buck/k"},
        {"s3://buck/a", "http://localhost:9000", NULL, AUTO, "localhost:9000", "/buck/a/k"},
        {"s3://buck/a", "https://minio.example", NULL, AUTO, "minio.example", "/buck/a/k"},
        {"s3://buck", "https://oss-cn-beijing.aliyuncs.com", NULL, AUTO,
         "buck.oss-cn-beijing.aliyuncs.com", "/k"},
        {"s3://buck", "https://s3.eu-west-3.amazonaws.com", NULL, AUTO,
         "buck.s3.eu-west-3.amazonaws.com", "/k"},
        {"s3://buck", "https://s3.us-iso-east-1.c2s.ic.gov:444", NULL, AUTO,
         "buck.s3.us-iso-east-1.c2s.ic.gov:444", "/k"},
        {"s3://buck", "https://amazonaws.com.example", NULL, AUTO, "amazonaws.com.example",
         "/buck/k"},
        {"s3://buck", "https://myamazonaws.com", NULL, AUTO, "myamazonaws.com", "/buck/k"},
        {"s3://buck/a", "https://s3.eu-west-3.amazonaws.com", NULL, PATH,
         "s3.eu-west-3.amazonaws.com", "/buck/a/k"},
        {"s3://buck/a", "https://rgw.example:7480/base", NULL, HOST, "buck.rgw.example:7480",
         "/a/k"},
        {"s3://buck/a", "http://127.0.0.1:9000", NULL, HOST, "127.0.0.1:9000", "/buck/a/k"},
        {"s3://buck/a", "http://[::1]:9000", NULL, HOST, "[::1]:9000", "/buck/a/k"},
        {"s3://my.buck/a", "https://rgw.example", NULL, HOST, "rgw.example", "/my.buck/a/k"},
        {"s3://buck", NULL, NULL, HOST, "buck.s3.us-east-1.amazonaws.com", "/k"},
    };
    static const char *const bad[] = {"s3:",        "s3://",        "s3:///a",     "s3://.b/a",
                                      "s3://b//a",  "s3://b/../a",  "s3://b/a/..", "s3://b/./a",
                                      "s3://b/a//", "s3://b/a\nb",  "s3://a b",    "s3:/b",
                                      "s3://b?x",   "s3://b/a//b/", "dir:/x"};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer path = {0};
    struct li_s3_location location;
    struct li_aws_destination to;
    char long_address[700] = "s3://b/";

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const struct li_s3_options options = {.endpoint = good[i].endpoint,
                                              .region = good[i].region,
                                              .addressing = good[i].addressing};

        assert_done(li_s3_location_parse(good[i].address, &options, &location, &to, &err), &err);
        assert_done(li_s3_location_path(&location, "k", &path, &err), &err);
        assert_string_equal(to.endpoint.host, good[i].host);
        assert_string_equal((char *)path.data, good[i].path);
        assert_done(li_s3_location_path(&location, NULL, &path, &err), &err);
        assert_int_equal(((char *)path.data)[strlen((char *)path.data) - 1] == '/',
                         location.in_host);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (li_s3_location_parse(bad[i], &(struct li_s3_options){0}, &location, &to, &err) !=
            LI_EINVALID)
            fail_msg("%s", bad[i]);
    memset(long_address + strlen(long_address), 'x', 600);
    assert_int_equal(
        li_s3_location_parse(long_address, &(struct li_s3_options){0}, &location, &to, &err),
        LI_EINVALID);
    li_buffer_free(&path);
}

static void regions(void **state)
{
    static const char *const bad[] = {"", "eu.west", "evil.com/", "a@b", "-a", "EU", "eu_west"};
    struct li_error err = LI_ERROR_INIT;
    struct li_s3_location location;
    struct li_aws_destination to;

    (void)state;
    assert_done(li_s3_location_parse("s3://b2b", &(struct li_s3_options){0}, &location, &to, &err),
                &err);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(li_s3_location_move(&location, bad[i], &to, &err), LI_EINVALID, "region",
                     &err);
    assert_fails(li_s3_location_move(&location, "eusc-de-east-1", &to, &err), LI_EINVALID,
                 "partition", &err);
    assert_fails(li_s3_location_move(&location, "cn-north-1", &to, &err), LI_EINVALID, "partition",
                 &err);
    assert_string_equal(to.endpoint.host, "b2b.s3.us-east-1.amazonaws.com");
    assert_done(li_s3_location_move(&location, "eu-west-1", &to, &err), &err);
    assert_string_equal(to.endpoint.host, "b2b.s3.eu-west-1.amazonaws.com");
}

static void variants_are_aws_own(void **state)
{
    struct li_s3_options options = {.region = "us-west-2", .variant = {.fips = true}};
    struct li_error err = LI_ERROR_INIT;
    struct li_s3_location location;
    struct li_aws_destination to;

    (void)state;
    assert_done(li_s3_location_parse("s3://buck", &options, &location, &to, &err), &err);
    assert_string_equal(to.endpoint.host, "buck.s3-fips.us-west-2.amazonaws.com");
    options.variant.dualstack = true;
    assert_done(li_s3_location_parse("s3://buck", &options, &location, &to, &err), &err);
    assert_string_equal(to.endpoint.host, "buck.s3-fips.dualstack.us-west-2.amazonaws.com");
    assert_done(li_s3_location_move(&location, "us-east-2", &to, &err), &err);
    assert_string_equal(to.endpoint.host, "buck.s3-fips.dualstack.us-east-2.amazonaws.com");
    options.variant.fips = false;
    assert_done(li_s3_location_parse("s3://buck", &options, &location, &to, &err), &err);
    assert_string_equal(to.endpoint.host, "buck.s3.dualstack.us-west-2.amazonaws.com");
    options.endpoint = "https://minio.example";
    assert_done(li_s3_location_parse("s3://buck", &options, &location, &to, &err), &err);
    assert_string_equal(to.endpoint.host, "minio.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locations),
        cmocka_unit_test(variants_are_aws_own),
        cmocka_unit_test(regions),
    };

    return cmocka_run_group_tests_name("s3_location", tests, NULL, NULL);
}
