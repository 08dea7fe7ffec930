/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of AWS KMS, as a user may write them ("KeyId" in the AWS KMS API Reference):
 *
 *     1234abcd-12ab-34cd-56ef-1234567890ab      a key ID
 *     mrk-1234abcd12ab34cd56ef1234567890ab      that of a multi-region key
 *     alias/images                              an alias
 *     arn:aws:kms:eu-west-1:111122223333:key/ID or :alias/NAME
 *
 * For the AWS KMS alone.
 */
#ifndef LI_KMS_AWS_KEY_H
#define LI_KMS_AWS_KEY_H

#include "aws/endpoint.h"
#include "kms/kms.h"

enum { LI_AWS_KEY_ID_SIZE = 37 }; /* bytes of a key ID, with the NUL */

struct li_aws_key {
    char text[LI_KMS_KEY_MAX];       /* as the user wrote it */
    char region[LI_AWS_REGION_SIZE]; /* of an ARN; else "" */
    char id[LI_AWS_KEY_ID_SIZE];     /* "" for an alias */
};

/* LI_EINVALID if TEXT is none of the above. */
int li_aws_key_parse(const char *text, struct li_aws_key *out, struct li_error *err);

/* Writes the name of the wraps of the key with ID: the same in each region of a multi-region key.
 */
void li_aws_key_name(const char *id, char name[LI_KMS_WRAP_NAME_MAX]);

#endif
