/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the repository is the one that this host knows. IDs are kept in the user's state
 * directory, like other things that a program learns and that are not a cache.
 */
#include <stdlib.h>

#include "base/user_directory.h"
#include "cmd/common/context.h"
#include "repo/known.h"

/* *OUT is NULL if no directory is known. */
static int known_directory(char **out, struct li_error *err)
{
    const struct li_user_directories from = {.own = getenv("LAMBDAIMG_STATE"),
                                             .base = getenv("XDG_STATE_HOME"),
                                             .home = getenv("HOME"),
                                             .below = ".local/state"};
    char *dir = NULL;
    int rc = li_user_directory(&from, &dir, err);

    *out = NULL;
    if (rc == 0 && asprintf(out, "%s/repositories", dir) < 0) {
        *out = NULL;
        rc = li_fail_memory(err);
    }
    free(dir);
    return rc < 0 ? rc : 0;
}

/* "ADDRESS#ID" */
static void print_whole(const char *address, const uint8_t *id)
{
    char digits[2 * LI_ID_SIZE + 1];

    print_shown(stderr, address);
    fprintf(stderr, "#%s", id_text(id, digits));
}

static void tell_how(const struct li_repo *repo, enum li_known_how how)
{
    const char *address = li_repo_store(repo)->address;
    bool new = how == LI_KNOWN_NEW;

    if (!new &&how != LI_KNOWN_NOT)
        return;
    fprintf(stderr, "lambdaimg: note: this host %s ", new ? "uses" : "cannot tell whether");
    print_shown(stderr, address);
    fputs(new ? " for the first time, and keeps its ID: on hosts that keep nothing, write "
              : " is the same repository as before: write ",
          stderr);
    print_whole(address, li_repo_id(repo));
    fputs(new ? "\n" : " to be sure\n", stderr);
}

int match_known(const struct arguments *args, struct context *context, struct li_error *err)
{
    struct li_known known = {.id = context->has_id ? context->id : NULL,
                             .accept = flag(args, "accept-new-repository")};
    char *directory = NULL;
    int rc = known_directory(&directory, err);

    known.directory = directory;
    if (rc == 0)
        rc = li_known_check(context->repo, &known, &context->known, err);
    free(directory);
    return rc;
}

int check_known(const struct arguments *args, struct context *context, struct li_error *err)
{
    int rc = match_known(args, context, err);

    if (rc == 0 && !flag(args, "accept-new-repository"))
        tell_how(context->repo, context->known.how);
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
        (void)li_known_check(context->repo, &known, &context->known, &ignored);
    free(directory);
    return rc == 0 ? check_identity(context, err) : rc;
}
