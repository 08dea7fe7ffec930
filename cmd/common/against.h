/* SPDX-License-Identifier: Apache-2.0 */
/* verify --against. */
#ifndef LI_CMD_AGAINST_H
#define LI_CMD_AGAINST_H

#include "cmd/common/context.h"
#include "compare/compare.h"

/* Compares the image of MANIFEST with the one that --against names, and prints the first
 * differences. */
int compare_with_original(const struct arguments *args, struct context *context,
                          const struct li_manifest *manifest, struct li_compare_result *result,
                          struct li_error *err);

#endif
