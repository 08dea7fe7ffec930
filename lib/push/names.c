/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that a push has met, as numbers of the chunks that have them. The push keeps the chunks
 * anyway, and memory that grows with the image should be small. Names are output of HKDF, so their
 * first bytes serve as a hash. A slot of 0 is free.
 */
#include "push/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* The slot of NAME, or the free slot where it belongs. */
static uint32_t *find(const struct li_push_item *item, uint32_t *slot, size_t cap,
                      const uint8_t name[LI_NAME_SIZE])
{
    size_t at = (size_t)li_get_le64(name) & (cap - 1);

    while (slot[at] != 0 && memcmp(item[slot[at] - 1].chunk.name, name, LI_NAME_SIZE) != 0)
        at = (at + 1) & (cap - 1);
    return &slot[at];
}

static int grow(struct li_names *names, struct li_error *err)
{
    size_t cap = names->cap ? names->cap * 2 : 1024;
    uint32_t *slot = calloc(cap, sizeof(*slot));

    if (!slot)
        return li_fail_memory(err);
    for (size_t i = 0; i < names->cap; i++)
        if (names->slot[i] != 0)
            *find(names->item, slot, cap, names->item[names->slot[i] - 1].chunk.name) =
                names->slot[i];
    free(names->slot);
    names->slot = slot;
    names->cap = cap;
    return 0;
}

int li_names_add(struct li_names *names, uint32_t number, struct li_error *err)
{
    uint32_t *slot;
    int rc = 0;

    if (names->used >= names->cap / 2)
        rc = grow(names, err);
    if (rc < 0)
        return rc;
    slot = find(names->item, names->slot, names->cap, names->item[number].chunk.name);
    if (*slot != 0)
        return LI_END;
    *slot = number + 1;
    names->used++;
    return 0;
}

void li_names_free(struct li_names *names)
{
    free(names->slot);
    *names = (struct li_names){0};
}
