/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoint of a container: ECS, Fargate, EKS Pod Identity, and imitations of them on a
 * developer's machine. The environment names it. Over plain HTTP it must be this host or one of the
 * addresses that AWS gave to such endpoints, because we may send a token, and receive keys. On ECS
 * the path belongs to one task and serves as a token, so it is never shown.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/fetch.h"
#include "aws/json.h"

enum { SHOWN_MAX = 200 };

static const char ecs[] = "http://169.254.170.2";

/* A numeric address: 127.0.0.0/8, ::1, or one that AWS uses for this. */
static bool is_near_address(const char *host)
{
    static const char *const v4[] = {"169.254.170.2", "169.254.170.23"};
    static const char *const v6[] = {"::1", "fd00:ec2::23"};
    struct in6_addr a6, known6;
    struct in_addr a4, known4;

    if (inet_pton(AF_INET, host, &a4) == 1) {
        for (size_t i = 0; i < 2; i++)
            if (inet_pton(AF_INET, v4[i], &known4) == 1 && known4.s_addr == a4.s_addr)
                return true;
        return ntohl(a4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &a6) != 1)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (inet_pton(AF_INET6, v6[i], &known6) == 1 && memcmp(&a6, &known6, sizeof(a6)) == 0)
            return true;
    return false;
}

bool li_aws_container_url_allowed(const char *url)
{
    bool https = strncmp(url, "https://", 8) == 0;
    char host[64];
    size_t len;

    if (!https && strncmp(url, "http://", 7) != 0)
        return false;
    url += https ? 8 : 7;
    /* A user before the host would have it look like one that it is not, and a password would be
     * shown wherever the URL is. */
    if (memchr(url, '@', strcspn(url, "/?#")))
        return false;
    if (https)
        return *url != '\0';
    if (*url == '[') {
        url++;
        len = strcspn(url, "]");
        if (url[len] != ']' || !strchr(":/?#", url[len + 1]))
            return false;
    } else {
        len = strcspn(url, ":/?#");
    }
    if (len == 0 || len >= sizeof(host))
        return false;
    memcpy(host, url, len);
    host[len] = '\0';
    return strcmp(host, "localhost") == 0 || is_near_address(host);
}

static int make_url(const struct li_aws_settings *settings, char **url, struct li_error *err)
{
    const char *relative = li_aws_value(settings, LI_AWS_CONTAINER_CREDENTIALS_RELATIVE_URI);
    const char *full = li_aws_value(settings, LI_AWS_CONTAINER_CREDENTIALS_FULL_URI);

    if (!relative && !full)
        return li_aws_none(err, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and "
                                "AWS_CONTAINER_CREDENTIALS_FULL_URI are not set");
    if (relative && *relative != '/')
        return li_fail(err, LI_EINVALID,
                       "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
    if (!relative && !li_aws_container_url_allowed(full))
        return li_fail(err, LI_EINVALID,
                       "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https: nor an address of "
                       "this host or of AWS's container endpoints, or it has a user in it");
    if (asprintf(url, "%s%s", relative ? ecs : "", relative ? relative : full) < 0)
        return li_fail_memory(err);
    return 0;
}

/* The file wins over the variable; it is rewritten from time to time. */
static int read_token(const struct li_aws_search *search, struct li_buffer *token,
                      struct li_error *err)
{
    const char *path = li_aws_value(search->settings, LI_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
    const char *text = li_aws_value(search->settings, LI_AWS_CONTAINER_AUTHORIZATION_TOKEN);
    int rc = 0;

    if (path)
        rc = li_aws_read_token(search, path, token, err);
    else if (text)
        rc = li_buffer_append(token, text, strlen(text) + 1, err);
    if (rc == 0 && token->len && strpbrk((const char *)token->data, "\r\n"))
        rc = li_fail(err, LI_EINVALID, "the authorization token has a line break in it");
    return rc;
}

static int ask(const struct li_aws_search *search, const char *url, const char *token,
               struct li_aws_credentials *out, struct li_error *err)
{
    static const struct li_aws_json_names names = {"Token", "Expiration"};
    const struct li_http_header headers[] = {{"Accept", "application/json"},
                                             {"Authorization", token}};
    const struct li_aws_fetch fetch = {
        .method = LI_HTTP_GET,
        .url = url,
        .headers = headers,
        .header_count = token ? 2 : 1,
        .wait = LI_AWS_WAIT_NEAR,
        .near = strncmp(url, "http:", 5) == 0,
    };
    const char *why;
    json_t *answer = NULL;
    int status;
    int rc = li_aws_fetch_json(search, &fetch, &status, &answer, err);

    if (rc < 0)
        return rc;
    why = li_aws_json_text(answer, "message");
    if (status != 200)
        rc = li_fail(err, LI_EDENIED, "it answered with status %d%s%.200s", status, why ? ": " : "",
                     why ? why : "");
    if (rc == 0)
        rc = li_aws_json_credentials(answer, &names, out, err);
    li_aws_json_free(answer);
    return rc;
}

/* How many bytes of URL may be shown: the scheme and the host. */
static int shown(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t len = (size_t)(host - url) + strcspn(host, "/?#");

    return (int)(len < SHOWN_MAX ? len : SHOWN_MAX);
}

int li_aws_from_container(const struct li_aws_search *search, struct li_aws_credentials *out,
                          struct li_error *err)
{
    struct li_buffer token = {.wiped = true};
    char *url = NULL;
    int rc = make_url(search->settings, &url, err);

    if (!url)
        return rc;
    rc = read_token(search, &token, err);
    if (rc == 0)
        rc = ask(search, url, (const char *)token.data, out, err);
    if (rc < 0)
        li_context(err, "%.*s", shown(url), url);
    li_aws_credentials_source(out, "the container endpoint %.*s", shown(url), url);
    li_buffer_wipe_free(&token);
    free(url);
    return rc;
}
