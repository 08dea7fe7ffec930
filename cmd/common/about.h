/* SPDX-License-Identifier: Apache-2.0 */
/* What push and verify --repair share: how chunks are sealed, and what a manifest says of its
 * image. */
#ifndef LI_CMD_ABOUT_H
#define LI_CMD_ABOUT_H

#include "cmd/common/context.h"

/* From --compression and --pad. */
int seal_policy(const struct arguments *args, struct li_seal_policy *policy, struct li_error *err);

/* Fills in what li_repo_push() wants to know. The caller frees OUT with li_manifest_free(). */
int describe(const struct flattened *flattened, struct li_manifest *out, struct li_error *err);

/* The libraries that could change an image's bytes or a chunk's sealed form, with their versions;
 * the caller frees *OUT. */
int library_versions(char **out, struct li_error *err);

#endif
