/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two files of AWS's tools as one: profiles, and the sections that these point to.
 *
 * In ~/.aws/config a profile's section is "[profile NAME]", or "[default]"; in ~/.aws/credentials
 * it is "[NAME]". What both say of one profile the credentials file says.
 */
#ifndef LI_AWS_PROFILE_H
#define LI_AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/credentials.h"
#include "aws/ini.h"
#include "base/error.h"

/* Zero-initialise it. It does not change once it was loaded. */
struct li_aws_files {
    struct li_aws_ini *config, *credentials; /* NULL: there is no such file */
    char *config_path, *credentials_path;    /* NULL: nobody knows where it would be */
    const char *home;                        /* NULL: not known */
    const char *profile;                     /* the one in use; SETTINGS' string */
    bool asked;                              /* by name, so it has to exist */
};

/* Reads the files that SETTINGS name, which outlive OUT. A file that is not there is an empty one.
 * LI_ENOTFOUND where a profile that was asked for is in neither. */
int li_aws_files_load(const struct li_aws_settings *settings, struct li_aws_files *out,
                      struct li_error *err);

/* Wipes and frees; zeroes are allowed. */
void li_aws_files_free(struct li_aws_files *files);

/* What the environment says; NULL for nothing and for "". */
const char *li_aws_variable(const struct li_aws_settings *settings, enum li_aws_variable which);

/* True for "true" in any case. NULL is allowed. */
bool li_aws_is_true(const char *text);

/* Whether either file has a section of this profile. */
bool li_aws_profile_exists(const struct li_aws_files *files, const char *profile);

/* The value of KEY, or NULL for none and for "". The string stays FILES'. */
const char *li_aws_profile_get(const struct li_aws_files *files, const char *profile,
                               const char *key);

/* The same in one of the two files, the credentials file and the config file. */
const char *li_aws_credentials_get(const struct li_aws_files *files, const char *profile,
                                   const char *key);
const char *li_aws_config_get(const struct li_aws_files *files, const char *profile,
                              const char *key);

/* The value of KEY in the config file's "[KIND NAME]". A NULL for NAME is no section. */
const char *li_aws_section_get(const struct li_aws_files *files, const char *kind, const char *name,
                               const char *key);

/* Puts the absolute path that TEXT means, "~/" being the home directory, into a new string.
 * LI_EINVALID where SETTINGS lack the directory that it is relative to. */
int li_aws_expand_path(const struct li_aws_settings *settings, const char *text, char **out,
                       struct li_error *err);

#endif
