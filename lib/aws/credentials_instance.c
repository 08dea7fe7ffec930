/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instance metadata service of EC2, version 2 only: version 1 answers anyone who can make this
 * host send a GET. Outside EC2 nothing answers at its address, so it gets one second, once. On EC2,
 * the answer to a token request may be lost if a container is a hop too far away; that looks the
 * same.
 *
 * The service may continue to give expired credentials while it cannot get new ones, and AWS's
 * tools continue to use them ("static stability"); so do we.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/fetch.h"
#include "aws/json.h"
#include "base/secret.h"

enum {
    TOKEN_MAX = 1024,
    ROLE_MAX = 256,
    FULL_URL_SIZE = LI_AWS_URL_SIZE + 512,
    STABLE_SECONDS = 900, /* how long expired credentials are used before the next renewal */
};

struct instance {
    const struct li_aws_search *search;
    char base[LI_AWS_URL_SIZE];
    char token[TOKEN_MAX];
};

static const char *setting(const struct li_aws_search *search, enum li_aws_variable variable,
                           const char *key)
{
    const char *text = li_aws_value(search->settings, variable);

    return text ? text : li_aws_profile_get(&search->files, search->files.profile, key);
}

static int find_base(struct instance *instance, struct li_error *err)
{
    const struct li_aws_search *search = instance->search;
    const char *url =
        setting(search, LI_AWS_EC2_METADATA_SERVICE_ENDPOINT, "ec2_metadata_service_endpoint");
    const char *mode = setting(search, LI_AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE,
                               "ec2_metadata_service_endpoint_mode");
    size_t len;

    if (mode && strcasecmp(mode, "ipv4") != 0 && strcasecmp(mode, "ipv6") != 0)
        return li_fail(err, LI_EINVALID,
                       "the metadata service's endpoint mode is \"%.40s\"; it can be IPv4 or IPv6",
                       mode);
    if (!url)
        url = mode && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]"
                                                    : "http://169.254.169.254";
    len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    if (len >= sizeof(instance->base))
        return li_fail(err, LI_ELIMIT, "the metadata service's endpoint is too long");
    memcpy(instance->base, url, len);
    instance->base[len] = '\0';
    return 0;
}

/* The answer's body as one line of text. */
static int one_line(const struct li_http_response *response, char *out, size_t size,
                    struct li_error *err)
{
    const char *text = (const char *)response->body.data;
    size_t len = 0;

    while (len < response->body.len && text[len] > ' ' && text[len] < 0x7f)
        len++;
    if (len == 0 || len >= size || (len < response->body.len && !strchr("\r\n", text[len])))
        return li_fail(err, LI_ECORRUPT,
                       "the instance metadata service's answer cannot be understood");
    memcpy(out, text, len);
    out[len] = '\0';
    return 0;
}

/* Begins a session. This shows whether the service exists. */
static int begin(const struct li_aws_search *search, struct instance *instance,
                 struct li_error *err)
{
    static const struct li_http_header ttl = {"X-aws-ec2-metadata-token-ttl-seconds", "300"};
    struct li_http_response response = {0};
    struct li_aws_fetch fetch = {
        .method = LI_HTTP_PUT,
        .headers = &ttl,
        .header_count = 1,
        .wait = LI_AWS_WAIT_PROBE,
        .near = true,
    };
    char url[FULL_URL_SIZE];
    int rc;

    *instance = (struct instance){.search = search};
    if (li_aws_is_true(li_aws_value(search->settings, LI_AWS_EC2_METADATA_DISABLED)))
        return li_aws_none(err, "AWS_EC2_METADATA_DISABLED is set");
    rc = find_base(instance, err);
    if (rc < 0)
        return rc;
    snprintf(url, sizeof(url), "%s/latest/api/token", instance->base);
    fetch.url = url;
    rc = li_aws_fetch(search, &fetch, &response, err);
    if (rc == LI_ENETWORK) {
        rc = li_aws_none(err, "no instance metadata service (IMDSv2) answers at %.200s",
                         instance->base);
    } else if (rc == 0 && response.status != 200) {
        rc = li_aws_none(err, "%.200s gives no IMDSv2 token: status %d", instance->base,
                         response.status);
    } else if (rc == 0) {
        rc = one_line(&response, instance->token, sizeof(instance->token), err);
    }
    li_http_response_free(&response);
    return rc;
}

