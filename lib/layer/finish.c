/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of building: data that only served the merge is freed, children are sorted by their
 * names' bytes, and directories get their link counts. The order of the layers' entries stays in
 * the rows' numbers; the order of names is for listing a directory.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "layer/build.h"

static int compare_names(const void *a, const void *b, void *arg)
{
    const struct li_tree *tree = arg;
    size_t lx, ly;
    const char *x = li_tree_name(tree, *(const uint32_t *)a, &lx);
    const char *y = li_tree_name(tree, *(const uint32_t *)b, &ly);
    int order = memcmp(x, y, lx < ly ? lx : ly);

    return order ? order : lx < ly ? -1 : lx > ly;
}

/* Collects the live children of a directory; *COUNT is their number. */
static int collect(const struct li_tree *tree, uint32_t directory, uint32_t **list, size_t *cap,
                   size_t *count, struct li_error *err)
{
    int rc;

    *count = 0;
    for (uint32_t n = tree->node[directory].first_child; n != LI_TREE_NONE;
         n = tree->node[n].next_sibling) {
        if (tree->node[n].inode == LI_TREE_NONE)
            continue;
        rc = li_array_reserve(list, cap, *count + 1, sizeof(**list), err);
        if (rc < 0)
            return rc;
        (*list)[(*count)++] = n;
    }
    return 0;
}

static void chain(struct li_tree *tree, uint32_t directory, const uint32_t *list, size_t count)
{
    uint32_t subdirectories = 0, next = LI_TREE_NONE;

    for (size_t i = count; i > 0; i--) {
        tree->node[list[i - 1]].next_sibling = next;
        next = list[i - 1];
        subdirectories += li_build_is_directory(tree, next);
    }
    tree->node[directory].first_child = next;
    tree->inode[tree->node[directory].inode].links = 2 + subdirectories;
}

int li_build_finish(struct li_tree *tree, struct li_error *err)
{
    uint32_t *list = NULL;
    size_t cap = 0, count;
    int rc = 0;

    li_buffer_free(&tree->last);
    free(tree->slot);
    tree->slot = NULL;
    tree->slots = tree->slots_used = 0;
    for (uint32_t n = 0; n < tree->nodes && rc == 0; n++) {
        if (tree->node[n].inode == LI_TREE_NONE || !li_build_is_directory(tree, n))
            continue;
        rc = collect(tree, n, &list, &cap, &count, err);
        if (rc < 0)
            break;
        if (count > 1)
            qsort_r(list, count, sizeof(*list), compare_names, tree);
        chain(tree, n, list, count);
    }
    free(list);
    return rc;
}
