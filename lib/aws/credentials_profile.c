/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of a profile, in botocore's order: a role assumed with other credentials, a role
 * assumed with a web identity token, IAM Identity Center, keys, a program. If other profiles build
 * on a profile that has keys, it gives these keys, even if it is a role itself; so a profile may
 * build on itself.
 */
#include <string.h>

#include "aws/internal.h"

enum { ROLES_MAX = 8 }; /* on top of each other */

/* The profiles visited so far, because a loop would never end. */
struct walk {
    const struct li_aws_search *search;
    const char *visited[ROLES_MAX];
    size_t count;
};

static const char *value(const struct walk *walk, const char *profile, const char *key)
{
    return li_aws_profile_get(&walk->search->files, profile, key);
}

static bool has_keys(const struct walk *walk, const char *profile)
{
    return value(walk, profile, "aws_access_key_id") != NULL;
}

static const char *token_of(const struct li_aws_files *files, const char *profile,
                            const char *(*get)(const struct li_aws_files *, const char *,
                                               const char *))
{
    const char *token = get(files, profile, "aws_session_token");

    return token ? token : get(files, profile, "aws_security_token");
}

/* Key and secret come from one file: halves of two pairs do not work. */
static int from_keys(const struct walk *walk, const char *profile, struct li_aws_credentials *out,
                     struct li_error *err)
{
    const struct li_aws_files *files = &walk->search->files;
    bool shared = li_aws_credentials_get(files, profile, "aws_access_key_id") != NULL;
    const char *(*get)(const struct li_aws_files *, const char *, const char *) =
        shared ? li_aws_credentials_get : li_aws_config_get;
    const char *path = shared ? files->credentials_path : files->config_path;

    out->expires = INT64_MAX;
    li_aws_credentials_source(out, "the profile %.100s in %.100s", profile, path);
    if (li_aws_credentials_fill(out, get(files, profile, "aws_access_key_id"),
                                get(files, profile, "aws_secret_access_key"),
                                token_of(files, profile, get), err) < 0)
        return li_context(err, "%s", path);
    return 0;
}

static struct li_aws_role role_of(const struct walk *walk, const char *profile)
{
    return (struct li_aws_role){
        .arn = value(walk, profile, "role_arn"),
        .session_name = value(walk, profile, "role_session_name"),
        .external_id = value(walk, profile, "external_id"),
        .duration = value(walk, profile, "duration_seconds"),
    };
}

/* The credentials to assume the role with, if the profile says credential_source. */
static int from_named_source(const struct walk *walk, const char *source,
                             struct li_aws_credentials *out, struct li_error *err)
{
    /* A profile on the command line does not exclude the keys of the environment here. */
    struct li_aws_settings settings = *walk->search->settings;
    struct li_aws_search search = *walk->search;
    int rc;

    settings.profile = NULL;
    search.settings = &settings;
    if (strcmp(source, "Environment") == 0)
        rc = li_aws_from_environment(&search, out, err);
    else if (strcmp(source, "Ec2InstanceMetadata") == 0)
        rc = li_aws_from_instance(&search, out, err);
    else if (strcmp(source, "EcsContainer") == 0)
        rc = li_aws_from_container(&search, out, err);
    else
        return li_fail(err, LI_EINVALID,
                       "credential_source is \"%.80s\"; it can be Environment, "
                       "Ec2InstanceMetadata or EcsContainer",
                       source);
    if (rc == LI_END)
        err->code = LI_EDENIED;
    return rc == 0 ? 0 : li_context(err, "credential_source %s", source);
}

static int from_one(struct walk *walk, const char *profile, bool below,
                    struct li_aws_credentials *out, struct li_error *err);

static int from_source_profile(struct walk *walk, const char *source,
                               struct li_aws_credentials *out, struct li_error *err)
{
    int rc;

    if (!li_aws_profile_exists(&walk->search->files, source))
        return li_fail(err, LI_ENOTFOUND, "its source_profile \"%.200s\" does not exist", source);
    rc = from_one(walk, source, true, out, err);
    if (rc == LI_END)
        err->code = LI_EDENIED;
    return rc == 0 ? 0 : li_context(err, "source_profile %.200s", source);
}

