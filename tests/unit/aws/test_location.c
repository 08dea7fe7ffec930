/* SPDX-License-Identifier: Apache-2.0 */
/* Where AWS's services are: hosts of partitions and variants, and what the user's settings say of
 * KMS. Nothing here is sent. */
#include "tests/fixtures/unit.h"

#include <unistd.h>

#include "aws/credentials.h"
#include "base/io.h"

static struct li_error err;

/* As botocore's partitions.json and its endpoint rules for KMS have them. */
static void hosts_follow_partition_and_variant(void **state)
{
    static const struct {
        const char *service, *region;
        struct li_aws_variant variant;
        const char *host;
    } cases[] = {
        {"kms", "eu-west-1", {false, false}, "kms.eu-west-1.amazonaws.com"},
        {"kms", "us-east-1", {true, false}, "kms-fips.us-east-1.amazonaws.com"},
        {"kms", "us-east-1", {false, true}, "kms.us-east-1.api.aws"},
        {"kms", "us-gov-west-1", {true, true}, "kms-fips.us-gov-west-1.api.aws"},
        {"kms", "cn-north-1", {false, false}, "kms.cn-north-1.amazonaws.com.cn"},
        {"kms", "cn-north-1", {false, true}, "kms.cn-north-1.api.amazonwebservices.com.cn"},
        {"sts", "us-iso-east-1", {true, false}, "sts-fips.us-iso-east-1.c2s.ic.gov"},
        {"kms", "us-isob-east-1", {false, false}, "kms.us-isob-east-1.sc2s.sgov.gov"},
    };
    char host[LI_AWS_HOST_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_done(li_aws_host(cases[i].service, cases[i].region, cases[i].variant, host, &err),
                    &err);
        assert_string_equal(host, cases[i].host);
        assert_true(li_aws_is_amazon(host));
    }
    assert_fails(
        li_aws_host("kms", "us-iso-east-1", (struct li_aws_variant){.dualstack = true}, host, &err),
        LI_EUNSUPPORTED, "no dual-stack endpoints in us-iso-east-1", &err);
    assert_false(li_aws_is_amazon("kms.eu-west-1.api.aws.example"));
    assert_false(li_aws_is_amazon("api.aws"));
    assert_string_equal(li_aws_domain("eu-west-1"), "amazonaws.com");
    assert_string_equal(li_aws_domain("cn-north-1"), "amazonaws.com.cn");
}

static char dir[] = "/tmp/unit-location-XXXXXX";
static char config[64];

static const char config_text[] = "[default]\n"
                                  "region = eu-central-1\n"
                                  "[profile fips]\n"
                                  "region = us-west-2\n"
                                  "use_fips_endpoint = True\n"
                                  "use_dualstack_endpoint = true\n"
                                  "[profile own]\n"
                                  "region = us-west-2\n"
                                  "services = mine\n"
                                  "[services mine]\n"
                                  "kms =\n"
                                  "  endpoint_url = http://kms.example:8080/\n"
                                  "s3 =\n"
                                  "  endpoint_url = http://s3.example\n";

static int set_up(void **state)
{
    FILE *file;

    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(config, sizeof(config), "%s/config", dir);
    file = fopen(config, "w");
    return file && fputs(config_text, file) >= 0 && fclose(file) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(config);
    return rmdir(dir);
}

/* Settings of the file above, and nothing else. */
static struct li_aws_settings settings_of(const char *profile)
{
    struct li_aws_settings settings = {.profile = profile, .directory = dir};

    settings.environment[LI_AWS_CONFIG_FILE] = config;
    settings.environment[LI_AWS_SHARED_CREDENTIALS_FILE] = "/nonexistent";
    settings.environment[LI_AWS_EC2_METADATA_DISABLED] = "true";
    return settings;
}

static void expect_place(const struct li_aws_settings *settings, const char *region,
                         const char *want_region, const char *want_endpoint)
{
    struct li_aws_location location;

    assert_done(li_aws_locate_kms(settings, NULL, &unit_env, region, &location, &err), &err);
    assert_string_equal(location.region, want_region);
    assert_string_equal(location.endpoint, want_endpoint);
}

