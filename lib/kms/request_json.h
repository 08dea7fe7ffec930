/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to key services as JSON, for the kinds of KMS alone.
 *
 * They are written by hand: the key to wrap is in them, so they are in one buffer, which is wiped,
 * and a library would leave copies in its memory. Every text in them is of characters that need no
 * escape. Each function appends to OUT, which should be `wiped`. LI_ENOMEM. Any thread.
 */
#ifndef LI_KMS_REQUEST_JSON_H
#define LI_KMS_REQUEST_JSON_H

#include "base/buffer.h"
#include "base/error.h"
#include "kms/kms.h"

/* TEXT as it is. */
int li_request_put(struct li_buffer *out, const char *text, struct li_error *err);

/* "NAME":"TEXT", after a comma, or after a brace if it is the first of all. */
int li_request_text(struct li_buffer *out, const char *name, const char *text,
                    struct li_error *err);

/* The same for an ID as hexadecimal digits. */
int li_request_id(struct li_buffer *out, const char *name, const uint8_t id[LI_ID_SIZE],
                  struct li_error *err);

/* The same for at most LI_KMS_BLOB_MAX bytes (LI_ECORRUPT) in base64. */
int li_request_bytes(struct li_buffer *out, const char *name, const uint8_t *bytes, size_t len,
                     struct li_error *err);

/* "NAME":{, after a comma. Its members follow, and then a brace of li_request_put(). */
int li_request_open(struct li_buffer *out, const char *name, struct li_error *err);

/* Whether PURPOSE is 1 to 32 characters of a-z and '-'. LI_EINVALID. */
int li_request_purpose(const char *purpose, struct li_error *err);

#endif
