/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KMS of a program of the user's, for kms.c alone; lambdaimg-kms-program(5) has the protocol.
 */
#ifndef LI_KMS_EXEC_H
#define LI_KMS_EXEC_H

#include "kms/kms.h"

enum { LI_EXEC_NAME_MAX = LI_KMS_WRAP_NAME_MAX - 5 }; /* of a key as a program tells it, with NUL */

/* li_kms_open() for the part of a spec after "exec:": the program and its arguments, split as a
 * shell splits words. Asks the program for the name of its key. Of OPTIONS the deadline and the
 * notice are used. LI_ENOTFOUND if there is no such program; LI_EINVALID (the words);
 * LI_EUNSUPPORTED (another version of the protocol); LI_EDENIED, LI_ENETWORK and LI_EIO as the
 * program ends. */
int li_kms_exec_open(const char *command, const struct li_kms_options *options, struct li_kms **out,
                     struct li_error *err);

/* Always LI_END: a program's key is made with the tools of its service. */
int li_kms_exec_create(const char *command, const struct li_kms_options *options,
                       struct li_error *err);

/* ---- exec_protocol.c: requests and answers --------------------------------------------------- */

/* Write a request to OUT, which is replaced, and which the caller frees with li_buffer_wipe_free().
 * LI_ENOMEM. */
int li_exec_ask_name(struct li_buffer *out, struct li_error *err);
int li_exec_ask_wrap(const struct li_kms_context *context, const struct li_secret *key,
                     struct li_buffer *out, struct li_error *err);
int li_exec_ask_unwrap(const struct li_kms_context *context, const uint8_t *blob, size_t len,
                       struct li_buffer *out, struct li_error *err);

/* Read an answer. LI_EIO if it is not one, LI_EUNSUPPORTED if its version is not known. */
int li_exec_read_name(const struct li_buffer *answer, char name[LI_EXEC_NAME_MAX],
                      struct li_error *err);
/* Appends the 1 to MOST bytes of the blob to OUT. */
int li_exec_read_blob(const struct li_buffer *answer, size_t most, struct li_buffer *out,
                      struct li_error *err);
int li_exec_read_key(const struct li_buffer *answer, struct li_secret *key, struct li_error *err);

#endif
