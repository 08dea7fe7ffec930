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

int check_known(const struct arguments *args, struct context *context, struct li_error *err)
{
    struct li_known known = {.id = context->has_id ? context->id : NULL,
                             .accept = flag(args, "accept-new-repository")};
    char *directory = NULL;
    int rc = known_directory(&directory, err);

    known.directory = directory;
    if (rc == 0)
        rc = li_known_check(context->repo, &known, &context->known, err);
    if (rc == 0 && !known.accept)
        tell_how(context->repo, context->known.how);
    free(directory);
    return rc;
}

int compare_identity(struct context *context, const struct li_repo_identity *identity,
                     struct li_error *err)
{
    struct li_known known = {.directory = NULL};
    char *directory = NULL;
    int rc = known_directory(&directory, err);

    known.directory = directory;
    if (rc == 0)
        rc = li_known_compare(context->repo, &known, &context->known, identity, err);
    free(directory);
    return rc;
}

/* This process reads the identity, and the broker has what this host knows. */
static int have_identity_checked(struct context *context, struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    int rc = li_repo_identity(context->repo, &identity, err);

    if (rc == 0)
        rc = li_broker_prove(context->broker, identity.there ? identity.key : NULL, err);
    if (rc == 0)
        context->known.proven = identity.there;
    return rc;
}

static int check_own_identity(struct context *context, struct li_error *err)
{
    struct li_known known = {.directory = NULL};
    char *directory = NULL;
    int rc = known_directory(&directory, err);

    known.directory = directory;
    if (rc == 0)
        rc = li_known_check_identity(context->repo, &known, &context->known, err);
    free(directory);
    return rc;
}

int check_identity(struct context *context, struct li_error *err)
{
    if (context->broker)
        return have_identity_checked(context, err);
    return check_own_identity(context, err);
}

int learn_identity(struct context *context, struct li_error *err)
{
    int rc = context->known.proven ? 0 : check_identity(context, err);

    if (rc != LI_EDENIED)
        return rc;
    li_error_clear(err);
    return 0;
}

/* A host that keeps nothing can make a repository all the same. */
int keep_known(struct context *context, struct li_error *err)
{
    struct li_known known = {.accept = true};
    struct li_error ignored = LI_ERROR_INIT;
    char *directory = NULL;
    int rc = known_directory(&directory, err);

    known.directory = directory;
    if (rc == 0)
        rc = li_repo_open(context->store, context->kms, &context->env, &context->repo, err);
    if (rc == 0)
        (void)li_known_check(context->repo, &known, &context->known, &ignored);
    free(directory);
    return rc == 0 ? check_identity(context, err) : rc;
}
