/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compressed run of pieces of bytes: for data that is written once and read from its beginning,
 * and is too large to keep uncompressed. Pieces are gathered into blocks, and a full block becomes
 * a frame of zstd:
 *
 *      0  4  bytes of the block, little-endian, as is the next
 *      4  4  bytes of the frame
 *      8     the frame
 *
 * A piece is within one block, so a reader has it in one run of bytes.
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

/* A block is full when it has so many bytes. A longer piece gets a block of its own. No piece is
 * longer than the second limit. */
enum { LI_PACKED_BLOCK = 128 << 10, LI_PACKED_PIECE_MAX = 32 << 20 };

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

struct li_packed {
    struct li_buffer blocks; /* all full blocks; after the end, all blocks */
    struct li_buffer open;   /* the block that is being filled, not compressed */
    struct ZSTD_CCtx_s *packer;
};

/* Makes room for a piece of SIZE bytes at *PIECE. The caller fills it before the next call.
 * LI_ELIMIT if it is over LI_PACKED_PIECE_MAX. */
int li_packed_add(struct li_packed *packed, size_t size, uint8_t **piece, struct li_error *err);

/* Packs the last block and frees what only adding needs. Nothing can be added afterwards. */
int li_packed_end(struct li_packed *packed, struct li_error *err);

/* Frees everything, and returns it to zeros. */
void li_packed_free(struct li_packed *packed);

/* A reader of a run that has ended. Its blocks may come from anywhere. */
struct li_unpacking {
    struct li_cursor left;   /* blocks */
    uint8_t *block;          /* the block that is being read */
    size_t room;             /* bytes allocated for it */
    struct li_cursor pieces; /* bytes of it that the caller has not taken yet */
    struct ZSTD_DCtx_s *unpacker;
};

/* Begins at the first block. BLOCKS is borrowed until li_unpacking_end(). */
struct li_unpacking li_unpacking_begin(const struct li_buffer *blocks);

/* Unpacks the next block into pieces; LI_END after the last. LI_ECORRUPT. */
int li_unpacking_next(struct li_unpacking *reading, struct li_error *err);

/* Frees what reading needed. The blocks are not freed. */
void li_unpacking_end(struct li_unpacking *reading);

#endif
