/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of any type. They all grow, and are all searched when sorted, by these functions. An array
 * is a pointer, NULL at first, and the number of elements it has room for, 0 at first. Its holder
 * counts the elements in use, and frees it with free(). Not safe for two threads at once.
 */
#ifndef LI_BASE_ARRAY_H
#define LI_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The slow path of li_array_reserve(). */
int li_array_grow(void *array, size_t *cap, size_t want, size_t size, struct li_error *err);

/* Makes room for at least WANT elements of SIZE bytes. The room at least doubles, so that adding
 * one element at a time costs little. ARRAY is the address of the pointer to the first element,
 * which may change; *CAP is the room in elements. New elements are not initialised. On LI_ENOMEM
 * nothing changes. */
static inline int li_array_reserve(void *array, size_t *cap, size_t want, size_t size,
                                   struct li_error *err)
{
    return want <= *cap ? 0 : li_array_grow(array, cap, want, size, err);
}

/* Whether ROW comes before KEY. */
typedef bool li_array_before(const void *row, const void *key);

/* The index of the first of COUNT rows of SIZE bytes that does not come BEFORE the key, or COUNT.
 * All rows that do must come first. Any thread. Inline, so that BEFORE becomes part of the loop. */
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
