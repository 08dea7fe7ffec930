/* SPDX-License-Identifier: Apache-2.0 */
/* Used if there is no ISA-L. */
#include "base/deflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/secret.h"

struct li_deflate {
    z_stream stream;
};

static int failed(int got, const z_stream *stream, struct li_error *err)
{
    if (got == Z_MEM_ERROR)
        return li_fail_memory(err);
    if (got == Z_DATA_ERROR || got == Z_NEED_DICT)
        return li_fail(err, LI_ECORRUPT, "the deflate data in it is broken");
    return li_fail(err, LI_EUNSUPPORTED, "this zlib does not inflate: %s",
                   stream->msg ? stream->msg : "zlib gives no reason");
}

static void *allocate(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return calloc(count, size);
}

static void release(void *opaque, void *memory)
{
    (void)opaque;
    li_wipe_free(memory);
}

int li_deflate_new(struct li_deflate **out, struct li_error *err)
{
    struct li_deflate *deflate = calloc(1, sizeof(*deflate));
    int got;

    if (!deflate)
        return li_fail_memory(err);
    deflate->stream.zalloc = allocate;
    deflate->stream.zfree = release;
    got = inflateInit2(&deflate->stream, -MAX_WBITS);
    if (got != Z_OK) {
        int rc = failed(got, &deflate->stream, err);

        free(deflate);
        return rc;
    }
    *out = deflate;
    return 0;
}

int li_deflate_reset(struct li_deflate *deflate, struct li_error *err)
{
    int got = inflateReset(&deflate->stream);

    return got == Z_OK ? 0 : failed(got, &deflate->stream, err);
}

int li_deflate_run(struct li_deflate *deflate, struct li_deflate_io *io, struct li_error *err)
{
    z_stream *stream = &deflate->stream;
    int got;

    stream->next_in = (Bytef *)(uintptr_t)io->in; /* not written */
    stream->avail_in = (uInt)io->in_len;
    stream->next_out = io->out;
    stream->avail_out = (uInt)io->out_len;
    got = inflate(stream, Z_NO_FLUSH);
    if (got != Z_OK && got != Z_BUF_ERROR && got != Z_STREAM_END)
        return failed(got, stream, err);
    io->in = stream->next_in;
    io->in_len = stream->avail_in;
    io->out = stream->next_out;
    io->out_len = stream->avail_out;
    return got == Z_STREAM_END ? LI_END : 0;
}

void li_deflate_free(struct li_deflate *deflate)
{
    if (deflate)
        inflateEnd(&deflate->stream);
    free(deflate);
}

uint32_t li_crc32(uint32_t crc, const void *data, size_t len)
{
    return (uint32_t)crc32_z(crc, data, len);
}
