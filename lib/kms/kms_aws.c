/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in AWS KMS. They never leave it: 32 bytes go there to be wrapped, and a wrap goes there to
 * be unwrapped.
 *
 * Requests name the key as the user wrote it, because a policy may allow it only by that alias
 * (kms:RequestAlias). Each answer says which key was used, and must name the same key each time. So
 * an alias that is moved in the middle of a command wraps nothing under a name of another key, and
 * no server can make us use a wrap by a key of its own.
 */
#include "kms/kms_aws.h"

#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "kms/aws_internal.h"

enum {
    STALL = 20,           /* seconds without progress before a request is sent again */
    REPLY_MAX = 16 << 10, /* bytes of an answer */
};

static const char *const target[LI_KMS_ACTIONS] = {"TrentService.Encrypt", "TrentService.Decrypt",
                                                   "TrentService.ReEncrypt",
                                                   "TrentService.DescribeKey"};

static int check_answer(void *arg, const struct li_http_response *response, struct li_error *err)
{
    const struct li_aws_asking *asking = arg;

    return li_kms_aws_decode(asking->question->action, response, asking->reply, err);
}

static int send_question(struct li_kms_aws *self, const struct li_aws_question *question,
                         const struct li_buffer *body, struct li_aws_reply *reply,
                         struct li_error *err)
{
    const struct li_http_header headers[] = {{"content-type", "application/x-amz-json-1.1"},
                                             {"x-amz-target", target[question->action]}};
    struct li_aws_asking asking = {question, reply};
    const struct li_aws_call call = {.method = LI_HTTP_POST,
                                     .path = "/",
                                     .headers = headers,
                                     .header_count = 2,
                                     .body = body->data,
                                     .body_len = body->len,
                                     .limit = REPLY_MAX,
                                     .secret = true,
                                     .kind = (unsigned)question->action,
                                     .deadline = self->deadline,
                                     .check = check_answer,
                                     .check_arg = &asking};
    struct li_http_response response = {0};
    int rc = li_aws_call(&self->client, &call, &response, err);

    li_http_response_free(&response);
    return rc;
}

/* The key of an alias is known as soon as it was described once. */
static int check_used(const struct li_kms_aws *self, const struct li_aws_reply *reply,
                      struct li_error *err)
{
    if (!*self->key.id || strcmp(self->key.id, reply->id) == 0)
        return 0;
    return li_fail(err, LI_EDENIED,
                   "it used the key %s instead of %s; if the alias names another key now, run the "
                   "command again",
                   reply->id, self->key.id);
}

/* The caller wipes and frees what is in *REPLY, also on failure. */
static int ask(struct li_kms_aws *self, const struct li_aws_question *question,
               struct li_aws_reply *reply, struct li_error *err)
{
    struct li_buffer body = {.wiped = true};
    int rc = li_kms_aws_encode(self, question, &body, err);

    if (rc == 0)
        rc = send_question(self, question, &body, reply, err);
    if (rc == 0)
        rc = check_used(self, reply, err);
    li_buffer_wipe_free(&body);
    return rc == 0 ? 0 : li_kms_aws_failed(self, question->action, err);
}

/* Asks for a wrapped key. */
static int ask_for_blob(struct li_kms *kms, const struct li_aws_question *question,
                        struct li_buffer *blob, struct li_error *err)
{
    struct li_aws_reply reply = {.id = ""};
    int rc = ask((struct li_kms_aws *)kms, question, &reply, err);

    blob->len = 0;
    if (rc == 0)
        rc = li_buffer_append(blob, reply.blob.data, reply.blob.len, err);
    li_buffer_free(&reply.blob);
    return rc;
}

static int aws_wrap(struct li_kms *kms, const struct li_kms_context *context,
                    const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    const struct li_aws_question question = {.action = LI_KMS_WRAP, .context = context, .key = key};

    return ask_for_blob(kms, &question, blob, err);
}

static int aws_unwrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                      size_t len, struct li_secret *key, struct li_error *err)
{
    const struct li_kms_wrapped wrapped = {.blob = blob, .len = len};
    const struct li_aws_question question = {
        .action = LI_KMS_UNWRAP, .context = context, .wrapped = &wrapped};
    struct li_aws_reply reply = {.id = ""};
    int rc = ask((struct li_kms_aws *)kms, &question, &reply, err);

    if (rc == 0)
        *key = reply.key;
    li_secret_wipe(&reply.key);
    return rc;
}

static const struct li_kms_operations operations;

/* AWS KMS rewraps from one key to another of the same region, whichever account they are in. */
static int aws_rewrap(struct li_kms *kms, const struct li_kms_wrapped *wrapped,
                      struct li_buffer *out, struct li_error *err)
{
    const struct li_kms_aws *self = (const struct li_kms_aws *)kms;
    const struct li_kms_aws *from = (const struct li_kms_aws *)wrapped->by;
    const struct li_aws_question question = {
        .action = LI_KMS_REWRAP, .context = wrapped->context, .wrapped = wrapped};

