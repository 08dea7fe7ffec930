/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a bucket is: "s3://BUCKET/PREFIX", an endpoint and a region, as a host and a path.
 *
 * AWS needs the bucket in the host name, and so do some others. Most self-hosted servers have only
 * one host name and need it in the path, unless the user says otherwise. There are no host names
 * below an IP address, so there the bucket goes into the path. So does a bucket whose name cannot
 * be a label of a host name, or has a dot, which no wildcard certificate covers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/s3_internal.h"

static const char scheme[] = "s3://";
static const char default_region[] = "us-east-1";

bool li_s3_is_address(const char *address)
{
    return strncmp(address, "s3:", 3) == 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_bucket(const char *name, size_t len)
{
    if (len == 0 || len > LI_S3_BUCKET_MAX || name[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_lower(name[i]) && !(name[i] >= 'A' && name[i] <= 'Z') && !strchr("-._", name[i]))
            return false;
    return true;
}

static bool is_label(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > 63 || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_lower(text[i]) && text[i] != '-')
            return false;
    return true;
}

/* Allows components that other tools may use, but none that a server or a proxy could take for a
 * step upwards. */
static bool is_prefix(const char *prefix)
{
    for (const char *c = prefix; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    for (const char *at = prefix; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
        size_t len = strcspn(at, "/");

        if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && memcmp(at, "..", 2) == 0))
            return false;
    }
    return true;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), most = strlen(end);

    return len >= most && strcmp(text + len - most, end) == 0;
}

/* Services that are known to need the bucket in the host name. */
static bool wants_host(const struct li_aws_endpoint *endpoint)
{
    static const char *const known[] = {".aliyuncs.com", ".myqcloud.com"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (ends_with(endpoint->host, known[i]))
            return true;
    return li_aws_is_amazon(endpoint->host);
}

static bool is_in_host(const struct li_s3_location *location, enum li_s3_addressing addressing)
{
    return addressing != LI_S3_ADDRESSING_PATH &&
           (addressing == LI_S3_ADDRESSING_HOST || location->amazon ||
            wants_host(&location->given)) &&
           !location->given.numeric && is_label(location->bucket) && strlen(location->bucket) >= 3;
}

/* The endpoint in REGION to send to. */
static int find_endpoint(const struct li_s3_location *location, const char *region,
                         struct li_aws_endpoint *out, struct li_error *err)
{
    struct li_aws_endpoint base = location->given;
    int n;

    if (location->amazon) {
        base = (struct li_aws_endpoint){.https = true};
        snprintf(base.host, sizeof(base.host), "s3%s%s.%s.%s",
                 location->variant.fips ? "-fips" : "",
                 location->variant.dualstack ? ".dualstack" : "", region, li_aws_domain(region));
    }
    *out = base;
    if (!location->in_host)
        return 0;
    n = snprintf(out->host, sizeof(out->host), "%s.%s", location->bucket, base.host);
    if (n < 0 || (size_t)n >= sizeof(out->host))
        return li_fail(err, LI_EINVALID, "the endpoint's name is too long");
    return 0;
}

int li_s3_location_move(const struct li_s3_location *location, const char *region,
                        struct li_aws_destination *destination, struct li_error *err)
{
    struct li_aws_destination to = {.region = ""};

    if (!is_label(region))
        return li_fail(err, LI_EINVALID, "\"%.100s\" is not the name of a region", region);
    /* Credentials are valid in one partition of AWS only, so they are never sent to another. */
    if (location->amazon && *destination->region &&
        strcmp(li_aws_domain(destination->region), li_aws_domain(region)) != 0)
        return li_fail(err, LI_EINVALID, "the region %s is in another partition than %s", region,
                       destination->region);
    snprintf(to.region, sizeof(to.region), "%s", region);
    if (find_endpoint(location, region, &to.endpoint, err) < 0)
        return err->code;
    *destination = to;
    return 0;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static int parse_address(const char *address, struct li_s3_location *out, struct li_error *err)
{
    const char *bucket = address + strlen(scheme);
    size_t len, rest;

    if (strncmp(address, scheme, strlen(scheme)) != 0)
        return li_fail(err, LI_EINVALID, "\"%s\" is not an address; give s3://BUCKET/PREFIX",
                       address);
    len = strcspn(bucket, "/");
    if (!is_bucket(bucket, len))
        return li_fail(err, LI_EINVALID,
                       "%s: this is not the name of a bucket; give s3://BUCKET/PREFIX", address);
    memcpy(out->bucket, bucket, len);
    bucket += len + (bucket[len] == '/');
    rest = strlen(bucket);
    if (rest > 0 && bucket[rest - 1] == '/')
        rest--;
    if (rest + 1 > LI_S3_PREFIX_MAX)
        return li_fail(err, LI_EINVALID, "%.100s...: the prefix has more than %d bytes", address,
                       LI_S3_PREFIX_MAX - 1);
    memcpy(out->prefix, bucket, rest);
    if (rest > 0 && !is_prefix(out->prefix))
        return li_fail(err, LI_EINVALID,
                       "%s: the prefix has an empty component, \".\", \"..\", or a control "
                       "character",
                       address);
    if (rest > 0)
        out->prefix[rest] = '/';
    return 0;
}

int li_s3_location_parse(const char *address, const struct li_s3_options *options,
                         struct li_s3_location *out, struct li_aws_destination *destination,
                         struct li_error *err)
{
    struct li_s3_location location = {.amazon = !options->endpoint, .variant = options->variant};
    struct li_aws_destination to = {.region = ""};
    int rc = parse_address(address, &location, err);

    if (rc == 0 && options->endpoint)
        rc = li_aws_endpoint_parse(options->endpoint, &location.given, err);
    location.in_host = rc == 0 && is_in_host(&location, options->addressing);
    if (rc == 0)
        rc = li_s3_location_move(&location, options->region ? options->region : default_region, &to,
                                 err);
    if (rc == 0) {
        *out = location;
        *destination = to;
    }
    return rc;
}

int li_s3_location_path(const struct li_s3_location *location, const char *key,
                        struct li_buffer *out, struct li_error *err)
{
    char *path = NULL;
    int len, rc;

    len =
        asprintf(&path, "/%s%s%s%s", location->in_host ? "" : location->bucket,
                 location->in_host || !key ? "" : "/", key ? location->prefix : "", key ? key : "");
    if (len < 0)
        return li_fail_memory(err);
    out->len = 0;
    rc = li_buffer_append(out, path, (size_t)len + 1, err);
    free(path);
    return rc;
}
