/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The S3 store: opening it.
 *
 * An object appears whole or not at all, and is durable when its put is answered: S3 guarantees
 * that, so there is nothing to flush.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/s3_internal.h"

enum { WIDTH = LI_HTTP_IN_FLIGHT };

static int flush(struct li_store *store, struct li_error *err)
{
    (void)store, (void)err;
    return 0;
}

static void stats(struct li_store *store, struct li_store_stats *out)
{
    const struct li_aws_counters *counters = &((struct li_s3 *)store)->client->aws.counters;

    for (size_t i = 0; i < LI_STORE_REQUESTS; i++)
        out->requests[i] = atomic_load(&counters->requests[i]);
    out->repeated = atomic_load(&counters->repeated);
    out->sent = atomic_load(&counters->sent);
    out->received = atomic_load(&counters->received);
}

static void s3_free(struct li_store *store)
{
    struct li_s3 *s3 = (struct li_s3 *)store;

    if (!s3->forked) {
        pthread_mutex_destroy(&s3->client->probing);
        li_aws_client_destroy(&s3->client->aws);
        free(s3->client);
        free(store->address);
        free(store->identity);
    }
    free(s3);
}

static int fork_store(struct li_store *store, struct li_store **out, struct li_error *err)
{
    const struct li_s3 *from = (const struct li_s3 *)store;
    struct li_s3 *s3 = malloc(sizeof(*s3));

    if (!s3)
        return li_fail_memory(err);
    *s3 = (struct li_s3){.store = from->store,
                         .client = from->client,
                         .group = {.parent = &from->group},
                         .forked = true};
    *out = &s3->store;
    return 0;
}

static void cancel(struct li_store *store)
{
    struct li_s3 *s3 = (struct li_s3 *)store;

    li_http_cancel(s3->client->aws.options.http, &s3->group);
}

static const struct li_store_operations operations = {
    .get = li_s3_get,
    .get_range = li_s3_get_range,
    .put_if_absent = li_s3_put_if_absent,
    .replace = li_s3_replace,
    .replace_if = li_s3_replace_if,
    .exists = li_s3_exists,
    .list = li_s3_list,
    .remove = li_s3_remove,
    .remove_many = li_s3_remove_many,
    .copy = li_s3_copy,
    .flush = flush,
    .fork = fork_store,
    .cancel = cancel,
    .lacks = li_s3_lacks,
    .expect = li_s3_expect,
    .stats = stats,
    .free = s3_free,
};

/* ---- the client ------------------------------------------------------------------------------ */

static int tell(const struct li_aws_client *client, const struct li_aws_refusal *refusal,
                struct li_error *err)
{
    return li_s3_error_tell(((const struct li_s3_client *)client)->location.bucket, refusal, err);
}

/* Calls follow a bucket to the region that the server names. */
static bool move(const struct li_aws_client *client, const char *region,
                 struct li_aws_destination *destination)
{
    struct li_error ignored = LI_ERROR_INIT;

    return li_s3_location_move(&((const struct li_s3_client *)client)->location, region,
                               destination, &ignored) == 0;
}

static const struct li_aws_client_operations calls = {
    .read_error = li_s3_error_read,
    .is_passing = li_s3_error_is_passing,
    .tell = tell,
    .move = move,
};

static void set_client(struct li_s3_client *client, const struct li_s3_options *options,
                       const struct li_env *env)
{
    const struct li_aws_client_options aws = {
        .ops = &calls,
        .service = "s3",
        .env = env,
        .http = options->http,
        .provider = options->provider,
        .stall = options->stall ? options->stall : LI_S3_STALL,
        .timeout = options->timeout ? options->timeout : LI_S3_TIMEOUT};

    li_aws_client_init(&client->aws, &aws);
    client->notice = options->notice;
    client->notice_arg = options->notice_arg;
    pthread_mutex_init(&client->probing, NULL);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int set_address(struct li_s3 *s3, struct li_error *err)
{
    const struct li_s3_location *location = &s3->client->location;
    size_t len = strlen(location->prefix);

    if (asprintf(&s3->store.address, "s3://%s%s%.*s", location->bucket, len ? "/" : "",
                 len ? (int)len - 1 : 0, location->prefix) < 0) {
        s3->store.address = NULL;
        return li_fail_memory(err);
    }
    /* Bucket names are unique on AWS, and at one endpoint. */
    if (asprintf(&s3->store.identity, "%s%s %s/%s",
                 location->amazon ? s3->client->aws.destination.region : location->given.host,
                 location->amazon ? ".aws" : location->given.path, location->bucket,
                 location->prefix) < 0) {
        s3->store.identity = NULL;
        return li_fail_memory(err);
    }
    return 0;
}

int li_s3_open(const char *address, const struct li_s3_options *options, const struct li_env *env,
               struct li_store **out, struct li_error *err)
{
    struct li_s3_client *client = calloc(1, sizeof(*client));
    struct li_s3 *s3 = calloc(1, sizeof(*s3));
    enum li_s3_support support;
    int rc;

    if (!s3 || !client) {
        free(s3);
        free(client);
        return li_fail_memory(err);
    }
    set_client(client, options, env);
    s3->store.ops = &operations;
    s3->store.width = WIDTH;
    s3->store.remote = true;
    s3->client = client;
    rc = li_s3_location_parse(address, options, &client->location, &client->aws.destination, err);
    /* AWS honours conditions; no need to try. */
    support = client->location.amazon ? LI_S3_HONOURED : LI_S3_UNKNOWN;
    atomic_init(&client->if_absent.support, support);
    atomic_init(&client->if_match.support, support);
    if (rc == 0)
        rc = set_address(s3, err);
    if (rc == 0 && options->create_bucket)
        rc = li_s3_make_bucket(s3, err);
    if (rc < 0)
        s3_free(&s3->store);
    else
        *out = &s3->store;
    return rc;
}
