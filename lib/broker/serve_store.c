/* SPDX-License-Identifier: Apache-2.0 */
/* The store's operations, for the parent. The functions of store.h check every key. */
#include <stdlib.h>
#include <string.h>

#include "broker/internal.h"
#include "store/activity.h"

/* Keys in one message. A push asks about as many as it gathers. */
enum { KEYS_MAX = 1 << 16 };

/* The handle that the request names; the store itself for 0, and for what is not one. */
static struct li_store *store_of(struct li_broker_session *s, const struct li_broker_request *q)
{
    struct li_broker_server *server = s->server;
    struct li_store *store = server->service.store;

    pthread_mutex_lock(&server->lock);
    if (q->handle >= 1 && q->handle <= server->forks)
        store = server->fork[q->handle - 1];
    pthread_mutex_unlock(&server->lock);
    return store;
}

static int serve_get(struct li_broker_session *s, const struct li_broker_request *q,
                     struct li_error *err)
{
    size_t limit = q->limit < LI_STORE_OBJECT_MAX ? (size_t)q->limit : LI_STORE_OBJECT_MAX;
    struct li_buffer object = {.data = s->region, .cap = LI_BROKER_REGION, .borrowed = true};
    int rc;

    if (q->op == LI_BROKER_GET)
        rc = li_store_get(store_of(s, q), q->key, limit, &object, err);
    else
        rc = li_store_get_range(store_of(s, q), q->key, q->offset, limit, &object, err);
    if (rc == 0)
        rc = li_session_output(s, object.data, object.len, err);
    li_buffer_free(&object);
    return rc;
}

static int serve_put(struct li_broker_session *s, const struct li_broker_request *q,
                     struct li_error *err)
{
    struct li_store *store = store_of(s, q);
    struct li_buffer expected = {0};
    const uint8_t *data = NULL;
    int rc = li_session_input(s, q, q->op == LI_BROKER_REPLACE_IF, &data, err);

    if (rc < 0)
        return rc;
    if (q->op == LI_BROKER_PUT_IF_ABSENT)
        return li_store_put_if_absent(store, q->key, data, (size_t)q->len, err);
    if (q->op == LI_BROKER_REPLACE)
        return li_store_replace(store, q->key, data, (size_t)q->len, err);
    if (q->offset > q->len)
        return li_fail(err, LI_EINVALID, "more is expected than came");
    expected.data = (uint8_t *)data;
    expected.len = (size_t)q->offset;
    return li_store_replace_if(store, q->key, &expected, data + expected.len,
                               (size_t)q->len - expected.len, err);
}

/* The keys in the request's input. The caller frees *OUT, which points into the input. */
static int take_keys(struct li_broker_session *s, const struct li_broker_request *q,
                     const char ***out, struct li_error *err)
{
    const uint8_t *data = NULL;
    const char *at, *end;
    const char **keys;
    int rc = q->count <= KEYS_MAX ? li_session_input(s, q, true, &data, err)
                                  : li_fail(err, LI_ELIMIT, "a request has %u keys", q->count);

    if (rc < 0)
        return rc;
    keys = calloc(q->count ? q->count : 1, sizeof(keys[0]));
    if (!keys)
        return li_fail_memory(err);
    at = (const char *)data;
    end = at + q->len;
    for (uint32_t i = 0; i < q->count; i++) {
        const char *nul = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;

        if (!nul) {
            free(keys);
            return li_fail(err, LI_EINVALID, "a request has fewer than %u keys", q->count);
        }
        keys[i] = at;
        at = nul + 1;
    }
    *out = keys;
    return 0;
}

static int serve_exists(struct li_broker_session *s, const struct li_broker_request *q,
                        struct li_error *err)
{
    const char **keys = NULL;
    bool *present = NULL;
    int rc = take_keys(s, q, &keys, err);

    if (rc < 0)
        return rc;
    present = calloc(q->count ? q->count : 1, sizeof(*present));
    rc = present ? li_store_exists(store_of(s, q), keys, q->count, q->limit, present, err)
                 : li_fail_memory(err);
    if (rc == 0)
        rc = li_session_output(s, (const uint8_t *)present, q->count, err);
    free(present);
    free(keys);
    return rc;
}

