/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of a layer as it was first read (D10d): a tag of 64 bits for each piece of its
 * uncompressed tar. The first reader of a piece stores its tag; later readers compare. So once the
 * pass that computes the layer's SHA-256 has read all of it, every byte that anybody has read, or
 * will read, was hashed.
 */
#ifndef LI_LAYER_TAGS_H
#define LI_LAYER_TAGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/universal_hash.h"

/* Bytes of a piece. Pieces begin at multiples of it; the layer's last piece may be shorter. */
enum { LI_LAYER_PIECE = LI_UNIVERSAL_MAX };

/* Zero-initialise it. */
struct li_tags {
    _Atomic uint64_t *tag; /* by piece; 0: not read yet */
    size_t count;          /* number of pieces, or of those added so far */
    size_t cap;
};

/* Makes room for the tags of LENGTH bytes that nobody has read yet: 8 bytes for each piece, which
 * take memory only when used. */
int li_tags_open(struct li_tags *tags, uint64_t length, struct li_error *err);

/* Adds the tags of the next LEN bytes: whole pieces, except the last of the layer. For the writer
 * of bytes that others will read, before they do. */
int li_tags_add(struct li_tags *tags, const struct li_universal_key *key, const uint8_t *data,
                size_t len, struct li_error *err);

/* Whether the LEN bytes from OFFSET on, which are whole pieces (except the layer's last), match
 * earlier reads. *WRONG is the offset of the first piece that differs. Any thread, and several at
 * once. */
bool li_tags_agree(struct li_tags *tags, const struct li_universal_key *key, uint64_t offset,
                   const uint8_t *data, size_t len, uint64_t *wrong);

/* Frees the tags, and returns the table to zeros. */
void li_tags_free(struct li_tags *tags);

#endif
