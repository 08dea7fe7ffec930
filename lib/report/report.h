/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a repository's images have in common: figures for reports, as plain data.
 *
 * They come from listings and from those parts of manifests that are in the clear, so no key is
 * needed. Nobody has vouched for them: whoever can write to the store can make them wrong.
 *
 * An image here is a tag. A push is a manifest; it stays when its tag moves on, so the manifests of
 * a repository are its history. Pushes are in the order of the times that the store gives their
 * manifests. If a repository was copied, these may be the times of the copy.
 */
#ifndef LI_REPORT_REPORT_H
#define LI_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kms/kms.h"
#include "repo/repo.h"

enum {
    LI_REPORT_NAMES_MAX = 32,       /* names of images that are compared with each other */
    LI_REPORT_PUSHES_MAX = 1 << 20, /* manifests of a repository (LI_ELIMIT) */
    LI_REPORT_MEMORY = 128 << 20,   /* bytes: the default of struct li_report_options */
};

/* Chunks, and the bytes of their objects in the store. */
struct li_report_sum {
    uint64_t chunks;
    uint64_t bytes;
};

/* A manifest. A chunk that occurs in it several times counts once. A chunk that is not in the store
 * counts, with 0 bytes. */
struct li_report_push {
    uint8_t id[LI_ID_SIZE];
    int64_t time;     /* see li_store_object.modified */
    bool readable;    /* if not, its sums are 0 */
    uint32_t tags;    /* that point at it */
    uint64_t names;   /* bit I: such a tag has the name I of struct li_report */
    uint64_t table;   /* chunks that are not all zeros, repeated ones included */
    uint64_t missing; /* chunks that are not in the store */
    struct li_report_sum all;
    struct li_report_sum fresh;  /* that no earlier push has */
    struct li_report_sum unique; /* that no other tag has: what the collector could free after the
                                    tag was removed */
};

struct li_report_image {
    char *reference; /* "name:tag" */
    size_t push;     /* the index of its manifest, or SIZE_MAX if that is not in the store */
    bool pointed;    /* if not, its pointer could not be read, and PUSH is SIZE_MAX */
    uint8_t manifest[LI_ID_SIZE]; /* that it points at */
};

/* An image's name: all its tags together. */
struct li_report_name {
    char *name;
    size_t tags;
    struct li_report_sum
        shared[LI_REPORT_NAMES_MAX]; /* with name I; with itself: all that it has */
};

/* How much of each push was new. */
struct li_report_spread {
    size_t pushes;  /* that have chunks, and can be read */
    size_t nothing; /* of these, pushes that brought no chunk */
    double mean;    /* of the others: the part of their chunks that was new, 0 to 1 */
    double median;
};

struct li_report {
    struct li_report_push *push; /* oldest first */
    size_t pushes;
    struct li_report_image *image; /* sorted by name and tag */
    size_t images;
    struct li_report_name *name; /* the names with the most chunks, in that order */
    size_t names;
    size_t names_left_out;
    struct li_report_sum stored; /* all chunk objects */
    struct li_report_sum used;   /* chunks that a tag has */
    struct li_report_sum unused; /* chunks that only manifests without a tag have */
    struct li_report_sum stray;  /* chunks that no manifest has, and further copies of a chunk in
                                    other roots */
    struct li_report_sum apart;  /* what the images with tags would take if each were stored alone;
                                    a manifest with several tags counts once */
    uint64_t others;  /* bytes of all other objects below the roots: manifests, wraps, and
                         objects in the place of a chunk whose length no chunk can have */
    uint64_t missing; /* chunks that a tag has, and the store has not */
    struct li_report_spread spread;
    size_t unreadable;     /* images and manifests that could not be read, */
    struct li_error first; /* and why, for the first of these */
};

struct li_report_options {
    /* Pairs of a chunk and a manifest are sorted in this many bytes, and beyond them in a temporary
     * file in the environment's tmpdir, of 20 bytes a pair. 0: LI_REPORT_MEMORY. Sorting takes as
     * much again, and the rest of a report about 1 KiB for each manifest and tag. */
    size_t memory;
    const struct li_progress *progress; /* of reading manifests; may be NULL */
};

/* Reads the listings and all manifests of REPO, which needs no KMS, with as many requests at once
 * as keep its store busy. A manifest or tag that cannot be read is counted in OUT. Errors:
 * li_repo_each_object()'s; LI_ELIMIT; LI_ENETWORK, if the store does not answer; the failures of
 * the temporary file; LI_ENOMEM. The caller frees OUT with li_report_free(). */
int li_report_repository(struct li_repo *repo, const struct li_report_options *options,
                         struct li_report *out, struct li_error *err);

/* NULL and zeros are allowed. */
void li_report_free(struct li_report *report);

#endif
