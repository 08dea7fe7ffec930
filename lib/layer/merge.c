/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The merge of a stack of layers (OCI image-spec, layer.md).
 *
 * A layer's whiteouts take effect first (whiteout.c), then its other entries, in order. A directory
 * over a directory changes its metadata and keeps its children; anything else replaces what had its
 * name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/build.h"
#include "layer/record.h"

struct merge {
    struct li_tree *tree;
    struct li_buffer path;   /* the entry's, cleaned */
    struct li_buffer target; /* a hard link's, cleaned */
};

static void note_left_out(struct li_left_out *out, const struct li_entry *entry)
{
    char shown[LI_TREE_SHOWN_MAX];

    if (out->entries++ > 0)
        return;
    snprintf(out->path, sizeof(out->path), "%s", li_tree_show_path(entry->path, shown));
    snprintf(out->name, sizeof(out->name), "%s", entry->left_out);
}

static int store_xattrs(struct li_tree *tree, const struct li_entry *entry, struct li_inode *inode,
                        struct li_error *err)
{
    inode->xattrs = LI_TREE_NONE;
    if (entry->left_out)
        note_left_out(&tree->left_out, entry);
    if (entry->xattr_count == 0)
        return 0;
    return li_xattr_intern(&tree->sets, entry->xattrs, entry->xattr_count, &inode->xattrs, err);
}

/* What an entry's inode refers to outside of it: attributes, a link's target, a sparse map. */
static int store_inode(struct li_tree *tree, const struct li_entry *entry, struct li_inode *inode,
                       struct li_error *err)
{
    size_t runs = li_tree_runs(tree);
    int rc;

    *inode = entry->inode;
    inode->sparse = LI_TREE_NONE;
    rc = store_xattrs(tree, entry, inode, err);
    if (rc == 0 && S_ISLNK(inode->mode)) {
        inode->data = tree->texts.len;
        rc = li_buffer_append(&tree->texts, entry->target, inode->size + 1, err);
    }
    if (rc == 0 && entry->sparse) {
        if (runs + entry->run_count > LI_TREE_RUNS_MAX)
            return li_fail(err, LI_ELIMIT,
                           "the image's sparse files have more than %d runs of data",
                           LI_TREE_RUNS_MAX);
        inode->sparse = (uint32_t)runs;
        inode->sparse_count = (uint32_t)entry->run_count;
        rc = li_buffer_append(&tree->runs, entry->runs, entry->run_count * sizeof(*entry->runs),
                              err);
    }
    return rc;
}

static int set_directory(struct li_tree *tree, uint32_t node, const struct li_entry *entry,
                         struct li_error *err)
{
    struct li_inode *inode = &tree->inode[tree->node[node].inode];
    struct li_inode fresh;
    int rc = store_inode(tree, entry, &fresh, err);

    if (rc < 0)
        return rc;
    fresh.links = inode->links;
    *inode = fresh;
    return 0;
}

/* The inode that a hard link names. */
static int find_target(struct merge *m, const char *link, uint32_t *inode, struct li_error *err)
{
    const struct li_tree *tree = m->tree;
    char shown[LI_TREE_SHOWN_MAX];
    uint32_t node = LI_TREE_NONE;
    struct li_spot spot;
    int rc = li_path_clean(link, &m->target, err);

    if (rc == 0)
        rc = li_path_parent(m->tree, (const char *)m->target.data, LI_PATH_FIND, &spot, err);
    if (rc == 0)
        node = li_build_find(tree, spot.parent, spot.name, spot.len);
    link = li_tree_show_path(link, shown);
    if (rc < 0)
        return li_context(err, "hard link to %s", link);
    if (node == LI_TREE_NONE)
        return li_fail(err, LI_ECORRUPT, "hard link to %s, which does not exist there", link);
    if (li_build_is_directory(tree, node))
        return li_fail(err, LI_ECORRUPT, "hard link to %s, which is a directory", link);
    *inode = tree->node[node].inode;
    if (tree->inode[*inode].links >= LI_TREE_HARD_LINKS_MAX)
        return li_fail(err, LI_EUNSUPPORTED,
                       "hard link to %s, which has %d links; ext4 holds no more", link,
                       LI_TREE_HARD_LINKS_MAX);
    return 0;
}

static int place(struct merge *m, const struct li_entry *entry, const char *path,
                 struct li_error *err)
{
    struct li_tree *tree = m->tree;
    uint32_t old, node, inode = LI_TREE_NONE;
    struct li_inode fresh;
    struct li_spot at;
    int rc = 0;

    if (entry->hard_link)
        rc = find_target(m, entry->hard_link, &inode, err);
    if (rc == 0)
        rc = li_path_parent(tree, path, LI_PATH_MAKE, &at, err);
    if (rc < 0)
        return rc;
    old = li_build_find(tree, at.parent, at.name, at.len);
    if (old != LI_TREE_NONE && !entry->hard_link && S_ISDIR(entry->inode.mode) &&
        li_build_is_directory(tree, old))
        return set_directory(tree, old, entry, err);
    if (old != LI_TREE_NONE && inode != LI_TREE_NONE && tree->node[old].inode == inode)
        return 0;
    if (inode == LI_TREE_NONE) {
        rc = store_inode(tree, entry, &fresh, err);
        if (rc == 0)
            rc = li_build_add_inode(tree, &fresh, &inode, err);
    }
    if (rc < 0)
        return rc;
    if (old != LI_TREE_NONE)
        li_build_remove(tree, old);
    return li_build_add_node(tree, at.parent, at.name, at.len, inode, &node, err);
}

static int visit_entry(void *arg, const struct li_entry *entry, struct li_error *err)
{
    struct merge *m = arg;
    enum li_whiteout kind;
    const char *path;
    int rc = li_path_clean(entry->path, &m->path, err);

    if (rc < 0)
        return rc;
    path = (const char *)m->path.data;
    rc = li_whiteout_check(path, &kind, err);
    if (rc < 0 || kind != LI_WHITEOUT_NONE)
        return rc;
    if (*path)
        return place(m, entry, path, err);
    if (entry->hard_link || !S_ISDIR(entry->inode.mode))
        return li_fail(err, LI_ECORRUPT, "the root of the image is no directory");
    return set_directory(m->tree, LI_TREE_ROOT, entry, err);
}

int li_tree_build(struct li_layers *layers, struct li_tree **out, struct li_error *err)
{
    struct li_tree *tree = calloc(1, sizeof(*tree));
    struct merge m = {.tree = tree};
    int rc;

    if (!tree)
        return li_fail_memory(err);
    tree->layers = layers;
    rc = li_layers_env(layers)->random(&tree->seed, sizeof(tree->seed), err);
    tree->sets.seed = tree->seed;
    if (rc == 0)
        rc = li_build_init(tree, err);
    for (size_t i = 0; i < li_layers_count(layers) && rc == 0; i++) {
        if (i > 0)
            rc = li_whiteouts_apply(tree, i, err);
        if (rc == 0)
            rc = li_scan_layer(layers, i, 0, visit_entry, &m, err);
        if (!li_layers_record(layers, i)->room)
            li_record_drop(li_layers_record(layers, i));
    }
    if (rc == 0)
        rc = li_build_finish(tree, err);
    li_buffer_free(&m.path);
    li_buffer_free(&m.target);
    if (rc < 0) {
        li_tree_free(tree);
        li_layers_blame(layers, err);
        return err->code;
    }
    *out = tree;
    return 0;
}
