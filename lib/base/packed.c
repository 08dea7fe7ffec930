/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd at its first level shrinks the entries of layers, for which this is used, to an eighth. That
 * takes less time than it saves in hashing, writing and reading. Each block is a frame of its own,
 * so only the frames are kept, and a reader needs memory for its longest block only.
 */
#include "base/packed.h"

#include <stdlib.h>
#include <zstd.h>

enum { HEADER_SIZE = 8, LEVEL = 1 };

static int fail_zstd(size_t code, struct li_error *err)
{
    return li_fail(err, LI_ENOMEM, "zstd cannot compress: %s", ZSTD_getErrorName(code));
}

static int pack(struct li_packed *packed, struct li_error *err)
{
    size_t most = ZSTD_compressBound(packed->open.len), size;
    uint8_t *header;
    int rc;

    if (!packed->packer)
        packed->packer = ZSTD_createCCtx();
    if (!packed->packer)
        return li_fail_memory(err);
    rc = li_buffer_reserve(&packed->blocks, packed->blocks.len + HEADER_SIZE + most, err);
    if (rc < 0)
        return rc;
    header = packed->blocks.data + packed->blocks.len;
    size = ZSTD_compressCCtx(packed->packer, header + HEADER_SIZE, most, packed->open.data,
                             packed->open.len, LEVEL);
    if (ZSTD_isError(size))
        return fail_zstd(size, err);
    li_put_le32(header, (uint32_t)packed->open.len);
    li_put_le32(header + 4, (uint32_t)size);
    packed->blocks.len += HEADER_SIZE + size;
    packed->open.len = 0;
    return 0;
}

int li_packed_add(struct li_packed *packed, size_t size, uint8_t **piece, struct li_error *err)
{
    int rc = 0;

    if (size > LI_PACKED_PIECE_MAX)
        return li_fail(err, LI_ELIMIT, "a piece has %zu bytes; at most %d are allowed", size,
                       LI_PACKED_PIECE_MAX);
    if (packed->open.len > 0 && packed->open.len + size > LI_PACKED_BLOCK)
        rc = pack(packed, err);
    if (rc == 0)
        rc = li_buffer_reserve(&packed->open, packed->open.len + size, err);
    if (rc < 0)
        return rc;
    *piece = packed->open.data + packed->open.len;
    packed->open.len += size;
    return 0;
}

int li_packed_end(struct li_packed *packed, struct li_error *err)
{
    int rc = packed->open.len > 0 ? pack(packed, err) : 0;

    li_buffer_free(&packed->open);
    ZSTD_freeCCtx(packed->packer);
    packed->packer = NULL;
    return rc;
}

void li_packed_free(struct li_packed *packed)
{
    li_buffer_free(&packed->blocks);
    li_buffer_free(&packed->open);
    ZSTD_freeCCtx(packed->packer);
    packed->packer = NULL;
}

struct li_unpacking li_unpacking_begin(const struct li_buffer *blocks)
{
    return (struct li_unpacking){.left = li_cursor(blocks->data, blocks->len)};
}

static int make_room(struct li_unpacking *reading, size_t size, struct li_error *err)
{
    if (size <= reading->room)
        return 0;
    free(reading->block);
    reading->room = 0;
    reading->block = malloc(size);
    if (!reading->block)
        return li_fail_memory(err);
    reading->room = size;
    return 0;
}

int li_unpacking_next(struct li_unpacking *reading, struct li_error *err)
{
    const uint8_t *frame;
    size_t size, packed;
    int rc;

    if (reading->left.left == 0)
        return LI_END;
    size = li_cursor_le32(&reading->left);
    packed = li_cursor_le32(&reading->left);
    frame = li_cursor_take(&reading->left, packed);
    if (reading->left.bad || size == 0 || size > LI_PACKED_PIECE_MAX)
        return li_fail(err, LI_ECORRUPT, "a block that was packed is broken");
    if (!reading->unpacker)
        reading->unpacker = ZSTD_createDCtx();
    if (!reading->unpacker)
        return li_fail_memory(err);
    rc = make_room(reading, size, err);
    if (rc < 0)
        return rc;
    if (ZSTD_decompressDCtx(reading->unpacker, reading->block, size, frame, packed) != size)
        return li_fail(err, LI_ECORRUPT, "a block that was packed is broken");
    reading->pieces = li_cursor(reading->block, size);
    return 0;
}

void li_unpacking_end(struct li_unpacking *reading)
{
    free(reading->block);
    reading->block = NULL;
    ZSTD_freeDCtx(reading->unpacker);
    reading->unpacker = NULL;
}
