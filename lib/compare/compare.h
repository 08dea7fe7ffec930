/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares a stored image with the layers it was made of.
 *
 * It merges the layers again, with an implementation of the OCI layer rules that shares nothing
 * with lib/layer except the layers' bytes. So a misreading of the rules, of a tar, or of ext4 shows
 * as a difference, unless it was made twice. The merged tree is in memory, at most 512 bytes an
 * entry; attributes, targets of links, and long names and paths are charged to an account
 * (layer/account.h). Contents are read in pieces on both sides.
 */
#ifndef LI_COMPARE_COMPARE_H
#define LI_COMPARE_COMPARE_H

#include <stdint.h>

#include "base/error.h"
#include "files/files.h"
#include "layer/layer.h"

/* A difference. PATH is absolute. All texts are as hostile as the images, and valid during the call
 * only. WHAT is "type", "mode", "attribute user.x" and the like. */
typedef void li_compare_report(void *arg, const char *path, const char *what, const char *stored,
                               const char *layers);

/* The two readers of tars, lib/tar and libarchive, read the entry PATH of LAYER differently. WHAT
 * is "path", "mode" and the like, or "entry" if one of them does not read it at all. */
typedef void li_compare_disagree(void *arg, const char *layer, const char *path, const char *what,
                                 const char *ours, const char *libarchives);

struct li_compare_reports {
    void *arg;
    li_compare_report *differs;
    li_compare_disagree *disagrees;
};

struct li_compare_result {
    uint64_t paths;       /* paths in the layers' tree, including the root */
    uint64_t bytes;       /* bytes of contents compared */
    uint64_t differences; /* each was reported */
    /* Between the readers; each was reported. If there are any, they may have caused differences.
     */
    uint64_t disagreements;
};

/* What is compared. */
struct li_compare_sides {
    struct li_files *files; /* the stored image */
    struct li_layers *layers;
    uint32_t layout; /* the image's layout, as its manifest states it; must be known */
};

/* Reads the layers with both readers, then compares all paths, their metadata, attributes and
 * contents: first metadata in the order of directories, then contents in the order of the layers.
 * Differences and disagreements are not failures. But if libarchive cannot read what lib/tar can,
 * or reads something that is not a tree, nothing can be compared: LI_ECORRUPT, LI_EINVALID,
 * LI_EUNSUPPORTED or LI_ELIMIT, with a text that says that the readers disagree. Fails if either
 * side cannot be read, and with LI_ECORRUPT if the layers are not those that the image states. It
 * changes the calling thread's locale meanwhile. */
int li_compare(const struct li_compare_sides *sides, const struct li_compare_reports *reports,
               struct li_compare_result *out, struct li_error *err);

#endif
