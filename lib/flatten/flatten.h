/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a container image to the ext4 image: one call turns a path into a source of chunks.
 *
 * A program that converts, pushes, repairs or examines an image begins here; the command line is
 * one of them. This module combines those below it (image, tar, layer, ext4, memo).
 *
 *     struct li_flatten_options options = {.path = "app.tar", .layout = LI_LAYOUT_LATEST};
 *     struct li_flattened *flattened = NULL;
 *     int rc = li_flatten(&options, &env, &flattened, &err);
 *
 *     if (rc == 0)
 *         rc = li_flattened_write(flattened, "app.ext4", NULL, &err);
 *     li_flattened_free(flattened);
 *
 * Nothing is printed. Notes for the user about an image that could be flattened all the same are
 * data: li_image_notes() of li_flattened_image() are sentences about the original, and
 * li_tree_note() of li_flattened_tree() counts, kind by kind, the attributes, ACLs and times that
 * the ext4 image lacks or changes.
 *
 * Keep nothing that was made from the layers until li_flattened_confirm() has said that they are
 * those that the image states. li_flattened_write() asks by itself, and a push asks through
 * li_push_options.confirm.
 */
#ifndef LI_FLATTEN_FLATTEN_H
#define LI_FLATTEN_FLATTEN_H

#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "chunk/source.h"
#include "ext4/ext4.h"
#include "image/image.h"
#include "layer/layout.h"
#include "layer/tree.h"
#include "manifest/manifest.h"
#include "memo/memo.h"

struct li_flatten_options {
    /* A file, a directory, or "-" for standard input; see li_image_open(). */
    const char *path;
    /* Which image, if the path holds several. */
    struct li_image_options image;
    /* LI_LAYOUT_LATEST for a new image; see layer/layout.h. */
    uint32_t layout;
    /* How large the file system becomes. All zeros mean the default. */
    struct li_ext4_room room;
    /* Saves reading the layers that it knows, and learns the others. It must outlive the flattened
     * image, and serves one image only. May be NULL. */
    struct li_memo *memo;
};

struct li_flattened;

/* Opens the image, merges its layers and plans the ext4 image. Returns when the plan is made: file
 * contents are read when chunks are read, and workers continue to verify the layers. OPTIONS are
 * not needed after the call; ENV and the memo are needed until li_flattened_free(). Errors: those
 * of li_image_open(), li_tree_build() and li_ext4_plan(); LI_EINVALID also if the files do not fit
 * the size that ROOM gives. */
int li_flatten(const struct li_flatten_options *options, const struct li_env *env,
               struct li_flattened **out, struct li_error *err);

/* Makes the image of MANIFEST again from its original. Layout and size come from the manifest, not
 * from OPTIONS. Otherwise as above. LI_EUNSUPPORTED if the layout is not known; LI_EINVALID if the
 * files do not fit the size, which means that this is not the original. It does not check whether
 * each chunk is the same. */
int li_flatten_again(const struct li_flatten_options *options, const struct li_manifest *manifest,
                     const struct li_env *env, struct li_flattened **out, struct li_error *err);

/* Stops the workers and frees. NULL is allowed. */
void li_flattened_free(struct li_flattened *flattened);

/* The chunks of the ext4 image, for any number of threads. It borrows FLATTENED. */
struct li_chunk_source li_flattened_source(const struct li_flattened *flattened);

/* A li_chunk_confirm: whether the layers whose bytes were wanted so far are those that the image
 * states. It waits until that is known. ARG is a struct li_flattened. LI_ECORRUPT if one is not, or
 * if its file changed meanwhile. Any thread. */
int li_flattened_confirm(void *arg, struct li_error *err);

/* Writes the ext4 image to PATH, a sparse file, with ENV's threads. It appears, in place of an
 * older file, when it is whole and confirmed; a failure leaves nothing new. PROGRESS may be NULL.
 * Errors: those of the file system; LI_ECORRUPT as above. */
int li_flattened_write(struct li_flattened *flattened, const char *path,
                       const struct li_progress *progress, struct li_error *err);

/* Fills in what a manifest says of its image before chunks are known: os, architecture, config and
 * its digest, layers, size, layout, tool and libraries. The caller zero-initialises OUT, and frees
 * it with li_manifest_free(), also after a failure (LI_ENOMEM). */
int li_flattened_describe(const struct li_flattened *flattened, struct li_manifest *out,
                          struct li_error *err);

/* The parts, borrowed and read-only: the image (its tag, its notes), the merged tree (paths,
 * inodes, notes, and the stack of layers by li_tree_layers()), the plan (its size, and
 * li_ext4_explain()). Any thread. */
const struct li_image *li_flattened_image(const struct li_flattened *flattened);
const struct li_tree *li_flattened_tree(const struct li_flattened *flattened);
const struct li_ext4 *li_flattened_plan(const struct li_flattened *flattened);

/* ---- versions.c ------------------------------------------------------------------------------ */

/* The libraries whose versions could change the bytes of an image or of a sealed chunk, with these
 * versions: "libarchive 3.6.2, ...". The caller frees *OUT. LI_ENOMEM. */
int li_flatten_libraries(char **out, struct li_error *err);

/* lambdaimg's own version and those above, for li_memo_open(): another version may read the same
 * layer differently. The caller frees *OUT. LI_ENOMEM. */
int li_flatten_made_by(char **out, struct li_error *err);

#endif
