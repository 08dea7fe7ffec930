/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the blame. */
#ifndef LI_REPORT_BLAME_INTERNAL_H
#define LI_REPORT_BLAME_INTERNAL_H

#include "report/blame.h"

/* An inode's part of the new chunks. */
struct li_blame_part {
    uint32_t node; /* its first name */
    uint32_t chunks;
    uint64_t bytes;
};

/* blame_layers.c: sets layer in BLAME, without sums. */
int li_blame_layers(const struct li_flattened *flattened, struct li_blame *blame,
                    struct li_error *err);

/* blame_files.c: sets file and the like in BLAME from the parts of all inodes. */
int li_blame_files(const struct li_tree *tree, const struct li_blame_part *part,
                   struct li_blame *blame, struct li_error *err);

/* blame_files.c: the same for directory. */
int li_blame_directories(const struct li_tree *tree, const struct li_blame_part *part,
                         struct li_blame *blame, struct li_error *err);

#endif
