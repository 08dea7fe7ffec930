/* SPDX-License-Identifier: Apache-2.0 */
/* The KMS of a key file, for kms.c alone. */
#ifndef LI_KMS_KMS_FILE_H
#define LI_KMS_KMS_FILE_H

#include "kms/kms.h"

/* li_kms_open() and li_kms_create() for the part of a spec after "file:". Of OPTIONS only the
 * environment is used, for randomness. */
int li_kms_file_open(const char *path, const struct li_kms_options *options, struct li_kms **out,
                     struct li_error *err);
int li_kms_file_create(const char *path, const struct li_kms_options *options,
                       struct li_error *err);

#endif
