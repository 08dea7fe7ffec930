/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that a push has met. They are output of HKDF, so their first bytes are as good a hash
 * as any; a slot of zeros is free, and no name is all zeros but by a chance of 2^-256, in which the
 * chunk is merely stored twice.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "repo/internal.h"

static const uint8_t nothing[LI_NAME_SIZE];

/* Where NAME is, or the free slot where it belongs. */
static uint8_t *find(uint8_t (*slot)[LI_NAME_SIZE], size_t cap, const uint8_t *name)
{
    size_t at = (size_t)li_get_le64(name) & (cap - 1);

    while (memcmp(slot[at], nothing, LI_NAME_SIZE) != 0 &&
           memcmp(slot[at], name, LI_NAME_SIZE) != 0)
        at = (at + 1) & (cap - 1);
    return slot[at];
}

static int grow(struct li_names *names, struct li_error *err)
{
    size_t cap = names->cap ? names->cap * 2 : 1024;
    uint8_t(*slot)[LI_NAME_SIZE] = calloc(cap, sizeof(*slot));

    if (!slot)
        return li_fail_memory(err);
    for (size_t i = 0; i < names->cap; i++)
        if (memcmp(names->slot[i], nothing, LI_NAME_SIZE) != 0)
            memcpy(find(slot, cap, names->slot[i]), names->slot[i], LI_NAME_SIZE);
    free(names->slot);
    names->slot = slot;
    names->cap = cap;
    return 0;
}

int li_names_add(struct li_names *names, const uint8_t name[LI_NAME_SIZE], struct li_error *err)
{
    uint8_t *slot;
    int rc = 0;

    if (names->used >= names->cap / 2)
        rc = grow(names, err);
    if (rc < 0)
        return rc;
    slot = find(names->slot, names->cap, name);
    if (memcmp(slot, name, LI_NAME_SIZE) == 0)
        return LI_END;
    memcpy(slot, name, LI_NAME_SIZE);
    names->used++;
    return 0;
}

void li_names_free(struct li_names *names)
{
    free(names->slot);
    *names = (struct li_names){0};
}
