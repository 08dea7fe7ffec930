/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/aws.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The files that these name are read again at each renewal, when a mount's loader has long left the
 * directory that they are relative to: without its file it could become somebody else. */
static const enum li_aws_variable paths[AWS_PATHS] = {
    LI_AWS_CONFIG_FILE,
    LI_AWS_SHARED_CREDENTIALS_FILE,
    LI_AWS_CA_BUNDLE,
    LI_AWS_WEB_IDENTITY_TOKEN_FILE,
    LI_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
};

static int make_absolute(struct aws *aws, struct li_error *err)
{
    char *here = NULL;
    int rc = 0;

    for (size_t i = 0; i < AWS_PATHS && rc == 0; i++) {
        const char **path = &aws->settings.environment[paths[i]];

        if (!*path || !**path || **path == '/' || strncmp(*path, "~/", 2) == 0)
            continue;
        if (!here && !(here = getcwd(NULL, 0))) {
            rc = li_fail_errno(err, errno, "cannot tell which directory this is");
        } else if (asprintf(&aws->absolute[i], "%s/%s", here, *path) < 0) {
            aws->absolute[i] = NULL;
            rc = li_fail_memory(err);
        } else {
            *path = aws->absolute[i];
        }
    }
    free(here);
    return rc;
}

static int read_settings(const struct arguments *args, struct aws *aws, struct li_error *err)
{
    aws->settings = (struct li_aws_settings){
        .profile = option(args, "profile"),
        .region = option(args, "region"),
        .endpoint = option(args, "endpoint"),
    };
    for (size_t i = 0; i < LI_AWS_VARIABLES; i++)
        aws->settings.environment[i] = getenv(li_aws_variable_names[i]);
    return make_absolute(aws, err);
}

int open_aws(const struct arguments *args, const struct li_env *env, struct aws *out,
             struct li_error *err)
{
    char bundle[LI_AWS_PATH_SIZE];
    struct li_http_options options = {0};
    int rc;

    rc = read_settings(args, out, err);
    if (rc == 0)
        rc = li_aws_ca_bundle(&out->settings, bundle, err);
    if (rc == 0) {
        options.ca_bundle = *bundle ? bundle : NULL;
        rc = li_http_new(&options, &out->http, err);
    }
    if (rc == 0)
        rc = li_aws_provider_chain(&out->settings, out->http, env, &out->provider, err);
    if (rc < 0)
        close_aws(out);
    return rc;
}

void close_aws(struct aws *aws)
{
    li_aws_provider_free(aws->provider);
    li_http_free(aws->http);
    for (size_t i = 0; i < AWS_PATHS; i++)
        free(aws->absolute[i]);
    *aws = (struct aws){.settings = {.profile = NULL}};
}
