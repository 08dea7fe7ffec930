/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two images, and in which chunks.
 *
 * The two are called the old and the new one. Both are read as a mount shows them. Contents in
 * chunks that are the same are not read, so two stored images that share most of their chunks are
 * compared by little more than their metadata. lib/compare does another thing: it compares an image
 * with layers, by a second reading of the layers.
 *
 * Bytes of chunks are those before compression.
 */
#ifndef LI_DIFF_DIFF_H
#define LI_DIFF_DIFF_H

#include <stdint.h>

#include "base/error.h"
#include "diff/view.h"

enum { LI_DIFF_PATH_MAX = 4096 /* bytes of a path (LI_ELIMIT) */ };

enum li_diff_kind { LI_DIFF_ADDED, LI_DIFF_CHANGED, LI_DIFF_REMOVED };

/* What changed in a file, as bits. */
enum li_diff_what {
    LI_DIFF_TYPE = 1,         /* a file became a directory, and so on; nothing else is compared */
    LI_DIFF_CONTENTS = 2,     /* of a regular file */
    LI_DIFF_TARGET = 4,       /* of a symbolic link */
    LI_DIFF_DEVICE = 8,       /* the number of a device */
    LI_DIFF_MODE = 16,        /* permissions */
    LI_DIFF_OWNER = 32,       /* user or group */
    LI_DIFF_TIME = 64,        /* of the last modification */
    LI_DIFF_ATTRIBUTES = 128, /* extended ones, ACLs included */
    LI_DIFF_LINKS = 256,      /* which other names it has */
};

/* A file's share of chunks. */
struct li_diff_cost {
    uint64_t chunks; /* that it has a part of */
    uint64_t bytes;  /* of its contents in them */
};

/* Valid during the visit only. */
struct li_diff_entry {
    enum li_diff_kind kind;
    unsigned what;    /* enum li_diff_what, of CHANGED; else 0 */
    const char *path; /* from the root, with a leading slash; any bytes but NUL */
    uint32_t mode;    /* of the new file; of REMOVED, of the old one */
    uint64_t size;    /* the same; bytes of a regular file, else 0 */
    /* In chunks that only the image has that MODE is of. A file with several names has it under the
     * first of those that are visited, and nothing under the others. */
    struct li_diff_cost cost;
};

/* A negative return ends the comparison with it. */
typedef int li_diff_visit(void *arg, const struct li_diff_entry *entry, struct li_error *err);

/* Chunks that only one of the images has. A chunk that it has several times counts once. */
struct li_diff_chunks {
    uint64_t chunks;
    uint64_t bytes;   /* LI_CHUNK_SIZE for each. They are the sum of: */
    uint64_t changed; /* bytes of files that were added or removed, or whose contents changed; */
    uint64_t same;    /* of files with the same contents, which share a chunk with such a file; */
    uint64_t rest;    /* of the file system's own metadata, and of room */
};

struct li_diff_result {
    uint64_t paths; /* that were looked at, in either image */
    uint64_t added, changed, removed;
    uint64_t common;             /* chunks that both have, each once */
    struct li_diff_chunks fresh; /* only the new one has them */
    struct li_diff_chunks gone;  /* only the old one has them */
};

/* Compares OLD_VIEW with NEW_VIEW, and calls VISIT for each path that differs, in the order of
 * names, a directory before what is in it. RESULT is set on success only. LI_ECORRUPT if the
 * directories of an image are not a tree; LI_ELIMIT (LI_DIFF_PATH_MAX); the failures of li_files
 * functions; those of VISIT; LI_ENOMEM. */
int li_diff(const struct li_view *old_view, const struct li_view *new_view, li_diff_visit *visit,
            void *arg, struct li_diff_result *result, struct li_error *err);

#endif
