/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression. Only one layer of compression is undone: gzip in gzip comes out as gzip. zstd in
 * zstd or xz, or xz in one of them, is LI_EUNSUPPORTED.
 *
 * A `struct li_decompress` belongs to one thread at a time.
 */
#ifndef LI_BASE_DECOMPRESS_H
#define LI_BASE_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/compression.h"
#include "base/error.h"

enum {
    /* Bytes for the windows of zstd and the dictionaries of xz that are in use at once. That is
     * enough for the largest window, 128 MiB, or for two dictionaries of `xz -9`. */
    LI_DECOMPRESS_WINDOWS = 130 << 20,
};

/* Gives the next bytes, 1 to LEN; 0 at the end. */
typedef int li_decompress_source(void *arg, void *buf, size_t len, size_t *got,
                                 struct li_error *err);

struct li_decompress;

/* Begins to decompress. SOURCE is called whenever bytes are needed, also in this call, but not
 * after it has given its end. What windows and dictionaries need is taken from BUDGET, which has
 * LI_DECOMPRESS_WINDOWS in all: this call and li_decompress_read() wait for others that use it.
 * NULL: nobody else decompresses. LI_EUNSUPPORTED if a window or dictionary has more than 128 MiB.
 */
int li_decompress_open(enum li_compression compression, li_decompress_source *source, void *arg,
                       struct li_budget *budget, struct li_decompress **out, struct li_error *err);

/* Gives the next decompressed bytes, 1 to LEN of them; 0 at the end. Like gzip(1), it ignores bytes
 * after the last member of gzip, and may not have read them. LI_ECORRUPT if the data is broken or
 * cut short, if a checksum does not match, or if anything but another frame or stream follows one
 * of zstd or xz. LI_EUNSUPPORTED as above. An error of SOURCE is returned unchanged. Do not call it
 * again after a failure. */
int li_decompress_read(struct li_decompress *d, void *buf, size_t len, size_t *got,
                       struct li_error *err);

/* NULL is allowed. */
void li_decompress_free(struct li_decompress *d);

#endif
