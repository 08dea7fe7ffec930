/* SPDX-License-Identifier: Apache-2.0 */
/* Where a user's files of this program are (XDG Base Directory Specification, 0.8). */
#ifndef LI_BASE_USER_DIRECTORY_H
#define LI_BASE_USER_DIRECTORY_H

#include "base/error.h"

/* The directories that a user may have, of one kind of files. Each may be NULL or "". */
struct li_user_directories {
    const char *own;   /* for this program: it is taken as it is */
    const char *base;  /* for all programs; not counted unless it is absolute */
    const char *home;  /* the user's home */
    const char *below; /* what BASE is by default, relative to HOME; never NULL */
};

/* The first of OWN, BASE/lambdaimg and HOME/BELOW/lambdaimg that is known. The caller frees *OUT.
 * LI_END if none is. Any thread. */
int li_user_directory(const struct li_user_directories *from, char **out, struct li_error *err);

#endif
