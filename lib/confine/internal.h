/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder. Not for other modules. */
#ifndef LI_CONFINE_INTERNAL_H
#define LI_CONFINE_INTERNAL_H

#include <stdbool.h>

#include "confine/confine.h"

/* landlock.c: whether the kernel has it, and the call for this thread. */
bool li_landlock_there(void);
int li_landlock(const struct li_confine_path *paths, size_t count, struct li_error *err);

/* filter.c: whether the kernel has seccomp; and its filter, for all threads. FILES: some may be
 * opened. */
bool li_filter_there(void);
int li_filter(bool files, bool writable, struct li_error *err);

#endif
