/* SPDX-License-Identifier: Apache-2.0 */
#include "push/name_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int li_name_list_add(struct li_name_list *list, const uint8_t name[LI_NAME_SIZE],
                     struct li_error *err)
{
    int rc = li_array_reserve(&list->name, &list->cap, list->count + 1, LI_NAME_SIZE, err);

    if (rc == 0)
        memcpy(list->name[list->count++], name, LI_NAME_SIZE);
    return rc;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, LI_NAME_SIZE);
}

void li_name_list_sort(struct li_name_list *list)
{
    if (list->count)
        qsort(list->name, list->count, sizeof(*list->name), compare);
}

static bool is_before(const void *row, const void *key)
{
    return memcmp(row, key, LI_NAME_SIZE) < 0;
}

bool li_name_list_has(const struct li_name_list *list, const uint8_t name[LI_NAME_SIZE])
{
    size_t at = li_array_lower_bound(list->name, list->count, LI_NAME_SIZE, is_before, name);

    return at < list->count && memcmp(list->name[at], name, LI_NAME_SIZE) == 0;
}

void li_name_list_free(struct li_name_list *list)
{
    free(list->name);
    *list = (struct li_name_list){0};
}
