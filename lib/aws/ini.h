/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format of ~/.aws/config and ~/.aws/credentials, as botocore reads it: that of Python's
 * configparser, in which an indented line continues a value. Below a key without a value, indented
 * lines are a block:
 *
 *     [profile dev]
 *     region = eu-west-1
 *     s3 =
 *       addressing_style = path
 *
 * Comments are whole lines. Keys have no case, sections do. The files hold secrets: everything that
 * was read is wiped when freed, and no error shows a line's text. A `struct li_aws_ini` does not
 * change after it is made, so any number of threads may read it.
 */
#ifndef LI_AWS_INI_H
#define LI_AWS_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
    LI_AWS_INI_SIZE_MAX = 1048576, /* bytes of a file */
    LI_AWS_INI_ROWS_MAX = 16384,   /* sections, keys and values */
};

struct li_aws_ini;

/* Parses LEN bytes; NAME is the file's, for errors. LI_ECORRUPT if they do not follow the format,
 * if a section appears twice, or a key appears twice in a section; LI_ELIMIT. */
int li_aws_ini_parse(const char *name, const void *data, size_t len, struct li_aws_ini **out,
                     struct li_error *err);

/* Section number INDEX, in the order of the file; NULL after the last one. */
const char *li_aws_ini_section(const struct li_aws_ini *ini, size_t index);

/* The value of KEY (in lower case) in SECTION, lines joined by newlines; NULL if there is none. INI
 * owns it. NULL for INI or SECTION means an empty file or section. */
const char *li_aws_ini_get(const struct li_aws_ini *ini, const char *section, const char *key);

/* Copies the value of KEY in the block VALUE to OUT of SIZE bytes. False if VALUE is NULL or not a
 * block, if the key is missing, or if the value does not fit. */
bool li_aws_ini_nested(const char *value, const char *key, char *out, size_t size);

/* Wipes and frees. NULL is allowed. */
void li_aws_ini_free(struct li_aws_ini *ini);

#endif
