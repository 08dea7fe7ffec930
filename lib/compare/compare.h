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
#include "layer/layer.h"
#include "reader/files.h"

/* A difference. PATH is absolute; all texts are as hostile as the images, and valid during the call
 * only. WHAT is "type", "mode", "attribute user.x" and the like. */
typedef void li_compare_report(void *arg, const char *path, const char *what, const char *stored,
                               const char *layers);

struct li_compare_result {
    uint64_t paths;       /* of the layers' tree, the root included */
    uint64_t bytes;       /* of contents compared */
    uint64_t differences; /* all of them, each was reported */
};

/* What is compared. */
struct li_compare_sides {
    struct li_files *files; /* the stored image */
    struct li_layers *layers;
    uint32_t layout; /* that the image was made by, as its manifest states; one that is known */
};

/* Compares all paths, their metadata, attributes and contents: first metadata in the order of
 * directories, then contents in the order of the layers. Differences are no failure. Fails where
 * either side cannot be read, and with LI_ECORRUPT where layers are not what the image states. The
 * calling thread's locale is changed meanwhile. */
int li_compare(const struct li_compare_sides *sides, li_compare_report *report, void *arg,
               struct li_compare_result *out, struct li_error *err);

#endif
