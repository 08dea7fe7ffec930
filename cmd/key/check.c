/* SPDX-License-Identifier: Apache-2.0 */
/* Making a key file, and trying what this host may do with the user's keys. */
#include <stdlib.h>
#include <string.h>

#include "cmd/key/key.h"
#include "repo/roots.h"
#include "repo/salt.h"

int key_new(const struct arguments *args, struct li_error *err)
{
    struct context context = {0};
    struct li_kms_options options;
    const char *path = args->operand[1];
    char *spec = NULL;
    int rc = make_env(args, &context.env, err);

    if (asprintf(&spec, "file:%s", li_kms_is_spec(path) ? strchr(path, ':') + 1 : path) < 0)
        return li_fail_memory(err);
    if (rc == 0 && li_kms_is_spec(path) && strncmp(path, "file:", 5) != 0)
        rc = li_fail(err, CMD_EUSAGE, "key new: %s is not a file; its own tools make such a key",
                     path);
    if (rc == 0)
        rc = kms_options(args, spec, &context, &options, err);
    if (rc == 0)
        rc = li_kms_create(spec, &options, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_EEXISTS, "there is a file at %s already", spec + strlen("file:"));
    if (rc == 0) {
        fputs("made the key ", stdout);
        print_shown(stdout, spec);
        puts("; keep a copy of it");
    }
    close_context(&context);
    free(spec);
    return rc < 0 ? rc : EXIT_DONE;
}

static const char *const action_text[LI_KMS_ACTIONS] = {
    [LI_KMS_WRAP] = "wrap", [LI_KMS_UNWRAP] = "unwrap", [LI_KMS_DESCRIBE] = "describe"};

static void print_check(const struct li_kms *kms, const char *purpose,
                        const struct li_kms_check *check)
{
    for (int i = 0; i < LI_KMS_ACTIONS; i++) {
        const char *permission = li_kms_permission(kms, (enum li_kms_action)i);

        if (!action_text[i] || check->action[i].rc == LI_END)
            continue;
        printf("%s %s %s: ", kms->name, purpose, action_text[i]);
        if (check->action[i].rc == 0)
            fputs("yes", stdout);
        else
            print_shown(stdout, check->action[i].err.text);
        if (check->action[i].rc < 0 && permission)
            printf(" (it takes %s)", permission);
        putchar('\n');
    }
}

static json_t *check_json(const struct li_kms *kms, const char *purpose,
                          const struct li_kms_check *check)
{
    json_t *json = json_pack("{s:s, s:s}", "key", kms->name, "purpose", purpose);

    for (int i = 0; i < LI_KMS_ACTIONS; i++)
        if (action_text[i] && check->action[i].rc != LI_END)
            json_object_set_new(json, action_text[i],
                                check->action[i].rc == 0 ? json_true()
                                                         : path_json(check->action[i].err.text));
    return json;
}

struct checking {
    const struct arguments *args;
    struct context *context;
    json_t *json;
    bool failed;
};

/* ---- what is stored already ------------------------------------------------------------------ */

/* By all keys, because the key of a salt need not open the identity, which proves the root. */
static int find_salt(struct checking *c, uint8_t id[LI_ID_SIZE], struct li_error *err)
{
    struct li_repo *repo = NULL;
    struct li_root root;
    int rc = li_repo_open(c->context->store, c->context->kms, &c->context->env, &repo, err);

    if (rc == 0)
        rc = li_root_active(repo, &root, err);
    if (rc == 0)
        memcpy(id, root.salt, LI_ID_SIZE);
    li_repo_free(repo);
    return rc;
}

