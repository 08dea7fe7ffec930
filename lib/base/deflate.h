/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inflating: deflate data (RFC 1951) with nothing around it, and the CRC-32 that gzip puts behind
 * it. By ISA-L where the build has it, by zlib where not. What zlib takes comes out the same of
 * both; ISA-L is also content with codes that leave some bit patterns without a meaning, which no
 * compressor makes, as long as none of these is used.
 *
 * A `struct li_deflate` belongs to one thread at a time.
 */
#ifndef LI_BASE_DEFLATE_H
#define LI_BASE_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_deflate;

/* Ready for the begin of deflate data. */
int li_deflate_new(struct li_deflate **out, struct li_error *err);

/* As new. */
int li_deflate_reset(struct li_deflate *deflate, struct li_error *err);

/* What is to be read and where to write, bytes. Both move on as they are used. */
struct li_deflate_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
};

/* At the end of the data, how many bytes before those of the last call it may turn out to lie. */
enum { LI_DEFLATE_BACK = 8 };

/* Inflates until the input is used up or the output is full; both are at most INT_MAX bytes. LI_END
 * at the end of the data: `in` is then just behind it, which may be up to LI_DEFLATE_BACK bytes
 * before where it was at the call. LI_ECORRUPT where the data is broken. */
int li_deflate_run(struct li_deflate *deflate, struct li_deflate_io *io, struct li_error *err);

/* NULL is allowed. */
void li_deflate_free(struct li_deflate *deflate);

/* The CRC-32 of gzip of what CRC is that of, followed by LEN bytes; that of nothing is 0. Any
 * thread. */
uint32_t li_crc32(uint32_t crc, const void *data, size_t len);

#endif
