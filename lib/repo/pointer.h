/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers: what a tag means at the moment, `images/NAME/TAG`. A pointer is the only object that
 * changes under its key, and every change is conditional on the earlier contents.
 */
#ifndef LI_REPO_POINTER_H
#define LI_REPO_POINTER_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "kms/kms.h"
#include "store/store.h"

struct li_pointer {
    uint8_t manifest[LI_ID_SIZE];
    uint8_t root[LI_ID_SIZE]; /* the root that the manifest was pushed into */
};

/* Writes POINTER as JSON to OUT, whose contents are replaced. The caller frees OUT also on failure.
 * LI_ENOMEM. Any thread. */
int li_pointer_encode(const struct li_pointer *pointer, struct li_buffer *out,
                      struct li_error *err);

/* Reads the pointer at KEY, and its bytes into RAW, which the caller frees also on failure.
 * LI_ENOTFOUND if there is none, LI_ECORRUPT, LI_EUNSUPPORTED (a newer format), and the store's
 * failures. Any thread. */
int li_pointer_read(struct li_store *store, const char *key, struct li_pointer *out,
                    struct li_buffer *raw, struct li_error *err);

/* Makes KEY point to POINTER, whatever it pointed to before, and flushes the store. LI_ECHANGED if
 * others keep writing the same pointer, and the store's failures. Any thread. */
int li_pointer_write(struct li_store *store, const char *key, const struct li_pointer *pointer,
                     struct li_error *err);

#endif
