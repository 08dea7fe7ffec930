/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles, assumed through STS: with other credentials (AssumeRole, signed), or with a token of an
 * identity provider (AssumeRoleWithWebIdentity, where the token is the proof). Kubernetes and
 * similar systems rewrite the token from time to time, so it is read at each renewal.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/fetch.h"
#include "aws/sign.h"
#include "aws/sts_reply.h"
#include "base/secret.h"

enum { SESSION_NAME_SIZE = 64, DURATION_LEAST = 900, DURATION_MOST = 43200 };

/* The endpoint, and the region to sign for. */
struct sts {
    struct li_aws_endpoint endpoint;
    char url[LI_AWS_URL_SIZE], region[LI_AWS_REGION_SIZE];
};

/* The regions in which "legacy" means the old global endpoint. */
static bool is_legacy_region(const char *region)
{
    static const char *const regions[] = {
        "ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
        "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
        "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
        "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2",
    };

    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
        if (strcmp(region, regions[i]) == 0)
            return true;
    return false;
}

static bool is_global(const struct li_aws_search *search, const char *region)
{
    const char *mode = li_aws_value(search->settings, LI_AWS_STS_REGIONAL_ENDPOINTS);

    if (!*region || strcmp(region, "aws-global") == 0)
        return true;
    if (!mode)
        mode = li_aws_profile_get(&search->files, search->files.profile, "sts_regional_endpoints");
    return mode && strcmp(mode, "legacy") == 0 && is_legacy_region(region);
}

static int find_sts(const struct li_aws_search *search, struct sts *sts, struct li_error *err)
{
    static const struct li_aws_service service = {"sts", LI_AWS_ENDPOINT_URL_STS};
    const struct li_aws_files *files = &search->files;
    const struct li_aws_variant variant = li_aws_wanted_variant(search->settings, files);
    char source[LI_AWS_SOURCE_MAX], host[LI_AWS_HOST_MAX + 1];
    int rc = li_aws_region(search->settings, files, sts->region, source, err);
    bool global = rc == 0 && is_global(search, sts->region);

    if (global)
        strcpy(sts->region, "us-east-1");
    if (rc == 0)
        rc = li_aws_service_url(search->settings, files, &service, sts->url, source, err);
    if (rc < 0)
        return rc;
    if (!*sts->url && global && !variant.fips && !variant.dualstack) {
        strcpy(sts->url, "https://sts.amazonaws.com");
    } else if (!*sts->url) {
        rc = li_aws_host("sts", sts->region, variant, host, err);
        snprintf(sts->url, sizeof(sts->url), "https://%s", rc == 0 ? host : "");
    }
    return rc == 0 ? li_aws_endpoint_parse(sts->url, &sts->endpoint, err) : rc;
}

static int check_duration(const char *text, struct li_error *err)
{
    char *end;
    long seconds;

    if (!text)
        return 0;
    errno = 0;
    seconds = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || seconds < DURATION_LEAST ||
        seconds > DURATION_MOST)
        return li_fail(err, LI_EINVALID, "duration_seconds \"%.40s\" is not from %d to %d", text,
                       DURATION_LEAST, DURATION_MOST);
    return 0;
}

/* TOKEN: a web identity's; NULL: none. BODY ends with a NUL that does not count. */
static int make_body(const struct li_aws_search *search, const struct li_aws_role *role,
                     const char *token, struct li_buffer *body, struct li_error *err)
{
    char name[SESSION_NAME_SIZE];
    const char *pairs[] = {
        "Action",
        token ? "AssumeRoleWithWebIdentity" : "AssumeRole",
        "Version",
        "2011-06-15",
        "RoleArn",
        role->arn,
        "RoleSessionName",
        role->session_name ? role->session_name : name,
        "DurationSeconds",
        role->duration,
        "ExternalId",
        token ? NULL : role->external_id,
        "WebIdentityToken",
        token,
        NULL,
    };
    int rc = check_duration(role->duration, err);

    snprintf(name, sizeof(name), "lambdaimg-%" PRId64, search->env->now());
    body->wiped = true;
    return rc == 0 ? li_aws_form(body, pairs, err) : rc;
}

