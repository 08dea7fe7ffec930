/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cmd/common/context.h"
#include "repo/identity.h"
#include "repo/known.h"

static const struct option_row options[] = {
    {"create-bucket", 0, NULL, "create the bucket of s3://BUCKET/PREFIX if it does not exist"},
    {"salt-kms", 0, "KMS",
     "a key for the salt, if it is another than that of --kms (environment: LAMBDAIMG_SALT_KMS)"},
    {"pad", 0, "N",
     "round the sizes of stored chunks up to a multiple of N bytes: 512, 4096, 16384, 65536 or "
     "none "
     "(default: 4096)"},
    {NULL, 0, NULL, NULL},
};

/* The keys of a repository, and which of them this command has made. */
struct keys {
    struct key_specs specs;
    bool made[LI_KMS_SET_MAX], made_salt[LI_KMS_SET_MAX];
};

/* *CHOSEN is OUT, or NULL if the user leaves the choice to the library. */
static int parse_policy(const struct arguments *args, struct li_repo_policy *out,
                        const struct li_repo_policy **chosen, struct li_error *err)
{
    static const char *const sizes[] = {"512", "4096", "16384", "65536"};
    const char *text = option(args, "pad");

    *chosen = text ? out : NULL;
    *out = (struct li_repo_policy){.pad = 0};
    if (!text || strcmp(text, "none") == 0)
        return 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (strcmp(text, sizes[i]) == 0)
            out->pad = (uint32_t)strtoul(text, NULL, 10);
    return out->pad
               ? 0
               : li_fail(err, CMD_EUSAGE, "--pad %s: not 512, 4096, 16384, 65536 or none", text);
}

static int make_keys(const struct arguments *args, const struct li_kms_specs *specs,
                     struct context *context, bool *made, struct li_error *err)
{
    struct li_kms_options with;
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < specs->count; i++) {
        rc = kms_options(args, specs->spec[i], context, &with, err);
        if (rc == 0)
            rc = li_kms_create(specs->spec[i], &with, err);
        made[i] = rc == 0;
    }
    return rc < 0 ? rc : 0;
}

/* Gives the repository that is there an identity if it has none, because an older version made it.
 * If this host has seen one, somebody has taken that away, and none is made. Who cannot push makes
 * none either, and is told only that there is a repository. */
static int add_identity(const struct arguments *args, const struct li_repo_policy *policy,
                        struct context *context, bool *made, struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;
    int rc = li_repo_open(context->store, context->kms, &context->env, &context->repo, err);

    if (rc == 0)
        rc = check_known(args, context, err);
    if (rc == 0)
        rc = check_identity(context, err);
    if (rc == 0 && li_identity_ensure(context->repo, policy, made, &ignored) == 0 && *made)
        rc = check_identity(context, err);
    return rc;
}

static int refuse_existing(const struct arguments *args, const struct li_repo_policy *policy,
                           struct context *context, struct li_error *err)
{
    struct li_error existing = *err;
    bool made = false;
    int rc = add_identity(args, policy, context, &made, err);

    if (rc < 0)
        return li_context(err, "%s", existing.text);
    return li_fail(err, LI_EEXISTS, "%s%s", existing.text,
                   made ? "; it had no identity, which has been made" : "");
}

/* Keys are made and tried before the repository, because a repository whose salt nobody can unwrap
 * is useless. */
static int prepare(const struct arguments *args, const char *address, struct keys *keys,
                   struct context *context, struct li_error *err)
{
    int rc = make_keys(args, &keys->specs.keys, context, keys->made, err);

    if (rc == 0)
        rc = make_keys(args, &keys->specs.salts, context, keys->made_salt, err);
    if (rc == 0)
        rc = open_kms(args, &keys->specs, context, err);
    if (rc == 0)
        rc = li_repo_try_kms(context->kms, &context->env, err);
    return rc == 0 ? open_store(args, address, true, context, err) : rc;
}

static int create(const struct arguments *args, const struct li_repo_policy *policy,
                  struct context *context, struct li_error *err)
{
    int rc =
        li_repo_create(context->store, context->kms, &context->env, policy, &context->repo, err);

    if (rc == LI_EEXISTS)
        rc = refuse_existing(args, policy, context, err);
    return rc == 0 ? keep_known(context, err) : rc;
}

/* The ID is random, so that nobody can have a repository of the same ID ready. */
static int refuse_id(const char *address, struct li_error *err)
{
    uint8_t id[LI_ID_SIZE];
    char *copy = strdup(address);
    bool has_id = copy && li_known_cut_id(copy, id);

    free(copy);
    return has_id ? li_fail(err, CMD_EUSAGE, "%s: init chooses the ID; leave it out", address) : 0;
}

/* USE is what nobody can do without them. */
static void print_made_keys(const struct li_kms_specs *specs, const bool *made, const char *use)
{
    for (size_t i = 0; i < specs->count; i++) {
        if (!made[i])
            continue;
        fputs("made the key ", stdout);
        print_shown(stdout, specs->spec[i]);
        printf("; keep a copy of it, without it nothing can be %s\n", use);
    }
}

/* The identity has been read already, when the ID was kept. */
static int print_created(const char *address, struct context *context, struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    char id[2 * LI_ID_SIZE + 1], text[PADDING_TEXT];
    int rc = li_repo_identity(context->repo, &identity, err);

    if (rc < 0)
        return rc;

    fputs("created the repository ", stdout);
    print_shown(stdout, address);
    printf("\nits ID is %s\n", id_text(li_repo_id(context->repo), id));
    printf("sizes of stored chunks are %s\n", padding_text(identity.policy.pad, text));
    return 0;
}

static int run(const struct arguments *args, struct li_error *err)
{
    const char *address = args->count > 0 ? args->operand[0] : NULL;
    struct keys keys = {.made = {false}};
    struct context context = {0};
    const struct li_repo_policy *chosen = NULL;
    struct li_repo_policy policy;
    int rc = make_env(args, &context.env, err);

    if (rc == 0 && !address)
        rc = repo_address(args, &address, err);
    if (rc == 0)
        rc = refuse_id(address, err);
    if (rc == 0)
        rc = parse_policy(args, &policy, &chosen, err);
    if (rc == 0)
        rc = key_specs(args, &keys.specs, err);
    if (rc == 0) {
        rc = prepare(args, address, &keys, &context, err);
        if (rc == 0)
            rc = create(args, chosen, &context, err);
        if (rc < 0)
            li_context(err, "cannot create the repository");
    }
    forget_key(&context);
    print_made_keys(&keys.specs.keys, keys.made, "read");
    print_made_keys(&keys.specs.salts, keys.made_salt, "pushed");
    if (rc == 0)
        rc = print_created(address, &context, err);
    free_key_specs(&keys.specs);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_init = {
    "init", "[REPO]", "create a repository, and the key if there is none", 0, 1, options, run,
};
