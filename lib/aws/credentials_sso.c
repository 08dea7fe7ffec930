/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM Identity Center: `aws sso login` left a token (sso_token.c), for which the portal gives a
 * role's credentials. A profile names an sso-session or, in the older form, has all settings
 * itself.
 */
#include <stdio.h>
#include <string.h>

#include "aws/fetch.h"
#include "aws/json.h"
#include "aws/sso_token.h"
#include "base/secret.h"

enum { EXPIRY_DIVISOR = 1000 }; /* the portal counts milliseconds */

/* What the profile says. The files own the strings. */
struct wanted {
    struct li_aws_sso_session session;
    const char *account, *role;
};

static int missing(struct li_error *err, const char *profile, const char *key)
{
    return li_fail(err, LI_EINVALID, "the profile %.200s uses IAM Identity Center and has no %s",
                   profile, key);
}

static int find(const struct li_aws_search *search, const char *profile, struct wanted *wanted,
                struct li_error *err)
{
    const struct li_aws_files *files = &search->files;
    const char *session = li_aws_profile_get(files, profile, "sso_session");
    const char *start_url = li_aws_profile_get(files, profile, "sso_start_url");
    const char *region = li_aws_profile_get(files, profile, "sso_region");

    if (!session && !start_url)
        return LI_END;
    if (session) {
        start_url = li_aws_section_get(files, "sso-session", session, "sso_start_url");
        region = li_aws_section_get(files, "sso-session", session, "sso_region");
    }
    *wanted = (struct wanted){
        .session = {session, start_url, region, profile},
        .account = li_aws_profile_get(files, profile, "sso_account_id"),
        .role = li_aws_profile_get(files, profile, "sso_role_name"),
    };
    if (session && (!start_url || !region))
        return li_fail(err, LI_EINVALID,
                       "the config file has no [sso-session %.200s] with sso_start_url and "
                       "sso_region",
                       session);
    if (!region)
        return missing(err, profile, "sso_region");
    if (!wanted->account)
        return missing(err, profile, "sso_account_id");
    return wanted->role ? 0 : missing(err, profile, "sso_role_name");
}

static int make_url(const struct li_aws_search *search, const struct wanted *wanted,
                    struct li_buffer *url, struct li_error *err)
{
    static const struct li_aws_service sso = {"sso", LI_AWS_ENDPOINT_URL_SSO};
    static const char path[] = "/federation/credentials?";
    const char *pairs[] = {"account_id", wanted->account, "role_name", wanted->role, NULL};
    char base[LI_AWS_URL_SIZE];
    int rc = li_aws_sso_endpoint(search, &sso, "portal.sso", wanted->session.region, base, err);

    if (rc == 0)
        rc = li_buffer_append(url, base, strlen(base), err);
    if (rc == 0)
        rc = li_buffer_append(url, path, sizeof(path) - 1, err);
    if (rc == 0)
        rc = li_aws_form(url, pairs, err);
    if (rc == 0)
        rc = li_buffer_append(url, "", 1, err);
    return rc;
}

static int parse(const json_t *answer, struct li_aws_credentials *out, struct li_error *err)
{
    const json_t *role = json_object_get(answer, "roleCredentials");
    json_int_t expires = json_integer_value(json_object_get(role, "expiration"));

    if (expires <= 0)
        return li_fail(err, LI_ECORRUPT,
                       "the portal's answer has no credentials with an expiry time");
    out->expires = expires / EXPIRY_DIVISOR;
    return li_aws_credentials_fill(out, li_aws_json_text(role, "accessKeyId"),
                                   li_aws_json_text(role, "secretAccessKey"),
                                   li_aws_json_text(role, "sessionToken"), err);
}

static int refused(const struct wanted *wanted, int status, const json_t *answer,
                   struct li_error *err)
{
    const char *why = li_aws_json_text(answer, "message");

    if (status == 401)
        return li_fail(err, LI_EDENIED,
                       "the portal no longer accepts the token; run aws sso login "
                       "--profile %.200s",
                       wanted->session.profile);
    return li_fail(err, LI_EDENIED,
                   "the portal gives no credentials for the role %.100s in account %.20s: status "
                   "%d%s%.200s",
                   wanted->role, wanted->account, status, why ? ": " : "", why ? why : "");
}

static int ask(const struct li_aws_search *search, const struct wanted *wanted, const char *token,
               struct li_aws_credentials *out, struct li_error *err)
{
    const struct li_http_header header = {"x-amz-sso_bearer_token", token};
    struct li_aws_fetch fetch = {
        .method = LI_HTTP_GET, .headers = &header, .header_count = 1, .wait = LI_AWS_WAIT_FAR};
    struct li_buffer url = {0};
    json_t *answer = NULL;
    int status = 0;
    int rc = make_url(search, wanted, &url, err);

    fetch.url = (const char *)url.data;
    if (rc == 0)
        rc = li_aws_fetch_json(search, &fetch, &status, &answer, err);
    if (rc == 0)
        rc = status == 200 ? parse(answer, out, err) : refused(wanted, status, answer, err);
    li_aws_json_free(answer);
    li_buffer_free(&url);
    return rc;
}

int li_aws_from_sso(const struct li_aws_search *search, const char *profile,
                    struct li_aws_credentials *out, struct li_error *err)
{
    struct li_buffer token = {.wiped = true};
    struct wanted wanted;
    int rc = find(search, profile, &wanted, err);

    if (rc != 0)
        return rc;
    rc = li_aws_sso_token(search, &wanted.session, &token, err);
    if (rc == 0)
        rc = ask(search, &wanted, (const char *)token.data, out, err);
    if (rc < 0)
        li_context(err, "IAM Identity Center");
    li_aws_credentials_source(out, "the profile %.80s: IAM Identity Center, role %.80s", profile,
                              wanted.role);
    li_buffer_wipe_free(&token);
    return rc;
}
