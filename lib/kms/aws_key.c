/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only characters of key IDs, aliases and ARNs pass, so that a key can stand in JSON, in a message
 * and in a host name as it is. A word that is not a key ID is refused here: AWS would only say that
 * there is no such key, and the user has most likely left out "alias/".
 *
 * The wraps of a key are named by its ID. An ID is random, so it does not take the account and the
 * region to tell two keys apart, and the replicas of a multi-region key have one ID.
 */
#include "kms/aws_key.h"

#include <stdio.h>
#include <string.h>

enum { ALIAS_MAX = 256, PARTITION_MAX = 32, ACCOUNT_SIZE = 12 };

static const char hex[] = "0123456789abcdef";
static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char alias_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-";

static bool is_uuid(const char *text)
{
    static const size_t digits[] = {8, 4, 4, 4, 12};

    for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++) {
        if (i > 0 && *text++ != '-')
            return false;
        if (strspn(text, hex) != digits[i])
            return false;
        text += digits[i];
    }
    return *text == '\0';
}

static bool is_key_id(const char *text)
{
    if (strncmp(text, "mrk-", 4) == 0)
        return strlen(text) == LI_AWS_KEY_ID_SIZE - 1 && strspn(text + 4, hex) == 32;
    return is_uuid(text);
}

static bool is_alias(const char *text)
{
    const char *name = text + strlen("alias/");
    size_t len;

    if (strncmp(text, "alias/", strlen("alias/")) != 0)
        return false;
    len = strlen(name);
    return len > 0 && len <= ALIAS_MAX && strspn(name, alias_characters) == len;
}

/* Takes the field of an ARN before the next colon, of characters in ALLOWED, into FIELD of SIZE
 * bytes. */
static bool take_field(const char **at, const char *allowed, char *field, size_t size)
{
    size_t len = strspn(*at, allowed);

    if (len == 0 || len >= size || (*at)[len] != ':')
        return false;
    memcpy(field, *at, len);
    field[len] = '\0';
    *at += len + 1;
    return true;
}

/* The part after the account: "key/ID" or "alias/NAME"; NULL if TEXT is not the ARN of a key. */
static const char *parse_arn(const char *text, char region[LI_AWS_REGION_SIZE])
{
    char partition[PARTITION_MAX], account[ACCOUNT_SIZE + 1];

    if (strncmp(text, "arn:", 4) != 0)
        return NULL;
    text += 4;
    if (!take_field(&text, lower, partition, sizeof(partition)) || strncmp(text, "kms:", 4) != 0)
        return NULL;
    text += 4;
    if (!take_field(&text, lower, region, LI_AWS_REGION_SIZE) ||
        !take_field(&text, "0123456789", account, sizeof(account)))
        return NULL;
    return strlen(account) == ACCOUNT_SIZE ? text : NULL;
}

int li_aws_key_parse(const char *text, struct li_aws_key *out, struct li_error *err)
{
    struct li_aws_key key = {.text = ""};
    const char *rest = parse_arn(text, key.region);
    const char *id = rest && strncmp(rest, "key/", 4) == 0 ? rest + 4 : rest ? "" : text;

    if (strlen(text) >= sizeof(key.text) || !(is_key_id(id) || is_alias(rest ? rest : text)))
        return li_fail(err, LI_EINVALID,
                       "aws-kms:%.100s does not name a key; give its ID, its ARN, alias/NAME or "
                       "the ARN of an alias",
                       text);
    strcpy(key.text, text);
    if (is_key_id(id))
        strcpy(key.id, id);
    if (!rest)
        key.region[0] = '\0';
    *out = key;
    return 0;
}

void li_aws_key_name(const char *id, char name[LI_KMS_WRAP_NAME_MAX])
{
    snprintf(name, LI_KMS_WRAP_NAME_MAX, "aws-kms-%s", id);
}