static int from_role(struct walk *walk, const char *profile, struct li_aws_credentials *out,
                     struct li_error *err)
{
    const char *source = value(walk, profile, "source_profile");
    const char *named = value(walk, profile, "credential_source");
    struct li_aws_role role = role_of(walk, profile);
    int rc;

    if (source && named)
        return li_fail(err, LI_EINVALID,
                       "it has both source_profile and credential_source; keep only one");
    if (!source && !named)
        return li_fail(
            err, LI_EINVALID,
            "it has role_arn, but neither source_profile nor credential_source; add the one that "
            "gives the credentials to assume the role with");
    if (value(walk, profile, "mfa_serial"))
        return li_fail(
            err, LI_EUNSUPPORTED,
            "mfa_serial needs a code at each renewal, and lambdaimg cannot prompt "
            "for it; use a profile without mfa_serial, or a credential_process that prompts");
    rc = source ? from_source_profile(walk, source, out, err)
                : from_named_source(walk, named, out, err);
    return rc < 0 ? rc : li_aws_assume(walk->search, &role, out, err);
}

static int enter(struct walk *walk, const char *profile, bool below, struct li_error *err)
{
    for (size_t i = 0; i < walk->count; i++)
        if (strcmp(walk->visited[i], profile) == 0 && !(below && has_keys(walk, profile)))
            return li_fail(err, LI_EINVALID, "its source_profile entries form a loop");
    if (walk->count == ROLES_MAX)
        return li_fail(err, LI_ELIMIT, "more than %d roles are chained", ROLES_MAX);
    walk->visited[walk->count++] = profile;
    return 0;
}

static int from_profile_process(const struct walk *walk, const char *profile,
                                struct li_aws_credentials *out, struct li_error *err)
{
    int rc =
        li_aws_from_process(walk->search, value(walk, profile, "credential_process"), out, err);

    if (rc < 0)
        return li_context(err, "credential_process");
    li_aws_credentials_source(out, "the profile %.200s's credential_process", profile);
    return 0;
}

/* BELOW: another profile builds on this one. */
static int from_one(struct walk *walk, const char *profile, bool below,
                    struct li_aws_credentials *out, struct li_error *err)
{
    const char *arn = value(walk, profile, "role_arn");
    const char *token_file = value(walk, profile, "web_identity_token_file");
    struct li_aws_role role = role_of(walk, profile);
    int rc = enter(walk, profile, below, err);

    if (rc < 0)
        return rc;
    if (arn && !token_file && !(below && has_keys(walk, profile)))
        return from_role(walk, profile, out, err);
    if (arn && token_file)
        return li_aws_assume_with_token(walk->search, &role, token_file, out, err);
    rc = li_aws_from_sso(walk->search, profile, out, err);
    if (rc != LI_END)
        return rc;
    /* Keys in the config file come after a program; keys in the credentials file come before it. */
    if (li_aws_credentials_get(&walk->search->files, profile, "aws_access_key_id"))
        return from_keys(walk, profile, out, err);
    if (value(walk, profile, "credential_process"))
        return from_profile_process(walk, profile, out, err);
    if (has_keys(walk, profile))
        return from_keys(walk, profile, out, err);
    return li_aws_none(err, "it has no keys, role, sso_session or credential_process");
}

int li_aws_from_profile(const struct li_aws_search *search, struct li_aws_credentials *out,
                        struct li_error *err)
{
    const struct li_aws_files *files = &search->files;
    struct walk walk = {.search = search};
    int rc;

    if (!li_aws_profile_exists(files, files->profile))
        return li_aws_none(err, "\"%.200s\" is neither in %s nor in %s", files->profile,
                           files->config_path ? files->config_path : "~/.aws/config",
                           files->credentials_path ? files->credentials_path
                                                   : "~/.aws/credentials");
    rc = from_one(&walk, files->profile, false, out, err);
    if (rc != 0)
        li_context(err, "%.200s", files->profile);
    return rc;
}
