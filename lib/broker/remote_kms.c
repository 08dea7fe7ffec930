/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys whose operations are messages to the broker. Each has the name and the permissions of the
 * broker's, and keys of a set are a set here, too, so callers see no difference. Secrets are wiped
 * from the memory of the call.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/internal.h"

struct remote {
    struct li_kms kms; /* first, so that the pointers can be converted */
    struct li_kms_operations ops;
    char permission[LI_KMS_ACTIONS][LI_BROKER_PERMISSION_MAX];
    struct li_broker *broker;
    uint32_t index; /* of the broker's keys */
};

static int begin(struct li_call *call, const struct li_kms *kms, enum li_broker_op op,
                 const struct li_kms_context *context, struct li_error *err)
{
    const struct remote *remote = (const struct remote *)kms;

    *call = (struct li_call){.request = {.count = remote->index}};
    if (context) {
        memcpy(call->request.repository, context->repository, LI_ID_SIZE);
        memcpy(call->request.object, context->object, LI_ID_SIZE);
    }
    return li_call_begin(call, remote->broker, op, context ? context->purpose : NULL, err);
}

/* Sends INPUT, and replaces OUT by what comes. */
static int finish(struct li_call *call, const struct li_buffer *input, struct li_buffer *out,
                  struct li_error *err)
{
    int rc = li_call_input(call, input->data, input->len, err);

    out->len = 0;
    if (rc == 0)
        rc = li_call_send(call, err);
    if (rc == 0)
        rc = li_call_output(call, out, err);
    li_wipe(call->channel->region, LI_SECRET_SIZE);
    li_call_end(call);
    return rc;
}

static int remote_wrap(struct li_kms *kms, const struct li_kms_context *context,
                       const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    const struct li_buffer input = {.data = (uint8_t *)key->bytes, .len = LI_SECRET_SIZE};
    struct li_call call;
    int rc = begin(&call, kms, LI_BROKER_WRAP, context, err);

    return rc == 0 ? finish(&call, &input, blob, err) : rc;
}

static int remote_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                         const uint8_t *blob, size_t len, struct li_secret *key,
                         struct li_error *err)
{
    const struct li_buffer input = {.data = (uint8_t *)blob, .len = len};
    struct li_buffer out = {.wiped = true};
    struct li_call call;
    int rc = begin(&call, kms, LI_BROKER_UNWRAP, context, err);

    if (rc == 0)
        rc = finish(&call, &input, &out, err);
    if (rc == 0 && out.len != LI_SECRET_SIZE)
        rc = li_fail(err, LI_EIO, "the process that has the key answers with %zu bytes", out.len);
    if (rc == 0)
        memcpy(key->bytes, out.data, LI_SECRET_SIZE);
    li_buffer_wipe_free(&out);
    return rc;
}

/* A key of another kind, or a set, is nothing that the broker could be asked about. */
static int remote_rewrap(struct li_kms *kms, const struct li_kms_wrapped *wrapped,
                         struct li_buffer *out, struct li_error *err)
{
    const struct li_buffer input = {.data = (uint8_t *)wrapped->blob, .len = wrapped->len};
    const struct remote *by = (const struct remote *)wrapped->by;
    struct li_call call;
    int rc;

    if (wrapped->by->ops->rewrap != remote_rewrap)
        return LI_END;
    rc = begin(&call, kms, LI_BROKER_REWRAP, wrapped->context, err);
    call.request.handle = by->index;
    return rc == 0 ? finish(&call, &input, out, err) : rc;
}

static int remote_describe(struct li_kms *kms, struct li_kms_description *out, struct li_error *err)
{
    const struct li_buffer nothing = {0};
    struct li_buffer came = {0};
    struct li_call call;
    int rc = begin(&call, kms, LI_BROKER_DESCRIBE, NULL, err);

    if (rc == 0)
        rc = finish(&call, &nothing, &came, err);
    if (rc == 0 && came.len != sizeof(*out))
        rc = li_fail(err, LI_EIO, "the process that has the key answers with %zu bytes", came.len);
    if (rc == 0)
        memcpy(out, came.data, sizeof(*out));
    li_buffer_free(&came);
    return rc;
}

static void remote_free(struct li_kms *kms)
{
    free(kms);
}

static int new_key(struct li_broker *broker, const struct li_broker_greeting *greeting,
                   uint32_t index, struct li_kms **out, struct li_error *err)
{
    static const struct li_kms_operations operations = {.wrap = remote_wrap,
                                                        .unwrap = remote_unwrap,
                                                        .free = remote_free,
                                                        .rewrap = remote_rewrap,
                                                        .describe = remote_describe};
    const struct li_broker_key *key = &greeting->key[index];
    struct remote *remote = calloc(1, sizeof(*remote));

    if (!remote)
        return li_fail_memory(err);
    remote->ops = operations;
    remote->kms.ops = &remote->ops;
    memcpy(remote->kms.name, key->name, sizeof(remote->kms.name));
    memcpy(remote->permission, key->permission, sizeof(remote->permission));
    for (int i = 0; i < LI_KMS_ACTIONS; i++)
        if (*remote->permission[i])
            remote->ops.permission[i] = remote->permission[i];
    remote->broker = broker;
    remote->index = index;
    *out = &remote->kms;
    return 0;
}

static int new_set(struct li_broker *broker, const struct li_broker_greeting *greeting,
                   struct li_kms **out, struct li_error *err)
{
    struct li_kms *set = NULL;
    int rc = li_kms_set_new(&set, err);

    for (uint32_t i = 0; rc == 0 && i < greeting->members; i++) {
        struct li_kms *key = NULL;

        rc = new_key(broker, greeting, i, &key, err);
        if (rc == 0)
            rc = li_kms_set_add(set, key, (enum li_kms_use)greeting->key[i].use, err);
        if (rc < 0)
            li_kms_free(key);
    }
    if (rc == 0)
        *out = set;
    else
        li_kms_free(set);
    return rc;
}

int li_remote_kms_new(struct li_broker *broker, const struct li_broker_greeting *greeting,
                      struct li_broker_opened *out, struct li_error *err)
{
    int rc = 0;

    if (greeting->is_set)
        rc = new_set(broker, greeting, &out->kms, err);
    else if (greeting->members)
        rc = new_key(broker, greeting, 0, &out->kms, err);
    for (uint32_t i = 0; rc == 0 && i < greeting->apart; i++) {
        rc = new_key(broker, greeting, greeting->members + i, &out->key[i], err);
        out->keys += rc == 0;
    }
    return rc;
}
