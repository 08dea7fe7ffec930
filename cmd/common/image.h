/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that make an image share: its options, and messages about it. */
#ifndef LI_CMD_COMMON_IMAGE_H
#define LI_CMD_COMMON_IMAGE_H

#include "cmd/common/command.h"
#include "crypto/seal.h"
#include "flatten/flatten.h"
#include "manifest/reference.h"

/* The options of commands that make an image, */
#define IMAGE_OPTIONS                                                                              \
    {"size", 0, "SIZE", "size of the file system, such as 10G (default: what --free gives)"},      \
        {"free", 0, "ROOM",                                                                        \
         "free space: a size, or a percentage of what is used (default: 25%, at least 64M)"},      \
        {"image", 0, "TAG", "which image to use, if several: a tag or a digest"},                  \
    {                                                                                              \
        "platform", 0, "OS/ARCH", "which platform to use, if several (default: this host's)"       \
    }

/* and of those that push it, or would. */
#define PUSH_OPTIONS                                                                               \
    {"compression", 0, "CODEC",                                                                    \
     "compress new chunks: zstd, zstd:LEVEL (1 to 19, default 3) or none"},                        \
        {"salt-kms", 0, "KMS",                                                                     \
         "a key for the salt, if it is another than that of --kms (environment: "                  \
         "LAMBDAIMG_SALT_KMS)"},                                                                   \
        IMAGE_OPTIONS

/* How to flatten the image at PATH, from --image, --platform, --size and --free, if the command has
 * these. CMD_EUSAGE. */
int image_options(const struct arguments *args, const char *path, struct li_flatten_options *out,
                  struct li_error *err);

/* From --compression; the repository has the padding. CMD_EUSAGE. */
int seal_policy(const struct arguments *args, struct li_seal_policy *policy, struct li_error *err);

/* Parses the tag that an image is pushed to: a reference that is not a pin. CMD_EUSAGE. */
int parse_tag(const char *text, struct li_reference *reference, struct li_error *err);

/* Sets REFERENCE, unless the second operand gave it, to the image's own tag. LI_EINVALID if it has
 * none. */
int choose_reference(const struct arguments *args, const struct li_image *image,
                     struct li_reference *reference, struct li_error *err);

/* notes.c: prints a note about an image on standard error. */
void print_note(const char *text);

/* Prints everything that a user should know about an image that was flattened: oddities of the
 * original, and what the ext4 image lacks or changes. */
void print_notes(const struct li_flattened *flattened);

#endif
