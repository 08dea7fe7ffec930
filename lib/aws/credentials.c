/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain. It keeps each source's reason for having nothing, so that a user without credentials
 * reads what was tried, in order.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aws/internal.h"
#include "aws/time.h"

int li_aws_none(struct li_error *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    return LI_END;
}

/* All three go into headers, so they must not have a line break. */
static int check(const char *text, size_t most, const char *what, struct li_error *err)
{
    size_t len = strlen(text);

    if (len > most)
        return li_fail(err, LI_ELIMIT, "%s has %zu characters, more than the %zu that are allowed",
                       what, len, most);
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return li_fail(err, LI_ECORRUPT, "%s has a character that it cannot have", what);
    return 0;
}

int li_aws_credentials_fill(struct li_aws_credentials *out, const char *key_id, const char *secret,
                            const char *token, struct li_error *err)
{
    char *copy = NULL;
    int rc;

    if (!key_id || !*key_id || !secret || !*secret)
        return li_fail(err, LI_ECORRUPT, "the %s is missing",
                       key_id && *key_id ? "secret access key" : "access key id");
    rc = check(key_id, LI_AWS_KEY_MAX, "the access key id", err);
    if (rc == 0)
        rc = check(secret, LI_AWS_KEY_MAX, "the secret access key", err);
    if (rc == 0 && token && *token)
        rc = check(token, LI_AWS_TOKEN_MAX, "the session token", err);
    if (rc < 0)
        return rc;
    if (token && *token && !(copy = strdup(token)))
        return li_fail_memory(err);
    strcpy(out->access_key, key_id);
    strcpy(out->secret_key, secret);
    out->token = copy;
    return 0;
}

void li_aws_credentials_source(struct li_aws_credentials *out, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(out->source, sizeof(out->source), fmt, ap);
    va_end(ap);
}

/* A profile on the command line wins over keys in the environment, as in the AWS CLI. */
int li_aws_from_environment(const struct li_aws_search *search, struct li_aws_credentials *out,
                            struct li_error *err)
{
    const struct li_aws_settings *settings = search->settings;
    const char *key_id = li_aws_value(settings, LI_AWS_ACCESS_KEY_ID);
    const char *secret = li_aws_value(settings, LI_AWS_SECRET_ACCESS_KEY);
    const char *expires = li_aws_value(settings, LI_AWS_CREDENTIAL_EXPIRATION);

    if (settings->profile && *settings->profile)
        return li_aws_none(err, "not used, since a profile was named");
    if (!key_id && !secret)
        return li_aws_none(err, "AWS_ACCESS_KEY_ID is not set");
    if (!key_id || !secret)
        return li_fail(err, LI_EINVALID, "%s is set, and %s is not",
                       key_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                       key_id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    out->expires = INT64_MAX;
    if (expires && li_aws_time_parse(expires, &out->expires) < 0)
        return li_fail(err, LI_EINVALID, "AWS_CREDENTIAL_EXPIRATION is not a time: \"%.40s\"",
                       expires);
    li_aws_credentials_source(out, "the environment");
    return li_aws_credentials_fill(out, key_id, secret,
                                   li_aws_value(settings, LI_AWS_SESSION_TOKEN), err);
}

struct source {
    const char *name;
    int (*get)(const struct li_aws_search *search, struct li_aws_credentials *out,
               struct li_error *err);
};

static const struct source chain[] = {
    {"the environment", li_aws_from_environment}, {"a web identity", li_aws_from_web_identity},
    {"the profile", li_aws_from_profile},         {"the container", li_aws_from_container},
    {"the instance", li_aws_from_instance},
};

enum { SOURCES = sizeof(chain) / sizeof(chain[0]), NOTES_MAX = 768 };

static void note(char notes[NOTES_MAX], const char *name, const char *why)
{
    size_t len = strlen(notes);
    int n = snprintf(notes + len, NOTES_MAX - len, "%s%s: %s", len ? "; " : "", name, why);

    if (n < 0 || (size_t)n >= NOTES_MAX - len)
        strcpy(notes + NOTES_MAX - sizeof("..."), "...");
}

/* If a source fails, the error also lists the sources before it: perhaps the user meant one of
 * them. */
static int failed(const char *notes, const char *name, struct li_error *err)
{
    return li_context(err, "no AWS credentials: %s%s%s", notes, *notes ? "; " : "", name);
}

int li_aws_chain(const struct li_aws_search *search, struct li_aws_credentials *out,
                 struct li_error *err)
{
    char notes[NOTES_MAX] = "";

    for (size_t i = 0; i < SOURCES; i++) {
        int rc;

        li_aws_credentials_wipe(out);
        rc = chain[i].get(search, out, err);
        if (rc == 0)
            return 0;
        li_aws_credentials_wipe(out);
        if (rc < 0)
            return failed(notes, chain[i].name, err);
        note(notes, chain[i].name, err->text);
    }
    /* If there were credentials before, this is an instance that does not answer at the moment. */
    return li_fail(err, search->again ? LI_ENETWORK : LI_EDENIED, "no AWS credentials: %s", notes);
}
