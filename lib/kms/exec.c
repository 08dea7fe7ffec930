/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A KMS that is a program of the user's, for services and tokens that we do not know. It is asked
 * once for the name of its key, and then once for each wrap.
 *
 * The program is told the encryption context, and should bind the wrap to it. But a service may
 * have no such thing, or ignore it silently. So before the program's bytes a wrap has a check of
 * ours, an HMAC of the context under a key that is expanded from the secret: a wrap that was moved
 * to another place does not open, whatever the program does, and neither does one whose secret was
 * changed. The secret is 32 random bytes, so the check reveals nothing about it.
 *
 * Credentials of the repository's store are no business of the program, so they are left out of its
 * environment. What is secret is in its input only, where no other user sees it.
 */
#include "kms/exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "aws/words.h"
#include "base/program.h"
#include "base/text.h"
#include "crypto/crypto.h"

static const char context_label[] = "lambdaimg exec wrap"; /* including its NUL */

enum {
    PURPOSE_MAX = 32,
    CONTEXT_MAX = sizeof(context_label) + PURPOSE_MAX + 2 * LI_ID_SIZE,
};

struct kms_exec {
    struct li_kms kms; /* first, so that the pointers can be converted */
    char **words;
    struct li_kms_options options;
};

/* Passes on what the program says, with its name. */
static void pass_on(void *arg, const char *text)
{
    const struct kms_exec *self = arg;
    char *line = NULL;

    if (asprintf(&line, "%s: %s", self->words[0], text) < 0)
        return;
    li_text_show(line);
    self->options.notice(self->options.notice_arg, line);
    free(line);
}

static int run(struct kms_exec *self, const struct li_buffer *request, struct li_buffer *answer,
               struct li_error *err)
{
    const struct li_program program = {
        .words = self->words,
        .input = request->data,
        .input_len = request->len,
        .seconds = self->options.deadline,
        .without = li_aws_credential_variables(),
        .own_group = true,
        .notice = self->options.notice ? pass_on : NULL,
        .notice_arg = self,
    };

    return li_program_run(&program, answer, err);
}

/* Names the program in ERR, and leaves no code that would be an answer about the repository. */
static int finish(const struct kms_exec *self, int rc, struct li_error *err)
{
    if (rc >= 0)
        return rc;
    if (rc != LI_EDENIED && rc != LI_ENETWORK && rc != LI_ENOMEM && rc != LI_EINVALID)
        err->code = LI_EIO;
    return li_context(err, "exec:%s", self->words[0]);
}

/* The HMAC of CONTEXT that only whoever has KEY can make. */
static int make_check(const struct li_kms_context *context, const struct li_secret *key,
                      uint8_t check[LI_MAC_SIZE], struct li_error *err)
{
    size_t purpose_size = strlen(context->purpose) + 1;
    struct li_secret expanded = {{0}};
    uint8_t text[CONTEXT_MAX], *p = text;
    int rc;

    if (purpose_size > PURPOSE_MAX)
        return li_fail(err, LI_EINVALID, "the purpose \"%s\" is too long", context->purpose);
    p = mempcpy(p, context_label, sizeof(context_label));
    p = mempcpy(p, context->purpose, purpose_size);
    p = mempcpy(p, context->repository, LI_ID_SIZE);
    p = mempcpy(p, context->object, LI_ID_SIZE);
    rc = li_crypto_expand(key, "lambdaimg kms exec check", &expanded, err);
    if (rc == 0)
        rc = li_crypto_mac(&expanded, text, (size_t)(p - text), check, err);
    li_secret_wipe(&expanded);
    return rc;
}

static int exec_wrap(struct li_kms *kms, const struct li_kms_context *context,
                     const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    struct kms_exec *self = (struct kms_exec *)kms;
    struct li_buffer request = {.wiped = true}, answer = {.wiped = true};
    uint8_t check[LI_MAC_SIZE];
    int rc = make_check(context, key, check, err);

    if (rc == 0)
        rc = li_exec_ask_wrap(context, key, &request, err);
    if (rc == 0)
        rc = run(self, &request, &answer, err);
    blob->len = 0;
    if (rc == 0)
        rc = li_buffer_append(blob, check, sizeof(check), err);
    if (rc == 0)
        rc = li_exec_read_blob(&answer, LI_KMS_BLOB_MAX - sizeof(check), blob, err);
    li_buffer_wipe_free(&request);
    li_buffer_wipe_free(&answer);
    return finish(self, rc, err);
}

