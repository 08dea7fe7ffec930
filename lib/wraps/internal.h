/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of lib/wraps. */
#ifndef LI_WRAPS_INTERNAL_H
#define LI_WRAPS_INTERNAL_H

#include "repo/wrapped.h"
#include "wraps/wraps.h"

/* Where the wraps of OBJECT are. */
struct li_wrapped li_wraps_place(const struct li_wraps_object *object);

/* Whether OBJECT has a wrap of the name NAME. */
bool li_wraps_has(const struct li_wraps *wraps, const struct li_wraps_object *object,
                  const char *name);

/* Fetches the wrap at AT, and sets *BLOB and *LEN to the KMS's bytes in OBJECT, which the caller
 * frees, also on failure. LI_ECORRUPT, also if it is gone, and the failures of the store. */
int li_wraps_fetch(struct li_repo *repo, const struct li_key *at, struct li_buffer *object,
                   const uint8_t **blob, size_t *len, struct li_error *err);

/* Opens the wrap at AT of WRAPPED by KMS into SECRET, which the caller wipes. The failures of
 * li_wraps_fetch() and of the KMS. */
int li_wraps_open(struct li_repo *repo, const struct li_wrapped *wrapped, const struct li_key *at,
                  struct li_kms *kms, struct li_secret *secret, struct li_error *err);

/* Whether a failure with one object would be the same with the next. */
bool li_wraps_is_fatal(int rc);

/* OBJECT has failed with ERR, which is cleared. */
void li_wraps_note_failure(struct li_wraps *wraps, struct li_wraps_object *object,
                           struct li_error *err);

#endif
