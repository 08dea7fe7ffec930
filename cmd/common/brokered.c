/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/common/brokered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/broker.h"

/* ---- the broker ------------------------------------------------------------------------------ */

struct serving {
    const struct arguments *args;
    const struct brokerage *brokerage;
    struct context context;
    struct li_error keyless; /* why it has no KMS */
};

static int do_extra(void *arg, unsigned number, int *fd, struct li_error *err)
{
    struct serving *serving = arg;
    const struct brokerage *brokerage = serving->brokerage;

    if (number == LI_BROKER_FORGET)
        forget_key(&serving->context);
    else if (number == BROKER_STOP_WATCHING)
        stop_watching(&serving->context);
    else if (brokerage->own)
        return brokerage->own(brokerage->own_arg, number, fd, err);
    return 0;
}

/* Whether it is the repository that this host knows. */
static int identify(void *arg, const uint8_t id[LI_ID_SIZE], bool *proven, struct li_error *err)
{
    struct serving *serving = arg;
    struct context *context = &serving->context;
    int rc = li_repo_adopt(context->store, context->kms, &context->env, id, &context->repo, err);

    if (rc == 0)
        rc = check_known(serving->args, context, err);
    *proven = context->known.proven;
    return rc;
}

/* Whether its identity is the one that this host knows. */
static int prove(void *arg, const uint8_t *key, struct li_error *err)
{
    struct serving *serving = arg;
    struct li_repo_identity identity = {.there = key != NULL};

    if (key)
        memcpy(identity.key, key, LI_ID_SIZE);
    return compare_identity(&serving->context, &identity, err);
}

static int open_further_keys(struct serving *serving, struct li_error *err)
{
    const struct brokerage *brokerage = serving->brokerage;
    struct context *context = &serving->context;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < brokerage->specs; i++) {
        rc = open_key(serving->args, brokerage->spec[i], context, &context->key[i], err);
        context->keys += rc == 0;
    }
    return rc;
}

/* Names and IDs are stored in the clear, so some commands can do without a key. */
static int open_for(struct serving *serving, struct li_error *err)
{
    struct context *context = &serving->context;
    int key = serving->brokerage->key;
    int rc = open_connections(serving->args, key != WITHOUT_KEY, context, err);

    /* A store that does not answer is not asked twice. */
    if (rc == 0 || key != KEY_IF_IT_OPENS || rc == CMD_EUSAGE || rc == LI_ENETWORK)
        return rc;
    serving->keyless = *err;
    li_error_clear(err);
    return open_connections(serving->args, false, context, err);
}

/* It ends with the parser. Nothing is freed, because calls may be under way. */
static int run_broker(void *arg, struct li_broker_server *server)
{
    struct serving *serving = arg;
    struct context *context = &serving->context;
    struct li_broker_service service = {.writable = serving->brokerage->writable,
                                        .wraps = serving->brokerage->wraps,
                                        .identify = identify,
                                        .prove = prove,
                                        .extra = do_extra,
                                        .arg = serving};
    struct li_error err = LI_ERROR_INIT;
    int rc;

    context->any_key = serving->brokerage->any_key;
    rc = open_for(serving, &err);

    if (rc == 0)
        rc = open_further_keys(serving, &err);
    if (rc < 0) {
        li_broker_refuse(server, &err);
        return EXIT_DONE;
    }
    service.store = context->store;
    service.kms = context->kms;
    service.keyless = &serving->keyless;
    service.key = context->key;
    service.keys = context->keys;
    li_broker_serve(server, &service);
    if (serving->brokerage->over)
        serving->brokerage->over(serving->brokerage->own_arg);
    return EXIT_DONE;
}

/* ---- the parser ------------------------------------------------------------------------------ */

/* The broker has ended. If it has said why, nobody says it again. */
static void follow(void *arg)
{
    int status = 0;

    while (waitpid(li_broker_pid(arg), &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) != EXIT_DONE)
        exit_at_once(WEXITSTATUS(status));
}

static int open_handles(struct context *out, struct li_error *err)
{
    struct li_broker_opened opened;
    int rc = li_broker_await(out->broker, &opened, err);

    if (rc < 0)
        return rc;
    out->store = opened.store;
    out->kms = opened.kms;
    out->keyless = opened.keyless;
    memcpy(out->key, opened.key, sizeof(out->key));
    out->keys = opened.keys;
    rc = li_repo_open(out->store, out->kms, &out->env, &out->repo, err);
    return rc < 0 ? rc
                  : li_broker_identify(out->broker, li_repo_id(out->repo), &out->known.proven, err);
}

/* A key that does not open the repository may still open some of its images. */
static int try_key(struct context *out, struct li_error *err)
{
    int rc = check_identity(out, err);

    if (rc != LI_EDENIED)
        return rc;
    li_error_clear(err);
    return 0;
}

int open_brokered(const struct arguments *args, const struct brokerage *brokerage,
                  struct context *out, struct li_error *err)
{
    struct serving serving = {.args = args, .brokerage = brokerage};
    int rc = make_env(args, &out->env, err);

    if (rc == 0)
        rc = check_confine(args, err);
    load_early();
    fflush(stdout);
    if (rc == 0)
        rc = li_broker_start(run_broker, &serving, &out->broker, err);
    if (rc == 0) {
        li_broker_on_loss(out->broker, follow, out->broker);
        rc = confine(args, &brokerage->allowed, err);
    }
    if (rc == 0)
        rc = open_handles(out, err);
    if (rc == 0 && brokerage->key == KEY_IF_IT_OPENS && out->kms)
        rc = try_key(out, err);
    if (rc < 0)
        close_context(out);
    return rc;
}

/* The image is read, layers are spooled, and the memo is kept. */
static int allow_image(const struct arguments *args, const struct context *context,
                       struct allowed *allowed, struct li_error *err)
{
    char *memo = NULL;
    int rc = allow(allowed, args->operand[0], false, err);

    if (rc == 0)
        rc = allow(allowed, context->env.tmpdir, true, err);
    if (rc == 0)
        rc = make_memo_directory(args, &memo, err);
    if (rc == 0)
        rc = allow(allowed, memo, true, err);
    free(memo);
    return rc;
}

int open_for_image(const struct arguments *args, bool writable, const struct allowed *outputs,
                   struct context *context, struct li_error *err)
{
    struct brokerage brokerage = {.key = WITH_KEY, .writable = writable, .wraps = true};
    int rc = make_env(args, &context->env, err);

    if (rc == 0)
        rc = allow_image(args, context, &brokerage.allowed, err);
    for (size_t i = 0; outputs && rc == 0 && i < outputs->count; i++)
        rc = allow(&brokerage.allowed, outputs->path[i].path, outputs->path[i].writable, err);
    if (rc == 0)
        rc = open_brokered(args, &brokerage, context, err);
    free_allowed(&brokerage.allowed);
    return rc;
}
