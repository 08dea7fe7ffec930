/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/context.h"

/* The key is made before the repository: a repository whose salt nobody can unwrap is of no use. */
static int create(const char *address, const char *spec, const struct li_env *env, bool *made_key,
                  struct li_error *err)
{
    struct li_store *store = NULL;
    struct li_kms *kms = NULL;
    int rc = li_kms_create(spec, env, err);

    if (rc >= 0) {
        *made_key = rc == 0;
        rc = li_kms_open(spec, env, &kms, err);
    }
    if (rc == 0)
        rc = li_store_open(address, true, env, &store, err);
    if (rc == 0)
        rc = li_repo_create(store, kms, env, err);
    li_store_free(store);
    li_kms_free(kms);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    const char *address = args->count > 0 ? args->operand[0] : NULL;
    bool made_key = false;
    char *spec = NULL;
    struct li_env env;
    int rc = make_env(args, &env, err);

    if (rc == 0 && !address)
        rc = repo_address(args, &address, err);
    if (rc == 0)
        rc = kms_spec(args, &spec, err);
    if (rc == 0) {
        rc = create(address, spec, &env, &made_key, err);
        if (rc < 0)
            li_context(err, "cannot create the repository");
    }
    if (made_key)
        printf("made the key %s; keep a copy of it, without it nothing can be read\n", spec);
    if (rc == 0)
        printf("created the repository %s\n", address);
    free(spec);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_init = {
    "init", "[REPO]", "create a repository, and the key where there is none", 0, 1, NULL, run,
};
