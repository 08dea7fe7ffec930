/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store whose operations are messages to the broker. Its errors come from there, and say which
 * object of which store they are about.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/internal.h"

struct remote {
    struct li_store store;
    struct li_broker *broker;
    uint32_t handle; /* 0, or that of li_store_fork() */
};

static int begin(struct li_store *store, enum li_broker_op op, const char *key,
                 struct li_call *call, struct li_error *err)
{
    struct remote *remote = (struct remote *)store;

    call->request.handle = remote->handle;
    return li_call_begin(call, remote->broker, op, key, err);
}

static int get_call(struct li_store *store, enum li_broker_op op, const char *key,
                    struct li_call *call, struct li_buffer *out, struct li_error *err)
{
    int rc = begin(store, op, key, call, err);

    out->len = 0;
    if (rc == 0)
        rc = li_call_send(call, err);
    if (rc == 0)
        rc = li_call_output(call, out, err);
    li_call_end(call);
    return rc;
}

static int remote_get(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
                      struct li_error *err)
{
    struct li_call call = {.request = {.limit = limit}};

    return get_call(store, LI_BROKER_GET, key, &call, out, err);
}

static int remote_get_range(struct li_store *store, const char *key, uint64_t offset, size_t len,
                            struct li_buffer *out, struct li_error *err)
{
    struct li_call call = {.request = {.offset = offset, .limit = len}};

    return get_call(store, LI_BROKER_GET_RANGE, key, &call, out, err);
}

/* A call without output: the input is FIRST, then LAST. */
static int put_call(struct li_store *store, enum li_broker_op op, const char *key,
                    const struct li_buffer *first, const struct li_buffer *last,
                    struct li_error *err)
{
    struct li_call call = {.request = {.offset = first ? first->len : 0}};
    int rc = begin(store, op, key, &call, err);

    if (rc == 0 && first)
        rc = li_call_input(&call, first->data, first->len, err);
    if (rc == 0)
        rc = li_call_input(&call, last->data, last->len, err);
    if (rc == 0)
        rc = li_call_send(&call, err);
    li_call_end(&call);
    return rc;
}

static int remote_put_if_absent(struct li_store *store, const char *key, const void *data,
                                size_t len, struct li_error *err)
{
    const struct li_buffer object = {.data = (uint8_t *)data, .len = len};

    return put_call(store, LI_BROKER_PUT_IF_ABSENT, key, NULL, &object, err);
}

static int remote_replace(struct li_store *store, const char *key, const void *data, size_t len,
                          struct li_error *err)
{
    const struct li_buffer object = {.data = (uint8_t *)data, .len = len};

    return put_call(store, LI_BROKER_REPLACE, key, NULL, &object, err);
}

static int remote_replace_if(struct li_store *store, const char *key,
                             const struct li_buffer *expected, const void *data, size_t len,
                             struct li_error *err)
{
    const struct li_buffer object = {.data = (uint8_t *)data, .len = len};

    return put_call(store, LI_BROKER_REPLACE_IF, key, expected, &object, err);
}

static int send_keys(struct li_call *call, const char *const *keys, size_t count,
                     struct li_error *err)
{
    int rc = 0;

    call->request.count = (uint32_t)count;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = li_call_input(call, keys[i], strlen(keys[i]) + 1, err);
    return rc == 0 ? li_call_send(call, err) : rc;
}

static int remote_exists(struct li_store *store, const char *const *keys, size_t count,
                         uint64_t most, bool *present, struct li_error *err)
{
    struct li_call call = {.request = {.limit = most}};
    struct li_buffer found = {0};
    int rc = begin(store, LI_BROKER_EXISTS, NULL, &call, err);

    if (rc == 0)
        rc = send_keys(&call, keys, count, err);
    if (rc == 0)
        rc = li_call_output(&call, &found, err);
    if (rc == 0 && found.len != count)
        rc = li_fail(err, LI_EIO, "the process that reaches the store answers for %zu of %zu keys",
                     found.len, count);
    for (size_t i = 0; i < count && rc == 0; i++)
        present[i] = found.data[i] != 0;
    li_call_end(&call);
    li_buffer_free(&found);
    return rc;
}

/* Visits the entries of one reply. */
static int visit_entries(const struct li_call *call, li_store_visit_object *visit, void *arg,
                         struct li_error *err)
{
    const char *at = (const char *)call->channel->region, *end = at + call->reply.len;
    int rc = 0;

    while (rc >= 0 && at < end) {
        size_t left = (size_t)(end - at);
        struct li_broker_entry entry;
        struct li_store_object object;

        if (left <= LI_BROKER_ENTRY || !memchr(at + LI_BROKER_ENTRY, '\0', left - LI_BROKER_ENTRY))
            return li_fail(err, LI_EIO, "the process that reaches the store lists half a key");
        memcpy(&entry, at, LI_BROKER_ENTRY);
        at += LI_BROKER_ENTRY;
        object = (struct li_store_object){at, entry.size, entry.modified};
        rc = visit(arg, &object, err);
        at += strlen(at) + 1;
    }
    return rc < 0 ? rc : 0;
}

/* What the visitor says ends the listing in the broker, too. */
static int visit_all(struct li_call *call, li_store_visit_object *visit, void *arg,
                     struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;
    int rc;

    for (;;) {
        rc = visit_entries(call, visit, arg, err);
        if (rc < 0 || !call->reply.more)
            break;
        rc = li_call_next(call, LI_BROKER_NEXT, err);
        if (rc < 0)
            return rc;
    }
    if (rc < 0 && call->reply.more)
        (void)li_call_next(call, LI_BROKER_STOP, &ignored);
    return rc;
}