static void kms_is_where_the_user_says(void **state)
{
    struct li_aws_settings settings = settings_of(NULL);

    (void)state;
    expect_place(&settings, NULL, "eu-central-1", "https://kms.eu-central-1.amazonaws.com");
    expect_place(&settings, "ap-south-1", "ap-south-1", "https://kms.ap-south-1.amazonaws.com");
    settings.environment[LI_AWS_REGION] = "eu-west-3";
    expect_place(&settings, NULL, "eu-west-3", "https://kms.eu-west-3.amazonaws.com");
    settings.region = "eu-west-2";
    expect_place(&settings, NULL, "eu-west-2", "https://kms.eu-west-2.amazonaws.com");
    expect_place(&settings, "ap-south-1", "ap-south-1", "https://kms.ap-south-1.amazonaws.com");

    /* Each of these wins over those before, and S3's is never taken. */
    settings = settings_of("own");
    settings.endpoint = "http://s3-option.example";
    settings.environment[LI_AWS_ENDPOINT_URL_S3] = "http://s3.example";
    expect_place(&settings, NULL, "us-west-2", "http://kms.example:8080");
    settings.environment[LI_AWS_ENDPOINT_URL] = "http://all.example";
    expect_place(&settings, NULL, "us-west-2", "http://all.example");
    settings.environment[LI_AWS_ENDPOINT_URL_KMS] = "https://vpce.example";
    expect_place(&settings, NULL, "us-west-2", "https://vpce.example");
    settings.kms_endpoint = "https://option.example/";
    expect_place(&settings, NULL, "us-west-2", "https://option.example");
    settings.environment[LI_AWS_IGNORE_CONFIGURED_ENDPOINT_URLS] = "true";
    expect_place(&settings, NULL, "us-west-2", "https://option.example");
    settings.kms_endpoint = NULL;
    expect_place(&settings, NULL, "us-west-2", "https://kms.us-west-2.amazonaws.com");
}

static void kms_has_variants(void **state)
{
    struct li_aws_settings settings = settings_of("fips");
    struct li_aws_location location;

    (void)state;
    expect_place(&settings, NULL, "us-west-2", "https://kms-fips.us-west-2.api.aws");
    settings.environment[LI_AWS_USE_DUALSTACK_ENDPOINT] = "false";
    expect_place(&settings, NULL, "us-west-2", "https://kms-fips.us-west-2.amazonaws.com");
    settings.environment[LI_AWS_ENDPOINT_URL_KMS] = "https://vpce.example";
    assert_fails(li_aws_locate_kms(&settings, NULL, &unit_env, NULL, &location, &err), LI_EINVALID,
                 "the endpoint comes from AWS_ENDPOINT_URL_KMS, but use_fips_endpoint asks", &err);
    settings.environment[LI_AWS_USE_FIPS_ENDPOINT] = "false";
    expect_place(&settings, NULL, "us-west-2", "https://vpce.example");
}

static void kms_may_be_nowhere(void **state)
{
    struct li_aws_settings settings = settings_of(NULL);
    struct li_aws_location location;

    (void)state;
    settings.environment[LI_AWS_CONFIG_FILE] = "/nonexistent";
    settings.anonymous = true; /* so that no instance is asked */
    expect_place(&settings, NULL, "", "");
    settings.environment[LI_AWS_ENDPOINT_URL_KMS] = "https://vpce.example";
    expect_place(&settings, NULL, "", "https://vpce.example");
    settings.kms_endpoint = "vpce.example?x";
    assert_fails(li_aws_locate_kms(&settings, NULL, &unit_env, NULL, &location, &err), LI_EINVALID,
                 "--kms-endpoint", &err);
    settings.kms_endpoint = NULL;
    settings.region = "EU West";
    assert_fails(li_aws_locate_kms(&settings, NULL, &unit_env, NULL, &location, &err), LI_EINVALID,
                 "is not an AWS region", &err);
}

/* Where S3 is not AWS's, it has no variants, which then are for KMS alone. */
static void s3_takes_them_where_it_is_aws_own(void **state)
{
    struct li_aws_settings settings = settings_of("fips");
    struct li_aws_location location;

    (void)state;
    assert_done(li_aws_locate(&settings, NULL, &unit_env, &location, &err), &err);
    assert_true(location.variant.fips && location.variant.dualstack);
    assert_string_equal(location.endpoint, "");
    settings.endpoint = "http://minio.example";
    assert_done(li_aws_locate(&settings, NULL, &unit_env, &location, &err), &err);
    assert_string_equal(location.endpoint, "http://minio.example");
    expect_place(&settings, NULL, "us-west-2", "https://kms-fips.us-west-2.api.aws");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_follow_partition_and_variant),
        cmocka_unit_test(kms_is_where_the_user_says),
        cmocka_unit_test(kms_has_variants),
        cmocka_unit_test(kms_may_be_nowhere),
        cmocka_unit_test(s3_takes_them_where_it_is_aws_own),
    };

    return cmocka_run_group_tests_name("location", tests, set_up, tear_down);
}
