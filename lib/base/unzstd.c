/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame says in its header what window it needs, and libzstd keeps so many of the last bytes. It
 * checks that against a limit only, so this file reads the header, too: it takes the window from a
 * budget before libzstd allocates it. A share is kept for later frames that need no more; a layer
 * may be many small frames.
 */
#include "base/unzstd.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/bytes.h"
#include "base/input.h"
#include "base/secret.h"

enum {
    HEADER_MAX = 18, /* RFC 8878, 3.1.1, with the magic number */
    WINDOW_LOG = 27,
    OVERHEAD = 1 << 20, /* of a decoder beside its window: 0.6 MiB in libzstd 1.5 */
};

struct li_unzstd {
    struct li_budget *budget;
    uint64_t share; /* taken from the budget, or 0 */
    ZSTD_DCtx *ctx; /* not NULL in a frame */
    bool in_frame;
    struct li_input in;
};

static int cut_short(struct li_error *err)
{
    return li_fail(err, LI_ECORRUPT, "the zstd data ends too early");
}

/* The content size of a frame whose field for it has 1 << CODE bytes. */
static uint64_t content_size(struct li_cursor *c, unsigned code)
{
    switch (code) {
    case 0:
        return li_cursor_u8(c);
    case 1:
        return li_cursor_le16(c) + UINT64_C(256);
    case 2:
        return li_cursor_le32(c);
    default:
        return li_cursor_le64(c);
    }
}

/* The window of a frame whose header begins the input; 0 for one that is skipped. */
static int read_window(const struct li_input *in, uint64_t *out, struct li_error *err)
{
    static const uint32_t magic = 0xfd2fb528, skippable = 0x184d2a5;
    static const uint8_t dictionary_id[] = {0, 1, 2, 4};
    struct li_cursor c = li_cursor(in->data + in->at, li_input_left(in));
    uint32_t word = li_cursor_le32(&c);
    uint8_t flags, window;

    *out = 0;
    if (!c.bad && word >> 4 == skippable)
        return 0;
    if (!c.bad && word != magic)
        return li_fail(err, LI_ECORRUPT, "there is something else than a zstd frame in it");
    flags = li_cursor_u8(&c);
    if (flags & 1 << 5) {
        li_cursor_take(&c, dictionary_id[flags & 3]);
        *out = content_size(&c, flags >> 6);
    } else {
        window = li_cursor_u8(&c);
        *out = (UINT64_C(1) << (10 + (window >> 3))) / 8 * (8 + (window & 7));
    }
    return c.bad ? cut_short(err) : 0;
}

/* Makes sure of a share for WINDOW. What the last frames needed is freed before, because who waits
 * may hold nothing. */
static int take_share(struct li_unzstd *z, uint64_t window, struct li_error *err)
{
    uint64_t need = window + OVERHEAD;

    if (z->ctx && need <= z->share)
        return 0;
    ZSTD_freeDCtx(z->ctx);
    li_budget_give(z->budget, z->share);
    li_budget_take(z->budget, need);
    z->share = need;
    z->ctx = ZSTD_createDCtx();
    if (!z->ctx || ZSTD_isError(ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, WINDOW_LOG)))
        return li_fail_memory(err);
    return 0;
}

/* Begins the next frame. LI_END if there is none. */
static int begin_frame(struct li_unzstd *z, struct li_error *err)
{
    uint64_t window;
    int rc = li_input_fill(&z->in, HEADER_MAX, err);

    if (rc == 0 && li_input_left(&z->in) == 0)
        return LI_END;
    if (rc == 0)
        rc = read_window(&z->in, &window, err);
    if (rc == 0 && window > UINT64_C(1) << WINDOW_LOG)
        rc = li_fail(err, LI_EUNSUPPORTED,
                     "its zstd frames need a window of more than %d MiB; compress it again with at "
                     "most --long=%d",
                     1 << (WINDOW_LOG - 20), WINDOW_LOG);
    if (rc == 0)
        rc = take_share(z, window, err);
    z->in_frame = rc == 0;
    return rc;
}

static int fail_code(size_t code, struct li_error *err)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return li_fail_memory(err);
    return li_fail(err, LI_ECORRUPT, "zstd: %s", ZSTD_getErrorName(code));
}

/* Goes on with a frame: gives output, ends it, or uses all input. */
static int decode(struct li_unzstd *z, ZSTD_outBuffer *out, struct li_error *err)
{
    ZSTD_inBuffer in = {z->in.data + z->in.at, li_input_left(&z->in), 0};
    size_t code = ZSTD_decompressStream(z->ctx, out, &in);

    if (ZSTD_isError(code))
        return fail_code(code, err);
    z->in.at += in.pos;
    z->in_frame = code != 0;
    if (!z->in_frame || out->pos > 0 || li_input_left(&z->in) > 0)
        return 0;
    return z->in.ended ? cut_short(err) : li_input_fill(&z->in, 1, err);
}

int li_unzstd_new(li_decompress_source *source, void *arg, struct li_budget *budget,
                  struct li_unzstd **out, struct li_error *err)
{
    struct li_unzstd *z = calloc(1, sizeof(*z));

    if (!z)
        return li_fail_memory(err);
    z->budget = budget;
    z->in.source = source;
    z->in.arg = arg;
    *out = z;
    return 0;
}

int li_unzstd_read(struct li_unzstd *z, void *buf, size_t len, size_t *got, struct li_error *err)
{
    ZSTD_outBuffer out = {buf, len, 0};
    int rc = 0;

    while (rc == 0 && out.pos == 0)
        rc = z->in_frame ? decode(z, &out, err) : begin_frame(z, err);
    if (rc < 0)
        return rc;
    *got = out.pos;
    return 0;
}

void li_unzstd_free(struct li_unzstd *z)
{
    if (!z)
        return;
    ZSTD_freeDCtx(z->ctx);
    li_budget_give(z->budget, z->share);
    li_wipe_free(z);
}