    if (from->kms.ops != &operations || strcmp(from->location.region, self->location.region) != 0 ||
        strcmp(from->location.endpoint, self->location.endpoint) != 0)
        return LI_END;
    return ask_for_blob(kms, &question, out, err);
}

static int aws_describe(struct li_kms *kms, struct li_kms_description *out, struct li_error *err)
{
    const struct li_aws_question question = {.action = LI_KMS_DESCRIBE};
    struct li_aws_reply reply = {.id = ""};
    int rc = ask((struct li_kms_aws *)kms, &question, &reply, err);

    if (rc == 0)
        *out = reply.description;
    return rc;
}

static void aws_free(struct li_kms *kms)
{
    struct li_kms_aws *self = (struct li_kms_aws *)kms;

    li_aws_client_destroy(&self->client);
    free(self);
}

static const struct li_kms_operations operations = {
    .wrap = aws_wrap,
    .unwrap = aws_unwrap,
    .free = aws_free,
    .rewrap = aws_rewrap,
    .describe = aws_describe,
    .permission = {"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom and kms:ReEncryptTo",
                   "kms:DescribeKey"}};

/* ---- opening --------------------------------------------------------------------------------- */

static int locate(struct li_kms_aws *self, const struct li_kms_options *options,
                  struct li_aws_destination *to, struct li_error *err)
{
    static const char of_own_endpoint[] = "us-east-1";
    struct li_aws_location *location = &self->location;
    int rc = li_aws_locate_kms(options->settings, options->http, options->env,
                               *self->key.region ? self->key.region : NULL, location, err);

    if (rc == 0 && !*location->region && *location->endpoint)
        strcpy(location->region, of_own_endpoint);
    if (rc == 0 && !*location->region)
        rc = li_fail(err, LI_EINVALID,
                     "the region is not known; give the key's ARN, or the region with --region or "
                     "AWS_REGION");
    if (rc == 0)
        rc = li_aws_endpoint_parse(location->endpoint, &to->endpoint, err);
    if (rc == 0)
        strcpy(to->region, location->region);
    return rc;
}

static void start_client(struct li_kms_aws *self, const struct li_kms_options *options,
                         const struct li_aws_destination *to)
{
    const struct li_aws_client_options client = {.ops = &self->calls,
                                                 .service = "kms",
                                                 .env = options->env,
                                                 .http = options->http,
                                                 .provider = options->provider,
                                                 .stall = STALL};

    self->kms.ops = &operations;
    self->deadline = options->deadline;
    self->calls = li_aws_json_operations;
    self->calls.tell = li_kms_aws_tell;
    li_aws_client_init(&self->client, &client);
    self->client.destination = *to;
}

/* Finds the key of an alias, since its wraps have its name. */
static int resolve(struct li_kms_aws *self, struct li_error *err)
{
    const struct li_aws_question question = {.action = LI_KMS_DESCRIBE};
    struct li_aws_reply reply = {.id = ""};
    int rc = *self->key.id ? 0 : ask(self, &question, &reply, err);

    if (rc == 0 && !*self->key.id)
        strcpy(self->key.id, reply.id);
    if (rc == 0)
        li_aws_key_name(self->key.id, self->kms.name);
    return rc;
}

static int parse(const char *key, const struct li_kms_options *options, struct li_aws_key *out,
                 struct li_error *err)
{
    int rc = li_aws_key_parse(key, out, err);

    if (rc == 0 && !options->provider)
        rc = li_fail(err, LI_EINVALID, "aws-kms:%s takes credentials: leave out --no-sign-request",
                     key);
    return rc;
}

int li_kms_aws_open(const char *key, const struct li_kms_options *options, struct li_kms **out,
                    struct li_error *err)
{
    struct li_kms_aws *self = calloc(1, sizeof(*self));
    struct li_aws_destination to = {.region = ""};
    int rc;

    if (!self)
        return li_fail_memory(err);
    rc = parse(key, options, &self->key, err);
    if (rc == 0 && (rc = locate(self, options, &to, err)) < 0)
        li_context(err, "aws-kms:%s", key);
    if (rc < 0) {
        free(self);
        return rc;
    }
    start_client(self, options, &to);
    rc = resolve(self, err);
    if (rc == 0)
        *out = &self->kms;
    else
        aws_free(&self->kms);
    return rc;
}

int li_kms_aws_create(const char *key, const struct li_kms_options *options, struct li_error *err)
{
    (void)key, (void)options, (void)err;
    return LI_END;
}
