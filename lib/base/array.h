/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of any type: the one way in which they grow, and the one way in which a sorted one is
 * searched. An array is a pointer, NULL at first, and how many elements it has room for, 0 at
 * first; its holder counts those in use, and frees it with free(). Not safe for two threads at
 * once.
 */
#ifndef LI_BASE_ARRAY_H
#define LI_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What li_array_reserve() does where there is no room. */
int li_array_grow(void *array, size_t *cap, size_t want, size_t size, struct li_error *err);

/* Makes room for at least WANT elements of SIZE bytes, and for twice as many as before where that
 * is more, so that adding one at a time costs little. ARRAY is the address of the pointer to the
 * first of them, which may change; *CAP is the room, in elements. What is new is not initialised.
 * LI_ENOMEM, and then nothing is changed. */
static inline int li_array_reserve(void *array, size_t *cap, size_t want, size_t size,
                                   struct li_error *err)
{
    return want <= *cap ? 0 : li_array_grow(array, cap, want, size, err);
}

/* Whether ROW comes before what KEY seeks. */
typedef bool li_array_before(const void *row, const void *key);

/* The number of the first of COUNT rows of SIZE bytes that does not come BEFORE what is sought, or
 * COUNT. All that do come first. Any thread; inline, so that BEFORE becomes a part of the loop. */
static inline size_t li_array_lower_bound(const void *rows, size_t count, size_t size,
                                          li_array_before *before, const void *key)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (before((const char *)rows + middle * size, key))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
