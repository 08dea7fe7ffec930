/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder. */
#ifndef LI_DIFF_INTERNAL_H
#define LI_DIFF_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "diff/diff.h"

/* A file with several names, and what is known of it since the first of them. */
struct li_diff_link {
    uint32_t ino;
    uint32_t other; /* the other image's file at the last name that both images have; 0: none yet */
    bool same;      /* the contents of these two are the same; set in the new image's entry only */
};

/* One of the images. */
struct li_diff_side {
    const struct li_view *view;
    struct li_files *files;
    bool *only;       /* by chunk: the other image does not have it, and this is its first place */
    uint8_t *visited; /* a bit for each inode: of directories */
    uint64_t inodes;
    void *links; /* struct li_diff_link for tsearch(3) */
    struct li_diff_chunks *sum;
};

/* sides.c: sets what a side needs before the walk, and the numbers of chunks in RESULT. The caller
 * frees both, also after a failure. */
int li_diff_sides(struct li_diff_side *old, struct li_diff_side *new, struct li_diff_result *result,
                  struct li_error *err);
void li_diff_side_free(struct li_diff_side *side);

/* sides.c: marks a directory as visited. LI_ECORRUPT if it was, or if the image has no such inode.
 */
int li_diff_enter(struct li_diff_side *side, uint32_t ino, struct li_error *err);

/* sides.c: the entry for INO; *FIRST says whether it is new, and then its other fields are zeros.
 * The side owns it. */
int li_diff_link(struct li_diff_side *side, uint32_t ino, struct li_diff_link **out, bool *first,
                 struct li_error *err);

/* contents.c: the part of the regular file FILE in chunks that only SIDE has. */
int li_diff_measure(const struct li_diff_side *side, const struct li_file *file,
                    struct li_diff_cost *out, struct li_error *err);

/* A file on both sides. */
struct li_diff_pair {
    const struct li_diff_side *old_side, *new_side;
    const struct li_file *old, *new;
    uint8_t *bytes; /* room for twice LI_CHUNK_SIZE */
};

/* contents.c: whether two regular files have the same bytes. */
int li_diff_contents(const struct li_diff_pair *pair, bool *same, struct li_error *err);

/* metadata.c: what else differs, as bits: all of enum li_diff_what but CONTENTS and LINKS. */
int li_diff_metadata(const struct li_diff_pair *pair, unsigned *what, struct li_error *err);

#endif
