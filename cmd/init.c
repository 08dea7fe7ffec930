/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/common/context.h"

static const struct option_row options[] = {
    {"create-bucket", 0, NULL, "create the bucket of s3://BUCKET/PREFIX if it does not exist"},
    {NULL, 0, NULL, NULL},
};

/* The key is made before the repository, because a repository whose salt nobody can unwrap is
 * useless. */
static int create(const struct arguments *args, const char *address, const char *spec,
                  struct context *context, bool *made_key, struct li_error *err)
{
    struct li_kms_options with;
    int rc = kms_options(args, spec, context, &with, err);

    if (rc == 0)
        rc = li_kms_create(spec, &with, err);
    if (rc >= 0) {
        *made_key = rc == 0;
        rc = li_kms_open(spec, &with, &context->kms, err);
    }
    if (rc == 0)
        rc = open_store(args, address, true, context, err);
    if (rc == 0)
        rc = li_repo_create(context->store, context->kms, &context->env, err);
    return rc;
}

static void print_made_key(const char *spec)
{
    fputs("made the key ", stdout);
    print_shown(stdout, spec);
    puts("; keep a copy of it, without it nothing can be read");
}

static void print_created(const char *address)
{
    fputs("created the repository ", stdout);
    print_shown(stdout, address);
    putchar('\n');
}

static int run(const struct arguments *args, struct li_error *err)
{
    const char *address = args->count > 0 ? args->operand[0] : NULL;
    bool made_key = false;
    char *spec = NULL;
    struct context context = {0};
    int rc = make_env(args, &context.env, err);

    if (rc == 0 && !address)
        rc = repo_address(args, &address, err);
    if (rc == 0)
        rc = kms_spec(args, &spec, err);
    if (rc == 0) {
        rc = create(args, address, spec, &context, &made_key, err);
        if (rc < 0)
            li_context(err, "cannot create the repository");
    }
    forget_key(&context);
    if (made_key)
        print_made_key(spec);
    if (rc == 0)
        print_created(address);
    free(spec);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_init = {
    "init", "[REPO]", "create a repository, and the key if there is none", 0, 1, options, run,
};