static int check_opened(const struct li_kms *kms, const struct li_kms_context *context,
                        const struct li_secret *key, const uint8_t *stored, struct li_error *err)
{
    uint8_t check[LI_MAC_SIZE];
    int rc = make_check(context, key, check, err);

    if (rc == 0 && !li_equal_secret(check, stored, sizeof(check)))
        rc = li_fail(err, LI_EDENIED,
                     "the key (%s) opens the wrap, but the %s's key in it does not fit this "
                     "repository and object: it was moved or changed",
                     kms->name, context->purpose);
    return rc;
}

static int exec_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                       const uint8_t *blob, size_t len, struct li_secret *key, struct li_error *err)
{
    struct kms_exec *self = (struct kms_exec *)kms;
    struct li_buffer request = {.wiped = true}, answer = {.wiped = true};
    struct li_secret opened = {{0}};
    int rc;

    if (len <= LI_MAC_SIZE || len > LI_KMS_BLOB_MAX)
        return li_fail(err, LI_ECORRUPT,
                       "a program's wrap has %d to %d bytes, but this one has %zu", LI_MAC_SIZE + 1,
                       LI_KMS_BLOB_MAX, len);
    rc = li_exec_ask_unwrap(context, blob + LI_MAC_SIZE, len - LI_MAC_SIZE, &request, err);
    if (rc == 0)
        rc = run(self, &request, &answer, err);
    if (rc == 0)
        rc = li_exec_read_key(&answer, &opened, err);
    if (rc == 0)
        rc = check_opened(kms, context, &opened, blob, err);
    if (rc == 0)
        *key = opened;
    li_secret_wipe(&opened);
    li_buffer_wipe_free(&request);
    li_buffer_wipe_free(&answer);
    return finish(self, rc, err);
}

static void exec_free(struct li_kms *kms)
{
    struct kms_exec *self = (struct kms_exec *)kms;

    li_aws_words_free(self->words);
    free(self);
}

static int ask_name(struct kms_exec *self, struct li_error *err)
{
    struct li_buffer request = {.wiped = true}, answer = {.wiped = true};
    char name[LI_EXEC_NAME_MAX];
    int rc = li_exec_ask_name(&request, err);

    if (rc == 0)
        rc = run(self, &request, &answer, err);
    if (rc == 0)
        rc = li_exec_read_name(&answer, name, err);
    if (rc == 0)
        snprintf(self->kms.name, sizeof(self->kms.name), "exec-%s", name);
    li_buffer_wipe_free(&request);
    li_buffer_wipe_free(&answer);
    return rc < 0 ? li_context(err, "exec:%s", self->words[0]) : 0;
}

static int split(const char *command, struct kms_exec *self, struct li_error *err)
{
    int rc = li_aws_words_split(command, &self->words, err);

    if (rc < 0)
        return li_context(err, "exec:%s", command);
    return self->words[0] && *self->words[0]
               ? 0
               : li_fail(err, LI_EINVALID, "exec: no program is named");
}

int li_kms_exec_open(const char *command, const struct li_kms_options *options, struct li_kms **out,
                     struct li_error *err)
{
    static const struct li_kms_operations operations = {
        .wrap = exec_wrap, .unwrap = exec_unwrap, .free = exec_free};
    struct kms_exec *self = calloc(1, sizeof(*self));
    int rc;

    if (!self)
        return li_fail_memory(err);
    self->kms.ops = &operations;
    self->options = *options;
    rc = split(command, self, err);
    if (rc == 0)
        rc = ask_name(self, err);
    if (rc < 0)
        exec_free(&self->kms);
    else
        *out = &self->kms;
    return rc;
}

int li_kms_exec_create(const char *command, const struct li_kms_options *options,
                       struct li_error *err)
{
    (void)command, (void)options, (void)err;
    return LI_END;
}
