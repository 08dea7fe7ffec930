/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an image costs what it costs: its new chunks and their bytes, by layer, by directory and by
 * file.
 *
 * A chunk of files belongs to one layer (D8). Its bytes are divided among its files by the blocks
 * that they have in it, so that all that is blamed sums up to what the chunks take. Chunks of the
 * file system's own metadata are blamed on nobody.
 */
#ifndef LI_REPORT_BLAME_H
#define LI_REPORT_BLAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "files/files.h"
#include "flatten/flatten.h"
#include "report/costs.h"
#include "report/packages.h"
#include "report/report.h"

enum {
    LI_BLAME_FILES = 1000,     /* files that are told */
    LI_BLAME_DIRECTORIES = 32, /* a directory with less than this part of the bytes is told as a
                                  part of its parent */
};

struct li_blame_layer {
    uint8_t diff_id[LI_DIGEST_SIZE];
    char *created_by; /* the line of the config's history, or NULL if it does not say */
    struct li_report_sum fresh;
};

/* What became of a file since the base. */
enum li_blame_change {
    LI_BLAME_UNKNOWN, /* there is no base, or the file was not compared */
    LI_BLAME_CHANGED, /* its contents changed, or it is new; so its neighbours' chunks are new, too
                       */
    LI_BLAME_SAME,    /* the base has the same contents at this path */
};

struct li_blame_file {
    char *path;                 /* from the root, with a leading slash; any bytes but NUL */
    size_t layer;               /* its position; 0 is the lowest */
    uint64_t size;              /* of the file, bytes */
    struct li_report_sum fresh; /* new chunks that it has a part of, and its part of their bytes */
    enum li_blame_change change;
    uint64_t dragged; /* bytes of files that are the same, in those new chunks of which it is the
                         largest changed file: what it dragged along */
};

struct li_blame_directory {
    char *path;     /* with a leading slash; "/" is the root */
    uint64_t files; /* files in it, and in directories below that are not told by themselves, with
                       a part of a new chunk */
    uint64_t bytes;
};

struct li_blame {
    struct li_report_sum fresh;    /* all new chunks: METADATA and those of all layers */
    struct li_report_sum metadata; /* of inodes, directories and the like */
    struct li_blame_layer *layer;  /* lowest first */
    size_t layers;
    struct li_blame_file *file; /* those with the most bytes, dragged ones included, these first;
                                   files that are the same come last */
    size_t files;
    uint64_t files_left_out, files_left_out_bytes;
    struct li_blame_directory *directory; /* sorted by path */
    size_t directories;
    struct li_packages packages;
};

/* COSTS are those of FLATTENED's chunks, settled. BASE is the image that it is compared with, or
 * NULL. MEMO keeps the databases of packages; it may be NULL. Nothing of OUT is right unless
 * li_flattened_confirm() says so afterwards. LI_ENOMEM, and the failures of reading the two. The
 * caller frees OUT with li_blame_free(). */
int li_blame_image(const struct li_flattened *flattened, const struct li_costs *costs,
                   struct li_files *base, struct li_memo *memo, struct li_blame *out,
                   struct li_error *err);

void li_blame_free(struct li_blame *blame); /* NULL and zeros are allowed */

#endif
