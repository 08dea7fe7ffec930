/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files: one line of text, "lambdaimg-key-1 ", 64 lower-case hexadecimal digits, a newline. For
 * the file KMS alone.
 */
#ifndef LI_KMS_KEY_FILE_H
#define LI_KMS_KEY_FILE_H

#include "base/env.h"
#include "base/error.h"
#include "base/secret.h"

/* Reads the key at PATH, a regular file or a symbolic link to one. LI_ENOTFOUND; LI_EDENIED if
 * neither the effective user nor root owns it, or if others may access it; LI_ECORRUPT; LI_EINVALID
 * if it is not a regular file. */
int li_key_file_read(const char *path, struct li_secret *key, struct li_error *err);

/* Makes a random key at PATH, mode 0600, and the missing directories above it, mode 0700. LI_END if
 * PATH exists. */
int li_key_file_create(const char *path, const struct li_env *env, struct li_error *err);

#endif
