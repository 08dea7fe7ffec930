/* SPDX-License-Identifier: Apache-2.0 */
#include "base/user_directory.h"

#include <stdio.h>

int li_user_directory(const struct li_user_directories *from, char **out, struct li_error *err)
{
    char *path = NULL;
    int n;

    if (from->own && *from->own)
        n = asprintf(&path, "%s", from->own);
    else if (from->base && *from->base == '/')
        n = asprintf(&path, "%s/lambdaimg", from->base);
    else if (from->home && *from->home)
        n = asprintf(&path, "%s/%s/lambdaimg", from->home, from->below);
    else
        return LI_END;
    if (n < 0)
        return li_fail_memory(err);
    *out = path;
    return 0;
}
