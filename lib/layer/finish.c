/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of building: what only served the merge goes, children are put in the order of their
 * names' bytes, and directories get their link counts. The order of the layers' entries stays in
 * the rows' numbers; the order of names is for those who list a directory.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/build.h"

struct child {
    const struct li_tree *tree;
    uint32_t node;
};

static int compare_names(const void *a, const void *b)
{
    const struct child *x = a, *y = b;
    size_t lx, ly;
    const char *nx = li_tree_name(x->tree, x->node, &lx);
    const char *ny = li_tree_name(y->tree, y->node, &ly);
    int order = memcmp(nx, ny, lx < ly ? lx : ly);

    return order ? order : lx < ly ? -1 : lx > ly;
}

/* Collects the live children of a directory; *COUNT tells how many. */
static int collect(const struct li_tree *tree, uint32_t directory, struct child **list, size_t *cap,
                   size_t *count, struct li_error *err)
{
    *count = 0;
    for (uint32_t n = tree->node[directory].first_child; n != LI_TREE_NONE;
         n = tree->node[n].next_sibling) {
        if (tree->node[n].inode == LI_TREE_NONE)
            continue;
        if (*count == *cap) {
            size_t want = *cap ? *cap * 2 : 256;
            struct child *more = realloc(*list, want * sizeof(*more));

            if (!more)
                return li_fail_memory(err);
            *list = more;
            *cap = want;
        }
        (*list)[(*count)++] = (struct child){tree, n};
    }
    return 0;
}

static void chain(struct li_tree *tree, uint32_t directory, const struct child *list, size_t count)
{
    uint32_t subdirectories = 0, next = LI_TREE_NONE;

    for (size_t i = count; i > 0; i--) {
        uint32_t n = list[i - 1].node;

        tree->node[n].next_sibling = next;
        next = n;
        subdirectories += li_build_is_directory(tree, n);
    }
    tree->node[directory].first_child = next;
    tree->inode[tree->node[directory].inode].links = 2 + subdirectories;
}

int li_build_finish(struct li_tree *tree, struct li_error *err)
{
    struct child *list = NULL;
    size_t cap = 0, count;
    int rc = 0;

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
            qsort(list, count, sizeof(*list), compare_names);
        chain(tree, n, list, count);
    }
    free(list);
    return rc;
}