static int remote_list(struct li_store *store, const char *prefix, bool deep,
                       li_store_visit_object *visit, void *arg, struct li_error *err)
{
    struct li_call call = {.request = {.count = deep}};
    int rc = begin(store, LI_BROKER_LIST, prefix, &call, err);

    if (rc == 0)
        rc = li_call_send(&call, err);
    if (rc == 0)
        rc = visit_all(&call, visit, arg, err);
    li_call_end(&call);
    return rc;
}

static int remote_remove(struct li_store *store, const char *key, struct li_error *err)
{
    const struct li_buffer none = {0};

    return put_call(store, LI_BROKER_REMOVE, key, NULL, &none, err);
}

static int remote_remove_many(struct li_store *store, const char *const *keys, size_t count,
                              struct li_error *err)
{
    struct li_call call = {.channel = NULL};
    int rc = begin(store, LI_BROKER_REMOVE_MANY, NULL, &call, err);

    if (rc == 0)
        rc = send_keys(&call, keys, count, err);
    li_call_end(&call);
    return rc;
}

static int remote_copy(struct li_store *store, const char *from, const char *to,
                       struct li_error *err)
{
    const struct li_buffer other = {.data = (uint8_t *)to, .len = strlen(to) + 1};

    return put_call(store, LI_BROKER_COPY, from, NULL, &other, err);
}

static int remote_flush(struct li_store *store, struct li_error *err)
{
    const struct li_buffer none = {0};

    return put_call(store, LI_BROKER_FLUSH, NULL, NULL, &none, err);
}

static void remote_cancel(struct li_store *store)
{
    struct remote *remote = (struct remote *)store;
    const struct li_broker_request request = {.op = LI_BROKER_CANCEL, .handle = remote->handle};
    struct li_error ignored = LI_ERROR_INIT;
    struct li_broker_reply reply;

    (void)li_broker_exchange(remote->broker, &request, &reply, NULL, 0, &ignored);
}

static unsigned remote_lacks(struct li_store *store)
{
    const struct li_broker_request request = {.op = LI_BROKER_LACKS};
    struct li_error ignored = LI_ERROR_INIT;
    struct li_broker_reply reply;
    int rc =
        li_broker_exchange(((struct remote *)store)->broker, &request, &reply, NULL, 0, &ignored);

    return rc < 0 ? 0 : reply.count;
}

static void remote_expect(struct li_store *store, unsigned lacks)
{
    const struct li_broker_request request = {.op = LI_BROKER_EXPECT, .count = lacks};
    struct li_error ignored = LI_ERROR_INIT;
    struct li_broker_reply reply;

    (void)li_broker_exchange(((struct remote *)store)->broker, &request, &reply, NULL, 0, &ignored);
}

static void remote_stats(struct li_store *store, struct li_store_stats *out)
{
    const struct li_broker_request request = {.op = LI_BROKER_STATS};
    struct li_error ignored = LI_ERROR_INIT;
    struct li_broker_reply reply;
    int rc =
        li_broker_exchange(((struct remote *)store)->broker, &request, &reply, NULL, 0, &ignored);

    if (rc == 0)
        *out = reply.stats;
}

static void remote_free(struct li_store *store)
{
    free(store->address);
    free(store->identity);
    free(store);
}

static int remote_fork(struct li_store *store, struct li_store **out, struct li_error *err);

static const struct li_store_operations operations = {
    .get = remote_get,
    .get_range = remote_get_range,
    .put_if_absent = remote_put_if_absent,
    .replace = remote_replace,
    .replace_if = remote_replace_if,
    .exists = remote_exists,
    .list = remote_list,
    .remove = remote_remove,
    .remove_many = remote_remove_many,
    .copy = remote_copy,
    .flush = remote_flush,
    .fork = remote_fork,
    .cancel = remote_cancel,
    .lacks = remote_lacks,
    .expect = remote_expect,
    .stats = remote_stats,
    .free = remote_free,
};

static int make(struct li_broker *broker, const char *address, const char *identity,
                struct remote **out, struct li_error *err)
{
    struct remote *remote = calloc(1, sizeof(*remote));

    if (!remote)
        return li_fail_memory(err);
    remote->store.ops = &operations;
    remote->store.explains = true;
    remote->store.address = strdup(address);
    remote->store.identity = identity ? strdup(identity) : NULL;
    remote->broker = broker;
    if (!remote->store.address || (identity && !remote->store.identity)) {
        remote_free(&remote->store);
        return li_fail_memory(err);
    }
    *out = remote;
    return 0;
}

/* Handle 0 is not a fork: no call of the store waits for long. */
static int remote_fork(struct li_store *store, struct li_store **out, struct li_error *err)
{
    struct remote *remote = (struct remote *)store, *fork = NULL;
    const struct li_broker_request request = {.op = LI_BROKER_FORK};
    struct li_broker_reply reply;
    int rc = li_broker_exchange(remote->broker, &request, &reply, NULL, 0, err);

    if (rc < 0 || reply.count == 0)
        return rc;
    rc = make(remote->broker, store->address, store->identity, &fork, err);
    if (rc < 0)
        return rc;
    fork->store.width = store->width;
    fork->store.remote = store->remote;
    fork->handle = reply.count;
    *out = &fork->store;
    return 0;
}

int li_remote_store_new(struct li_broker *broker, const struct li_broker_greeting *greeting,
                        struct li_store **out, struct li_error *err)
{
    struct remote *remote = NULL;
    int rc = make(broker, greeting->address, greeting->has_identity ? greeting->identity : NULL,
                  &remote, err);

    if (rc < 0)
        return rc;
    remote->store.width = greeting->width;
    remote->store.remote = greeting->remote != 0;
    *out = &remote->store;
    return 0;
}
