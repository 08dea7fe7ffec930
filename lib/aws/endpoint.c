/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl parses the URL, so that we sign the same host that libcurl sends. */
#include "aws/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/curl.h"

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
    CURLU *url = NULL;
    int rc = li_curl_load(err);

    if (rc < 0)
        return rc;
    url = curl_url();
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

/* The domains of a partition: the names of its regions begin with the prefix. Those of dual-stack
 * endpoints are NULL where there are none. */
static const struct partition {
    const char *prefix, *domain, *dualstack;
} partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-iso-", "c2s.ic.gov", NULL},
    {"us-isob-", "sc2s.sgov.gov", NULL},
    {"us-isof-", "csp.hci.ic.gov", NULL},
    {"eu-isoe-", "cloud.adc-e.uk", NULL},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "amazonaws.com", "api.aws"},
};

enum { PARTITIONS = sizeof(partitions) / sizeof(partitions[0]) };

/* The last one has all other regions. */
static const struct partition *partition_of(const char *region)
{
    const struct partition *at = partitions;

    while (strncmp(region, at->prefix, strlen(at->prefix)) != 0)
        at++;
    return at;
}

const char *li_aws_domain(const char *region)
{
    return partition_of(region)->domain;
}

int li_aws_host(const char *service, const char *region, struct li_aws_variant variant,
                char host[LI_AWS_HOST_MAX + 1], struct li_error *err)
{
    const struct partition *partition = partition_of(region);
    const char *domain = variant.dualstack ? partition->dualstack : partition->domain;
    int n;

    if (!domain)
        return li_fail(err, LI_EUNSUPPORTED, "there are no dual-stack endpoints in %s", region);
    n = snprintf(host, LI_AWS_HOST_MAX + 1, "%s%s.%s.%s", service, variant.fips ? "-fips" : "",
                 region, domain);
    return n > 0 && n <= LI_AWS_HOST_MAX
               ? 0
               : li_fail(err, LI_EINVALID, "the name of the endpoint in %s is too long", region);
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
        if (is_below(host, partitions[i].domain) ||
            (partitions[i].dualstack && is_below(host, partitions[i].dualstack)))
            return true;
    return false;
}
