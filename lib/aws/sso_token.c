/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a cache file is the SHA-1 of the session's name, or of the start URL in the older
 * form. The AWS CLI and other tools share the file. So we write a renewed token back, because the
 * refresh token may have changed and the old one may no longer work. If that fails, we use the new
 * token all the same, and the other tools, later we too, must log in again.
 */
#include "aws/sso_token.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aws/fetch.h"
#include "aws/json.h"
#include "aws/time.h"
#include "base/hex.h"
#include "base/io.h"
#include "base/secret.h"

/* A token is renewed so many seconds before it expires. */
enum { RENEW_BEFORE = 600, TIME_TEXT = 32 };

int li_aws_sso_endpoint(const struct li_aws_search *search, const struct li_aws_service *service,
                        const char *host, const char *region, char url[LI_AWS_URL_SIZE],
                        struct li_error *err)
{
    char source[LI_AWS_SOURCE_MAX];
    int rc = li_aws_service_url(search->settings, &search->files, service, url, source, err);

    if (rc < 0 || *url)
        return rc;
    if (strlen(region) >= LI_AWS_REGION_SIZE ||
        strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(region))
        return li_fail(err, LI_EINVALID, "sso_region \"%.80s\" is not an AWS region", region);
    snprintf(url, LI_AWS_URL_SIZE, "https://%s.%s.%s", host, region, li_aws_domain(region));
    return 0;
}

static int cache_path(const struct li_aws_search *search, const struct li_aws_sso_session *session,
                      char **path, struct li_error *err)
{
    const char *key = session->name ? session->name : session->start_url;
    uint8_t digest[SHA_DIGEST_LENGTH];
    char digits[2 * SHA_DIGEST_LENGTH + 1];

    if (!search->files.home)
        return li_fail(err, LI_EINVALID, "HOME is not set, so its token cannot be found");
    SHA1((const unsigned char *)key, strlen(key), digest);
    li_hex_encode(digest, sizeof(digest), digits);
    if (asprintf(path, "%s/.aws/sso/cache/%s.json", search->files.home, digits) < 0)
        return li_fail_memory(err);
    return 0;
}

static int load(const char *path, const struct li_aws_sso_session *session, json_t **out,
                struct li_error *err)
{
    struct li_buffer text = {.wiped = true};
    int rc = li_read_file(path, LI_AWS_REPLY_MAX, &text, err);

    if (rc == LI_ENOTFOUND)
        rc = li_fail(err, LI_EDENIED, "there is no token; run aws sso login --profile %.200s",
                     session->profile);
    if (rc == 0)
        rc = li_aws_json_parse(path, text.data, text.len, out, err);
    li_buffer_wipe_free(&text);
    return rc;
}

static int expired(const struct li_aws_sso_session *session, const char *when, struct li_error *err)
{
    return li_fail(err, LI_EDENIED,
                   "the token expired at %.40s; run aws sso login --profile %.200s", when,
                   session->profile);
}

/* Whether the cache has everything that a renewal needs. The older form never does. */
static bool is_renewable(const json_t *cache, const struct li_aws_sso_session *session, int64_t now)
{
    const char *until = li_aws_json_text(cache, "registrationExpiresAt");
    int64_t registration;

    return session->name && li_aws_json_text(cache, "refreshToken") &&
           li_aws_json_text(cache, "clientId") && li_aws_json_text(cache, "clientSecret") &&
           until && li_aws_time_parse(until, &registration) == 0 && registration > now;
}

static int make_request(const json_t *cache, char **body, struct li_error *err)
{
    json_t *request = json_pack("{s:s, s:s, s:s, s:s}", "grantType", "refresh_token", "clientId",
                                li_aws_json_text(cache, "clientId"), "clientSecret",
                                li_aws_json_text(cache, "clientSecret"), "refreshToken",
                                li_aws_json_text(cache, "refreshToken"));

    *body = request ? json_dumps(request, JSON_COMPACT) : NULL;
    li_aws_json_free(request);
    return *body ? 0 : li_fail_memory(err);
}

