/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of an image by path. Databases of packages name some hundred thousand paths, so each
 * directory's children are in an array, sorted by name, and the directory that was looked up last
 * is remembered: most paths of a list are in the same directory as the one before.
 *
 * An image may name any paths and have any symbolic links, so all look-ups together have a limit.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "report/packages_internal.h"

struct li_package_files {
    const struct li_tree *tree;
    struct li_package_kept *kept; /* or NULL */
    uint32_t *child;              /* of all directories, */
    uint32_t *begin;       /* and by node where its own begin; one more than there are nodes */
    uint64_t steps, bytes; /* that are left */
    /* The directory that was found last, with the node that its path began at. */
    struct li_buffer last;
    uint32_t last_from, last_node;
};

static void list_children(struct li_package_files *files)
{
    const struct li_tree *tree = files->tree;
    uint32_t count = 0, nodes = li_tree_nodes(tree);

    for (uint32_t i = 0; i < nodes; i++) {
        const struct li_node *node = li_tree_node(tree, i);

        files->begin[i] = count;
        if (node->inode == LI_TREE_NONE || !S_ISDIR(li_tree_inode(tree, node->inode)->mode))
            continue;
        for (uint32_t n = node->first_child; n != LI_TREE_NONE;
             n = li_tree_node(tree, n)->next_sibling)
            files->child[count++] = n;
    }
    files->begin[nodes] = count;
}

int li_package_files_new(const struct li_tree *tree, struct li_package_kept *kept,
                         struct li_package_files **out, struct li_error *err)
{
    struct li_package_files *files = calloc(1, sizeof(*files));
    size_t nodes = li_tree_nodes(tree);

    if (!files)
        return li_fail_memory(err);
    *files = (struct li_package_files){.tree = tree,
                                       .kept = kept,
                                       .steps = LI_PACKAGES_STEPS_MAX,
                                       .bytes = LI_PACKAGES_READ_MAX,
                                       .last_from = LI_TREE_NONE};
    files->child = malloc((nodes + 1) * sizeof(*files->child));
    files->begin = malloc((nodes + 1) * sizeof(*files->begin));
    if (!files->child || !files->begin) {
        li_package_files_free(files);
        return li_fail_memory(err);
    }
    list_children(files);
    *out = files;
    return 0;
}

void li_package_files_free(struct li_package_files *files)
{
    if (!files)
        return;
    free(files->child);
    free(files->begin);
    li_buffer_free(&files->last);
    free(files);
}

bool li_package_files_exhausted(const struct li_package_files *files)
{
    return files->steps == 0;
}

const uint32_t *li_package_files_children(const struct li_package_files *files, uint32_t node,
                                          size_t *count)
{
    *count = files->begin[node + 1] - files->begin[node];
    return files->child + files->begin[node];
}

/* ---- look-ups -------------------------------------------------------------------------------- */

static int compare_name(const struct li_tree *tree, uint32_t node, struct li_slice name)
{
    size_t len;
    const char *own = li_tree_name(tree, node, &len);
    int order = memcmp(own, name.data, len < name.len ? len : name.len);

    return order ? order : len < name.len ? -1 : len > name.len;
}

uint32_t li_package_files_child(const struct li_package_files *files, uint32_t node,
                                struct li_slice name)
{
    uint32_t low = files->begin[node], high = files->begin[node + 1];

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_name(files->tree, files->child[middle], name);

        if (order == 0)
            return files->child[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return LI_TREE_NONE;
}

static struct li_slice next_part(struct li_slice *path)
{
    struct li_slice part = {path->data, 0};

