/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a layer's file is unchanged. */
#ifndef LI_LAYER_STATE_H
#define LI_LAYER_STATE_H

#include <sys/stat.h>

#include "base/error.h"

/* The state of an open file. It never fails: the state of a file that cannot be examined is empty.
 */
struct stat li_file_state(int fd);

/* LI_ECORRUPT if the size or modification time of the file FD differs from BEFORE. Any thread. */
int li_file_unchanged(int fd, const struct stat *before, struct li_error *err);

/* The same, but also LI_ECORRUPT if its change time differs although it has as many names as
 * BEFORE: somebody reset its modification time, renamed it, or changed its owner or mode. For files
 * whose contents are known to be wrong. Any thread. */
int li_file_untouched(int fd, const struct stat *before, struct li_error *err);

#endif
