/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each block of an xz stream says what dictionary it needs. liblzma tells how much memory that is
 * if it may use hardly any, so the first block of a stream is tried like that. The stream then has
 * half of the budget, which is enough for what `xz -9` makes, or all of it. Between the blocks of a
 * stream nothing can be given back, so a later block cannot get more; xz gives all blocks of a
 * stream the same dictionary unless it is told otherwise.
 */
#include "base/unxz.h"

#include <lzma.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/input.h"
#include "base/secret.h"

enum {
    /* Bytes that hold a stream's header and its first block's: 12, and at most 1024. */
    HEADERS = 2048,
    SHARE = LI_DECOMPRESS_WINDOWS / 2,
};

struct li_unxz {
    struct li_budget *budget;
    uint64_t share;     /* taken from the budget, or 0 */
    lzma_stream stream; /* liblzma's state, in a stream */
    bool in_stream;
    struct li_input in;
};

static int fail_code(lzma_ret code, struct li_error *err)
{
    switch (code) {
    case LZMA_MEM_ERROR:
        return li_fail_memory(err);
    case LZMA_MEMLIMIT_ERROR:
        return li_fail(err, LI_EUNSUPPORTED,
                       "it has blocks of xz that need a larger dictionary than the first; compress "
                       "it again with one setting for all");
    case LZMA_OPTIONS_ERROR:
        return li_fail(err, LI_EUNSUPPORTED, "liblzma does not know its form of xz");
    case LZMA_FORMAT_ERROR:
        return li_fail(err, LI_ECORRUPT, "there is something else than xz data in it");
    default:
        return li_fail(err, LI_ECORRUPT, "the xz data is not valid (liblzma's code %d)", code);
    }
}

static void end_stream(struct li_unxz *x)
{
    lzma_end(&x->stream);
    x->stream = (lzma_stream)LZMA_STREAM_INIT;
    li_budget_give(x->budget, x->share);
    x->share = 0;
    x->in_stream = false;
}

/* The memory that the first block needs, or 0 if the stream has none that can be read. */
static int first_need(const struct li_unxz *x, uint64_t *out, struct li_error *err)
{
    lzma_stream s = LZMA_STREAM_INIT;
    uint8_t ignored;
    lzma_ret code = lzma_stream_decoder(&s, 1, 0);

    if (code != LZMA_OK)
        return fail_code(code, err);
    s.next_in = x->in.data + x->in.at;
    s.avail_in = li_input_left(&x->in);
    s.next_out = &ignored;
    s.avail_out = 1;
    *out = lzma_code(&s, LZMA_RUN) == LZMA_MEMLIMIT_ERROR ? lzma_memusage(&s) : 0;
    lzma_end(&s);
    return 0;
}

/* Passes the padding between streams, which is whole words of zeros. LI_END at the end. */
static int pass_padding(struct li_unxz *x, struct li_error *err)
{
    for (;;) {
        int rc = li_input_fill(&x->in, HEADERS, err);

        if (rc < 0)
            return rc;
        if (li_input_left(&x->in) == 0)
            return LI_END;
        if (li_input_left(&x->in) < 4 || li_get_le32(x->in.data + x->in.at) != 0)
            return 0;
        x->in.at += 4;
    }
}

/* Begins the next stream. LI_END if there is none. */
static int begin_stream(struct li_unxz *x, struct li_error *err)
{
    uint64_t need = 0;
    lzma_ret code;
    int rc = pass_padding(x, err);

    if (rc == 0)
        rc = first_need(x, &need, err);
    if (rc == 0 && need > LI_DECOMPRESS_WINDOWS)
        rc = li_fail(err, LI_EUNSUPPORTED,
                     "it needs a dictionary of xz of more than 128 MiB; compress it again with at "
                     "most --lzma2=dict=128MiB");
    if (rc != 0)
        return rc;
    x->share = need <= SHARE ? SHARE : LI_DECOMPRESS_WINDOWS;
    li_budget_take(x->budget, x->share);
    code = lzma_stream_decoder(&x->stream, x->share, 0);
    x->in_stream = true;
    return code == LZMA_OK ? 0 : fail_code(code, err);
}

/* Goes on with a stream: gives output, ends it, or uses all input. */
static int decode(struct li_unxz *x, void *buf, size_t len, size_t *got, struct li_error *err)
{
    lzma_stream *s = &x->stream;
    lzma_ret code;

    s->next_in = x->in.data + x->in.at;
    s->avail_in = li_input_left(&x->in);
    s->next_out = buf;
    s->avail_out = len;
    code = lzma_code(s, LZMA_RUN);
    x->in.at = x->in.end - s->avail_in;
    *got = len - s->avail_out;
    if (code == LZMA_STREAM_END) {
        end_stream(x);
        return 0;
    }
    if (code != LZMA_OK && code != LZMA_BUF_ERROR)
        return fail_code(code, err);
    if (*got > 0 || li_input_left(&x->in) > 0)
        return 0;
    if (x->in.ended)
        return li_fail(err, LI_ECORRUPT, "the xz data ends too early");
    return li_input_fill(&x->in, 1, err);
}

int li_unxz_new(li_decompress_source *source, void *arg, struct li_budget *budget,
                struct li_unxz **out, struct li_error *err)
{
    struct li_unxz *x = calloc(1, sizeof(*x));

    if (!x)
        return li_fail_memory(err);
    x->budget = budget;
    x->stream = (lzma_stream)LZMA_STREAM_INIT;
    x->in.source = source;
    x->in.arg = arg;
    *out = x;
    return 0;
}

int li_unxz_read(struct li_unxz *x, void *buf, size_t len, size_t *got, struct li_error *err)
{
    int rc = 0;

    *got = 0;
    while (rc == 0 && *got == 0)
        rc = x->in_stream ? decode(x, buf, len, got, err) : begin_stream(x, err);
    return rc < 0 ? rc : 0;
}

void li_unxz_free(struct li_unxz *x)
{
    if (!x)
        return;
    end_stream(x);
    li_wipe_free(x);
}