    while (part.len < path->len && part.data[part.len] != '/')
        part.len++;
    path->data += part.len + (part.len < path->len);
    path->len -= part.len + (part.len < path->len);
    return part;
}

static uint32_t walk(struct li_package_files *files, uint32_t at, struct li_slice path,
                     unsigned *links);

/* Where PART leads from the directory AT. */
static uint32_t step(struct li_package_files *files, uint32_t at, struct li_slice part,
                     unsigned *links)
{
    const struct li_inode *inode;
    uint32_t child;

    if (part.len == 0 || (part.len == 1 && part.data[0] == '.'))
        return at;
    if (part.len == 2 && memcmp(part.data, "..", 2) == 0)
        return li_tree_node(files->tree, at)->parent;
    child = li_package_files_child(files, at, part);
    if (child == LI_TREE_NONE)
        return LI_TREE_NONE;
    inode = li_tree_inode(files->tree, li_tree_node(files->tree, child)->inode);
    if (!S_ISLNK(inode->mode))
        return child;
    if (++*links > LI_TREE_SYMLINK_DEPTH)
        return LI_TREE_NONE;
    return walk(files, at, (struct li_slice){li_tree_target(files->tree, inode), inode->size},
                links);
}

/* Follows all links in PATH, also the last one. It calls itself once for each link at most, and
 * LINKS limits these. */
static uint32_t walk(struct li_package_files *files, uint32_t at, struct li_slice path,
                     unsigned *links)
{
    if (path.len > 0 && path.data[0] == '/')
        at = LI_TREE_ROOT;
    while (path.len > 0 && at != LI_TREE_NONE) {
        if (files->steps == 0)
            return LI_TREE_NONE;
        files->steps--;
        at = step(files, at, next_part(&path), links);
    }
    return at;
}

static uint32_t find_directory(struct li_package_files *files, uint32_t from, struct li_slice path)
{
    struct li_error ignored = LI_ERROR_INIT;
    unsigned links = 0;
    uint32_t node;

    if (files->last_from == from && files->last.len == path.len &&
        (path.len == 0 || memcmp(files->last.data, path.data, path.len) == 0))
        return files->last_node;
    node = walk(files, from, path, &links);
    files->last.len = 0;
    files->last_from = LI_TREE_NONE;
    if (li_buffer_append(&files->last, path.data, path.len, &ignored) == 0) {
        files->last_from = from;
        files->last_node = node;
    }
    return node;
}

uint32_t li_package_files_find(struct li_package_files *files, uint32_t from, struct li_slice path)
{
    struct li_slice name, directory = path;
    uint32_t at;

    if (files->steps == 0)
        return LI_TREE_NONE;
    files->steps--;
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    directory.len = path.len;
    while (directory.len > 0 && directory.data[directory.len - 1] != '/')
        directory.len--;
    name = (struct li_slice){path.data + directory.len, path.len - directory.len};
    if (path.len > LI_TREE_PATH_MAX || name.len == 0)
        return LI_TREE_NONE;
    at = find_directory(files, from, directory);
    return at == LI_TREE_NONE ? LI_TREE_NONE : li_package_files_child(files, at, name);
}

/* ---- contents -------------------------------------------------------------------------------- */

/* The data of a sparse file lies in the layer, one run after the other. */
static int read_runs(const struct li_package_files *files, const struct li_inode *inode,
                     uint8_t *to, struct li_error *err)
{
    const struct li_sparse_run *run = li_tree_sparse(files->tree, inode);
    struct li_layers *layers = li_tree_layers(files->tree);
    uint64_t at = inode->data;
    int rc = 0;

    memset(to, 0, inode->size);
    for (uint32_t i = 0; i < inode->sparse_count && rc == 0; i++) {
        rc = li_layers_read(layers, inode->layer, to + run[i].offset, run[i].length, at, err);
        at += run[i].length;
    }
    return rc;
}

/* The contents, from the memo or from the layer. */
static int read_contents(struct li_package_files *files, const struct li_inode *inode, uint8_t *to,
                         struct li_error *err)
{
    bool found = inode->size == 0;
    int rc = 0;

    if (!found && files->kept)
        rc = li_package_kept_find(files->kept, inode, to, &found, err);
    if (rc < 0 || found)
        return rc;
    if (inode->sparse != LI_TREE_NONE)
        rc = read_runs(files, inode, to, err);
    else
        rc = li_layers_read(li_tree_layers(files->tree), inode->layer, to, inode->size, inode->data,
                            err);
    if (rc == 0 && files->kept)
        rc = li_package_kept_add(files->kept, inode, to, err);
    return rc > 0 ? li_as_failure(rc, err) : rc;
}

int li_package_files_read(struct li_package_files *files, uint32_t node, struct li_buffer *out,
                          const char **why, struct li_error *err)
{
    const struct li_inode *inode =
        li_tree_inode(files->tree, li_tree_node(files->tree, node)->inode);
    uint64_t size = inode->size;
    int rc;

    out->len = 0;
    *why = !S_ISREG(inode->mode)         ? "it is not a regular file"
           : size > LI_PACKAGES_FILE_MAX ? "it is longer than 128 MiB"
           : size > files->bytes         ? "the databases are longer than 512 MiB in all"
                                         : NULL;
    if (*why)
        return 0;
    files->bytes -= size;
    rc = li_buffer_reserve(out, size + 1, err);
    if (rc == 0)
        rc = read_contents(files, inode, out->data, err);
    if (rc == 0)
        out->len = size;
    return rc;
}
