/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories with a part of the new chunks. A file with several names is told by its
 * first. Only the largest parts are told by themselves: an image may have millions of files.
 */
#include <stdlib.h>
#include <string.h>

#include "report/blame_internal.h"

/* The path of NODE with a leading slash; the caller frees it. */
static int path_of(const struct li_tree *tree, uint32_t node, char **out, struct li_error *err)
{
    struct li_buffer path = {0};
    int rc = li_buffer_append(&path, "/", 1, err);

    if (rc == 0)
        rc = li_tree_path(tree, node, &path, err);
    if (rc < 0)
        li_buffer_free(&path);
    else
        *out = (char *)path.data;
    return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* What a file is blamed for. */
static uint64_t weight(const struct li_blame_part *part)
{
    return part->bytes + part->dragged;
}

/* Files that are the same come last. Then the most bytes first; of files with as many, the one that
 * comes first in the image. */
static int compare(const void *a, const void *b, void *arg)
{
    const struct li_blame_part *part = arg;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    if ((part[x].change == LI_BLAME_SAME) != (part[y].change == LI_BLAME_SAME))
        return part[x].change == LI_BLAME_SAME ? 1 : -1;
    if (weight(&part[x]) != weight(&part[y]))
        return weight(&part[x]) < weight(&part[y]) ? 1 : -1;
    return x < y ? -1 : x > y;
}

static int add_file(const struct li_tree *tree, uint32_t inode, const struct li_blame_part *part,
                    struct li_blame *blame, struct li_error *err)
{
    struct li_blame_file *file = &blame->file[blame->files];
    int rc = path_of(tree, part->node, &file->path, err);

    if (rc < 0)
        return rc;
    file->layer = li_tree_inode(tree, inode)->layer;
    file->size = li_tree_inode(tree, inode)->size;
    file->change = part->change;
    file->dragged = part->dragged;
    file->fresh = (struct li_report_sum){part->chunks, part->bytes};
    blame->files++;
    return 0;
}

int li_blame_files(const struct li_tree *tree, const struct li_blame_part *part,
                   struct li_blame *blame, struct li_error *err)
{
    uint32_t *inode = malloc(((size_t)li_tree_inodes(tree) + 1) * sizeof(*inode));
    size_t count = 0, told;
    int rc = 0;

    for (uint32_t i = 0; inode && i < li_tree_inodes(tree); i++)
        if (part[i].chunks)
            inode[count++] = i;
    told = count < LI_BLAME_FILES ? count : LI_BLAME_FILES;
    blame->file = calloc(told + 1, sizeof(*blame->file));
    if (!inode || !blame->file)
        rc = li_fail_memory(err);
    if (rc == 0)
        qsort_r(inode, count, sizeof(*inode), compare, (void *)(uintptr_t)part);
    for (size_t i = 0; i < told && rc == 0; i++)
        rc = add_file(tree, inode[i], &part[inode[i]], blame, err);
    blame->files_left_out = count - told;
    for (size_t i = told; i < count && rc == 0; i++)
        blame->files_left_out_bytes += part[inode[i]].bytes;
    free(inode);
    return rc;
}

/* ---- directories ----------------------------------------------------------------------------- */

struct total {
    uint64_t files, bytes;
};

/* Moves what is too little to be told by itself to the parent. A node stands behind its parent in
 * the tree, so all that is below a directory was moved before it is looked at. */
static void fold(const struct li_tree *tree, struct total *total, uint64_t least)
{
    for (uint32_t i = li_tree_nodes(tree) - 1; i > LI_TREE_ROOT; i--) {
        struct total *parent = &total[li_tree_node(tree, i)->parent];

        if (total[i].files == 0 || total[i].bytes >= least)
            continue;
        parent->files += total[i].files;
        parent->bytes += total[i].bytes;
        total[i] = (struct total){0, 0};
    }
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct li_blame_directory *)a)->path,
                  ((const struct li_blame_directory *)b)->path);
}

static int list_directories(const struct li_tree *tree, const struct total *total,
                            struct li_blame *blame, struct li_error *err)
{
    size_t count = 0;
    int rc = 0;

    for (uint32_t i = 0; i < li_tree_nodes(tree); i++)
        count += total[i].files > 0;
    blame->directory = calloc(count + 1, sizeof(*blame->directory));
    if (!blame->directory)
        return li_fail_memory(err);
    for (uint32_t i = 0; i < li_tree_nodes(tree) && rc == 0; i++) {
        struct li_blame_directory *row = &blame->directory[blame->directories];

        if (total[i].files == 0)
            continue;
        *row = (struct li_blame_directory){.files = total[i].files, .bytes = total[i].bytes};
        rc = path_of(tree, i, &row->path, err);
        blame->directories += rc == 0;
    }
    if (blame->directories)
        qsort(blame->directory, blame->directories, sizeof(*blame->directory), compare_paths);
    return rc;
}

int li_blame_directories(const struct li_tree *tree, const struct li_blame_part *part,
                         struct li_blame *blame, struct li_error *err)
{
    struct total *total = calloc((size_t)li_tree_nodes(tree) + 1, sizeof(*total));
    uint64_t all = 0;
    int rc;

    if (!total)
        return li_fail_memory(err);
    for (uint32_t i = 0; i < li_tree_inodes(tree); i++) {
        struct total *parent = total;

        if (!part[i].chunks)
            continue;
        parent += li_tree_node(tree, part[i].node)->parent;
        parent->files++;
        parent->bytes += part[i].bytes;
        all += part[i].bytes;
    }
    fold(tree, total, all / LI_BLAME_DIRECTORIES + 1);
    rc = list_directories(tree, total, blame, err);
    free(total);
    return rc;
}
