/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints follow the guide's order for "service-specific endpoints": the service's variable, the
 * variable for all services, the profile's services section, the profile. Settings to be ignored
 * are those of the environment and of the profile, never an option.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/internal.h"

static int put(char *to, size_t size, const char *from, const char *what, struct li_error *err)
{
    if (strlen(from) >= size)
        return li_fail(err, LI_ELIMIT, "%s has more than %zu characters", what, size - 1);
    memcpy(to, from, strlen(from) + 1);
    return 0;
}

/* It becomes part of host names, so only characters of host names are allowed. */
static int put_region(char region[LI_AWS_REGION_SIZE], const char *text, const char *source,
                      struct li_error *err)
{
    size_t len = strlen(text);

    if (len >= LI_AWS_REGION_SIZE || text[0] == '-' ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != len)
        return li_fail(err, LI_EINVALID,
                       "%s: \"%.80s\" is not an AWS region; a region looks like eu-west-1", source,
                       text);
    memcpy(region, text, len + 1);
    return 0;
}

int li_aws_region(const struct li_aws_settings *settings, const struct li_aws_files *files,
                  char region[LI_AWS_REGION_SIZE], char source[LI_AWS_SOURCE_MAX],
                  struct li_error *err)
{
    static const enum li_aws_variable variables[] = {LI_AWS_REGION, LI_AWS_DEFAULT_REGION};
    const char *text = settings->region;

    region[0] = source[0] = '\0';
    if (text && *text) {
        snprintf(source, LI_AWS_SOURCE_MAX, "--region");
        return put_region(region, text, source, err);
    }
    for (size_t i = 0; i < 2; i++) {
        text = li_aws_value(settings, variables[i]);
        if (text) {
            snprintf(source, LI_AWS_SOURCE_MAX, "%s", li_aws_variable_name(variables[i]));
            return put_region(region, text, source, err);
        }
    }
    text = li_aws_profile_get(files, files->profile, "region");
    if (!text)
        return 0;
    snprintf(source, LI_AWS_SOURCE_MAX, "the profile %.200s", files->profile);
    return put_region(region, text, source, err);
}

/* Without slashes at the end, because paths begin with one. */
static int put_url(char url[LI_AWS_URL_SIZE], const char *text, const char *source,
                   struct li_error *err)
{
    struct li_aws_endpoint parsed;
    size_t len = strlen(text);

    if (li_aws_endpoint_parse(text, &parsed, err) < 0)
        return li_context(err, "%s", source);
    while (len > 0 && text[len - 1] == '/')
        len--;
    if (len >= LI_AWS_URL_SIZE)
        return li_fail(err, LI_ELIMIT, "%s: the endpoint has more than %d characters", source,
                       LI_AWS_URL_SIZE - 1);
    memcpy(url, text, len);
    url[len] = '\0';
    return 0;
}

/* Whether the environment's VARIABLE, or else the profile's KEY, is true. */
static bool is_on(const struct li_aws_settings *settings, const struct li_aws_files *files,
                  enum li_aws_variable variable, const char *key)
{
    const char *said = li_aws_value(settings, variable);

    return li_aws_is_true(said ? said : li_aws_profile_get(files, files->profile, key));
}

struct li_aws_variant li_aws_wanted_variant(const struct li_aws_settings *settings,
                                            const struct li_aws_files *files)
{
    return (struct li_aws_variant){
        .fips = is_on(settings, files, LI_AWS_USE_FIPS_ENDPOINT, "use_fips_endpoint"),
        .dualstack =
            is_on(settings, files, LI_AWS_USE_DUALSTACK_ENDPOINT, "use_dualstack_endpoint")};
}

