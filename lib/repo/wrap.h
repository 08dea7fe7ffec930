/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps: secrets in the store, each wrapped by a KMS (D4a): data keys of manifests, salts,
 * and keys of repositories.
 *
 * A wrap opens only under the context it was made for. The context is built from the key of the
 * object in the store, never from the wrap's contents, so a wrap that was moved does not open.
 */
#ifndef LI_REPO_WRAP_H
#define LI_REPO_WRAP_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"
#include "kms/kms.h"

enum {
    LI_REPO_WRAP_LEAST = 16,                /* bytes of a wrap object; one is longer than that */
    LI_REPO_WRAP_MAX = LI_KMS_BLOB_MAX + 64 /* and no longer than that */
};

/* The context of a wrap for OBJECT, the ID of a manifest, a salt or a repository's key. PURPOSE is
 * "manifest", "salt" or "repository", and must outlive the context. */
struct li_kms_context li_wrap_context(const char *purpose, const uint8_t repository[LI_ID_SIZE],
                                      const uint8_t object[LI_ID_SIZE]);

/* Wraps SECRET into OUT, the whole object. The caller frees OUT also on failure. The KMS's
 * failures, LI_ENOMEM. Any thread. */
int li_wrap_make(struct li_kms *kms, const struct li_kms_context *context,
                 const struct li_secret *secret, struct li_buffer *out, struct li_error *err);

#endif
