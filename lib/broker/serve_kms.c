/* SPDX-License-Identifier: Apache-2.0 */
/* Keys for the parent: of this repository, and as long as the KMS is not forgotten. */
#include <string.h>

#include "broker/internal.h"

static int wrap(struct li_broker_session *s, const struct li_kms_context *context,
                const uint8_t *data, size_t len, struct li_error *err)
{
    struct li_buffer blob = {0};
    struct li_secret key;
    int rc;

    if (len != LI_SECRET_SIZE)
        return li_fail(err, LI_EINVALID, "a key has %zu bytes", len);
    memcpy(key.bytes, data, LI_SECRET_SIZE);
    rc = li_kms_wrap(s->server->service.kms, context, &key, &blob, err);
    if (rc == 0)
        rc = li_session_output(s, blob.data, blob.len, err);
    li_secret_wipe(&key);
    li_buffer_free(&blob);
    return rc;
}

static int unwrap(struct li_broker_session *s, const struct li_kms_context *context,
                  const uint8_t *data, size_t len, struct li_error *err)
{
    struct li_secret key;
    int rc = li_kms_unwrap(s->server->service.kms, context, data, len, &key, err);

    if (rc == 0)
        rc = li_session_output(s, key.bytes, LI_SECRET_SIZE, err);
    li_secret_wipe(&key);
    return rc;
}

int li_serve_kms(struct li_broker_session *s, const struct li_broker_request *q,
                 struct li_error *err)
{
    struct li_broker_server *server = s->server;
    struct li_kms_context context = {.purpose = q->key};
    const uint8_t *data = NULL;
    int rc;

    memcpy(context.repository, q->repository, LI_ID_SIZE);
    memcpy(context.object, q->object, LI_ID_SIZE);
    rc = li_session_input(s, q, true, &data, err);
    if (rc < 0)
        return rc;
    pthread_rwlock_rdlock(&server->kms_lock);
    if (!server->service.kms)
        rc = li_fail(err, LI_EDENIED, "the key was forgotten");
    else if (!server->identified || memcmp(q->repository, server->repository, LI_ID_SIZE) != 0)
        rc = li_fail(err, LI_EDENIED, "this is not a key of the repository that was opened");
    else if (q->op == LI_BROKER_WRAP)
        rc = wrap(s, &context, data, (size_t)q->len, err);
    else
        rc = unwrap(s, &context, data, (size_t)q->len, err);
    pthread_rwlock_unlock(&server->kms_lock);
    return rc;
}
