/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equal sets of extended attributes are stored once. In most images all files share a few sets, and
 * equal sets may then share a block of the file system.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "layer/build.h"

enum {
    FIRST_SLOTS = 128,
    /* Bytes that a set takes beside what is in it: its row, two slots, and what malloc() needs. */
    SET_SIZE = 64,
};

static uint32_t hash_set(uint64_t seed, const struct li_xattr *list, size_t count)
{
    uint64_t h = count;

    for (size_t i = 0; i < count; i++) {
        h = li_build_hash(seed, h, list[i].name, strlen(list[i].name) + 1);
        h = li_build_hash(seed, h, list[i].value, list[i].size);
    }
    return (uint32_t)h;
}

static int equal_sets(const struct li_xattr *a, const struct li_xattr *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i].name, b[i].name) != 0 || a[i].size != b[i].size ||
            memcmp(a[i].value, b[i].value, a[i].size) != 0)
            return 0;
    return 1;
}

static uint32_t find_slot(const struct li_xattr_sets *sets, const struct li_xattr *list,
                          size_t count)
{
    uint32_t i = hash_set(sets->seed, list, count) & (sets->slots - 1);

    for (; sets->slot[i] != 0; i = (i + 1) & (sets->slots - 1)) {
        const struct li_xattr_set *set = &sets->set[sets->slot[i] - 1];

        if (set->count == count && equal_sets(set->list, list, count))
            break;
    }
    return i;
}

/* Doubles the slots, of which at most half are in use. */
static int grow_slots(struct li_xattr_sets *sets, struct li_error *err)
{
    uint32_t slots = sets->slots ? sets->slots * 2 : FIRST_SLOTS;
    uint32_t *fresh = calloc(slots, sizeof(*fresh));

    if (!fresh)
        return li_fail_memory(err);
    free(sets->slot);
    sets->slot = fresh;
    sets->slots = slots;
    for (uint32_t i = 0; i < sets->count; i++)
        fresh[find_slot(sets, sets->set[i].list, sets->set[i].count)] = i + 1;
    return 0;
}

static size_t size_of(const struct li_xattr *list, size_t count)
{
    size_t size = count * sizeof(*list);

    for (size_t i = 0; i < count; i++)
        size += strlen(list[i].name) + 1 + list[i].size;
    return size;
}

/* The rows, then all names and values, in one allocation. */
static struct li_xattr *copy_set(const struct li_xattr *list, size_t count)
{
    struct li_xattr *copy = malloc(size_of(list, count));
    uint8_t *at;

    if (!copy)
        return NULL;
    at = (uint8_t *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        size_t name_size = strlen(list[i].name) + 1;

        copy[i] = (struct li_xattr){(const char *)at, at + name_size, list[i].size};
        memcpy(at, list[i].name, name_size);
        memcpy(at + name_size, list[i].value, list[i].size);
        at += name_size + list[i].size;
    }
    return copy;
}

int li_xattr_intern(struct li_xattr_sets *sets, const struct li_xattr *list, size_t count,
                    struct li_account *account, uint32_t *set, struct li_error *err)
{
    uint32_t slot;
    int rc =
        li_array_reserve(&sets->set, &sets->cap, (size_t)sets->count + 1, sizeof(*sets->set), err);

    if (rc == 0 && sets->count >= sets->slots / 2)
        rc = grow_slots(sets, err);
    if (rc < 0)
        return rc;
    slot = find_slot(sets, list, count);
    if (sets->slot[slot] == 0) {
        struct li_xattr *copy;

        rc = li_account_keep(account, SET_SIZE + size_of(list, count), err);
        if (rc < 0)
            return rc;
        copy = copy_set(list, count);
        if (!copy)
            return li_fail_memory(err);
        sets->set[sets->count] = (struct li_xattr_set){copy, count};
        sets->slot[slot] = ++sets->count;
    }
    *set = sets->slot[slot] - 1;
    return 0;
}

void li_xattr_sets_free(struct li_xattr_sets *sets)
{
    for (uint32_t i = 0; i < sets->count; i++)
        free(sets->set[i].list);
    free(sets->set);
    free(sets->slot);
    *sets = (struct li_xattr_sets){0};
}
