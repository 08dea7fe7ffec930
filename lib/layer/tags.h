/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a layer's bytes were when they were first read (D10d): a tag of 64 bits for each piece of
 * its uncompressed tar. Whoever reads a piece first leaves its tag; whoever reads it later
 * compares. So where the pass that computes the layer's SHA-256 has read all of it, every byte that
 * anybody has read, or will, was hashed.
 */
#ifndef LI_LAYER_TAGS_H
#define LI_LAYER_TAGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/universal_hash.h"

/* Bytes of a piece; pieces begin at multiples of it, and the layer's last may be shorter. */
enum { LI_LAYER_PIECE = LI_UNIVERSAL_MAX };

/* Zero-initialise it. */
struct li_tags {
    _Atomic uint64_t *tag; /* by piece; 0: nobody has read it yet */
    size_t count;          /* of pieces, or of those that were added */
    size_t cap;
};

/* Makes room for the tags of LENGTH bytes that nobody has read yet. Memory that the system gives
 * only where it is used: 8 bytes for each piece. */
int li_tags_open(struct li_tags *tags, uint64_t length, struct li_error *err);

/* Adds the tags of the LEN bytes that follow those added before: whole pieces, but for the last of
 * the layer. For one who writes the bytes that others will read, and before they do. */
int li_tags_add(struct li_tags *tags, const struct li_universal_key *key, const uint8_t *data,
                size_t len, struct li_error *err);

/* Whether the LEN bytes from OFFSET on, which are whole pieces (but for the layer's last), are
 * those that others have read. *WRONG is where the first piece begins that differs. Any thread, at
 * once with others. */
bool li_tags_agree(struct li_tags *tags, const struct li_universal_key *key, uint64_t offset,
                   const uint8_t *data, size_t len, uint64_t *wrong);

/* Frees the tags, and returns the table to zeros. */
void li_tags_free(struct li_tags *tags);

#endif
