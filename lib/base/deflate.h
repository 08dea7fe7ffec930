/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inflates raw deflate data (RFC 1951), and computes gzip's CRC-32. It uses ISA-L if the build has
 * it, else zlib. Both give the same bytes for all data that zlib accepts. ISA-L also accepts codes
 * that leave some bit patterns undefined, as long as the data uses none of these; no compressor
 * makes such codes.
 *
 * A `struct li_deflate` belongs to one thread at a time.
 */
#ifndef LI_BASE_DEFLATE_H
#define LI_BASE_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_deflate;

/* Makes an inflater, ready for the beginning of deflate data. */
int li_deflate_new(struct li_deflate **out, struct li_error *err);

/* Makes it as new. */
int li_deflate_reset(struct li_deflate *deflate, struct li_error *err);

/* Input and output, in bytes. Both move on as they are used. */
struct li_deflate_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
};

/* How far the end of the data may lie before the input of the last call, in bytes. */
enum { LI_DEFLATE_BACK = 8 };

/* Inflates until the input is used up or the output is full. Both are at most INT_MAX bytes. LI_END
 * at the end of the data: `in` then points just after it, which may be up to LI_DEFLATE_BACK bytes
 * before its position at the call. LI_ECORRUPT if the data is broken. */
int li_deflate_run(struct li_deflate *deflate, struct li_deflate_io *io, struct li_error *err);

/* NULL is allowed. */
void li_deflate_free(struct li_deflate *deflate);

/* Extends CRC, the gzip CRC-32 of some bytes, by LEN more bytes. The CRC-32 of no bytes is 0. Any
 * thread. */
uint32_t li_crc32(uint32_t crc, const void *data, size_t len);

#endif
