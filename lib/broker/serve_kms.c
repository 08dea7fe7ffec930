/* SPDX-License-Identifier: Apache-2.0 */
/* Keys for the parent: of this repository, and as long as the KMS is not forgotten. */
#include <string.h>

#include "broker/internal.h"

/* ---- the list of keys ------------------------------------------------------------------------ */

static bool is_for(struct li_kms *kms, const char *purpose, const struct li_kms *key)
{
    const struct li_kms *member;

    for (size_t i = 0; (member = li_kms_member(kms, purpose, i)); i++)
        if (member == key)
            return true;
    return false;
}

static void add_key(struct li_broker_server *server, struct li_kms *kms, enum li_kms_use use,
                    struct li_broker_greeting *greeting)
{
    struct li_broker_key *key = &greeting->key[server->keys];

    if (server->keys == LI_BROKER_KEYS)
        return;
    memcpy(key->name, kms->name, sizeof(key->name));
    key->use = use;
    for (int i = 0; i < LI_KMS_ACTIONS; i++) {
        const char *permission = li_kms_permission(kms, (enum li_kms_action)i);

        if (permission && strlen(permission) < LI_BROKER_PERMISSION_MAX)
            strcpy(key->permission[i], permission);
    }
    server->key[server->keys++] = kms;
}

void li_serve_keys(struct li_broker_server *server, struct li_broker_greeting *greeting)
{
    const struct li_broker_service *service = &server->service;
    struct li_kms *kms = service->kms, *key;

    greeting->is_set = kms && kms->ops->member;
    for (size_t i = 0; kms && (key = li_kms_member(kms, "manifest", i)); i++)
        add_key(server, key, is_for(kms, "salt", key) ? LI_KMS_FOR_ALL : LI_KMS_FOR_OTHERS,
                greeting);
    for (size_t i = 0; kms && (key = li_kms_member(kms, "salt", i)); i++)
        if (!is_for(kms, "manifest", key))
            add_key(server, key, LI_KMS_FOR_SALTS, greeting);
    greeting->members = (uint32_t)server->keys;
    for (size_t i = 0; i < service->keys && i < LI_KMS_SET_MAX; i++)
        add_key(server, service->key[i], LI_KMS_FOR_ALL, greeting);
    greeting->apart = (uint32_t)server->keys - greeting->members;
}

void li_serve_no_keys(struct li_broker_server *server)
{
    pthread_rwlock_wrlock(&server->kms_lock);
    server->keys = 0;
    pthread_rwlock_unlock(&server->kms_lock);
}

/* ---- requests -------------------------------------------------------------------------------- */

static int wrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *data,
                size_t len, struct li_buffer *out, struct li_error *err)
{
    struct li_secret key;
    int rc;

    if (len != LI_SECRET_SIZE)
        return li_fail(err, LI_EINVALID, "a key has %zu bytes", len);
    memcpy(key.bytes, data, LI_SECRET_SIZE);
    rc = li_kms_wrap(kms, context, &key, out, err);
    li_secret_wipe(&key);
    return rc;
}

static int unwrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *data,
                  size_t len, struct li_buffer *out, struct li_error *err)
{
    struct li_secret key;
    int rc = li_kms_unwrap(kms, context, data, len, &key, err);

    if (rc == 0)
        rc = li_buffer_append(out, key.bytes, LI_SECRET_SIZE, err);
    li_secret_wipe(&key);
    return rc;
}

/* A number that is not that of a key is one of a key that was forgotten. */
static struct li_kms *find_key(struct li_broker_server *server, uint32_t index,
                               struct li_error *err)
{
    if (index < server->keys)
        return server->key[index];
    li_fail(err, LI_EDENIED, "the key was forgotten");
    return NULL;
}

static int rewrap(struct li_broker_server *server, const struct li_broker_request *q,
                  const struct li_kms_context *context, const uint8_t *data, struct li_buffer *out,
                  struct li_error *err)
{
    struct li_kms_wrapped wrapped = {.by = find_key(server, q->handle, err),
                                     .context = context,
                                     .blob = data,
                                     .len = (size_t)q->len};

    return wrapped.by ? li_kms_rewrap(server->key[q->count], &wrapped, out, err) : err->code;
}

static int describe(struct li_kms *kms, struct li_buffer *out, struct li_error *err)
{
    struct li_kms_description description = {.key = ""};
    int rc = li_kms_describe(kms, &description, err);

    return rc == 0 ? li_buffer_append(out, &description, sizeof(description), err) : rc;
}

/* Under the lock. Which key it is says nothing about the repository, so anybody may ask that. */
static int carry_out(struct li_broker_server *server, const struct li_broker_request *q,
                     const uint8_t *data, struct li_buffer *out, struct li_error *err)
{
    struct li_kms_context context = {.purpose = q->key};
    struct li_kms *kms = find_key(server, q->count, err);
    size_t len = (size_t)q->len;

    memcpy(context.repository, q->repository, LI_ID_SIZE);
    memcpy(context.object, q->object, LI_ID_SIZE);
    if (!kms)
        return err->code;
    if (q->op == LI_BROKER_DESCRIBE)
        return describe(kms, out, err);
    if (!server->identified || memcmp(q->repository, server->repository, LI_ID_SIZE) != 0)
        return li_fail(err, LI_EDENIED, "this is not a key of the repository that was opened");
    if (q->op != LI_BROKER_UNWRAP && !server->service.wraps)
        return li_fail(err, LI_EDENIED, "this command wraps nothing");
    switch (q->op) {
    case LI_BROKER_WRAP:
        return wrap(kms, &context, data, len, out, err);
    case LI_BROKER_UNWRAP:
        return unwrap(kms, &context, data, len, out, err);
    default:
        return rewrap(server, q, &context, data, out, err);
    }
}

int li_serve_kms(struct li_broker_session *s, const struct li_broker_request *q,
                 struct li_error *err)
{
    struct li_buffer out = {.wiped = true};
    const uint8_t *data = NULL;
    int rc = li_session_input(s, q, true, &data, err);

    if (rc < 0)
        return rc;
    pthread_rwlock_rdlock(&s->server->kms_lock);
    rc = carry_out(s->server, q, data, &out, err);
    pthread_rwlock_unlock(&s->server->kms_lock);
    if (rc == 0)
        rc = li_session_output(s, out.data, out.len, err);
    li_buffer_wipe_free(&out);
    return rc;
}
