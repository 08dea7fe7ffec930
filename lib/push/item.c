/* SPDX-License-Identifier: Apache-2.0 */
#include "push/item.h"

int li_push_item_name(struct li_push_item *item, uint64_t index, const struct li_secret *salt,
                      struct li_error *err)
{
    struct li_manifest_chunk *chunk = &item->chunk;
    int rc = li_crypto_prk(salt, chunk->digest, &chunk->prk, err);

    chunk->index = (uint32_t)index;
    item->named = true;
    return rc < 0 ? rc : li_crypto_name(&chunk->prk, chunk->name, err);
}
