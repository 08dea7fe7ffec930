/* SPDX-License-Identifier: Apache-2.0 */
/* The names in a directory, sorted: for whoever walks a whole tree, or two of them side by side. */
#ifndef LI_FILES_NAMES_H
#define LI_FILES_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "files/files.h"

struct li_files_name {
    char *name;
    uint32_t ino;
    unsigned type; /* DT_ */
};

/* Zero-initialise it. */
struct li_files_names {
    struct li_files_name *list; /* in the order of their bytes, without "." and ".." */
    size_t count, cap;
    uint32_t self, parent; /* the inodes of "." and ".."; 0: missing */
};

/* Lists DIRECTORY. In a broken image a name may occur several times, and "." and ".." too: their
 * first occurrences are SELF and PARENT. Errors: li_files_list()'s; LI_ENOMEM. The caller frees OUT
 * with li_files_names_free(), also on failure. */
int li_files_names(struct li_files *files, const struct li_file *directory,
                   struct li_files_names *out, struct li_error *err);

void li_files_names_free(struct li_files_names *names); /* zeros are allowed */

#endif
