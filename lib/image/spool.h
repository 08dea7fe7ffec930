/* SPDX-License-Identifier: Apache-2.0 */
/* Copies input that cannot be read in place to a file that can. */
#ifndef LI_IMAGE_SPOOL_H
#define LI_IMAGE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"

/* The most bytes of a spooled image after decompression. It is far above any real image, and bounds
 * the disk space that a few bytes of hostile input can fill. */
#define LI_IMAGE_MAX_SPOOL ((uint64_t)1 << 40)

/* Whether the file FD begins as gzip, zstd or xz. LI_EUNSUPPORTED if it begins as another
 * compression; the same holds for li_image_spool(). */
int li_image_compressed(int fd, bool *out, struct li_error *err);

/* Reads FD from its current position to its end into an unlinked file in env->tmpdir, decompressing
 * gzip, zstd or xz. The caller closes *out and FD. */
int li_image_spool(int fd, const struct li_env *env, int *out, struct li_error *err);

#endif
