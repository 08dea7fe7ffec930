/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image as its files and its chunks, wherever it comes from: a repository, or an image that was
 * just flattened. So two images can be compared, whatever each of them is.
 */
#ifndef LI_DIFF_VIEW_H
#define LI_DIFF_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "chunk/source.h"
#include "crypto/crypto.h"
#include "files/files.h"
#include "manifest/manifest.h"
#include "repo/repo.h"

struct li_view;

struct li_view_options {
    uint64_t memory;                    /* bytes of plaintext kept */
    unsigned workers;                   /* chunks read at once, 1 or more */
    unsigned deadline;                  /* seconds a read waits for a chunk, 1 or more */
    const struct li_progress *progress; /* of li_view_source(); may be NULL */
    bool files_only; /* of li_view_source(): there are no digests, and nothing is read for them */
};

/* The image of MANIFEST in REPO. Reads the superblock; later, only the chunks that are asked for.
 * Both are borrowed and must outlive the view; REPO may forget its KMS. Errors: li_reader_open()'s
 * and li_files_open()'s. The caller frees OUT with li_view_free(). */
int li_view_stored(struct li_repo *repo, const struct li_manifest *manifest,
                   const struct li_view_options *options, struct li_view **out,
                   struct li_error *err);

/* The image that SOURCE makes. Reads all of it once, because a chunk's digest is not known before,
 * unless FILES_ONLY is true: such a view is not for li_diff().
 * SOURCE is copied; what it refers to must outlive the view. Errors: the source's, and
 * li_files_open()'s. */
int li_view_source(const struct li_chunk_source *source, const struct li_view_options *options,
                   struct li_view **out, struct li_error *err);

void li_view_free(struct li_view *view); /* NULL is allowed */

/* Its files, for any thread. The view owns them. */
struct li_files *li_view_files(const struct li_view *view);

/* The number of its chunks. */
uint64_t li_view_count(const struct li_view *view);

/* The SHA-256 of chunk INDEX, LI_DIGEST_SIZE bytes that the view owns; NULL if the chunk is all
 * zeros, and so is not stored. */
const uint8_t *li_view_digest(const struct li_view *view, uint64_t index);

#endif
