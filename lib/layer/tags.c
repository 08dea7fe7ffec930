/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One word for each piece, set once, with an atomic compare-and-exchange. So the table needs no
 * lock, and if two threads read a piece at the same time and differ, one of them fails.
 */
#include "layer/tags.h"

#include <stdlib.h>

#include "base/array.h"

int li_tags_open(struct li_tags *tags, uint64_t length, struct li_error *err)
{
    size_t count = (size_t)(length / LI_LAYER_PIECE + (length % LI_LAYER_PIECE != 0));

    tags->tag = calloc(count ? count : 1, sizeof(*tags->tag));
    if (!tags->tag)
        return li_fail_memory(err);
    tags->count = tags->cap = count;
    return 0;
}

static size_t next_piece(size_t len)
{
    return len < LI_LAYER_PIECE ? len : LI_LAYER_PIECE;
}

int li_tags_add(struct li_tags *tags, const struct li_universal_key *key, const uint8_t *data,
                size_t len, struct li_error *err)
{
    int rc = li_array_reserve(&tags->tag, &tags->cap, tags->count + len / LI_LAYER_PIECE + 1,
                              sizeof(*tags->tag), err);

    for (size_t n; rc == 0 && len > 0; data += n, len -= n) {
        n = next_piece(len);
        atomic_init(&tags->tag[tags->count++], li_universal_hash(key, data, n));
    }
    return rc;
}

bool li_tags_agree(struct li_tags *tags, const struct li_universal_key *key, uint64_t offset,
                   const uint8_t *data, size_t len, uint64_t *wrong)
{
    size_t i = (size_t)(offset / LI_LAYER_PIECE);

    for (size_t n; len > 0; data += n, len -= n, i++) {
        uint64_t tag, before = 0;

        n = next_piece(len);
        tag = li_universal_hash(key, data, n);
        if (i < tags->count &&
            (atomic_compare_exchange_strong(&tags->tag[i], &before, tag) || before == tag))
            continue;
        *wrong = (uint64_t)i * LI_LAYER_PIECE;
        return false;
    }
    return true;
}

void li_tags_free(struct li_tags *tags)
{
    free(tags->tag);
    *tags = (struct li_tags){0};
}
