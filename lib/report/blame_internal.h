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
    uint64_t dragged; /* bytes of files that are the same, in chunks that it has made new */
    enum li_blame_change change;
};

/* blame_base.c: sets change in the PARTS of inodes with a part of a new chunk, by a comparison of
 * their contents with BASE, from which it fetches. Fails as the two images' reads do. */
int li_blame_compare(const struct li_flattened *flattened, const struct li_costs *costs,
                     struct li_files *base, struct li_blame_part *part, struct li_error *err);

/* blame_layers.c: sets layer in BLAME, without sums. */
int li_blame_layers(const struct li_flattened *flattened, struct li_blame *blame,
                    struct li_error *err);

/* blame_files.c: sets file and the like in BLAME from the parts of all inodes. */
int li_blame_files(const struct li_tree *tree, const struct li_blame_part *part,
                   struct li_blame *blame, struct li_error *err);

/* blame_files.c: the same for directory. */
int li_blame_directories(const struct li_tree *tree, const struct li_blame_part *part,
                         struct li_blame *blame, struct li_error *err);

/* packages.c: sets OUT, which the caller frees with li_packages_free(). MEMO keeps the databases;
 * it may be NULL. Errors: those of reading layers; LI_ENOMEM. */
int li_blame_packages(const struct li_flattened *flattened, const struct li_costs *costs,
                      const struct li_blame_part *part, struct li_memo *memo,
                      struct li_packages *out, struct li_error *err);

#endif
