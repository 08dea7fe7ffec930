/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps: secrets in the store, each wrapped by a KMS (D4a). Data keys of manifests and salts are
 * kept so.
 *
 * A wrap opens only under the context it was made for. The context is built from the key under
 * which the wrap is looked for, never from what the wrap says, so a wrap in the place of another
 * does not open.
 */
#ifndef LI_REPO_WRAP_H
#define LI_REPO_WRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"
#include "kms/kms.h"
#include "repo/repo.h"

enum { LI_REPO_WRAP_MAX = LI_KMS_BLOB_MAX + 64 }; /* bytes of a wrap object */

/* The context of a wrap for OBJECT, a manifest's or a salt's id; PURPOSE is "manifest" or "salt",
 * and must stay as long as the context. */
struct li_kms_context li_wrap_context(const char *purpose, const uint8_t repository[LI_ID_SIZE],
                                      const uint8_t object[LI_ID_SIZE]);

/* Wraps SECRET into OUT, the whole object. The caller frees OUT also on failure. The KMS's
 * failures, LI_ENOMEM. Any thread. */
int li_wrap_make(struct li_kms *kms, const struct li_kms_context *context,
                 const struct li_secret *secret, struct li_buffer *out, struct li_error *err);

/* Fetches the wrap at KEY and unwraps it by REPO's KMS, which it must have; the caller wipes
 * SECRET. Where the store has no such object, *THERE is false and 0 is returned. LI_EDENIED where
 * the KMS key or the context does not fit, LI_ECORRUPT, and the failures of the store and of the
 * KMS. Any thread. */
int li_wrap_open(struct li_repo *repo, const char *key, const struct li_kms_context *context,
                 struct li_secret *secret, bool *there, struct li_error *err);

#endif
