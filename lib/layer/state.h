/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the file that a layer lies in is as it was. */
#ifndef LI_LAYER_STATE_H
#define LI_LAYER_STATE_H

#include <sys/stat.h>

#include "base/error.h"

/* What an open file looks like; never fails: a file that cannot be looked at shows nothing. */
struct stat li_file_state(int fd);

/* LI_ECORRUPT where the file FD does not look as it did BEFORE: another size, or another time of
 * modification or of change. Any thread. */
int li_file_unchanged(int fd, const struct stat *before, struct li_error *err);

#endif
