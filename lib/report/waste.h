/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of an image that nobody needs: hidden by a layer above, left behind by what built it, or
 * there once more. Each file counts once, as the first of these that it is.
 */
#ifndef LI_REPORT_WASTE_H
#define LI_REPORT_WASTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "flatten/flatten.h"

enum {
    LI_WASTE_TOLD = 100,         /* files that are told */
    LI_WASTE_REPEATED_MIN = 4096 /* bytes: shorter files are not compared */
};

enum li_waste_kind {
    LI_WASTE_HIDDEN,   /* a layer above, or a later entry of its own, replaced or removed it. It is
                          not in the ext4 image, but whoever pulls the layers pulls it */
    LI_WASTE_LEFT,     /* a cache, a list of packages or a temporary file */
    LI_WASTE_REPEATED, /* an earlier file of the image has the same contents */
    LI_WASTE_KINDS
};

struct li_waste_file {
    char *path; /* from the root, with a leading slash; any bytes but NUL */
    enum li_waste_kind kind;
    size_t layer;  /* its position; 0 is the lowest */
    uint64_t size; /* bytes of its data, without holes */
};

struct li_waste_sum {
    uint64_t files;
    uint64_t bytes;
};

struct li_waste {
    struct li_waste_sum of[LI_WASTE_KINDS];
    uint64_t bytes;             /* of all three */
    uint64_t whole;             /* bytes of all regular files, hidden ones included */
    struct li_waste_file *file; /* the largest, these first */
    size_t files;
    uint64_t files_left_out, files_left_out_bytes;
};

/* "hidden" and so on. */
const char *li_waste_kind_name(enum li_waste_kind kind);

/* Finds the waste of FLATTENED. Files of the same length are read, and compared by SHA-256; sparse
 * ones are not. MEMO keeps the digests, so that a layer is not read for them again; it may be NULL.
 * Nothing of it is right unless li_flattened_confirm() says so afterwards. Errors: those of reading
 * layers; LI_ENOMEM. The caller frees OUT with li_waste_free(). */
int li_waste_find(const struct li_flattened *flattened, struct li_memo *memo, struct li_waste *out,
                  struct li_error *err);

void li_waste_free(struct li_waste *waste); /* NULL and zeros are allowed */

#endif
