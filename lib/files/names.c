/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted lists of names. */
#include "files/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static int visit_name(void *arg, const struct li_files_entry *entry, struct li_error *err)
{
    struct li_files_names *names = arg;
    char *copy;
    int rc;

    if (entry->len == 1 && entry->name[0] == '.' && !names->self) {
        names->self = entry->ino;
        return 0;
    }
    if (entry->len == 2 && entry->name[0] == '.' && entry->name[1] == '.' && !names->parent) {
        names->parent = entry->ino;
        return 0;
    }
    rc = li_array_reserve(&names->list, &names->cap, names->count + 1, sizeof(*names->list), err);
    if (rc < 0)
        return rc;
    copy = strndup(entry->name, entry->len);
    if (!copy)
        return li_fail_memory(err);
    names->list[names->count++] = (struct li_files_name){copy, entry->ino, entry->type};
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct li_files_name *)a)->name, ((const struct li_files_name *)b)->name);
}

int li_files_names(struct li_files *files, const struct li_file *directory,
                   struct li_files_names *out, struct li_error *err)
{
    int rc = li_files_list(files, directory, 0, visit_name, out, err);

    if (out->count > 1)
        qsort(out->list, out->count, sizeof(*out->list), by_name);
    return rc;
}

void li_files_names_free(struct li_files_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i].name);
    free(names->list);
}
