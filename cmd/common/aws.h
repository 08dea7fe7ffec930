/* SPDX-License-Identifier: Apache-2.0 */
/* What AWS's tools read from the environment, and the user's AWS credentials. */
#ifndef LI_CMD_AWS_H
#define LI_CMD_AWS_H

#include "aws/credentials.h"
#include "cmd/common/command.h"
#include "http/http.h"

/* Zero-initialise it. It must not move, because its parts point to each other. */
struct aws {
    struct li_aws_settings settings; /* from options and environment */
    char *directory;                 /* the settings' */
    struct li_http *http;
    struct li_aws_provider *provider; /* NULL: no credentials, because of --no-sign-request */
};

/* ENV must outlive it. */
int open_aws(const struct arguments *args, const struct li_env *env, struct aws *out,
             struct li_error *err);

/* Frees what open_aws() made, and leaves AWS zero-initialised. */
void close_aws(struct aws *aws);

#endif