int li_aws_service_url(const struct li_aws_settings *settings, const struct li_aws_files *files,
                       const struct li_aws_service *service, char url[LI_AWS_URL_SIZE],
                       char source[LI_AWS_SOURCE_MAX], struct li_error *err)
{
    const enum li_aws_variable variables[] = {service->variable, LI_AWS_ENDPOINT_URL};
    const char *services, *text;
    char nested[LI_AWS_URL_SIZE];

    url[0] = source[0] = '\0';
    if (is_on(settings, files, LI_AWS_IGNORE_CONFIGURED_ENDPOINT_URLS,
              "ignore_configured_endpoint_urls"))
        return 0;
    for (size_t i = 0; i < 2; i++) {
        text = li_aws_value(settings, variables[i]);
        if (text) {
            snprintf(source, LI_AWS_SOURCE_MAX, "%s", li_aws_variable_name(variables[i]));
            return put_url(url, text, source, err);
        }
    }
    services = li_aws_profile_get(files, files->profile, "services");
    text = li_aws_section_get(files, "services", services, service->name);
    if (li_aws_ini_nested(text, "endpoint_url", nested, sizeof(nested))) {
        snprintf(source, LI_AWS_SOURCE_MAX, "the profile %.100s, services %.100s", files->profile,
                 services);
        return put_url(url, nested, source, err);
    }
    text = li_aws_profile_get(files, files->profile, "endpoint_url");
    if (!text)
        return 0;
    snprintf(source, LI_AWS_SOURCE_MAX, "the profile %.200s", files->profile);
    return put_url(url, text, source, err);
}

/* What is looked for: a service, what its option for an endpoint is called and says, and the region
 * if the caller knows it. */
struct wanted {
    struct li_aws_service service;
    const char *option, *text, *region;
};

/* The endpoint that the user configured. An option wins over everything else. */
static int configured_endpoint(const struct li_aws_search *search, const struct wanted *wanted,
                               struct li_aws_location *out, struct li_error *err)
{
    if (!wanted->text || !*wanted->text)
        return li_aws_service_url(search->settings, &search->files, &wanted->service, out->endpoint,
                                  out->endpoint_source, err);
    snprintf(out->endpoint_source, sizeof(out->endpoint_source), "%s", wanted->option);
    return put_url(out->endpoint, wanted->text, out->endpoint_source, err);
}

static int instance_region(const struct li_aws_search *search, struct li_aws_location *out,
                           struct li_error *err)
{
    char region[LI_AWS_REGION_SIZE];
    int rc = li_aws_instance_region(search, region, err);

    if (rc == LI_END)
        return 0;
    if (rc < 0)
        return li_context(err, "the instance's region");
    snprintf(out->region_source, sizeof(out->region_source), "the instance");
    return put_region(out->region, region, out->region_source, err);
}

static int s3_addressing(const struct li_aws_files *files,
                         char addressing[sizeof(((struct li_aws_location *)0)->addressing)],
                         struct li_error *err)
{
    static const char *const styles[] = {"auto", "path", "virtual"};
    char said[LI_AWS_URL_SIZE];

    if (!li_aws_ini_nested(li_aws_profile_get(files, files->profile, "s3"), "addressing_style",
                           said, sizeof(said)) ||
        !*said)
        return 0;
    for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
        if (strcmp(said, styles[i]) == 0) {
            strcpy(addressing, styles[i]);
            return 0;
        }
    }
    return li_fail(err, LI_EINVALID,
                   "the profile %.200s: its s3.addressing_style is \"%.40s\"; it may be auto, path "
                   "or virtual",
                   files->profile, said);
}

static int find_region(const struct li_aws_search *search, const struct wanted *wanted,
                       struct li_aws_location *out, struct li_error *err)
{
    const struct li_aws_settings *settings = search->settings;
    int rc;

    if (wanted->region) {
        snprintf(out->region_source, sizeof(out->region_source), "the ARN");
        return put_region(out->region, wanted->region, out->region_source, err);
    }
    rc = li_aws_region(settings, &search->files, out->region, out->region_source, err);
    if (rc == 0 && !*out->region && !*out->endpoint && !settings->anonymous)
        rc = instance_region(search, out, err);
    return rc;
}

/* A configured endpoint is of its own kind, so to ask for one of AWS's, too, is a mistake, as it is
 * for AWS's tools. Not so for S3, whose endpoint is often not AWS's, while KMS's is. */
