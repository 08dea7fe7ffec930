/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the repository is the one that this host knows. IDs are kept in the user's state
 * directory, like other things that a program learns and that are not a cache.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cmd/common/context.h"
#include "repo/known.h"

/* *OUT is NULL if no directory is known. */
static int known_directory(char **out, struct li_error *err)
{
    const char *own = getenv("LAMBDAIMG_STATE"), *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n = 0;

    *out = NULL;
    if (own && *own)
        n = asprintf(out, "%s/repositories", own);
    else if (state && *state == '/')
        n = asprintf(out, "%s/lambdaimg/repositories", state);
    else if (home && *home)
        n = asprintf(out, "%s/.local/state/lambdaimg/repositories", home);
    if (n >= 0)
        return 0;
    *out = NULL;
    return li_fail_memory(err);
}

static void tell_how(const struct li_repo *repo, enum li_known_how how)
{
    const char *address = li_repo_store(repo)->address;
    char id[2 * LI_ID_SIZE + 1];

    id_text(li_repo_id(repo), id);
    if (how == LI_KNOWN_NEW)
        fprintf(stderr,
                "lambdaimg: note: this host uses %s for the first time, and keeps its ID: on hosts "
                "that keep nothing, write %s#%s\n",
                address, address, id);
    else if (how == LI_KNOWN_NOT)
        fprintf(
            stderr,
            "lambdaimg: note: this host cannot tell whether %s is the same repository as before: "
            "write %s#%s to be sure\n",
            address, address, id);
}

int check_known(const struct arguments *args, const struct context *context, struct li_error *err)
{
    struct li_known known = {.id = context->has_id ? context->id : NULL,
                             .accept = flag(args, "accept-new-repository")};
    enum li_known_how how = LI_KNOWN_GIVEN;
    char *directory = NULL;
    int rc = known_directory(&directory, err);

    known.directory = directory;
    if (rc == 0)
        rc = li_known_check(context->repo, &known, &how, err);
    if (rc == 0 && !known.accept)
        tell_how(context->repo, how);
    free(directory);
    return rc;
}

/* A host that keeps nothing can make a repository all the same. */
int keep_known(struct context *context, struct li_error *err)
{
    struct li_known known = {.accept = true};
    struct li_error ignored = LI_ERROR_INIT;
    enum li_known_how how;
    char *directory = NULL;
    int rc = known_directory(&directory, err);

    known.directory = directory;
    if (rc == 0)
        rc = li_repo_open(context->store, context->kms, &context->env, &context->repo, err);
    if (rc == 0)
        (void)li_known_check(context->repo, &known, &how, &ignored);
    free(directory);
    return rc;
}
