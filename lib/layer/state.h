/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the file that a layer lies in is as it was. */
#ifndef LI_LAYER_STATE_H
#define LI_LAYER_STATE_H

#include <sys/stat.h>

#include "base/error.h"

/* What an open file looks like; never fails: a file that cannot be looked at shows nothing. */
struct stat li_file_state(int fd);

/* LI_ECORRUPT where the file FD does not look as it did BEFORE: another size or another time of
 * modification. Any thread. */
int li_file_unchanged(int fd, const struct stat *before, struct li_error *err);

/* The same, and LI_ECORRUPT too where the time of change is another although the file has as many
 * names as BEFORE: somebody set its time of modification back, or renamed it, or changed its owner
 * or mode. For files whose contents are known to be wrong. Any thread. */
int li_file_untouched(int fd, const struct stat *before, struct li_error *err);

#endif
