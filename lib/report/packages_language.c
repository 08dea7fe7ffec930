/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages of Python and npm, which may be in any directory. Those of a distribution come first, so
 * a Python package that Debian installed stays Debian's.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report/packages_internal.h"

static bool is_directory(const struct li_tree *tree, uint32_t node)
{
    uint32_t inode = li_tree_node(tree, node)->inode;

    return inode != LI_TREE_NONE && S_ISDIR(li_tree_inode(tree, inode)->mode);
}

static uint32_t child_of(const struct li_packaging *p, uint32_t node, const char *name)
{
    return li_package_files_child(p->files, node, (struct li_slice){name, strlen(name)});
}

/* ---- Python ---------------------------------------------------------------------------------- */

static bool ends_with(const struct li_tree *tree, uint32_t node, const char *ending)
{
    size_t len, tail = strlen(ending);
    const char *name = li_tree_name(tree, node, &len);

    return len > tail && memcmp(name + len - tail, ending, tail) == 0;
}

/* The paths of RECORD begin at the directory that NODE, the *.dist-info, is in. */
static int read_dist_info(struct li_packaging *p, uint32_t node, struct li_error *err)
{
    const struct li_package_sink sink = li_packaging_sink(p);
    uint32_t metadata = child_of(p, node, "METADATA"), record = child_of(p, node, "RECORD");
    int rc = 0;

    if (metadata == LI_TREE_NONE || record == LI_TREE_NONE)
        return 0;
    p->current = 0;
    p->base = li_tree_node(p->tree, node)->parent;
    rc = li_packaging_parse(p, metadata, li_package_parse_metadata, &sink, err);
    if (rc == 0)
        rc = li_packaging_parse(p, record, li_package_parse_record, &sink, err);
    p->base = LI_TREE_ROOT;
    return rc;
}

int li_packaging_python(struct li_packaging *p, struct li_error *err)
{
    int rc = 0;

    p->kind = LI_PACKAGE_PYTHON;
    for (uint32_t i = 1; i < li_tree_nodes(p->tree) && rc == 0; i++)
        if (is_directory(p->tree, i) && ends_with(p->tree, i, ".dist-info"))
            rc = read_dist_info(p, i, err);
    return rc;
}

/* ---- npm ------------------------------------------------------------------------------------- */

struct npm {
    struct li_packaging *p;
    bool *wanted;     /* by node: there is a part of a new chunk at it or below it */
    uint32_t *inside; /* by node: the number of the package that it belongs to and 1, or 0 */
};

static void find_wanted(struct npm *n)
{
    const struct li_tree *tree = n->p->tree;

    for (uint32_t i = 0; i < li_tree_inodes(tree); i++)
        if (n->p->part[i].chunks)
            n->wanted[n->p->part[i].node] = true;
    for (uint32_t i = li_tree_nodes(tree) - 1; i > LI_TREE_ROOT; i--)
        if (n->wanted[i])
            n->wanted[li_tree_node(tree, i)->parent] = true;
}

static bool is_named(const struct li_tree *tree, uint32_t node, const char *name)
{
    size_t len;

    return strcmp(li_tree_name(tree, node, &len), name) == 0;
}

/* node_modules/NAME or node_modules/@SCOPE/NAME. */
static bool is_place(const struct li_tree *tree, uint32_t node)
{
    uint32_t parent = li_tree_node(tree, node)->parent;
    size_t len;

    if (*li_tree_name(tree, parent, &len) == '@')
        parent = li_tree_node(tree, parent)->parent;
    return is_named(tree, parent, "node_modules");
}

static int enter(struct npm *n, uint32_t node, struct li_error *err)
{
    const struct li_tree *tree = n->p->tree;
    const struct li_package_sink sink = li_packaging_sink(n->p);
    uint32_t json;
    int rc;

    n->inside[node] =
        is_named(tree, node, "node_modules") ? 0 : n->inside[li_tree_node(tree, node)->parent];
    if (!n->wanted[node] || !is_place(tree, node))
        return 0;
    json = child_of(n->p, node, "package.json");
    if (json == LI_TREE_NONE)
        return 0;
    n->p->current = 0;
    rc = li_packaging_parse(n->p, json, li_package_parse_npm, &sink, err);
    if (rc == 0 && n->p->current)
        n->inside[node] = n->p->current;
    return rc;
}

/* A node stands behind its parent in the tree. */
static int walk(struct npm *n, struct li_error *err)
{
    const struct li_tree *tree = n->p->tree;
    int rc = 0;

    for (uint32_t i = 1; i < li_tree_nodes(tree) && rc == 0; i++) {
        const struct li_node *node = li_tree_node(tree, i);

        if (node->inode == LI_TREE_NONE)
            continue;
        if (is_directory(tree, i)) {
            rc = enter(n, i, err);
        } else if (n->inside[node->parent]) {
            n->p->current = n->inside[node->parent];
            li_packaging_claim(n->p, i);
        }
    }
    return rc;
}

int li_packaging_npm(struct li_packaging *p, struct li_error *err)
{
    size_t nodes = li_tree_nodes(p->tree);
    struct npm n = {p, calloc(nodes, sizeof(*n.wanted)), calloc(nodes, sizeof(*n.inside))};
    int rc = n.wanted && n.inside ? 0 : li_fail_memory(err);

    p->kind = LI_PACKAGE_NPM;
    if (rc == 0) {
        find_wanted(&n);
        rc = walk(&n, err);
    }
    free(n.wanted);
    free(n.inside);
    return rc;
}
