/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memo: what earlier pushes on this host learnt about layers, so that a layer that was checked
 * and cut into chunks before need not be read again.
 *
 *     DIR/memo/CONTEXT/DIFF_ID     a layer: its entries, and the digest of each chunk made from it,
 *                                  by recipe (li_chunk_source.recipe)
 *     DIR/memo/CONTEXT/SET.names   a set of names: a root's chunks, or what a server lacks
 *
 * CONTEXT is derived from the salt, so nothing is found under another salt. Each file is
 * authenticated by a key that is also derived from the salt, and names the versions of its own
 * format, of the layout and of the program. A file that does not match in every way is ignored, and
 * is written anew.
 *
 * A layer's diff ID is its key. So what was learnt from one archive serves any other archive that
 * names the layer, and the bytes in that one are not read.
 *
 * A memo belongs to one push. Functions that do not say "any thread" are for one thread at a time.
 */
#ifndef LI_MEMO_MEMO_H
#define LI_MEMO_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/env.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "chunk/source.h"
#include "image/image.h"
#include "layer/record.h"

/* The most bytes of all files of a memo, for all salts together. Files that were used longest ago
 * are removed first. */
#define LI_MEMO_MAX (UINT64_C(1) << 30)

struct li_memo;

/* Opens the memo in DIR, which is made with its parents if it is missing. MADE_BY says which
 * program and libraries run; files of other versions are ignored. ENV must outlive the memo.
 * Errors: those of the file system. */
int li_memo_open(const char *dir, const struct li_secret *salt, const char *made_by,
                 const struct li_env *env, struct li_memo **out, struct li_error *err);

/* NULL is allowed. */
void li_memo_free(struct li_memo *memo);

/* Whether the memo was opened under SALT. */
bool li_memo_fits(const struct li_memo *memo, const struct li_secret *salt);

/* Recalls what is known about IMAGE's layers. IMAGE must outlive all calls except li_memo_free().
 * *RECORDS is for li_layers_open_known(); the memo owns it, so the stack must be freed before the
 * memo. Call it once only. */
int li_memo_recall(struct li_memo *memo, const struct li_image *image, struct li_record **records,
                   struct li_error *err);

/* The digest of chunk INDEX of SOURCE, the plan of that image. It sets *ZEROS if the chunk is all
 * zeros. LI_END if the digest is not known. Any thread. */
int li_memo_digest(const struct li_memo *memo, const struct li_chunk_source *source, uint64_t index,
                   uint8_t digest[LI_SHA256_SIZE], bool *zeros, struct li_error *err);

/* Notes that chunk INDEX was read and has DIGEST, or is all zeros if that is NULL. */
int li_memo_learn(struct li_memo *memo, const struct li_chunk_source *source, uint64_t index,
                  const uint8_t *digest, struct li_error *err);

/* Writes what was learnt. Call it only after li_layers_verified() has returned 0 for the stack. A
 * failure may leave a part of it written. */
int li_memo_save(struct li_memo *memo, struct li_error *err);

/* ---- names of chunks, and of other findings -------------------------------------------------- */

/* A row is a name and, little-endian, when it was last found, in seconds since 1970; in sets of
 * other findings, what their owner puts there. Rows keep their order. */
enum { LI_MEMO_NAME_ROW = LI_SHA256_SIZE + 8, LI_MEMO_NAMES_MAX = 1 << 19 };

/* The rows that were kept of SET, a digest that identifies it; *ROWS is replaced. LI_END if there
 * are none that can be trusted. li_memo_recall() is not needed. */
int li_memo_read_names(const struct li_memo *memo, const uint8_t set[LI_SHA256_SIZE],
                       struct li_buffer *rows, struct li_error *err);

/* Keeps ROWS of SET, at most LI_MEMO_NAMES_MAX, instead of the earlier ones. Errors: those of the
 * file system. */
int li_memo_write_names(const struct li_memo *memo, const uint8_t set[LI_SHA256_SIZE],
                        const struct li_buffer *rows, struct li_error *err);

#endif
