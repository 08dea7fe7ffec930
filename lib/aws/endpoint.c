/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl parses the URL, so that we sign the same host that libcurl sends. */
#include "aws/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_numeric(const char *host)
{
    struct in_addr address;

    return *host == '[' || inet_pton(AF_INET, host, &address) == 1;
}

static bool has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool present = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return present;
}

static int read_parts(CURLU *url, struct li_aws_endpoint *out)
{
    char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL;
    size_t len;
    int rc = -1, n;

    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        goto out;
    (void)curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
    out->https = strcasecmp(scheme, "https") == 0;
    if (!out->https && strcasecmp(scheme, "http") != 0)
        goto out;
    out->numeric = is_numeric(host);
    n = snprintf(out->host, sizeof(out->host), "%s%s%s", host, port ? ":" : "", port ? port : "");
    if (n < 0 || (size_t)n >= sizeof(out->host))
        goto out;
    for (char *c = out->host; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    for (len = strlen(path); len > 0 && path[len - 1] == '/'; len--)
        path[len - 1] = '\0';
    if (len > LI_AWS_URL_PATH_MAX)
        goto out;
    memcpy(out->path, path, len + 1);
    rc = 0;
out:
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    return rc;
}

int li_aws_endpoint_parse(const char *text, struct li_aws_endpoint *out, struct li_error *err)
{
    struct li_aws_endpoint endpoint = {0};
    CURLU *url = curl_url();
    int rc = 0;

    if (!url)
        return li_fail_memory(err);
    if (strchr(text, '@'))
        rc =
            li_fail(err, LI_EINVALID,
                    "an endpoint cannot contain a user or a password; give credentials separately");
    else if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK || has(url, CURLUPART_QUERY) ||
             has(url, CURLUPART_FRAGMENT) || read_parts(url, &endpoint) < 0)
        rc = li_fail(
            err, LI_EINVALID,
            "\"%s\" is not an endpoint; give https://HOST[:PORT], or http://HOST[:PORT] for "
            "connections that anybody on the way can read",
            text);
    curl_url_cleanup(url);
    if (rc == 0)
        *out = endpoint;
    return rc;
}

static const char home_domain[] = "amazonaws.com";

static const struct {
    const char *prefix, *domain;
} partitions[] = {
    {"cn-", "amazonaws.com.cn"},    {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"},
    {"us-isof-", "csp.hci.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"}, {"eusc-", "amazonaws.eu"},
};

enum { PARTITIONS = sizeof(partitions) / sizeof(partitions[0]) };

const char *li_aws_domain(const char *region)
{
    for (size_t i = 0; i < PARTITIONS; i++)
        if (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) == 0)
            return partitions[i].domain;
    return home_domain;
}

static bool is_below(const char *host, const char *domain)
{
    size_t len = strcspn(host, ":"), most = strlen(domain);

    return len > most && host[len - most - 1] == '.' &&
           strncmp(host + len - most, domain, most) == 0;
}

bool li_aws_is_amazon(const char *host)
{
    for (size_t i = 0; i < PARTITIONS; i++)
        if (is_below(host, partitions[i].domain))
            return true;
    return is_below(host, home_domain);
}
