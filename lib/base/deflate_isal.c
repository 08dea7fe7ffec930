/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISA-L inflates three to four times as fast as zlib. It gets bare deflate data, because its own
 * reader of gzip needs a header in one piece, and ignores reserved flags.
 *
 * It takes whole words of input, so at the end of the data it may hold bytes that are not part of
 * it. These are counted and given back.
 */
#include "base/deflate.h"

#include <stdlib.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "base/secret.h"

struct li_deflate {
    struct inflate_state state;
};

int li_deflate_new(struct li_deflate **out, struct li_error *err)
{
    struct li_deflate *deflate = calloc(1, sizeof(*deflate));

    if (!deflate)
        return li_fail_memory(err);
    isal_inflate_init(&deflate->state);
    *out = deflate;
    return 0;
}

int li_deflate_reset(struct li_deflate *deflate, struct li_error *err)
{
    (void)err;
    isal_inflate_reset(&deflate->state);
    return 0;
}

int li_deflate_run(struct li_deflate *deflate, struct li_deflate_io *io, struct li_error *err)
{
    struct inflate_state *state = &deflate->state;
    size_t held;
    int got;

    state->next_in = (uint8_t *)(uintptr_t)io->in; /* not written */
    state->avail_in = (uint32_t)io->in_len;
    state->next_out = io->out;
    state->avail_out = (uint32_t)io->out_len;
    got = isal_inflate(state);
    if (got != ISAL_DECOMP_OK && got != ISAL_END_INPUT && got != ISAL_OUT_OVERFLOW)
        return li_fail(err, LI_ECORRUPT, "the deflate data in it is broken");
    io->in = state->next_in;
    io->in_len = state->avail_in;
    io->out = state->next_out;
    io->out_len = state->avail_out;
    if (state->block_state != ISAL_BLOCK_FINISH)
        return 0;
    held = state->read_in_length > 0 ? (size_t)state->read_in_length / 8 : 0;
    io->in -= held;
    io->in_len += held;
    return LI_END;
}

void li_deflate_free(struct li_deflate *deflate)
{
    li_wipe_free(deflate);
}

uint32_t li_crc32(uint32_t crc, const void *data, size_t len)
{
    return crc32_gzip_refl(crc, data, len);
}
