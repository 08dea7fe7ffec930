/* SPDX-License-Identifier: Apache-2.0 */
/* Input that cannot be read where it lies, made into a file that can. */
#ifndef LI_IMAGE_SPOOL_H
#define LI_IMAGE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"

/* Bytes that a spooled image may have once it is decompressed: far above any real image, and a
 * bound on what a few bytes of hostile input can fill a disk with. */
#define LI_IMAGE_MAX_SPOOL ((uint64_t)1 << 40)

/* Whether the file FD begins as gzip, zstd or xz do. LI_EUNSUPPORTED where it begins as another
 * compression does; so it is for li_image_spool(). */
int li_image_compressed(int fd, bool *out, struct li_error *err);

/* Reads FD from its current position to its end into an unlinked file in env->tmpdir, decompressing
 * where it is gzip, zstd or xz. The caller closes *out, and FD. */
int li_image_spool(int fd, const struct li_env *env, int *out, struct li_error *err);

#endif
