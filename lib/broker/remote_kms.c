/* SPDX-License-Identifier: Apache-2.0 */
/* A KMS whose operations are messages to the broker. Keys are wiped from the memory of the call. */
#include <stdlib.h>
#include <string.h>

#include "broker/internal.h"

struct remote {
    struct li_kms kms;
    struct li_broker *broker;
};

/* Sends INPUT, and replaces OUT by what comes. */
static int exchange(struct li_kms *kms, enum li_broker_op op, const struct li_kms_context *context,
                    const struct li_buffer *input, struct li_buffer *out, struct li_error *err)
{
    struct li_call call = {.channel = NULL};
    int rc;

    memcpy(call.request.repository, context->repository, LI_ID_SIZE);
    memcpy(call.request.object, context->object, LI_ID_SIZE);
    rc = li_call_begin(&call, ((struct remote *)kms)->broker, op, context->purpose, err);
    if (rc < 0)
        return rc;
    rc = li_call_input(&call, input->data, input->len, err);
    if (rc == 0)
        rc = li_call_send(&call, err);
    if (rc == 0)
        rc = li_call_output(&call, out, err);
    li_wipe(call.channel->region, input->len > out->len ? input->len : out->len);
    li_call_end(&call);
    return rc;
}

static int remote_wrap(struct li_kms *kms, const struct li_kms_context *context,
                       const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    const struct li_buffer input = {.data = (uint8_t *)key->bytes, .len = LI_SECRET_SIZE};

    return exchange(kms, LI_BROKER_WRAP, context, &input, blob, err);
}

static int remote_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                         const uint8_t *blob, size_t len, struct li_secret *key,
                         struct li_error *err)
{
    const struct li_buffer input = {.data = (uint8_t *)blob, .len = len};
    struct li_buffer out = {.wiped = true};
    int rc = exchange(kms, LI_BROKER_UNWRAP, context, &input, &out, err);

    if (rc == 0 && out.len != LI_SECRET_SIZE)
        rc = li_fail(err, LI_EIO, "the process that has the key answers with %zu bytes", out.len);
    if (rc == 0)
        memcpy(key->bytes, out.data, LI_SECRET_SIZE);
    li_buffer_wipe_free(&out);
    return rc;
}

static void remote_free(struct li_kms *kms)
{
    free(kms);
}

int li_remote_kms_new(struct li_broker *broker, const struct li_broker_greeting *greeting,
                      struct li_kms **out, struct li_error *err)
{
    static const struct li_kms_operations operations = {
        .wrap = remote_wrap, .unwrap = remote_unwrap, .free = remote_free};
    struct remote *remote = calloc(1, sizeof(*remote));

    if (!remote)
        return li_fail_memory(err);
    remote->kms.ops = &operations;
    memcpy(remote->kms.name, greeting->kms, sizeof(remote->kms.name));
    remote->kms.name[sizeof(remote->kms.name) - 1] = '\0';
    remote->broker = broker;
    *out = &remote->kms;
    return 0;
}
