/* SPDX-License-Identifier: Apache-2.0 */
/* What a command takes from the system and the user: environment, clock, randomness, repository. */
#include "cmd/common/context.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/common/brokered.h"
#include "repo/known.h"
#include "store/s3.h"

int make_env(const struct arguments *args, struct li_env *env, struct li_error *err)
{
    struct li_env system = li_env_system();
    long long threads = system.threads;
    int rc = option_number(args, "threads", 1, LI_ENV_THREADS_MAX, &threads, err);

    if (rc < 0)
        return rc;
    system.threads = (unsigned)threads;
    *env = system;
    return 0;
}

int repo_address(const struct arguments *args, const char **address, struct li_error *err)
{
    const char *text = option(args, "repo");

    if (!text)
        text = getenv("LAMBDAIMG_REPO");
    if (!text || !*text)
        return li_fail(err, CMD_EUSAGE,
                       "no repository is given; name one with --repo dir:PATH or --repo "
                       "s3://BUCKET/PREFIX, or "
                       "in LAMBDAIMG_REPO");
    *address = text;
    return 0;
}

/* Unless it is open already: a bucket and a KMS share it. */
static int need_aws(const struct arguments *args, struct context *context, struct li_error *err)
{
    return context->aws.http ? 0 : open_aws(args, &context->env, &context->aws, err);
}

/* Prints a notice of the library for the user. */
static void print_notice(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "lambdaimg: note: %s\n", text);
}

int kms_options(const struct arguments *args, const char *spec, struct context *context,
                struct li_kms_options *out, struct li_error *err)
{
    unsigned deadline = 0;
    int rc = store_timeout(args, &deadline, err);

    if (rc == 0 && li_kms_is_service(spec))
        rc = need_aws(args, context, err);
    *out = (struct li_kms_options){.env = &context->env,
                                   .http = context->aws.http,
                                   .provider = context->aws.provider,
                                   .settings = &context->aws.settings,
                                   .deadline = deadline,
                                   .notice = print_notice};
    return rc;
}

int parse_reference(const char *text, struct li_reference *out, struct li_error *err)
{
    int rc = li_reference_parse(text, out, err);

    if (rc < 0)
        rc = err->code = CMD_EUSAGE;
    return rc;
}

static enum li_s3_addressing addressing(const struct arguments *args,
                                        const struct li_aws_location *location)
{
    if (flag(args, "path-style") || strcmp(location->addressing, "path") == 0)
        return LI_S3_ADDRESSING_PATH;
    return strcmp(location->addressing, "virtual") == 0 ? LI_S3_ADDRESSING_HOST
                                                        : LI_S3_ADDRESSING_AUTO;
}

static int open_bucket(const struct arguments *args, const char *address, struct context *out,
                       struct li_error *err)
{
    struct li_aws_location location = {.profile = {0}};
    struct li_s3_options options = {.notice = print_notice};
    long long stall = LI_S3_STALL;
    int rc = option_number(args, "stall", 1, 3600, &stall, err);

    if (rc == 0)
        rc = store_timeout(args, &options.timeout, err);
    if (rc == 0)
        rc = need_aws(args, out, err);
    if (rc == 0)
        rc = li_aws_locate(&out->aws.settings, out->aws.http, &out->env, &location, err);
    if (rc == LI_EINVALID)
        rc = err->code = CMD_EUSAGE;
    if (rc < 0)
        return rc;
    options.http = out->aws.http;
    options.provider = out->aws.provider;
    options.endpoint = *location.endpoint ? location.endpoint : NULL;
    options.region = *location.region ? location.region : NULL;
    options.variant = location.variant;
    options.stall = (unsigned)stall;
    options.addressing = addressing(args, &location);
    options.create_bucket = flag(args, "create-bucket");
    rc = li_s3_open(address, &options, &out->env, &out->store, err);
    /* Without a bucket to create, only the user's input can be wrong so far. */
    if (rc == LI_EINVALID && !options.create_bucket)
        rc = err->code = CMD_EUSAGE;
    return rc;
}

