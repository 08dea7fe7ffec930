/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of sources behind a cache. */
#include <stdlib.h>

#include "aws/cached.h"
#include "aws/internal.h"

struct chain {
    const struct li_aws_settings *settings;
    struct li_http *http;
    const struct li_env *env;
    bool again; /* there were credentials before */
};

static int chain_get(void *self, struct li_aws_credentials *out, struct li_error *err)
{
    struct chain *chain = self;
    struct li_aws_search search = {
        .settings = chain->settings, .http = chain->http, .env = chain->env, .again = chain->again};
    int rc = li_aws_files_load(chain->settings, &search.files, err);

    if (rc == 0)
        rc = li_aws_chain(&search, out, err);
    if (rc == 0)
        chain->again = true;
    li_aws_files_free(&search.files);
    return rc;
}

int li_aws_provider_chain(const struct li_aws_settings *settings, struct li_http *http,
                          const struct li_env *env, struct li_aws_provider **out,
                          struct li_error *err)
{
    struct chain *chain = calloc(1, sizeof(*chain));
    struct li_aws_origin origin = {.get = chain_get, .free = free};

    if (!chain)
        return li_fail_memory(err);
    *chain = (struct chain){.settings = settings, .http = http, .env = env};
    origin.self = chain;
    return li_aws_provider_cached(&origin, env, out, err);
}
