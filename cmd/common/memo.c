/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the memo is. The memo only saves time. If it cannot be used, a push continues without it
 * and says nothing, unless the user has named its directory and so must hear about the failure.
 */
#include <stdlib.h>

#include "base/io.h"
#include "base/user_directory.h"
#include "cmd/common/context.h"
#include "flatten/flatten.h"
#include "push/push.h"

/* *OUT is NULL if no directory is known. */
static int memo_directory(const struct arguments *args, char **out, struct li_error *err)
{
    const char *named = option(args, "memo");
    const struct li_user_directories from = {.own = named ? named : getenv("LAMBDAIMG_MEMO"),
                                             .base = getenv("XDG_CACHE_HOME"),
                                             .home = getenv("HOME"),
                                             .below = ".cache"};
    int rc;

    *out = NULL;
    rc = li_user_directory(&from, out, err);
    return rc < 0 ? rc : 0;
}

int make_memo_directory(const struct arguments *args, char **out, struct li_error *err)
{
    struct li_error why = LI_ERROR_INIT;
    char *dir = NULL;
    int rc = flag(args, "no-memo") ? 0 : memo_directory(args, &dir, err);

    if (rc == 0 && dir && li_make_directories(dir, &why) < 0 && option(args, "memo")) {
        *err = why;
        rc = err->code;
        free(dir);
    }
    if (rc == 0)
        *out = dir;
    return rc;
}

int open_memo(const struct arguments *args, struct context *context, struct li_memo **out,
              struct li_error *err)
{
    char *dir = NULL, *versions = NULL;
    int rc;

    *out = NULL;
    if (flag(args, "no-memo"))
        return 0;
    rc = memo_directory(args, &dir, err);
    if (rc == 0 && dir)
        rc = li_flatten_made_by(&versions, err);
    if (rc == 0 && dir)
        rc = li_push_memo(context->repo, dir, versions, out, err);
    if (rc < 0 && rc != LI_ENOMEM && !option(args, "memo")) {
        li_error_clear(err);
        rc = 0;
    }
    free(dir);
    free(versions);
    return rc;
}
