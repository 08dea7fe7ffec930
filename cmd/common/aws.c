/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/common/aws.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "http/curl.h"

/* A mount's loader changes its directory later. If the current directory was removed, relative
 * paths mean nothing. */
static void read_settings(const struct arguments *args, struct aws *aws)
{
    aws->directory = getcwd(NULL, 0);
    aws->settings = (struct li_aws_settings){
        .profile = option(args, "profile"),
        .region = option(args, "region"),
        .endpoint = option(args, "endpoint"),
        .kms_endpoint = option(args, "kms-endpoint"),
        .anonymous = flag(args, "no-sign-request"),
        .directory = aws->directory,
    };
    for (size_t i = 0; i < LI_AWS_VARIABLES; i++)
        aws->settings.environment[i] = getenv(li_aws_variable_name((enum li_aws_variable)i));
}

/* Requests and answers have credentials, of which libcurl keeps copies. This counts for the
 * process, and only if nobody has started libcurl before. */
static int wipe_curl(struct li_error *err)
{
    int rc = li_curl_load(err);
    CURLcode code = CURLE_OK;

    if (rc == 0)
        code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, li_wipe_free, li_wipe_realloc,
                                    strdup, calloc);
    if (code != CURLE_OK)
        rc = li_fail(err, LI_EUNSUPPORTED, "libcurl does not start: %s", curl_easy_strerror(code));
    return rc;
}

int open_aws(const struct arguments *args, const struct li_env *env, struct aws *out,
             struct li_error *err)
{
    char bundle[LI_AWS_PATH_SIZE];
    struct li_http_options options = {0};
    int rc;

    read_settings(args, out);
    rc = wipe_curl(err);
    if (rc == 0)
        rc = li_aws_ca_bundle(&out->settings, bundle, err);
    if (rc == 0) {
        options.ca_bundle = *bundle ? bundle : NULL;
        rc = li_http_new(&options, &out->http, err);
    }
    if (rc == 0 && !out->settings.anonymous)
        rc = li_aws_provider_chain(&out->settings, out->http, env, &out->provider, err);
    if (rc < 0)
        close_aws(out);
    return rc;
}

void close_aws(struct aws *aws)
{
    li_aws_provider_free(aws->provider);
    li_http_free(aws->http);
    free(aws->directory);
    *aws = (struct aws){.settings = {.profile = NULL}};
}
