/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/words.h"
#include "base/buffer.h"
#include "base/io.h"

static const char *const names[LI_AWS_VARIABLES] = {
    [LI_AWS_ACCESS_KEY_ID] = "AWS_ACCESS_KEY_ID",
    [LI_AWS_SECRET_ACCESS_KEY] = "AWS_SECRET_ACCESS_KEY",
    [LI_AWS_SESSION_TOKEN] = "AWS_SESSION_TOKEN",
    [LI_AWS_CREDENTIAL_EXPIRATION] = "AWS_CREDENTIAL_EXPIRATION",
    [LI_AWS_PROFILE] = "AWS_PROFILE",
    [LI_AWS_DEFAULT_PROFILE] = "AWS_DEFAULT_PROFILE",
    [LI_AWS_CONFIG_FILE] = "AWS_CONFIG_FILE",
    [LI_AWS_SHARED_CREDENTIALS_FILE] = "AWS_SHARED_CREDENTIALS_FILE",
    [LI_AWS_REGION] = "AWS_REGION",
    [LI_AWS_DEFAULT_REGION] = "AWS_DEFAULT_REGION",
    [LI_AWS_ENDPOINT_URL] = "AWS_ENDPOINT_URL",
    [LI_AWS_ENDPOINT_URL_S3] = "AWS_ENDPOINT_URL_S3",
    [LI_AWS_ENDPOINT_URL_KMS] = "AWS_ENDPOINT_URL_KMS",
    [LI_AWS_ENDPOINT_URL_STS] = "AWS_ENDPOINT_URL_STS",
    [LI_AWS_ENDPOINT_URL_SSO] = "AWS_ENDPOINT_URL_SSO",
    [LI_AWS_ENDPOINT_URL_SSO_OIDC] = "AWS_ENDPOINT_URL_SSO_OIDC",
    [LI_AWS_IGNORE_CONFIGURED_ENDPOINT_URLS] = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    [LI_AWS_USE_FIPS_ENDPOINT] = "AWS_USE_FIPS_ENDPOINT",
    [LI_AWS_USE_DUALSTACK_ENDPOINT] = "AWS_USE_DUALSTACK_ENDPOINT",
    [LI_AWS_CA_BUNDLE] = "AWS_CA_BUNDLE",
    [LI_AWS_ROLE_ARN] = "AWS_ROLE_ARN",
    [LI_AWS_ROLE_SESSION_NAME] = "AWS_ROLE_SESSION_NAME",
    [LI_AWS_WEB_IDENTITY_TOKEN_FILE] = "AWS_WEB_IDENTITY_TOKEN_FILE",
    [LI_AWS_STS_REGIONAL_ENDPOINTS] = "AWS_STS_REGIONAL_ENDPOINTS",
    [LI_AWS_CONTAINER_CREDENTIALS_RELATIVE_URI] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    [LI_AWS_CONTAINER_CREDENTIALS_FULL_URI] = "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    [LI_AWS_CONTAINER_AUTHORIZATION_TOKEN] = "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    [LI_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE] = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    [LI_AWS_EC2_METADATA_DISABLED] = "AWS_EC2_METADATA_DISABLED",
    [LI_AWS_EC2_METADATA_SERVICE_ENDPOINT] = "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    [LI_AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE] = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    [LI_AWS_HOME] = "HOME",
};

const char *li_aws_variable_name(enum li_aws_variable which)
{
    return names[which];
}

/* We do not read AWS_SECURITY_TOKEN, the former name of AWS_SESSION_TOKEN, but others do. */
const char *const *li_aws_credential_variables(void)
{
    static const char *const credentials[] = {"AWS_ACCESS_KEY_ID",
                                              "AWS_SECRET_ACCESS_KEY",
                                              "AWS_SESSION_TOKEN",
                                              "AWS_SECURITY_TOKEN",
                                              "AWS_WEB_IDENTITY_TOKEN_FILE",
                                              "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                              "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                              "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                              "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                              NULL};

    return credentials;
}

static const char *given(const char *text)
{
    return text && *text ? text : NULL;
}

const char *li_aws_value(const struct li_aws_settings *settings, enum li_aws_variable which)
{
    return given(settings->environment[which]);
}

bool li_aws_is_true(const char *text)
{
    return text && strcasecmp(text, "true") == 0;
}

int li_aws_expand_path(const struct li_aws_settings *settings, const char *text, char **out,
                       struct li_error *err)
{
    const char *home = li_aws_value(settings, LI_AWS_HOME);
    int n;

    if (*text == '/')
        n = asprintf(out, "%s", text);
    else if (strncmp(text, "~/", 2) == 0 && home)
        n = asprintf(out, "%s%s", home, text + 1);
    else if (strncmp(text, "~/", 2) == 0)
        return li_fail(err, LI_EINVALID, "%s: HOME is not set, so this path is not known", text);
    else if (given(settings->directory))
        n = asprintf(out, "%s/%s", settings->directory, text);
    else
        return li_fail(err, LI_EINVALID,
                       "%s: the directory that this is relative to is not known; give a path that "
                       "begins with a slash",
                       text);
    return n < 0 ? li_fail_memory(err) : 0;
}

