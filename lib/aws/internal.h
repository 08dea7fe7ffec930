/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of credentials share. A source is a function of an attempt: it returns 0 with
 * credentials, LI_END where it is not configured, with the reason in the error's text, or fails.
 * Credentials that it began to fill in are wiped by the chain.
 */
#ifndef LI_AWS_INTERNAL_H
#define LI_AWS_INTERNAL_H

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/profile.h"

/* One walk along the chain. The files are read anew for each: other tools write them. */
struct li_aws_attempt {
    const struct li_aws_settings *settings;
    struct li_http *http;
    const struct li_env *env;
    struct li_aws_files files;
    bool again; /* there were credentials before */
};

/* Says why there is nothing, and returns LI_END. */
int li_aws_none(struct li_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts the three into OUT, which has none yet; TOKEN may be NULL or "". LI_ECORRUPT where KEY_ID or
 * SECRET are NULL or anything has characters that no credential has, LI_ELIMIT where it is too
 * long. */
int li_aws_credentials_fill(struct li_aws_credentials *out, const char *key_id, const char *secret,
                            const char *token, struct li_error *err);

/* OUT->source. */
void li_aws_credentials_source(struct li_aws_credentials *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The whole chain. *OUT is wiped first. LI_EDENIED where nobody has any,
 * LI_ENETWORK where somebody had before. */
int li_aws_chain(const struct li_aws_attempt *attempt, struct li_aws_credentials *out,
                 struct li_error *err);

/* credentials_environment.c */
int li_aws_from_environment(const struct li_aws_attempt *attempt, struct li_aws_credentials *out,
                            struct li_error *err);

/* credentials_profile.c: all that a profile may hold. */
int li_aws_from_profile(const struct li_aws_attempt *attempt, struct li_aws_credentials *out,
                        struct li_error *err);

/* credentials_process.c: what the program COMMAND prints. */
int li_aws_from_process(const struct li_aws_attempt *attempt, const char *command,
                        struct li_aws_credentials *out, struct li_error *err);

/* credentials_sso.c: LI_END where PROFILE has no sso_session and no sso_start_url. */
int li_aws_from_sso(const struct li_aws_attempt *attempt, const char *profile,
                    struct li_aws_credentials *out, struct li_error *err);

/* credentials_sts.c */
/* A role to take on. NULL: not given. */
struct li_aws_role {
    const char *arn, *session_name, *external_id, *duration;
};

/* By the token in the file that AWS_WEB_IDENTITY_TOKEN_FILE names. */
int li_aws_from_web_identity(const struct li_aws_attempt *attempt, struct li_aws_credentials *out,
                             struct li_error *err);
int li_aws_assume_with_token(const struct li_aws_attempt *attempt, const struct li_aws_role *role,
                             const char *token_file, struct li_aws_credentials *out,
                             struct li_error *err);
/* By whom *OUT is, who is replaced. */
int li_aws_assume(const struct li_aws_attempt *attempt, const struct li_aws_role *role,
                  struct li_aws_credentials *out, struct li_error *err);

/* credentials_container.c */
int li_aws_from_container(const struct li_aws_attempt *attempt, struct li_aws_credentials *out,
                          struct li_error *err);

/* Whether AWS_CONTAINER_CREDENTIALS_FULL_URI may be URL. */
bool li_aws_container_url_allowed(const char *url);

/* credentials_instance.c */
int li_aws_from_instance(const struct li_aws_attempt *attempt, struct li_aws_credentials *out,
                         struct li_error *err);
/* The instance's region; LI_END where none answers. */
int li_aws_instance_region(const struct li_aws_attempt *attempt, char region[LI_AWS_REGION_SIZE],
                           struct li_error *err);

/* place.c */
/* The URL of SERVICE ("sts", as in the keys of a services section) that environment and profile
 * give, or NULL; SOURCE says who gave it. VARIABLE is the service's own. */
struct li_aws_service {
    const char *name;
    enum li_aws_variable variable;
};
int li_aws_service_url(const struct li_aws_settings *settings, const struct li_aws_files *files,
                       const struct li_aws_service *service, char url[LI_AWS_URL_SIZE],
                       char source[LI_AWS_SOURCE_MAX], struct li_error *err);

/* The region that option, environment and profile give, or "". */
int li_aws_region(const struct li_aws_settings *settings, const struct li_aws_files *files,
                  char region[LI_AWS_REGION_SIZE], char source[LI_AWS_SOURCE_MAX],
                  struct li_error *err);

#endif
