/* SPDX-License-Identifier: Apache-2.0 */
/* Confinement of the process that parses: --confine. */
#ifndef LI_CMD_CONFINE_H
#define LI_CMD_CONFINE_H

#include "cmd/common/command.h"
#include "confine/confine.h"

/* Confines this process, before it starts threads, to COUNT PATHS and what is open, as --confine or
 * LAMBDAIMG_CONFINE demands. A path that is NULL or "-" is left out. LI_EUNSUPPORTED if it is to be
 * confined and the kernel cannot; CMD_EUSAGE. */
int confine(const struct arguments *args, const struct li_confine_path *paths, size_t count,
            struct li_error *err);

/* The directory in which --output makes its file. The caller frees *OUT; it is NULL without that
 * option. LI_ENOMEM. */
int output_directory(const struct arguments *args, char **out, struct li_error *err);

#endif
