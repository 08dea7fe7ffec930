/* SPDX-License-Identifier: Apache-2.0 */
/* What AWS's tools read from the environment, and who we are by it. */
#ifndef LI_CMD_AWS_H
#define LI_CMD_AWS_H

#include "aws/credentials.h"
#include "cmd/common/command.h"
#include "http/http.h"

/* Zero-initialise it. It stays where it is: its parts point to each other. */
struct aws {
    struct li_aws_settings settings; /* by option and environment */
    char *directory;                 /* the settings' */
    struct li_http *http;
    struct li_aws_provider *provider; /* NULL: nobody, by --no-sign-request */
};

/* ENV must outlive it. */
int open_aws(const struct arguments *args, const struct li_env *env, struct aws *out,
             struct li_error *err);

/* Frees what open_aws() made, and leaves AWS zero-initialised. */
void close_aws(struct aws *aws);

#endif
