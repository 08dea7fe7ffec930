/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of pieces of bytes that is kept compressed: for what is written once and read from its
 * beginning, and too much to be kept as it is. Pieces are gathered into blocks, and a block that is
 * full becomes a frame of zstd:
 *
 *      0  4  bytes of the block, little-endian, as is the next
 *      4  4  bytes of the frame
 *      8     the frame
 *
 * A piece lies in one block, so that a reader has it in one run of bytes.
 *
 * Zero-initialise it. It owns its bytes, and is for one thread at a time; any number may read one
 * that has ended.
 */
#ifndef LI_BASE_PACKED_H
#define LI_BASE_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

/* A block is full when it has so many bytes. A piece that is longer than that has one for itself,
 * and none is longer than the second. */
enum { LI_PACKED_BLOCK = 128 << 10, LI_PACKED_PIECE_MAX = 32 << 20 };

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

struct li_packed {
    struct li_buffer blocks; /* all that are full; when it has ended, all */
    struct li_buffer open;   /* the block that is being filled, as it is */
    struct ZSTD_CCtx_s *packer;
};

/* Room for a piece of SIZE bytes, which is to be filled before the next call: *PIECE. LI_ELIMIT
 * where it is over LI_PACKED_PIECE_MAX. */
int li_packed_add(struct li_packed *packed, size_t size, uint8_t **piece, struct li_error *err);

/* Packs the last block and frees what only adding needs. Nothing may be added after it. */
int li_packed_end(struct li_packed *packed, struct li_error *err);

/* Frees all; it is as in the beginning. */
void li_packed_free(struct li_packed *packed);

/* A reading of one that has ended, whose blocks may come from anywhere. */
struct li_unpacking {
    struct li_cursor left;   /* blocks */
    uint8_t *block;          /* the one that is being read */
    size_t room;             /* bytes allocated for it */
    struct li_cursor pieces; /* of it that were not taken yet: for the caller to take */
    struct ZSTD_DCtx_s *unpacker;
};

/* Begins at the first block. BLOCKS is borrowed until the end. */
struct li_unpacking li_unpacking_begin(const struct li_buffer *blocks);

/* Unpacks the next block into pieces; LI_END behind the last. LI_ECORRUPT. */
int li_unpacking_next(struct li_unpacking *reading, struct li_error *err);

/* Frees what reading needed; the blocks stay. */
void li_unpacking_end(struct li_unpacking *reading);

#endif
