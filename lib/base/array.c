/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The first size of an array that grows by one element at a time. */
enum { FIRST = 16 };

int li_array_grow(void *array, size_t *cap, size_t want, size_t size, struct li_error *err)
{
    size_t more = FIRST;
    void *before, *grown;

    if (*cap > 0)
        more = *cap > SIZE_MAX / 2 ? SIZE_MAX : 2 * *cap;
    if (more < want)
        more = want;
    if (more > SIZE_MAX / size)
        return li_fail_memory(err);
    /* A pointer of any type: its bytes are copied, since it is not a void pointer. */
    memcpy(&before, array, sizeof(before));
    grown = reallocarray(before, more, size);
    if (!grown)
        return li_fail_memory(err);
    memcpy(array, &grown, sizeof(grown));
    *cap = more;
    /* cppcheck-suppress memleak ; the caller's pointer has it */
    return 0;
}