static const struct li_http_header form_header = {
    "content-type", "application/x-www-form-urlencoded; charset=utf-8"};

/* Sends BODY to STS, signed if *BY has credentials, and puts the result into *OUT. */
static int ask(const struct li_aws_search *search, const struct sts *sts,
               const struct li_buffer *body, const struct li_aws_credentials *by,
               struct li_aws_credentials *out, struct li_error *err)
{
    const struct li_aws_request request = {
        .method = LI_HTTP_POST,
        .endpoint = &sts->endpoint,
        .path = "/",
        .headers = &form_header,
        .header_count = 1,
        .body = body->data,
        .body_len = body->len,
        .region = sts->region,
        .service = "sts",
    };
    struct li_aws_fetch fetch = {
        .method = LI_HTTP_POST,
        .url = sts->url,
        .headers = &form_header,
        .header_count = 1,
        .body = body->data,
        .body_len = body->len,
        .wait = LI_AWS_WAIT_FAR,
    };
    struct li_http_response response = {0};
    struct li_aws_signed sent = {0};
    int rc = by ? li_aws_sign(&request, by, search->env->now(), &sent, err) : 0;

    if (by) {
        fetch.url = sent.url;
        fetch.headers = sent.headers;
        fetch.header_count = sent.header_count;
    }
    if (rc == 0)
        rc = li_aws_fetch(search, &fetch, &response, err);
    if (rc == 0)
        rc = li_aws_sts_reply(&response, out, err);
    li_http_response_free(&response);
    li_aws_signed_free(&sent);
    return rc;
}

int li_aws_assume(const struct li_aws_search *search, const struct li_aws_role *role,
                  struct li_aws_credentials *out, struct li_error *err)
{
    struct li_aws_credentials got = {.expires = 0};
    struct li_buffer body = {0};
    struct sts sts = {.url = ""};
    int rc = find_sts(search, &sts, err);

    if (rc == 0)
        rc = make_body(search, role, NULL, &body, err);
    if (rc == 0)
        rc = ask(search, &sts, &body, out, &got, err);
    if (rc < 0)
        li_context(err, "role %.200s, requested from %.200s", role->arn, sts.url);
    li_aws_credentials_source(&got, "the role %.100s by %.130s", role->arn, out->source);
    li_aws_credentials_wipe(out);
    *out = got;
    li_buffer_wipe_free(&body);
    return rc;
}

int li_aws_assume_with_token(const struct li_aws_search *search, const struct li_aws_role *role,
                             const char *token_file, struct li_aws_credentials *out,
                             struct li_error *err)
{
    struct li_buffer token = {0}, body = {0};
    struct sts sts = {.url = ""};
    int rc = find_sts(search, &sts, err);

    if (rc == 0)
        rc = li_aws_read_token(search, token_file, &token, err);
    if (rc == 0)
        rc = make_body(search, role, (const char *)token.data, &body, err);
    if (rc == 0)
        rc = ask(search, &sts, &body, NULL, out, err);
    if (rc < 0)
        li_context(err, "role %.200s, requested from %.200s", role->arn, sts.url);
    li_aws_credentials_source(out, "the role %.100s by the web identity in %.100s", role->arn,
                              token_file);
    li_buffer_wipe_free(&token);
    li_buffer_wipe_free(&body);
    return rc;
}

int li_aws_from_web_identity(const struct li_aws_search *search, struct li_aws_credentials *out,
                             struct li_error *err)
{
    const struct li_aws_settings *settings = search->settings;
    const char *token_file = li_aws_value(settings, LI_AWS_WEB_IDENTITY_TOKEN_FILE);
    const struct li_aws_role role = {
        .arn = li_aws_value(settings, LI_AWS_ROLE_ARN),
        .session_name = li_aws_value(settings, LI_AWS_ROLE_SESSION_NAME),
    };

    if (settings->profile && *settings->profile)
        return li_aws_none(err, "not used, since a profile was named");
    if (!token_file)
        return li_aws_none(err, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    if (!role.arn)
        return li_fail(err, LI_EINVALID,
                       "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not");
    return li_aws_assume_with_token(search, &role, token_file, out, err);
}
