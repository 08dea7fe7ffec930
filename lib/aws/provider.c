/* SPDX-License-Identifier: Apache-2.0 */
/* What all providers share, and the provider whose credentials never change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/aws.h"
#include "base/secret.h"

void li_aws_credentials_wipe(struct li_aws_credentials *credentials)
{
    if (!credentials)
        return;
    if (credentials->token)
        li_wipe(credentials->token, strlen(credentials->token));
    free(credentials->token);
    li_wipe(credentials, sizeof(*credentials));
}

int li_aws_credentials_copy(struct li_aws_credentials *to, const struct li_aws_credentials *from,
                            struct li_error *err)
{
    char *token = NULL;

    if (from->token && !(token = strdup(from->token)))
        return li_fail_memory(err);
    li_aws_credentials_wipe(to);
    *to = *from;
    to->token = token;
    return 0;
}

int li_aws_provider_get(struct li_aws_provider *provider, struct li_aws_credentials *out,
                        struct li_error *err)
{
    return provider->ops->get(provider, out, err);
}

int li_aws_provider_rejected(struct li_aws_provider *provider,
                             const struct li_aws_credentials *used, struct li_error *err)
{
    return provider->ops->rejected(provider, used, err);
}

void li_aws_provider_free(struct li_aws_provider *provider)
{
    if (provider)
        provider->ops->free(provider);
}

struct fixed {
    struct li_aws_provider provider; /* first, so that the pointers can be converted */
    struct li_aws_credentials credentials;
};

static int fixed_get(struct li_aws_provider *provider, struct li_aws_credentials *out,
                     struct li_error *err)
{
    return li_aws_credentials_copy(out, &((struct fixed *)provider)->credentials, err);
}

static int fixed_rejected(struct li_aws_provider *provider, const struct li_aws_credentials *used,
                          struct li_error *err)
{
    (void)provider;
    return li_fail(err, LI_EDENIED, "the credentials from %s have expired", used->source);
}

static void fixed_free(struct li_aws_provider *provider)
{
    li_aws_credentials_wipe(&((struct fixed *)provider)->credentials);
    li_secret_free(provider);
}

static const struct li_aws_provider_operations fixed_operations = {fixed_get, fixed_rejected,
                                                                   fixed_free};

static bool is_visible(const char *text, size_t most)
{
    size_t len = strlen(text);

    if (len == 0 || len > most)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return true;
}

int li_aws_provider_fixed(const char *access_key, const char *secret_key, const char *token,
                          const char *source, struct li_aws_provider **out, struct li_error *err)
{
    struct fixed *fixed;

    if (!is_visible(access_key, LI_AWS_KEY_MAX) || !is_visible(secret_key, LI_AWS_KEY_MAX) ||
        (token && !is_visible(token, LI_AWS_TOKEN_MAX)))
        return li_fail(err, LI_EINVALID, "the credentials from %s are empty, too long, or not text",
                       source);
    fixed = li_secret_alloc(sizeof(*fixed));
    if (!fixed)
        return li_fail_memory(err);
    fixed->provider.ops = &fixed_operations;
    snprintf(fixed->credentials.access_key, sizeof(fixed->credentials.access_key), "%s",
             access_key);
    snprintf(fixed->credentials.secret_key, sizeof(fixed->credentials.secret_key), "%s",
             secret_key);
    snprintf(fixed->credentials.source, sizeof(fixed->credentials.source), "%s", source);
    fixed->credentials.expires = INT64_MAX;
    if (token && !(fixed->credentials.token = strdup(token))) {
        fixed_free(&fixed->provider);
        return li_fail_memory(err);
    }
    *out = &fixed->provider;
    return 0;
}
