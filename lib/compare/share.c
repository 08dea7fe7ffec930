/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of attributes that files share. In many images all files have the same attributes, such as
 * a label of SELinux, so equal lists are stored once. A list is charged when it is stored, as
 * lib/layer charges a set; it stays until the comparison ends, whatever layers remove.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "compare/internal.h"

enum { LIST_SIZE = 64 }; /* bytes of a list beside its names and values */

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

/* Compares the values of one attribute. */
static int compare_values(const struct li_attribute *a, const struct li_attribute *b)
{
    int order = 0;

    for (; order == 0 && a && b; a = a->other, b = b->other) {
        order = compare_numbers(a->size, b->size);
        if (order == 0 && a->size > 0)
            order = memcmp(a->value, b->value, a->size);
        if (order == 0)
            order = compare_numbers(a->unsure, b->unsure);
    }
    return order != 0 ? order : compare_numbers(a != NULL, b != NULL);
}

static int compare_lists(const void *one, const void *other)
{
    const struct li_attribute *a = one, *b = other;
    int order = 0;

    for (; order == 0 && a && b; a = a->next, b = b->next) {
        order = strcmp(a->name, b->name);
        if (order == 0)
            order = compare_values(a, b);
    }
    return order != 0 ? order : compare_numbers(a != NULL, b != NULL);
}

static size_t size_of(const struct li_attribute *list)
{
    size_t size = LIST_SIZE;

    for (; list; list = list->next)
        for (const struct li_attribute *a = list; a; a = a->other)
            size += sizeof(*a) + strlen(a->name) + 1 + a->size;
    return size;
}

int li_attribute_share(void **lists, struct li_attribute **list, struct li_account *account,
                       struct li_error *err)
{
    struct li_attribute **found;
    int rc;

    if (!*list)
        return 0;
    found = tfind(*list, lists, compare_lists);
    if (found) {
        li_attribute_free(*list);
        *list = *found;
        return 0;
    }
    rc = li_account_keep(account, size_of(*list), err);
    if (rc == 0 && !tsearch(*list, lists, compare_lists))
        rc = li_fail_memory(err);
    return rc;
}

static void free_list(void *list)
{
    li_attribute_free(list);
}

void li_attribute_lists_free(void *lists)
{
    tdestroy(lists, free_list);
}
