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

/* Whether KMS opens the wrap at AT of WRAPPED: 0, LI_EDENIED or LI_ECORRUPT if not, and other
 * failures. */
int li_wraps_try(struct li_repo *repo, const struct li_wrapped *wrapped, const struct li_key *at,
                 struct li_kms *kms, struct li_error *err);

#endif
