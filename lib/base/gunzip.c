/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gzip puts around deflate data: a header, whose fields are skipped, and a trailer with a
 * CRC-32 and a length. Both are checked, and so is the header's own CRC if it has one.
 *
 * A file may have several members. After the last one there may be anything, as for gzip(1),
 * because tapes and copies pad with zeros. But data that begins like a member must be a whole
 * member.
 */
#include "base/gunzip.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/deflate.h"
#include "base/secret.h"

enum { INPUT_SIZE = 256 * 1024, HEAD_SIZE = 4, HEADER_SIZE = 10, TRAILER_SIZE = 8 };
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };

struct li_gunzip {
    li_decompress_source *source;
    void *arg;
    struct li_deflate *deflate;
    size_t at, end; /* unused input; LI_DEFLATE_BACK bytes before it are kept */
    bool source_ended;
    bool in_member;
    bool ended;
    uint32_t crc;    /* of the header, then of the inflated data of this member */
    uint32_t length; /* bytes inflated of this member, modulo 2^32 */
    uint8_t input[LI_DEFLATE_BACK + INPUT_SIZE];
};

static int cut_short(struct li_error *err)
{
    return li_fail(err, LI_ECORRUPT, "the gzip data ends too early");
}

/* Reads until WANT bytes are there, or the input ends. */
static int fill(struct li_gunzip *g, size_t want, struct li_error *err)
{
    size_t kept = g->at > LI_DEFLATE_BACK ? g->at - LI_DEFLATE_BACK : 0;
    int rc = 0;

    if (g->end - g->at >= want || g->source_ended)
        return 0;
    memmove(g->input, g->input + kept, g->end - kept);
    g->at -= kept;
    g->end -= kept;
    while (rc == 0 && g->end - g->at < want && !g->source_ended) {
        size_t got = 0;

        rc = g->source(g->arg, g->input + g->end, sizeof(g->input) - g->end, &got, err);
        g->end += got;
        g->source_ended = got == 0;
    }
    return rc;
}

static int need(struct li_gunzip *g, size_t want, struct li_error *err)
{
    int rc = fill(g, want, err);

    return rc == 0 && g->end - g->at < want ? cut_short(err) : rc;
}

/* Skips LEN bytes of a header, which must be there. */
static void pass(struct li_gunzip *g, size_t len)
{
    g->crc = li_crc32(g->crc, g->input + g->at, len);
    g->at += len;
}

static int pass_extra(struct li_gunzip *g, struct li_error *err)
{
    int rc = need(g, 2, err);
    size_t left;

    if (rc < 0)
        return rc;
    left = li_get_le16(g->input + g->at);
    pass(g, 2);
    rc = need(g, left, err);
    if (rc == 0)
        pass(g, left);
    return rc;
}

static int pass_text(struct li_gunzip *g, struct li_error *err)
{
    for (;;) {
        int rc = need(g, 1, err);
        const uint8_t *nul;

        if (rc < 0)
            return rc;
        nul = memchr(g->input + g->at, 0, g->end - g->at);
        if (nul) {
            pass(g, (size_t)(nul + 1 - (g->input + g->at)));
            return 0;
        }
        pass(g, g->end - g->at);
    }
}

static int check_header_crc(struct li_gunzip *g, struct li_error *err)
{
    int rc = need(g, 2, err);

    if (rc == 0 && li_get_le16(g->input + g->at) != (g->crc & 0xffff))
        rc = li_fail(err, LI_ECORRUPT, "gzip's CRC of its header does not match");
    if (rc == 0)
        g->at += 2;
    return rc;
}

/* Whether a member begins here. */
static int member_begins(struct li_gunzip *g, bool *out, struct li_error *err)
{
    static const uint8_t magic[] = {0x1f, 0x8b, 8};
    const uint8_t *head;
    int rc = fill(g, HEAD_SIZE, err);

    if (rc < 0)
        return rc;
    head = g->input + g->at;
    *out = g->end - g->at >= HEAD_SIZE && memcmp(head, magic, sizeof(magic)) == 0 &&
           !(head[3] & RESERVED);
    return 0;
}

