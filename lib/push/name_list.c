/* SPDX-License-Identifier: Apache-2.0 */
#include "push/name_list.h"

#include <stdlib.h>
#include <string.h>

int li_name_list_add(struct li_name_list *list, const uint8_t name[LI_NAME_SIZE],
                     struct li_error *err)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 1024;
        uint8_t(*more)[LI_NAME_SIZE] = realloc(list->name, cap * sizeof(*more));

        if (!more)
            return li_fail_memory(err);
        list->name = more;
        list->cap = cap;
    }
    memcpy(list->name[list->count++], name, LI_NAME_SIZE);
    return 0;
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

bool li_name_list_has(const struct li_name_list *list, const uint8_t name[LI_NAME_SIZE])
{
    return list->count && bsearch(name, list->name, list->count, sizeof(*list->name), compare);
}

void li_name_list_free(struct li_name_list *list)
{
    free(list->name);
    *list = (struct li_name_list){0};
}
