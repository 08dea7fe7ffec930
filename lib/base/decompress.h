/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed bytes read as what they were. One form is undone, once: gzip in gzip comes out as
 * gzip. zstd in zstd or xz, or xz in one of them, is refused as LI_EUNSUPPORTED.
 *
 * A `struct li_decompress` belongs to one thread at a time.
 */
#ifndef LI_BASE_DECOMPRESS_H
#define LI_BASE_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/compression.h"
#include "base/error.h"

/* Gives the next bytes, at most LEN, 1 or more; 0 at the end. */
typedef int li_decompress_source(void *arg, void *buf, size_t len, size_t *got,
                                 struct li_error *err);

struct li_decompress;

/* Begins; SOURCE is called when bytes are wanted, here already, and not after the end that it
 * gave. */
int li_decompress_open(enum li_compression compression, li_decompress_source *source, void *arg,
                       struct li_decompress **out, struct li_error *err);

/* Gives the next decompressed bytes, 1 to LEN of them; 0 at the end. What lies behind the last
 * member or frame is left out, as gzip(1) does, and may not have been read. LI_ECORRUPT where the
 * data is broken or cut short or where a checksum in it does not hold; an error of SOURCE as it is.
 * No more calls after a failure. */
int li_decompress_read(struct li_decompress *d, void *buf, size_t len, size_t *got,
                       struct li_error *err);

/* NULL is allowed. */
void li_decompress_free(struct li_decompress *d);

#endif
