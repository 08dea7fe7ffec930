/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of credentials share. A source is a function of a search. It returns 0 with
 * credentials; LI_END, with the reason in the error's text, if it is not configured; or a failure.
 * The chain wipes credentials that a source began to fill in.
 */
#ifndef LI_AWS_INTERNAL_H
#define LI_AWS_INTERNAL_H

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/profile.h"

/* One search for credentials or for other settings. Each search reads the files anew, because other
 * tools write them. */
struct li_aws_search {
    const struct li_aws_settings *settings;
    struct li_http *http;
    const struct li_env *env;
    struct li_aws_files files;
    bool again; /* there were credentials before */
};

/* Sets the reason why a source has nothing, and returns LI_END. */
int li_aws_none(struct li_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts the three into OUT, which must be empty; TOKEN may be NULL or "". LI_ECORRUPT if KEY_ID or
 * SECRET is NULL, or if one has a character that a credential cannot have; LI_ELIMIT if one is too
 * long. */
int li_aws_credentials_fill(struct li_aws_credentials *out, const char *key_id, const char *secret,
                            const char *token, struct li_error *err);

/* OUT->source. */
void li_aws_credentials_source(struct li_aws_credentials *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Walks the whole chain. *OUT is wiped first. LI_EDENIED if no source has credentials, LI_ENETWORK
 * if one had some before. */
int li_aws_chain(const struct li_aws_search *search, struct li_aws_credentials *out,
                 struct li_error *err);

/* ---- the sources ------------------------------------------------------------------------------
 * Each fills in *OUT, which must be empty, and says where the credentials come from. */

/* The environment's keys. LI_EINVALID if only one of the two is set, or if the expiry is not a
 * time. */
int li_aws_from_environment(const struct li_aws_search *search, struct li_aws_credentials *out,
                            struct li_error *err);

/* credentials_profile.c: everything that a profile may hold. */
int li_aws_from_profile(const struct li_aws_search *search, struct li_aws_credentials *out,
                        struct li_error *err);

/* credentials_process.c: what the program COMMAND prints. */
int li_aws_from_process(const struct li_aws_search *search, const char *command,
                        struct li_aws_credentials *out, struct li_error *err);

/* credentials_sso.c: LI_END if PROFILE has neither sso_session nor sso_start_url. */
int li_aws_from_sso(const struct li_aws_search *search, const char *profile,
                    struct li_aws_credentials *out, struct li_error *err);

/* credentials_container.c: the endpoint that the environment names. */
int li_aws_from_container(const struct li_aws_search *search, struct li_aws_credentials *out,
                          struct li_error *err);

/* Whether AWS_CONTAINER_CREDENTIALS_FULL_URI may hold URL. */
bool li_aws_container_url_allowed(const char *url);

/* credentials_instance.c: the instance's role. */
int li_aws_from_instance(const struct li_aws_search *search, struct li_aws_credentials *out,
                         struct li_error *err);
/* The instance's region; LI_END if no instance answers. */
int li_aws_instance_region(const struct li_aws_search *search, char region[LI_AWS_REGION_SIZE],
                           struct li_error *err);

/* ---- credentials_sts.c: roles ---------------------------------------------------------------- */

/* A role to assume. NULL: not given. */
struct li_aws_role {
    const char *arn, *session_name, *external_id, *duration;
};

/* The role AWS_ROLE_ARN, with the token in the file that AWS_WEB_IDENTITY_TOKEN_FILE names. */
int li_aws_from_web_identity(const struct li_aws_search *search, struct li_aws_credentials *out,
                             struct li_error *err);

/* Fills in *OUT for ROLE, with the token in TOKEN_FILE. The errors of li_aws_sts_reply(). */
int li_aws_assume_with_token(const struct li_aws_search *search, const struct li_aws_role *role,
                             const char *token_file, struct li_aws_credentials *out,
                             struct li_error *err);

/* Assumes ROLE with the credentials in *OUT, and replaces them by those of the role. Errors as
 * above. */
int li_aws_assume(const struct li_aws_search *search, const struct li_aws_role *role,
                  struct li_aws_credentials *out, struct li_error *err);

/* ---- location.c ------------------------------------------------------------------------------ */

struct li_aws_service {
    const char *name;              /* "sts", as in the keys of a services section */
    enum li_aws_variable variable; /* the service's own, for its URL */
};

/* The URL of SERVICE from environment and profile, or ""; SOURCE names where it is set. LI_EINVALID
 * if it is not an endpoint, LI_ELIMIT if it is too long. */
int li_aws_service_url(const struct li_aws_settings *settings, const struct li_aws_files *files,
                       const struct li_aws_service *service, char url[LI_AWS_URL_SIZE],
                       char source[LI_AWS_SOURCE_MAX], struct li_error *err);

/* Which of AWS's own endpoints environment and profile ask for. */
struct li_aws_variant li_aws_wanted_variant(const struct li_aws_settings *settings,
                                            const struct li_aws_files *files);

/* The region from option, environment and profile, or ""; SOURCE names where it is set. LI_EINVALID
 * if it is not the name of a region. */
int li_aws_region(const struct li_aws_settings *settings, const struct li_aws_files *files,
                  char region[LI_AWS_REGION_SIZE], char source[LI_AWS_SOURCE_MAX],
                  struct li_error *err);

#endif
