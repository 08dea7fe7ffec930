/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a refusal by AWS KMS means, and what to try. Codes are those of the AWS KMS API Reference,
 * "Common Errors" and those of the four operations.
 *
 * AWS gives one code to everything that a policy forbids: an action, a key, an encryption context,
 * a grant that is not there yet. So the sentence names all that a policy can ask for.
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "kms/aws_internal.h"

/* What a sentence may need. */
struct telling {
    const struct li_kms_aws *self;
    const struct li_aws_refusal *refusal;
    const struct li_aws_question *question;
    char *text;
    size_t size;
};

static bool mentions(const struct telling *t, const char *words)
{
    return strcasestr(t->refusal->said->message, words) != NULL;
}

static void tell_denied(const struct telling *t)
{
    const struct li_kms_context *context = t->question->context;
    const char *permission = li_kms_permission(&t->self->kms, t->question->action);
    char repository[2 * LI_ID_SIZE + 1];

    if (!context) {
        snprintf(t->text, t->size, "the caller needs %s%s", permission,
                 *t->self->key.id ? "" : "; or give the key's ARN, which takes no look-up");
        return;
    }
    li_hex_encode(context->repository, LI_ID_SIZE, repository);
    snprintf(t->text, t->size,
             "the caller needs %s for lambdaimg:purpose=%.32s and lambdaimg:repository=%s, by the "
             "key's policy, its own or a grant",
             permission, context->purpose, repository);
}

static void tell_state(const struct telling *t)
{
    snprintf(
        t->text, t->size, "%s",
        mentions(t, "deletion")
            ? "the key is to be deleted, and all that it has wrapped will be lost with it; "
              "cancel that with aws kms cancel-key-deletion, and enable the key"
        : mentions(t, "import")
            ? "the key has no key material at the moment; import it again"
            : "the key is in a state in which it cannot be used; aws kms describe-key shows it");
}

static const char *region_source(const struct telling *t)
{
    const char *source = t->self->location.region_source;

    return *source ? source : "the default";
}

static void tell_absent(const struct telling *t)
{
    snprintf(t->text, t->size,
             "there is no such key in %s (from %.100s) and in the caller's account; check both, or "
             "give the key's ARN",
             t->self->location.region, region_source(t));
}

static void tell_signature(const struct telling *t)
{
    if (mentions(t, "valid region"))
        snprintf(t->text, t->size, "the endpoint %.200s is not in the region %s (from %.100s)",
                 t->self->location.endpoint, t->self->location.region, region_source(t));
    else if (mentions(t, "expired") || mentions(t, "not yet current"))
        snprintf(t->text, t->size, "the clock of this machine is wrong; set it");
    else
        snprintf(t->text, t->size, "the secret key does not fit the access key");
}

static void tell_endpoint(const struct telling *t)
{
    const struct li_aws_location *location = &t->self->location;

    snprintf(t->text, t->size,
             "this is not how AWS KMS answers; check the endpoint %.200s%s%.100s%s",
             location->endpoint, *location->endpoint_source ? " (from " : "",
             location->endpoint_source, *location->endpoint_source ? ")" : "");
}