/* The file that VARIABLE names, else NAME in the home directory, else none. */
static int find_file(const struct li_aws_settings *settings, enum li_aws_variable variable,
                     const char *name, char **path, struct li_error *err)
{
    const char *named = li_aws_value(settings, variable);

    if (!named && !li_aws_value(settings, LI_AWS_HOME))
        return 0;
    return li_aws_expand_path(settings, named ? named : name, path, err);
}

static int load_file(const char *path, struct li_aws_ini **out, struct li_error *err)
{
    struct li_buffer text = {.wiped = true};
    int rc;

    if (!path)
        return 0;
    rc = li_read_file(path, LI_AWS_INI_SIZE_MAX, &text, err);
    if (rc == 0)
        rc = li_aws_ini_parse(path, text.data, text.len, out, err);
    else if (rc == LI_ENOTFOUND)
        rc = 0;
    li_buffer_wipe_free(&text);
    return rc;
}

static void choose_profile(const struct li_aws_settings *settings, struct li_aws_files *files)
{
    const char *name = given(settings->profile);

    if (!name)
        name = li_aws_value(settings, LI_AWS_PROFILE);
    if (!name)
        name = li_aws_value(settings, LI_AWS_DEFAULT_PROFILE);
    files->asked = name;
    files->profile = name ? name : "default";
}

/* "the config file /root/.aws/config", or a text that there is none. */
static const char *path_text(const char *path)
{
    return path ? path : "(HOME is not set)";
}

int li_aws_files_load(const struct li_aws_settings *settings, struct li_aws_files *out,
                      struct li_error *err)
{
    struct li_aws_files files = {.home = li_aws_value(settings, LI_AWS_HOME)};
    int rc = find_file(settings, LI_AWS_CONFIG_FILE, "~/.aws/config", &files.config_path, err);

    if (rc == 0)
        rc = find_file(settings, LI_AWS_SHARED_CREDENTIALS_FILE, "~/.aws/credentials",
                       &files.credentials_path, err);
    if (rc == 0)
        rc = load_file(files.config_path, &files.config, err);
    if (rc == 0)
        rc = load_file(files.credentials_path, &files.credentials, err);
    choose_profile(settings, &files);
    if (rc == 0 && files.asked && strcmp(files.profile, "default") != 0 &&
        !li_aws_profile_exists(&files, files.profile))
        rc =
            li_fail(err, LI_ENOTFOUND,
                    "the AWS profile \"%.200s\" is neither in %s nor in %s; see whether its name "
                    "is right",
                    files.profile, path_text(files.config_path), path_text(files.credentials_path));
    if (rc < 0) {
        li_aws_files_free(&files);
        return rc;
    }
    *out = files;
    return 0;
}

void li_aws_files_free(struct li_aws_files *files)
{
    li_aws_ini_free(files->config);
    li_aws_ini_free(files->credentials);
    free(files->config_path);
    free(files->credentials_path);
    *files = (struct li_aws_files){0};
}

/* Whether SECTION is "KIND NAME". A name that cannot be split is not ours. */
static bool is_section(const char *section, const char *kind, const char *name)
{
    struct li_error ignored;
    char **words = NULL;
    bool is = false;

    if (strncmp(section, kind, strlen(kind)) != 0 ||
        li_aws_words_split(section, &words, &ignored) < 0)
        return false;
    if (words[0] && words[1] && !words[2])
        is = strcmp(words[0], kind) == 0 && strcmp(words[1], name) == 0;
    li_aws_words_free(words);
    return is;
}

/* The full name of the config file's section, or NULL. */
static const char *find_section(const struct li_aws_files *files, const char *kind,
                                const char *name)
{
    const char *section;

    for (size_t i = 0; (section = li_aws_ini_section(files->config, i)); i++)
        if (is_section(section, kind, name))
            return section;
    return NULL;
}

static bool has_section(const struct li_aws_ini *ini, const char *name)
{
    const char *section;

    for (size_t i = 0; (section = li_aws_ini_section(ini, i)); i++)
        if (strcmp(section, name) == 0)
            return true;
    return false;
}

/* "[profile default]" wins over "[default]"; other profiles have the long form only. */
static const char *profile_section(const struct li_aws_files *files, const char *profile)
{
    const char *section = find_section(files, "profile", profile);

    if (section)
        return section;
    return strcmp(profile, "default") == 0 ? "default" : NULL;
}

bool li_aws_profile_exists(const struct li_aws_files *files, const char *profile)
{
    const char *section = profile_section(files, profile);

    return (section && has_section(files->config, section)) ||
           has_section(files->credentials, profile);
}

const char *li_aws_credentials_get(const struct li_aws_files *files, const char *profile,
                                   const char *key)
{
    return given(li_aws_ini_get(files->credentials, profile, key));
}

const char *li_aws_config_get(const struct li_aws_files *files, const char *profile,
                              const char *key)
{
    return given(li_aws_ini_get(files->config, profile_section(files, profile), key));
}

const char *li_aws_profile_get(const struct li_aws_files *files, const char *profile,
                               const char *key)
{
    const char *value = li_aws_credentials_get(files, profile, key);

    return value ? value : li_aws_config_get(files, profile, key);
}

const char *li_aws_section_get(const struct li_aws_files *files, const char *kind, const char *name,
                               const char *key)
{
    const char *section = name ? find_section(files, kind, name) : NULL;

    return section ? given(li_aws_ini_get(files->config, section, key)) : NULL;
}
