/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are for AWS, and where its services are: credentials, region, endpoints.
 *
 * Sources, files, variables and their order are those of AWS's own tools ("AWS SDKs and Tools
 * Reference Guide", and botocore for what that does not say):
 *
 *     the environment's keys; a web identity token; the profile in ~/.aws/credentials and
 *     ~/.aws/config (a role on top of another profile, a web identity, IAM Identity Center, keys, a
 *     program); the container's endpoint; the instance (IMDSv2 only).
 *
 * The first configured source is used. If it fails, that is an error, and not a reason to use other
 * credentials. Only an instance that does not answer counts as not configured.
 *
 * Nothing here reads the environment: the program fills in a `struct li_aws_settings`. Files and
 * services are trusted only as far as their syntax is valid: sizes are limited, times are bounded.
 */
#ifndef LI_AWS_CREDENTIALS_H
#define LI_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/aws.h"
#include "aws/endpoint.h"
#include "base/env.h"
#include "base/error.h"

struct li_http;

/* ---- settings -------------------------------------------------------------------------------- */

/* The variables of the environment that count. */
enum li_aws_variable {
    LI_AWS_ACCESS_KEY_ID,
    LI_AWS_SECRET_ACCESS_KEY,
    LI_AWS_SESSION_TOKEN,
    LI_AWS_CREDENTIAL_EXPIRATION,
    LI_AWS_PROFILE,
    LI_AWS_DEFAULT_PROFILE,
    LI_AWS_CONFIG_FILE,
    LI_AWS_SHARED_CREDENTIALS_FILE,
    LI_AWS_REGION,
    LI_AWS_DEFAULT_REGION,
    LI_AWS_ENDPOINT_URL,
    LI_AWS_ENDPOINT_URL_S3,
    LI_AWS_ENDPOINT_URL_KMS,
    LI_AWS_ENDPOINT_URL_STS,
    LI_AWS_ENDPOINT_URL_SSO,
    LI_AWS_ENDPOINT_URL_SSO_OIDC,
    LI_AWS_IGNORE_CONFIGURED_ENDPOINT_URLS,
    LI_AWS_USE_FIPS_ENDPOINT,
    LI_AWS_USE_DUALSTACK_ENDPOINT,
    LI_AWS_CA_BUNDLE,
    LI_AWS_ROLE_ARN,
    LI_AWS_ROLE_SESSION_NAME,
    LI_AWS_WEB_IDENTITY_TOKEN_FILE,
    LI_AWS_STS_REGIONAL_ENDPOINTS,
    LI_AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
    LI_AWS_CONTAINER_CREDENTIALS_FULL_URI,
    LI_AWS_CONTAINER_AUTHORIZATION_TOKEN,
    LI_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
    LI_AWS_EC2_METADATA_DISABLED,
    LI_AWS_EC2_METADATA_SERVICE_ENDPOINT,
    LI_AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE,
    LI_AWS_HOME,
    LI_AWS_VARIABLES
};

/* The name of a variable, "AWS_ACCESS_KEY_ID" and so on. Any thread. */
const char *li_aws_variable_name(enum li_aws_variable which);

/* The names of all variables that are credentials or lead to some, NULL-terminated: for a program
 * that is to have none of ours. Any thread. */
const char *const *li_aws_credential_variables(void);

/* What the user said. NULL and "" mean "not given". The caller owns the strings, which must outlive
 * everything made from them. */
struct li_aws_settings {
    const char *profile;      /* option; wins over AWS_PROFILE and over keys in the environment */
    const char *region;       /* option */
    const char *endpoint;     /* option: the URL of S3 */
    const char *kms_endpoint; /* option: the URL of KMS */
    bool anonymous;           /* option: send requests without credentials */
    /* The absolute path of the directory that relative paths start from, both in variables and in
     * AWS's files. Files are read again later, when the process may have left that directory. */
    const char *directory;
    const char *environment[LI_AWS_VARIABLES];
};

/* ---- credentials ----------------------------------------------------------------------------- */

/* A provider that walks the chain at the first call, and again in time. SETTINGS, HTTP and ENV must
 * outlive it. Requests to STS, SSO, containers and instances use HTTP.
 *
 * From ten minutes before credentials expire, one caller renews them and the others continue with
 * the old ones. From five minutes before, all wait for new ones. If a renewal fails, the old ones
 * are used until they expire, and the renewal is repeated after a pause. Errors besides those of
 * li_aws_provider_get(): LI_EDENIED if no source has credentials; the text lists each source that
 * was tried and its reason. LI_ENOTFOUND if a profile that the user named does not exist,
 * LI_ECORRUPT or LI_ELIMIT if a file cannot be read. */
int li_aws_provider_chain(const struct li_aws_settings *settings, struct li_http *http,
                          const struct li_env *env, struct li_aws_provider **out,
                          struct li_error *err);

/* ---- region, endpoints ----------------------------------------------------------------------- */

enum {
    /* bytes, with the NUL */
    LI_AWS_URL_SIZE = 1024,
    LI_AWS_PATH_SIZE = 4096,
    LI_AWS_PROFILE_SIZE = 256,
};

/* "" if nothing sets it */
struct li_aws_location {
    char profile[LI_AWS_PROFILE_SIZE];
    char region[LI_AWS_REGION_SIZE];
    char region_source[LI_AWS_SOURCE_MAX];   /* "AWS_REGION", "the profile dev" */
    char endpoint[LI_AWS_URL_SIZE];          /* without a slash at the end */
    char endpoint_source[LI_AWS_SOURCE_MAX]; /* "--endpoint", "AWS_ENDPOINT_URL_S3" */
    char addressing[16]; /* the profile's s3.addressing_style: "auto", "path", "virtual" or "" */
    /* AWS's own endpoint to use (use_fips_endpoint, use_dualstack_endpoint) */
    struct li_aws_variant variant;
};

/* Finds region and endpoint of S3 by option, environment and profile, in this order. The instance
 * is asked for the region only if nothing else gives it, there is no endpoint either, and requests
 * are not anonymous. LI_EINVALID for an invalid region, endpoint or addressing style; otherwise as
 * li_aws_provider_chain(). */
int li_aws_locate(const struct li_aws_settings *settings, struct li_http *http,
                  const struct li_env *env, struct li_aws_location *out, struct li_error *err);

/* Finds region and endpoint of KMS in the same way. REGION is the one that the key's ARN names, or
 * NULL. Without a configured endpoint it is AWS's own in that region, and "" if the region is not
 * known. Errors as above; LI_EINVALID also if an endpoint is configured and one of AWS's own is
 * asked for, LI_EUNSUPPORTED if AWS has none of that kind there. */
int li_aws_locate_kms(const struct li_aws_settings *settings, struct li_http *http,
                      const struct li_env *env, const char *region, struct li_aws_location *out,
                      struct li_error *err);

/* The file of certificates that AWS_CA_BUNDLE or the profile's ca_bundle names; "" if neither is
 * set. For whoever makes the HTTP client: it sends no request. Errors as above. */
int li_aws_ca_bundle(const struct li_aws_settings *settings, char path[LI_AWS_PATH_SIZE],
                     struct li_error *err);

#endif