/* Unwraps the repository's key, or its salt, by KMS alone. LI_END if it has none. */
static int unwrap_stored(struct checking *c, struct li_kms *kms, const char *purpose,
                         struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    bool is_salt = strcmp(purpose, "salt") == 0;
    struct li_secret salt = {{0}};
    struct li_repo *repo = NULL;
    uint8_t id[LI_ID_SIZE];
    int rc = is_salt ? find_salt(c, id, err) : 0;

    if (rc == 0)
        rc = li_repo_open(c->context->store, kms, &c->context->env, &repo, err);
    if (rc == 0 && is_salt)
        rc = li_salt_open(repo, id, &salt, err);
    else if (rc == 0)
        rc = li_repo_identity(repo, &identity, err);
    li_secret_wipe(&salt);
    li_repo_free(repo);
    return rc == 0 && !is_salt && !identity.there ? LI_END : rc;
}

/* Whoever pushes need not be allowed to wrap these, and then there was nothing to unwrap. */
static void try_stored(struct checking *c, struct li_kms *kms, const char *purpose,
                       struct li_kms_check *check)
{
    if (check->action[LI_KMS_UNWRAP].rc == LI_END && c->context->repo)
        check->action[LI_KMS_UNWRAP].rc =
            unwrap_stored(c, kms, purpose, &check->action[LI_KMS_UNWRAP].err);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* A push wraps keys of manifests, and unwraps the others. */
static bool can_push(const char *purpose, const struct li_kms_check *check)
{
    return check->action[strcmp(purpose, "manifest") == 0 ? LI_KMS_WRAP : LI_KMS_UNWRAP].rc == 0;
}

static void check_one(struct checking *c, struct li_kms *kms, const struct li_kms_context *context)
{
    struct li_kms_check check;

    li_kms_check(kms, context, &check);
    if (strcmp(context->purpose, "manifest") != 0)
        try_stored(c, kms, context->purpose, &check);
    c->failed = c->failed || !can_push(context->purpose, &check);
    if (c->json)
        json_array_append_new(c->json, check_json(kms, context->purpose, &check));
    else
        print_check(kms, context->purpose, &check);
}

/* The object is random, because no policy may name one. */
static int check_purpose(struct checking *c, const char *purpose, struct li_error *err)
{
    struct li_kms_context context = {.purpose = purpose};
    struct li_kms *kms;
    int rc = c->context->env.random(context.object, LI_ID_SIZE, err);

    if (c->context->repo)
        memcpy(context.repository, li_repo_id(c->context->repo), LI_ID_SIZE);
    for (size_t i = 0; rc == 0 && (kms = li_kms_member(c->context->kms, purpose, i)); i++)
        check_one(c, kms, &context);
    return rc;
}

/* The keys need not be those of the repository. Without a repository there is nothing to parse, and
 * so no broker. */
static int open_for_check(const struct arguments *args, struct context *context,
                          struct li_error *err)
{
    const char *variable = getenv("LAMBDAIMG_REPO");
    int rc;

    if (flag(args, "repo") || (variable && *variable))
        return open_brokered(args, &(struct brokerage){.key = WITH_KEY, .wraps = true}, context,
                             err);
    rc = make_env(args, &context->env, err);
    return rc == 0 ? open_keys(args, context, err) : rc;
}

int key_check(const struct arguments *args, struct li_error *err)
{
    struct context context = {0};
    struct checking c = {.args = args, .context = &context};
    int rc = open_for_check(args, &context, err);

    if (flag(args, "json"))
        c.json = json_array();
    if (rc == 0)
        rc = check_purpose(&c, "manifest", err);
    if (rc == 0)
        rc = check_purpose(&c, "salt", err);
    if (rc == 0)
        rc = check_purpose(&c, "repository", err);
    if (rc == 0 && c.json)
        rc = print_json(c.json, err);
    else
        json_decref(c.json);
    if (rc < 0 && rc != CMD_EUSAGE)
        li_context(err, "cannot check the keys");
    close_context(&context);
    if (rc == 0 && c.failed)
        fputs("lambdaimg: a key cannot do all that a push needs\n", stderr);
    return rc < 0 ? rc : c.failed ? EXIT_SAID_NO : EXIT_DONE;
}