static int serve_remove_many(struct li_broker_session *s, const struct li_broker_request *q,
                             struct li_error *err)
{
    const char **keys = NULL;
    int rc = take_keys(s, q, &keys, err);

    if (rc == 0)
        rc = li_store_remove_many(store_of(s, q), keys, q->count, err);
    free(keys);
    return rc;
}

static int serve_copy(struct li_broker_session *s, const struct li_broker_request *q,
                      struct li_error *err)
{
    const uint8_t *to = NULL;
    int rc = li_session_input(s, q, true, &to, err);

    if (rc == 0 && (q->len == 0 || to[q->len - 1] != '\0'))
        rc = li_fail(err, LI_EINVALID, "a request has no second key");
    return rc < 0 ? rc : li_store_copy(store_of(s, q), q->key, (const char *)to, err);
}

struct listing {
    struct li_broker_session *session;
    struct li_store *store;
    size_t used; /* bytes of the region */
};

/* A parent that the user has stopped is no reason to give up the store. */
static int send_entries(struct listing *l, struct li_error *err)
{
    int rc;

    li_activity_pause(l->store->activity);
    rc = li_session_more(l->session, l->used, err);
    li_activity_resume(l->store->activity);
    l->used = 0;
    return rc;
}

static int put_entry(void *arg, const struct li_store_object *object, struct li_error *err)
{
    const struct li_broker_entry entry = {object->size, object->modified};
    struct listing *l = arg;
    size_t len = strlen(object->key) + 1, need = LI_BROKER_ENTRY + len;
    int rc = 0;

    if (need > LI_BROKER_REGION)
        return li_fail(err, LI_ELIMIT, "a key has %zu bytes", len);
    if (need > LI_BROKER_REGION - l->used)
        rc = send_entries(l, err);
    if (rc < 0)
        return rc;
    memcpy(l->session->region + l->used, &entry, LI_BROKER_ENTRY);
    memcpy(l->session->region + l->used + LI_BROKER_ENTRY, object->key, len);
    l->used += need;
    return 0;
}

/* What a shallow listing visits has no time. */
static int put_name(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    const struct li_store_object object = {key, size, LI_STORE_NO_TIME};

    return put_entry(arg, &object, err);
}

static int serve_list(struct li_broker_session *s, const struct li_broker_request *q,
                      struct li_error *err)
{
    struct listing l = {.session = s, .store = store_of(s, q)};
    int rc = q->count ? li_store_list_objects(l.store, q->key, put_entry, &l, err)
                      : li_store_list_shallow(l.store, q->key, put_name, &l, err);

    s->reply.len = rc == 0 ? l.used : 0;
    return rc;
}

static int serve_write(struct li_broker_session *s, const struct li_broker_request *q,
                       struct li_error *err)
{
    if (!s->server->service.writable)
        return li_fail(err, LI_EDENIED, "this command does not write");
    switch (q->op) {
    case LI_BROKER_PUT_IF_ABSENT:
    case LI_BROKER_REPLACE:
    case LI_BROKER_REPLACE_IF:
        return serve_put(s, q, err);
    case LI_BROKER_REMOVE:
        return li_store_remove(store_of(s, q), q->key, err);
    case LI_BROKER_REMOVE_MANY:
        return serve_remove_many(s, q, err);
    case LI_BROKER_COPY:
        return serve_copy(s, q, err);
    case LI_BROKER_FLUSH:
        return li_store_flush(store_of(s, q), err);
    default:
        return li_fail(err, LI_EINVALID, "there is no request %u", q->op);
    }
}

int li_serve_store(struct li_broker_session *s, const struct li_broker_request *q,
                   struct li_error *err)
{
    switch (q->op) {
    case LI_BROKER_GET:
    case LI_BROKER_GET_RANGE:
        return serve_get(s, q, err);
    case LI_BROKER_EXISTS:
        return serve_exists(s, q, err);
    case LI_BROKER_LIST:
        return serve_list(s, q, err);
    default:
        return serve_write(s, q, err);
    }
}