static int begin_member(struct li_gunzip *g, struct li_error *err)
{
    int rc = need(g, HEADER_SIZE, err);
    uint8_t flags;

    if (rc < 0)
        return rc;
    flags = g->input[g->at + 3];
    g->crc = 0;
    pass(g, HEADER_SIZE);
    if (flags & FEXTRA)
        rc = pass_extra(g, err);
    if (rc == 0 && flags & FNAME)
        rc = pass_text(g, err);
    if (rc == 0 && flags & FCOMMENT)
        rc = pass_text(g, err);
    if (rc == 0 && flags & FHCRC)
        rc = check_header_crc(g, err);
    if (rc == 0)
        rc = li_deflate_reset(g->deflate, err);
    g->crc = 0;
    g->length = 0;
    g->in_member = true;
    return rc;
}

static int end_member(struct li_gunzip *g, struct li_error *err)
{
    int rc = need(g, TRAILER_SIZE, err);

    if (rc == 0 && li_get_le32(g->input + g->at) != g->crc)
        rc = li_fail(err, LI_ECORRUPT, "gzip's CRC of the data does not match");
    if (rc == 0 && li_get_le32(g->input + g->at + 4) != g->length)
        rc = li_fail(err, LI_ECORRUPT, "gzip's length of the data does not match");
    g->at += TRAILER_SIZE;
    g->in_member = false;
    return rc;
}

/* Inflates a piece. *GOT may be 0 although more follows. */
static int inflate_piece(struct li_gunzip *g, void *buf, size_t len, size_t *got,
                         struct li_error *err)
{
    struct li_deflate_io io = {.out = buf, .out_len = len < INT_MAX ? len : INT_MAX};
    size_t room = io.out_len;
    int rc = fill(g, 1, err);
    size_t at = g->at;

    if (rc < 0)
        return rc;
    io.in = g->input + at;
    io.in_len = g->end - at;
    rc = li_deflate_run(g->deflate, &io, err);
    if (rc < 0)
        return rc;
    g->at = g->end - io.in_len;
    *got = room - io.out_len;
    g->crc = li_crc32(g->crc, buf, *got);
    g->length += (uint32_t)*got;
    if (rc == LI_END)
        return end_member(g, err);
    /* Neither input used nor output made: the data is broken, and more input will not come. */
    if (*got == 0 && g->at == at)
        return g->source_ended && at == g->end
                   ? cut_short(err)
                   : li_fail(err, LI_ECORRUPT, "the deflate data in it is broken");
    return 0;
}

int li_gunzip_new(li_decompress_source *source, void *arg, struct li_gunzip **out,
                  struct li_error *err)
{
    struct li_gunzip *g = calloc(1, sizeof(*g));
    bool begins = false;
    int rc;

    if (!g)
        return li_fail_memory(err);
    g->source = source;
    g->arg = arg;
    g->at = g->end = LI_DEFLATE_BACK;
    rc = li_deflate_new(&g->deflate, err);
    if (rc == 0)
        rc = member_begins(g, &begins, err);
    if (rc == 0 && !begins)
        rc = li_fail(err, LI_ECORRUPT, "the gzip header is not valid");
    if (rc == 0)
        rc = begin_member(g, err);
    if (rc == 0)
        *out = g;
    else
        li_gunzip_free(g);
    return rc;
}

int li_gunzip_read(struct li_gunzip *g, void *buf, size_t len, size_t *got, struct li_error *err)
{
    size_t made = 0;
    int rc = 0;

    while (rc == 0 && made == 0 && !g->ended) {
        if (g->in_member) {
            rc = inflate_piece(g, buf, len, &made, err);
            continue;
        }
        rc = member_begins(g, &g->in_member, err);
        if (rc == 0 && g->in_member)
            rc = begin_member(g, err);
        else
            g->ended = true;
    }
    if (rc == 0)
        *got = made;
    return rc;
}

void li_gunzip_free(struct li_gunzip *g)
{
    if (!g)
        return;
    li_deflate_free(g->deflate);
    li_wipe_free(g);
}
