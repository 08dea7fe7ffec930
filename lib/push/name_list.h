/* SPDX-License-Identifier: Apache-2.0 */
/* Chunk names in an array that is searched by bisection. Zero-initialise it. Not for two threads at
 * once, but once it is sorted any number may search it. */
#ifndef LI_PUSH_NAME_LIST_H
#define LI_PUSH_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/crypto.h"

struct li_name_list {
    uint8_t (*name)[LI_NAME_SIZE];
    size_t count;
    size_t cap;
};

int li_name_list_add(struct li_name_list *list, const uint8_t name[LI_NAME_SIZE],
                     struct li_error *err);
void li_name_list_sort(struct li_name_list *list);
/* LIST must be sorted, and nothing added since. */
bool li_name_list_has(const struct li_name_list *list, const uint8_t name[LI_NAME_SIZE]);
void li_name_list_free(struct li_name_list *list);

#endif