static int check_variant(const struct li_aws_location *location, struct li_error *err)
{
    const struct li_aws_variant *variant = &location->variant;

    if (!*location->endpoint || (!variant->fips && !variant->dualstack))
        return 0;
    return li_fail(err, LI_EINVALID,
                   "the endpoint comes from %.200s, but use_%s_endpoint asks for one of AWS's own; "
                   "leave out one of the two",
                   location->endpoint_source, variant->fips ? "fips" : "dualstack");
}

static int find_location(const struct li_aws_search *search, const struct wanted *wanted,
                         struct li_aws_location *out, struct li_error *err)
{
    int rc =
        put(out->profile, sizeof(out->profile), search->files.profile, "the profile's name", err);

    if (rc == 0)
        rc = configured_endpoint(search, wanted, out, err);
    out->variant = li_aws_wanted_variant(search->settings, &search->files);
    return rc == 0 ? find_region(search, wanted, out, err) : rc;
}

int li_aws_locate(const struct li_aws_settings *settings, struct li_http *http,
                  const struct li_env *env, struct li_aws_location *out, struct li_error *err)
{
    const struct wanted s3 = {
        {"s3", LI_AWS_ENDPOINT_URL_S3}, "--endpoint", settings->endpoint, NULL};
    struct li_aws_search search = {.settings = settings, .http = http, .env = env};
    struct li_aws_location location = {.profile = ""};
    int rc = li_aws_files_load(settings, &search.files, err);

    if (rc == 0)
        rc = find_location(&search, &s3, &location, err);
    if (rc == 0)
        rc = s3_addressing(&search.files, location.addressing, err);
    if (rc == 0)
        *out = location;
    li_aws_files_free(&search.files);
    return rc;
}

static int default_endpoint(const struct wanted *wanted, struct li_aws_location *out,
                            struct li_error *err)
{
    char host[LI_AWS_HOST_MAX + 1];
    int rc;

    if (*out->endpoint || !*out->region)
        return 0;
    rc = li_aws_host(wanted->service.name, out->region, out->variant, host, err);
    if (rc == 0)
        snprintf(out->endpoint, sizeof(out->endpoint), "https://%s", host);
    return rc;
}

int li_aws_locate_kms(const struct li_aws_settings *settings, struct li_http *http,
                      const struct li_env *env, const char *region, struct li_aws_location *out,
                      struct li_error *err)
{
    const struct wanted kms = {
        {"kms", LI_AWS_ENDPOINT_URL_KMS}, "--kms-endpoint", settings->kms_endpoint, region};
    struct li_aws_search search = {.settings = settings, .http = http, .env = env};
    struct li_aws_location location = {.profile = ""};
    int rc = li_aws_files_load(settings, &search.files, err);

    if (rc == 0)
        rc = find_location(&search, &kms, &location, err);
    if (rc == 0)
        rc = check_variant(&location, err);
    if (rc == 0)
        rc = default_endpoint(&kms, &location, err);
    if (rc == 0)
        *out = location;
    li_aws_files_free(&search.files);
    return rc;
}

int li_aws_ca_bundle(const struct li_aws_settings *settings, char path[LI_AWS_PATH_SIZE],
                     struct li_error *err)
{
    struct li_aws_files files = {0};
    const char *text = li_aws_value(settings, LI_AWS_CA_BUNDLE);
    char *expanded = NULL;
    int rc = 0;

    if (!text) {
        rc = li_aws_files_load(settings, &files, err);
        if (rc == 0)
            text = li_aws_profile_get(&files, files.profile, "ca_bundle");
    }
    if (rc == 0 && text)
        rc = li_aws_expand_path(settings, text, &expanded, err);
    if (rc == 0)
        rc = put(path, LI_AWS_PATH_SIZE, text ? expanded : "", "the path of the CA bundle", err);
    free(expanded);
    li_aws_files_free(&files);
    return rc;
}
