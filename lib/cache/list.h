/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list, for a queue or for the order of use: a ring whose head is not an entry. An entry has its
 * link as the first member, and is in one list at a time. The owner's lock guards it.
 */
#ifndef LI_CACHE_LIST_H
#define LI_CACHE_LIST_H

#include <stdbool.h>

struct li_cache_link {
    struct li_cache_link *prev, *next;
};

struct li_cache_list {
    struct li_cache_link head; /* next is the first entry, prev the last */
};

/* Makes LIST empty. */
static inline void li_cache_list_init(struct li_cache_list *list)
{
    list->head.prev = list->head.next = &list->head;
}

/* Whether nothing is in LIST. */
static inline bool li_cache_list_empty(const struct li_cache_list *list)
{
    return list->head.next == &list->head;
}

/* Puts LINK, which is in no list, after AFTER, which is an entry or the head. */
static inline void li_cache_list_insert(struct li_cache_link *after, struct li_cache_link *link)
{
    link->prev = after;
    link->next = after->next;
    after->next->prev = link;
    after->next = link;
}

/* Puts LINK, which is in no list, first in LIST. */
static inline void li_cache_list_put_first(struct li_cache_list *list, struct li_cache_link *link)
{
    li_cache_list_insert(&list->head, link);
}

/* Puts LINK, which is in no list, last in LIST. */
static inline void li_cache_list_put_last(struct li_cache_list *list, struct li_cache_link *link)
{
    li_cache_list_insert(list->head.prev, link);
}

/* Removes LINK from its list. */
static inline void li_cache_list_remove(struct li_cache_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
}

#endif
