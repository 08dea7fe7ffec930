/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that make an image: its options, and what is printed about it. */
#ifndef LI_CMD_COMMON_IMAGE_H
#define LI_CMD_COMMON_IMAGE_H

#include "cmd/common/command.h"
#include "crypto/seal.h"
#include "flatten/flatten.h"

/* How the image at PATH is to be flattened, by --image, --platform, --size and --free, as far as
 * the command has these. CMD_EUSAGE. */
int image_options(const struct arguments *args, const char *path, struct li_flatten_options *out,
                  struct li_error *err);

/* From --compression and --pad. CMD_EUSAGE. */
int seal_policy(const struct arguments *args, struct li_seal_policy *policy, struct li_error *err);

/* notes.c: on standard error, a sentence about an image as it was found. */
void print_note(const char *text);

/* All that is to be known of an image that was flattened: as it was found, and what the ext4 image
 * does not have as the layers have it. */
void print_notes(const struct li_flattened *flattened);

#endif