/* One GET; any status is success. */
static int get(const struct instance *instance, const char *path, struct li_http_response *out,
               struct li_error *err)
{
    const struct li_http_header token = {"X-aws-ec2-metadata-token", instance->token};
    struct li_aws_fetch fetch = {
        .method = LI_HTTP_GET,
        .headers = &token,
        .header_count = 1,
        .wait = LI_AWS_WAIT_NEAR,
        .near = true,
    };
    char url[FULL_URL_SIZE];
    int rc;

    snprintf(url, sizeof(url), "%s/latest/meta-data/%s", instance->base, path);
    fetch.url = url;
    rc = li_aws_fetch(instance->search, &fetch, out, err);
    return rc < 0 ? li_context(err, "%.200s", instance->base) : rc;
}

/* One line of text; LI_END if the path does not exist. */
static int get_line(const struct instance *instance, const char *path, char *out, size_t size,
                    struct li_error *err)
{
    struct li_http_response response = {0};
    int rc = get(instance, path, &response, err);

    if (rc == 0 && response.status == 404)
        rc = li_aws_none(err, "%.200s has no %s", instance->base, path);
    else if (rc == 0 && response.status != 200)
        rc = li_fail(err, LI_EDENIED, "%.200s answered with status %d", instance->base,
                     response.status);
    else if (rc == 0)
        rc = one_line(&response, out, size, err);
    li_http_response_free(&response);
    return rc;
}

static int parse(const struct li_http_response *response, struct li_aws_credentials *out,
                 struct li_error *err)
{
    static const struct li_aws_json_names names = {"Token", "Expiration"};
    json_t *answer = NULL;
    const char *code;
    int rc;

    if (response->status != 200)
        return li_fail(err, LI_EDENIED, "the instance metadata service answered with status %d",
                       response->status);
    rc = li_aws_json_parse("the instance metadata service's answer", response->body.data,
                           response->body.len, &answer, err);
    if (rc < 0)
        return rc;
    code = li_aws_json_text(answer, "Code");
    if (code && strcmp(code, "Success") != 0)
        rc = li_fail(err, LI_EDENIED, "the instance metadata service says \"%.100s\"", code);
    if (rc == 0)
        rc = li_aws_json_credentials(answer, &names, out, err);
    li_aws_json_free(answer);
    return rc;
}

int li_aws_from_instance(const struct li_aws_search *search, struct li_aws_credentials *out,
                         struct li_error *err)
{
    static const char credentials[] = "iam/security-credentials/";
    struct li_http_response response = {0};
    struct instance instance;
    char role[ROLE_MAX], path[ROLE_MAX + sizeof(credentials)];
    int rc = begin(search, &instance, err);

    if (rc == 0)
        rc = get_line(&instance, credentials, role, sizeof(role), err);
    if (rc != 0)
        goto out;
    snprintf(path, sizeof(path), "%s%s", credentials, role);
    rc = get(&instance, path, &response, err);
    if (rc == 0)
        rc = parse(&response, out, err);
    if (rc == 0 && out->expires <= search->env->now())
        out->expires = search->env->now() + STABLE_SECONDS;
    li_aws_credentials_source(out, "the instance's role %.150s", role);
    li_http_response_free(&response);
out:
    li_wipe(&instance, sizeof(instance));
    return rc;
}

int li_aws_instance_region(const struct li_aws_search *search, char region[LI_AWS_REGION_SIZE],
                           struct li_error *err)
{
    struct instance instance;
    int rc = begin(search, &instance, err);

    if (rc == 0)
        rc = get_line(&instance, "placement/region", region, LI_AWS_REGION_SIZE, err);
    li_wipe(&instance, sizeof(instance));
    return rc;
}
