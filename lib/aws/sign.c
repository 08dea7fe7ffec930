/* SPDX-License-Identifier: Apache-2.0 */
/*
 * We have our own signer, because that of libcurl 7.88 neither sorts the query nor adds the body's
 * digest, and does not reveal what it signed. It is tested with AWS's published vectors.
 *
 * Path and query are encoded once, here, and the URL is made of the same bytes that are signed.
 */
#include "aws/sign.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/hex.h"
#include "base/secret.h"

static int add(struct li_buffer *b, const char *text, struct li_error *err)
{
    return li_buffer_append(b, text, strlen(text), err);
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int li_aws_encode(struct li_buffer *out, const char *text, bool slashes, struct li_error *err)
{
    int rc = 0;

    for (; *text && rc == 0; text++) {
        char code[4];

        if (is_unreserved(*text) || (slashes && *text == '/')) {
            rc = li_buffer_append(out, text, 1, err);
        } else {
            snprintf(code, sizeof(code), "%%%02X", (unsigned char)*text);
            rc = li_buffer_append(out, code, 3, err);
        }
    }
    return rc;
}

/* ---- the canonical request ------------------------------------------------------------------- */

/* The encoded path, after the endpoint's. */
static int encode_path(const struct li_aws_request *request, struct li_buffer *out,
                       struct li_error *err)
{
    int rc = add(out, request->endpoint->path, err);

    return rc < 0 ? rc : li_aws_encode(out, request->path, true, err);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Encoded pairs, sorted by their encoded names, then values. '=' would sort after digits, so a byte
 * that sorts first separates name and value until they are sorted. */
static int encode_query(const struct li_aws_request *request, struct li_buffer *out,
                        struct li_error *err)
{
    struct li_buffer pair[LI_AWS_QUERY_MAX] = {{0}};
    char *text[LI_AWS_QUERY_MAX] = {NULL};
    int rc = 0;

    if (request->query_count > LI_AWS_QUERY_MAX)
        return li_fail(err, LI_EINVALID, "a query has %zu pairs, more than are allowed",
                       request->query_count);
    for (size_t i = 0; i < request->query_count && rc == 0; i++) {
        rc = li_aws_encode(&pair[i], request->query[i].name, false, err);
        if (rc == 0)
            rc = li_buffer_append(&pair[i], "\1", 1, err);
        if (rc == 0)
            rc = li_aws_encode(&pair[i], request->query[i].value, false, err);
        if (rc == 0)
            rc = li_buffer_append(&pair[i], "", 1, err);
        text[i] = (char *)pair[i].data;
    }
    if (rc == 0 && request->query_count > 1)
        qsort(text, request->query_count, sizeof(text[0]), compare_text);
    for (size_t i = 0; i < request->query_count && rc == 0; i++) {
        *strchr(text[i], '\1') = '=';
        rc = i > 0 ? add(out, "&", err) : 0;
        if (rc == 0)
            rc = add(out, text[i], err);
    }
    for (size_t i = 0; i < request->query_count && i < LI_AWS_QUERY_MAX; i++)
        li_buffer_free(&pair[i]);
    return rc;
}

static int compare_headers(const void *a, const void *b)
{
    return strcasecmp(((const struct li_http_header *)a)->name,
                      ((const struct li_http_header *)b)->name);
}

static int add_lower(struct li_buffer *out, const char *name, struct li_error *err)
{
    int rc = 0;

    for (; *name && rc == 0; name++) {
        char c = (char)tolower((unsigned char)*name);

        rc = li_buffer_append(out, &c, 1, err);
    }
    return rc;
}

/* Removes spaces at the ends, and reduces several to one. */
static int add_trimmed(struct li_buffer *out, const char *value, struct li_error *err)
{
    size_t start = out->len;
    int rc = 0;

    for (; *value && rc == 0; value++)
        if (*value != ' ' || (out->len > start && value[1] && value[1] != ' '))
            rc = li_buffer_append(out, value, 1, err);
    return rc;
}

/* The lines of all headers to sign, and their names. */
static int canonical_headers(const struct li_http_header *headers, size_t count,
                             struct li_buffer *lines, struct li_buffer *names, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        if (i > 0 && strcasecmp(headers[i - 1].name, headers[i].name) == 0)
            return li_fail(err, LI_EINVALID, "the header %s is there twice", headers[i].name);
        rc = add_lower(lines, headers[i].name, err);
        if (rc == 0)
            rc = add(lines, ":", err);
        if (rc == 0)
            rc = add_trimmed(lines, headers[i].value, err);
        if (rc == 0)
            rc = add(lines, "\n", err);
        if (rc == 0 && i > 0)
            rc = add(names, ";", err);
        if (rc == 0)
            rc = add_lower(names, headers[i].name, err);
    }
    return rc < 0 ? rc : li_buffer_append(names, "", 1, err);
}

/* ---- the signature --------------------------------------------------------------------------- */

static int hmac(const void *key, size_t len, const char *text, uint8_t mac[LI_SHA256_SIZE],
                struct li_error *err)
{
    unsigned size = LI_SHA256_SIZE;

    if (!HMAC(EVP_sha256(), key, (int)len, (const uint8_t *)text, strlen(text), mac, &size))
        return li_fail(err, LI_EUNSUPPORTED, "OpenSSL cannot compute HMAC-SHA-256");
    return 0;
}

static int signature(const struct li_aws_credentials *credentials, const char *date,
                     const struct li_aws_request *request, const char *to_sign,
                     char hex[2 * LI_SHA256_SIZE + 1], struct li_error *err)
{
    char first[LI_AWS_KEY_MAX + 5];
    uint8_t key[LI_SHA256_SIZE];
    char day[9];
    int rc;

    snprintf(first, sizeof(first), "AWS4%s", credentials->secret_key);
    snprintf(day, sizeof(day), "%.8s", date);
    rc = hmac(first, strlen(first), day, key, err);
    if (rc == 0)
        rc = hmac(key, sizeof(key), request->region, key, err);
    if (rc == 0)
        rc = hmac(key, sizeof(key), request->service, key, err);
    if (rc == 0)
        rc = hmac(key, sizeof(key), "aws4_request", key, err);
    if (rc == 0)
        rc = hmac(key, sizeof(key), to_sign, key, err);
    if (rc == 0)
        li_hex_encode(key, sizeof(key), hex);
    li_wipe(first, sizeof(first));
    li_wipe(key, sizeof(key));
    return rc;
}

/* The value of "Authorization:" on OUT's date. CANONICAL is the canonical request, NAMES its header
 * names. */
static int authorize(const struct li_aws_request *request,
                     const struct li_aws_credentials *credentials,
                     const struct li_buffer *canonical, const char *names,
                     struct li_aws_signed *out, struct li_error *err)
{
    uint8_t digest[LI_SHA256_SIZE];
    char hash[2 * LI_SHA256_SIZE + 1], mac[2 * LI_SHA256_SIZE + 1];
    char *scope = NULL, *to_sign = NULL;
    int rc = li_sha256(canonical->data, canonical->len, digest, err);

    if (rc < 0)
        return rc;
    li_hex_encode(digest, sizeof(digest), hash);
    if (asprintf(&scope, "%.8s/%s/%s/aws4_request", out->date, request->region, request->service) <
        0)
        return li_fail_memory(err);
    if (asprintf(&to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%s", out->date, scope, hash) < 0) {
        to_sign = NULL;
        rc = li_fail_memory(err);
    }
    if (rc == 0)
        rc = signature(credentials, out->date, request, to_sign, mac, err);
    if (rc == 0 && asprintf(&out->authorization,
                            "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                            credentials->access_key, scope, names, mac) < 0) {
        out->authorization = NULL;
        rc = li_fail_memory(err);
    }
    free(scope);
    free(to_sign);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int set_date(int64_t now, char date[17], struct li_error *err)
{
    time_t seconds = (time_t)now;
    struct tm tm;

    if (now < 0 || !gmtime_r(&seconds, &tm) || strftime(date, 17, "%Y%m%dT%H%M%SZ", &tm) != 16)
        return li_fail(err, LI_EINVALID, "the clock says %lld, which is not a usable date",
                       (long long)now);
    return 0;
}

static void put_header(struct li_aws_signed *out, const char *name, const char *value)
{
    out->headers[out->header_count++] = (struct li_http_header){name, value};
}

/* The signed headers, sorted, including the host. */
static int set_headers(const struct li_aws_request *request,
                       const struct li_aws_credentials *credentials, struct li_aws_signed *out,
                       struct li_error *err)
{
    if (request->header_count > LI_AWS_HEADERS_MAX)
        return li_fail(err, LI_EINVALID, "a request has %zu headers, more than are allowed",
                       request->header_count);
    for (size_t i = 0; i < request->header_count; i++)
        out->headers[out->header_count++] = request->headers[i];
    put_header(out, "Host", request->endpoint->host);
    if (credentials)
        put_header(out, "x-amz-date", out->date);
    if (credentials && strcmp(request->service, "s3") == 0)
        put_header(out, "x-amz-content-sha256", out->hash);
    if (credentials && credentials->token)
        put_header(out, "x-amz-security-token", credentials->token);
    qsort(out->headers, out->header_count, sizeof(out->headers[0]), compare_headers);
    return 0;
}

static int set_hash(const struct li_aws_request *request, char *hash, struct li_error *err)
{
    uint8_t digest[LI_SHA256_SIZE];
    int rc = 0;

    if (!request->digest)
        rc = li_sha256(request->body, request->body_len, digest, err);
    if (rc == 0)
        li_hex_encode(request->digest ? request->digest : digest, LI_SHA256_SIZE, hash);
    return rc;
}

/* The canonical request of PARTS: the path, the query, the headers, and the names of these. */
static int join(const struct li_aws_request *request, const struct li_aws_signed *out,
                const char *const parts[4], struct li_buffer *canonical, struct li_error *err)
{
    int rc = add(canonical, li_http_method_text(request->method), err);

    for (size_t i = 0; i < 4 && rc == 0; i++) {
        rc = add(canonical, "\n", err);
        if (rc == 0)
            rc = add(canonical, parts[i], err);
    }
    if (rc == 0)
        rc = add(canonical, "\n", err);
    return rc < 0 ? rc : add(canonical, out->hash, err);
}

/* The canonical request and the URL, from the same encoded path and query. */
static int compose(const struct li_aws_request *request, struct li_aws_signed *out,
                   struct li_buffer *canonical, struct li_buffer *names, struct li_error *err)
{
    struct li_buffer path = {0}, query = {0}, lines = {.wiped = true};
    int rc = encode_path(request, &path, err);

    if (rc == 0)
        rc = encode_query(request, &query, err);
    if (rc == 0)
        rc = canonical_headers(out->headers, out->header_count, &lines, names, err);
    if (rc == 0)
        rc = li_buffer_append(&path, "", 1, err);
    if (rc == 0)
        rc = li_buffer_append(&query, "", 1, err);
    if (rc == 0)
        rc = li_buffer_append(&lines, "", 1, err);
    if (rc == 0)
        rc = join(request, out,
                  (const char *const[]){(char *)path.data, (char *)query.data, (char *)lines.data,
                                        (char *)names->data},
                  canonical, err);
    if (rc == 0 && asprintf(&out->url, "%s://%s%s%s%s", request->endpoint->https ? "https" : "http",
                            request->endpoint->host, (char *)path.data, query.len > 1 ? "?" : "",
                            (char *)query.data) < 0) {
        out->url = NULL;
        rc = li_fail_memory(err);
    }
    li_buffer_free(&path);
    li_buffer_free(&query);
    li_buffer_wipe_free(&lines);
    return rc;
}

int li_aws_sign(const struct li_aws_request *request, const struct li_aws_credentials *credentials,
                int64_t now, struct li_aws_signed *out, struct li_error *err)
{
    struct li_buffer canonical = {.wiped = true}, names = {0};
    int rc;

    *out = (struct li_aws_signed){0};
    rc = set_date(now, out->date, err);
    if (rc == 0)
        rc = set_hash(request, out->hash, err);
    if (rc == 0)
        rc = set_headers(request, credentials, out, err);
    if (rc == 0)
        rc = compose(request, out, &canonical, &names, err);
    if (rc == 0 && credentials)
        rc = authorize(request, credentials, &canonical, (char *)names.data, out, err);
    if (rc == 0 && credentials)
        put_header(out, "Authorization", out->authorization);
    if (rc < 0)
        li_aws_signed_free(out);
    li_buffer_wipe_free(&canonical);
    li_buffer_free(&names);
    return rc;
}

void li_aws_signed_free(struct li_aws_signed *signed_request)
{
    if (!signed_request)
        return;
    if (signed_request->authorization)
        li_wipe(signed_request->authorization, strlen(signed_request->authorization));
    free(signed_request->authorization);
    free(signed_request->url);
    *signed_request = (struct li_aws_signed){0};
}
