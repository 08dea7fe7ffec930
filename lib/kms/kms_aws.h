/* SPDX-License-Identifier: Apache-2.0 */
/* AWS KMS, for kms.c alone. */
#ifndef LI_KMS_KMS_AWS_H
#define LI_KMS_KMS_AWS_H

#include "kms/kms.h"

/* li_kms_open() for the part of a spec after "aws-kms:". It asks AWS KMS only if KEY is an alias,
 * whose key it must know. Errors: LI_EINVALID (not a key, no region, no credentials wanted), and
 * those of li_kms_describe(). */
int li_kms_aws_open(const char *key, const struct li_kms_options *options, struct li_kms **out,
                    struct li_error *err);

/* LI_END: AWS makes keys, not lambdaimg. */
int li_kms_aws_create(const char *key, const struct li_kms_options *options, struct li_error *err);

#endif
