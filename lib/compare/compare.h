/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored image against the layers it was made of.
 *
 * The layers are merged once more, by an implementation of the OCI layer rules that shares nothing
 * with lib/layer but the layers' bytes, so a misreading of the rules, of a tar, or of ext4 shows as
 * a difference unless it was made twice. The merged tree is held in memory, about 300 bytes an
 * entry; contents are read in pieces on both sides.
 */
#ifndef LI_COMPARE_COMPARE_H
#define LI_COMPARE_COMPARE_H

#include <stdint.h>

#include "base/error.h"
#include "files/files.h"
#include "layer/layer.h"

/* A difference. PATH is absolute; all texts are as hostile as the images, and valid during the call
 * only. WHAT is "type", "mode", "attribute user.x" and the like. */
typedef void li_compare_report(void *arg, const char *path, const char *what, const char *stored,
                               const char *layers);

/* The two readers of tars, lib/tar and libarchive, list an entry of a LAYER, PATH there, in two
 * ways. WHAT is "path", "mode" and the like, or "entry" where one of them does not read it at all.
 */
typedef void li_compare_disagree(void *arg, const char *layer, const char *path, const char *what,
                                 const char *ours, const char *libarchives);

struct li_compare_reports {
    void *arg;
    li_compare_report *differs;
    li_compare_disagree *disagrees;
};

struct li_compare_result {
    uint64_t paths;       /* of the layers' tree, the root included */
    uint64_t bytes;       /* of contents compared */
    uint64_t differences; /* all of them, each was reported */
    /* Of the readers, each was reported. Where there are any, differences may come from them. */
    uint64_t disagreements;
};

/* What is compared. */
struct li_compare_sides {
    struct li_files *files; /* the stored image */
    struct li_layers *layers;
    uint32_t layout; /* that the image was made by, as its manifest states; one that is known */
};

/* Lets both readers read the layers, then compares all paths, their metadata, attributes and
 * contents: first metadata in the order of directories, then contents in the order of the layers.
 * Differences and disagreements are no failure; but where libarchive cannot read what lib/tar can,
 * or where what it reads makes no tree, nothing can be compared, which is LI_ECORRUPT,
 * LI_EINVALID, LI_EUNSUPPORTED or LI_ELIMIT, and the text says that the readers disagree. Fails
 * where either side cannot be read, and with LI_ECORRUPT where layers are not what the image
 * states. The calling thread's locale is changed meanwhile. */
int li_compare(const struct li_compare_sides *sides, const struct li_compare_reports *reports,
               struct li_compare_result *out, struct li_error *err);

#endif
