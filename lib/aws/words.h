/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines and quoted names in AWS's files, split like Python's shlex.split(): as a POSIX
 * shell splits words, without expanding anything. */
#ifndef LI_AWS_WORDS_H
#define LI_AWS_WORDS_H

#include "base/error.h"

enum { LI_AWS_WORDS_MAX = 256 };

/* The words of TEXT, with a NULL after the last; li_aws_words_free() frees them. LI_EINVALID if a
 * quotation is not closed or a backslash is the last character; LI_ELIMIT. */
int li_aws_words_split(const char *text, char ***out, struct li_error *err);

/* Wipes and frees: arguments may be secret. NULL is allowed. */
void li_aws_words_free(char **words);

#endif
