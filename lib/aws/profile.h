/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two files of AWS's tools read as one: profiles, and the sections that profiles refer to.
 *
 * In ~/.aws/config the section of a profile is "[profile NAME]" or "[default]"; in
 * ~/.aws/credentials it is "[NAME]". If both files set a key of a profile, the credentials file
 * wins.
 */
#ifndef LI_AWS_PROFILE_H
#define LI_AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/credentials.h"
#include "aws/ini.h"
#include "base/error.h"

/* Zero-initialise it. It does not change after it is loaded. */
struct li_aws_files {
    struct li_aws_ini *config, *credentials; /* NULL: the file does not exist */
    char *config_path, *credentials_path;    /* NULL: its path is not known */
    const char *home;                        /* NULL: not known */
    const char *profile;                     /* the one in use; SETTINGS' string */
    bool asked;                              /* the user named it, so it must exist */
};

/* Reads the files that SETTINGS name; SETTINGS must outlive OUT. A missing file counts as empty.
 * LI_ENOTFOUND if neither file has a profile that the user named. */
int li_aws_files_load(const struct li_aws_settings *settings, struct li_aws_files *out,
                      struct li_error *err);

/* Wipes and frees; zeroes are allowed. */
void li_aws_files_free(struct li_aws_files *files);

/* A variable of the environment; NULL if it is missing or "". */
const char *li_aws_value(const struct li_aws_settings *settings, enum li_aws_variable which);

/* True for "true" in any case. NULL is allowed. */
bool li_aws_is_true(const char *text);

/* Whether either file has a section of this profile. */
bool li_aws_profile_exists(const struct li_aws_files *files, const char *profile);

/* The value of KEY; NULL if it is missing or "". FILES owns the string. */
const char *li_aws_profile_get(const struct li_aws_files *files, const char *profile,
                               const char *key);

/* The same in one of the two files: the credentials file, the config file. */
const char *li_aws_credentials_get(const struct li_aws_files *files, const char *profile,
                                   const char *key);
const char *li_aws_config_get(const struct li_aws_files *files, const char *profile,
                              const char *key);

/* The value of KEY in the config file's "[KIND NAME]". A NULL for NAME means that there is no
 * section. */
const char *li_aws_section_get(const struct li_aws_files *files, const char *kind, const char *name,
                               const char *key);

/* Makes TEXT an absolute path in a new string; "~/" is the home directory. LI_EINVALID if SETTINGS
 * lack the directory that TEXT is relative to. */
int li_aws_expand_path(const struct li_aws_settings *settings, const char *text, char **out,
                       struct li_error *err);

#endif