/* A code, what it becomes, and its sentence: a text, or a function that writes one. */
static const struct meaning {
    const char *code;
    int err;
    const char *text;
    void (*tell)(const struct telling *t);
} meanings[] = {
    {"AccessDeniedException", LI_EDENIED, NULL, tell_denied},
    {"AccessDenied", LI_EDENIED, NULL, tell_denied},
    {"NotAuthorized", LI_EDENIED, NULL, tell_denied},
    {"DisabledException", LI_EDENIED, "the key is disabled; enable it with aws kms enable-key",
     NULL},
    {"KMSInvalidStateException", LI_EDENIED, NULL, tell_state},
    {"NotFoundException", LI_ENOTFOUND, NULL, tell_absent},
    {"InvalidCiphertextException", LI_EDENIED,
     "the wrapped key does not fit this key, repository or object: it was moved or changed, or "
     "wrapped by another key",
     NULL},
    {"IncorrectKeyException", LI_EDENIED, "another key has wrapped this; give that key with --kms",
     NULL},
    {"InvalidKeyUsageException", LI_EINVALID,
     "the key is not for encryption; give a symmetric key for ENCRYPT_DECRYPT", NULL},
    {"InvalidGrantTokenException", LI_EDENIED, "a grant was refused", NULL},
    {"InvalidArnException", LI_EINVALID, NULL, tell_absent},
    {"KeyUnavailableException", LI_ENETWORK,
     "the key is not available at the moment; try again later, and look at its key store if it has "
     "one of its own",
     NULL},
    {"DependencyTimeoutException", LI_ENETWORK, "AWS KMS took too long; try again later", NULL},
    {"ThrottlingException", LI_ENETWORK,
     "the account has sent too many requests; try again later, or have its quota for AWS KMS "
     "raised",
     NULL},
    {"LimitExceededException", LI_ENETWORK,
     "a quota of the account is used up; try again later, or have it raised", NULL},
    {"ExpiredTokenException", LI_EDENIED,
     "the credentials have expired, even those after a renewal; get new ones", NULL},
    {"InvalidSignatureException", LI_EDENIED, NULL, tell_signature},
    {"UnrecognizedClientException", LI_EDENIED,
     "AWS does not know this access key, or the session token does not belong to it", NULL},
    {"InvalidClientTokenId", LI_EDENIED,
     "AWS does not know this access key, or the session token does not belong to it", NULL},
    {"OptInRequired", LI_EDENIED, "the account is not signed up for AWS KMS", NULL},
    {"UnknownOperationException", LI_EINVALID, NULL, tell_endpoint},
    {"", LI_EINVALID, NULL, tell_endpoint},
};

static const struct meaning *meaning_of(const struct li_aws_refusal *refusal)
{
    const char *code = refusal->said->code;

    /* A status without a code that may pass says no more than that. */
    if (!*code && (refusal->status == 401 || refusal->status == 403 || refusal->status == 429 ||
                   refusal->status >= 500))
        return NULL;
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (strcmp(code, meanings[i].code) == 0)
            return &meanings[i];
    return NULL;
}

int li_kms_aws_tell(const struct li_aws_client *client, const struct li_aws_refusal *refusal,
                    struct li_error *err)
{
    const struct li_aws_error *said = refusal->said;
    const struct meaning *meaning = meaning_of(refusal);
    char text[512] = "", who[LI_AWS_KEY_MAX + LI_AWS_SOURCE_MAX + 64] = "";
    const struct telling telling = {
        (const struct li_kms_aws *)((const char *)client - offsetof(struct li_kms_aws, client)),
        refusal, ((const struct li_aws_asking *)refusal->call->check_arg)->question, text,
        sizeof(text)};

    if (!meaning)
        return li_aws_json_operations.tell(client, refusal, err);
    if (meaning->tell)
        meaning->tell(&telling);
    if (meaning->err == LI_EDENIED && *refusal->credentials->access_key)
        snprintf(who, sizeof(who), "; the request used the access key %.100s from %.200s",
                 refusal->credentials->access_key, refusal->credentials->source);
    return li_fail(err, meaning->err, "%s%s (%d %s%s%.400s%s%s)",
                   meaning->tell ? text : meaning->text, who, refusal->status,
                   *said->code ? said->code : "without a code", *said->message ? ": " : "",
                   said->message, *said->request ? "; request " : "", said->request);
}

int li_kms_aws_failed(const struct li_kms_aws *self, enum li_kms_action action,
                      struct li_error *err)
{
    static const char *const cannot[LI_KMS_ACTIONS] = {"wrap with", "unwrap with", "rewrap to",
                                                       "describe"};

    return li_context(err, "AWS KMS cannot %s the key %s", cannot[action], self->key.text);
}
