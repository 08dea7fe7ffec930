/* SPDX-License-Identifier: Apache-2.0 */
/* The KMS of a key file; for kms.c, which says what these do. PATH is what follows "file:". */
#ifndef LI_KMS_KMS_FILE_H
#define LI_KMS_KMS_FILE_H

#include "kms/kms.h"

int li_kms_file_open(const char *path, const struct li_env *env, struct li_kms **out,
                     struct li_error *err);
int li_kms_file_create(const char *path, const struct li_env *env, struct li_error *err);

#endif