/* An invalid address is a usage error. */
static int check_address(const char *address, struct li_error *err)
{
    if (strncmp(address, "dir:", 4) == 0 ? address[4] != '\0' : li_s3_is_address(address))
        return 0;
    return li_fail(err, CMD_EUSAGE,
                   "\"%s\" is not the address of a repository; give dir:PATH or s3://BUCKET/PREFIX",
                   address);
}

int store_timeout(const struct arguments *args, unsigned *out, struct li_error *err)
{
    long long seconds = LI_S3_TIMEOUT;
    int rc = option_number(args, "timeout", 1, 86400, &seconds, err);

    if (rc == 0)
        *out = (unsigned)seconds;
    return rc;
}

static int open_directory(const struct arguments *args, const char *address, bool create,
                          struct context *out, struct li_error *err)
{
    unsigned timeout = 0;
    int rc = store_timeout(args, &timeout, err);

    if (rc == 0)
        rc = watchdog_start(address, timeout, &out->watchdog, err);
    if (rc == 0)
        rc = li_store_open(address, create, &out->env, &out->store, err);
    if (rc == 0)
        watchdog_watch(out->watchdog, out->store);
    return rc;
}

int open_store(const struct arguments *args, const char *address, bool create, struct context *out,
               struct li_error *err)
{
    int rc = check_address(address, err);

    if (rc < 0)
        return rc;
    if (li_s3_is_address(address))
        return open_bucket(args, address, out, err);
    if (flag(args, "create-bucket"))
        return li_fail(err, CMD_EUSAGE, "--create-bucket: %s is not in a bucket", address);
    return open_directory(args, address, create, out, err);
}

int open_connections(const struct arguments *args, bool with_key, struct context *out,
                     struct li_error *err)
{
    const char *given = NULL;
    char *address = NULL;
    int rc = make_env(args, &out->env, err);

    if (rc == 0)
        rc = repo_address(args, &given, err);
    if (rc == 0 && !(address = strdup(given)))
        rc = li_fail_memory(err);
    if (rc == 0) {
        out->has_id = li_known_cut_id(address, out->id);
        rc = open_store(args, address, false, out, err);
    }
    /* With a bucket, this would be a profile that does not exist. */
    if (rc == LI_ENOTFOUND && !out->store && !li_s3_is_address(address))
        rc = li_fail(err, LI_ENOTFOUND, "there is no repository at %s; lambdaimg init makes one",
                     address);
    if (rc == 0 && with_key)
        rc = open_keys(args, out, err);
    free(address);
    if (rc < 0)
        close_context(out);
    return rc;
}

void stop_watching(struct context *context)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (context->broker)
        (void)li_broker_ask(context->broker, BROKER_STOP_WATCHING, NULL, &ignored);
    watchdog_stop(context->watchdog);
    context->watchdog = NULL;
}

static void free_keys(struct context *context)
{
    while (context->keys > 0)
        li_kms_free(context->key[--context->keys]);
    li_kms_free(context->kms);
    context->kms = NULL;
}

void forget_key(struct context *context)
{
    struct li_error ignored = LI_ERROR_INIT;

    bool some = context->kms || context->keys > 0;

    if (context->repo)
        li_repo_forget_kms(context->repo);
    free_keys(context);
    if (some && context->broker)
        (void)li_broker_forget_kms(context->broker, &ignored);
}

int open_manifest(struct context *context, const struct li_reference *reference,
                  struct li_manifest *out, struct li_error *err)
{
    int rc = learn_identity(context, err);

    if (rc == 0)
        rc = li_repo_manifest(context->repo, reference, out, err);
    forget_key(context);
    return rc;
}

void close_context(struct context *context)
{
    li_repo_free(context->repo);
    free_keys(context);
    watchdog_watch(context->watchdog, NULL);
    li_store_free(context->store);
    watchdog_stop(context->watchdog);
    close_aws(&context->aws);
    li_broker_free(context->broker);
    *context = (struct context){.env = context->env};
}

unsigned fetching_threads(const struct context *context)
{
    return context->env.threads > context->store->width ? context->env.threads
                                                        : context->store->width;
}