static int ask(const struct li_aws_search *search, const struct li_aws_sso_session *session,
               const char *body, json_t **answer, struct li_error *err)
{
    static const struct li_aws_service oidc = {"sso_oidc", LI_AWS_ENDPOINT_URL_SSO_OIDC};
    static const struct li_http_header header = {"Content-Type", "application/json"};
    char base[LI_AWS_URL_SIZE], url[LI_AWS_URL_SIZE + 8];
    struct li_aws_fetch fetch = {
        .method = LI_HTTP_POST,
        .url = url,
        .headers = &header,
        .header_count = 1,
        .body = body,
        .body_len = strlen(body),
        .wait = LI_AWS_WAIT_FAR,
    };
    int status = 0;
    int rc = li_aws_sso_endpoint(search, &oidc, "oidc", session->region, base, err);

    if (rc < 0)
        return rc;
    snprintf(url, sizeof(url), "%s/token", base);
    rc = li_aws_fetch_json(search, &fetch, &status, answer, err);
    if (rc == 0 && status != 200)
        rc = li_fail(
            err, LI_EDENIED, "renewing the token: %.80s; run aws sso login --profile %.200s",
            li_aws_json_text(*answer, "error") ? li_aws_json_text(*answer, "error") : "refused",
            session->profile);
    return rc;
}

/* Puts the service's answer into the cache's document. */
static int update(json_t *cache, const json_t *answer, int64_t now, struct li_error *err)
{
    const char *token = li_aws_json_text(answer, "accessToken");
    const char *refresh = li_aws_json_text(answer, "refreshToken");
    json_int_t seconds = json_integer_value(json_object_get(answer, "expiresIn"));
    char when[TIME_TEXT];
    time_t expires;
    struct tm tm;

    if (!token || seconds <= 0 || seconds > INT32_MAX)
        return li_fail(err, LI_ECORRUPT, "renewing the token: the answer has no token");
    expires = (time_t)(now + seconds);
    if (!gmtime_r(&expires, &tm) || !strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm))
        return li_fail(err, LI_ECORRUPT, "renewing the token: it never expires");
    if (json_object_set_new(cache, "accessToken", json_string(token)) < 0 ||
        json_object_set_new(cache, "expiresAt", json_string(when)) < 0 ||
        (refresh && json_object_set_new(cache, "refreshToken", json_string(refresh)) < 0))
        return li_fail_memory(err);
    return 0;
}

/* Mode 0600, and whole or not at all. The comment at the top says why a failure is ignored. */
static void write_back(const char *path, const json_t *cache)
{
    char *temporary = NULL, *text = json_dumps(cache, 0);
    struct li_error ignored;
    int fd = -1;

    if (!text || asprintf(&temporary, "%s-XXXXXX", path) < 0) {
        temporary = NULL;
        goto out;
    }
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        goto out;
    if (li_pwrite_all(fd, text, strlen(text), 0, &ignored) < 0 || fsync(fd) < 0 ||
        rename(temporary, path) < 0)
        unlink(temporary);
out:
    if (fd >= 0)
        close(fd);
    if (text)
        li_wipe(text, strlen(text));
    free(text);
    free(temporary);
}

static int renew(const struct li_aws_search *search, const struct li_aws_sso_session *session,
                 const char *path, json_t *cache, struct li_error *err)
{
    json_t *answer = NULL;
    char *body = NULL;
    int rc = make_request(cache, &body, err);

    if (rc == 0)
        rc = ask(search, session, body, &answer, err);
    if (rc == 0)
        rc = update(cache, answer, search->env->now(), err);
    if (rc == 0)
        write_back(path, cache);
    if (body)
        li_wipe(body, strlen(body));
    free(body);
    li_aws_json_free(answer);
    return rc;
}

/* A token that could not be renewed is used until it expires. */
static int make_current(const struct li_aws_search *search,
                        const struct li_aws_sso_session *session, const char *path, json_t *cache,
                        struct li_error *err)
{
    const char *when = li_aws_json_text(cache, "expiresAt");
    int64_t now = search->env->now(), expires;
    int rc;

    if (!li_aws_json_text(cache, "accessToken") || !when || li_aws_time_parse(when, &expires) < 0)
        return li_fail(err, LI_ECORRUPT,
                       "there is no token in %s; run aws sso login --profile %.200s", path,
                       session->profile);
    if (expires - now > RENEW_BEFORE)
        return 0;
    if (is_renewable(cache, session, now)) {
        rc = renew(search, session, path, cache, err);
        return rc < 0 && expires > now ? 0 : rc;
    }
    return expires > now ? 0 : expired(session, when, err);
}

int li_aws_sso_token(const struct li_aws_search *search, const struct li_aws_sso_session *session,
                     struct li_buffer *out, struct li_error *err)
{
    json_t *cache = NULL;
    const char *token;
    char *path = NULL;
    int rc = cache_path(search, session, &path, err);

    if (rc == 0)
        rc = load(path, session, &cache, err);
    if (rc == 0)
        rc = make_current(search, session, path, cache, err);
    if (rc == 0) {
        token = li_aws_json_text(cache, "accessToken");
        rc = li_buffer_append(out, token, strlen(token) + 1, err);
    }
    li_aws_json_free(cache);
    free(path);
    return rc;
}
