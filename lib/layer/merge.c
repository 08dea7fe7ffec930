/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merges a stack of layers (OCI image-spec, layer.md).
 *
 * A layer's whiteouts take effect first (whiteout.c), then its other entries, in order. A directory
 * over a directory changes its metadata and keeps its children; any other entry replaces what had
 * its name.
 *
 * AUFS kept a file with several names also in /.wh..wh.plnk, and old layers have these names as
 * hard links to that file. While their layer is merged, such files are in the tree, in a directory
 * whose name, "/", no path can lead to. As in Docker and containerd, the last part of the path
 * identifies them, and they serve links that come after them in their own layer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/build.h"
#include "layer/layout.h"
#include "layer/record.h"

struct merge {
    struct li_tree *tree;
    struct li_buffer path;   /* the entry's, cleaned */
    struct li_buffer target; /* a hard link's, cleaned */
    struct li_shape shape;
    bool repeated;   /* the layer is the same as a lower one */
    uint32_t plinks; /* the directory of the layer's files in /.wh..wh.plnk, or LI_TREE_NONE */
};

static void take_notes(struct li_tree *tree, const struct li_entry *entry,
                       const struct li_shape *shape)
{
    char shown[LI_TREE_SHOWN_MAX];

    for (size_t i = 0; i < LI_NOTES; i++) {
        struct li_note *note = &tree->note[i];

        if (!shape->note[i] || note->entries++ > 0)
            continue;
        snprintf(note->path, sizeof(note->path), "%s", li_tree_show_path(entry->path, shown));
        snprintf(note->text, sizeof(note->text), "%s", shape->note[i]);
    }
}

static int store_xattrs(struct li_tree *tree, const struct li_shape *shape, struct li_inode *inode,
                        struct li_error *err)
{
    inode->xattrs = LI_TREE_NONE;
    if (shape->xattr_count == 0)
        return 0;
    return li_xattr_intern(&tree->sets, shape->xattrs, shape->xattr_count, &tree->account,
                           &inode->xattrs, err);
}

static int store_runs(struct li_tree *tree, const struct li_sparse_run *list, size_t count,
                      struct li_inode *inode, struct li_error *err)
{
    size_t runs = li_tree_runs(tree);
    int rc = li_account_keep(&tree->account, count * sizeof(*list), err);

    if (rc < 0)
        return rc;
    inode->sparse = (uint32_t)runs;
    inode->sparse_count = (uint32_t)count;
    return li_buffer_append(&tree->runs, list, count * sizeof(*list), err);
}

static int store_target(struct li_tree *tree, const char *target, struct li_inode *inode,
                        struct li_error *err)
{
    int rc = li_account_keep(&tree->account, inode->size + 1, err);

    inode->data = tree->texts.len;
    return rc < 0 ? rc : li_buffer_append(&tree->texts, target, inode->size + 1, err);
}

/* Copies what an entry's inode refers to: attributes, a link's target, a sparse map. */
static int store_inode(struct merge *m, const struct li_entry *entry, struct li_inode *inode,
                       struct li_error *err)
{
    struct li_tree *tree = m->tree;
    int rc = li_shape_make(entry, tree->layout, &m->shape, err);

    if (rc < 0)
        return rc;
    take_notes(tree, entry, &m->shape);
    *inode = m->shape.inode;
    inode->sparse = LI_TREE_NONE;
    rc = store_xattrs(tree, &m->shape, inode, err);
    if (rc == 0 && S_ISLNK(inode->mode))
        rc = store_target(tree, entry->target, inode, err);
    if (rc == 0 && m->shape.hole)
        rc = store_runs(tree, NULL, 0, inode, err);
    else if (rc == 0 && entry->sparse)
        rc = store_runs(tree, entry->runs, entry->run_count, inode, err);
    return rc;
}

static int set_directory(struct merge *m, uint32_t node, const struct li_entry *entry,
                         struct li_error *err)
{
    struct li_tree *tree = m->tree;
    struct li_inode *inode = &tree->inode[tree->node[node].inode];
    struct li_inode fresh;
    int rc = store_inode(m, entry, &fresh, err);

    if (rc < 0)
        return rc;
    fresh.links = inode->links;
    *inode = fresh;
    return 0;
}

static bool is_plink(const char *path)
{
    return strncmp(path, LI_WHITEOUT_PLINKS, strlen(LI_WHITEOUT_PLINKS)) == 0;
}

static struct li_spot plink_spot(const struct merge *m, const char *path)
{
    const char *name = strrchr(path, '/') + 1;

    return (struct li_spot){m->plinks, name, strlen(name), false};
}

/* The inode that a hard link names. */
static int find_target(struct merge *m, const char *link, uint32_t *inode, struct li_error *err)
{
    const struct li_tree *tree = m->tree;
    char shown[LI_TREE_SHOWN_MAX];
    uint32_t node = LI_TREE_NONE;
    struct li_spot spot = {0};
    int rc = li_path_clean(link, &m->target, err);

    if (rc == 0 && is_plink((const char *)m->target.data))
        spot = plink_spot(m, (const char *)m->target.data);
    else if (rc == 0)
        rc = li_path_parent(m->tree, (const char *)m->target.data, LI_PATH_FIND, &spot, err);
    if (rc == 0 && spot.parent != LI_TREE_NONE)
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

/* Gives the entry the name at AT. A hard link is another name of INODE, which else is LI_TREE_NONE.
 */
static int place_at(struct merge *m, const struct li_entry *entry, const struct li_spot *at,
                    uint32_t inode, struct li_error *err)
{
    struct li_tree *tree = m->tree;
    uint32_t old = li_build_find(tree, at->parent, at->name, at->len), node;
    struct li_inode fresh;
    int rc = 0;

    if (old != LI_TREE_NONE && !entry->hard_link && S_ISDIR(entry->inode.mode) &&
        li_build_is_directory(tree, old))
        return set_directory(m, old, entry, err);
    if (old != LI_TREE_NONE && inode != LI_TREE_NONE && tree->node[old].inode == inode)
        return 0;
    if (inode == LI_TREE_NONE) {
        rc = store_inode(m, entry, &fresh, err);
        if (rc == 0)
            rc = li_build_add_inode(tree, &fresh, &inode, err);
    }
    if (rc < 0)
        return rc;
    if (old != LI_TREE_NONE)
        li_build_remove(tree, old);
    return li_build_add_node(tree, at, inode, &node, err);
}

static int place(struct merge *m, const struct li_entry *entry, const char *path,
                 struct li_error *err)
{
    uint32_t inode = LI_TREE_NONE;
    struct li_spot at;
    int rc = 0;

    if (entry->hard_link)
        rc = find_target(m, entry->hard_link, &inode, err);
    if (rc == 0)
        rc = li_path_parent(m->tree, path, LI_PATH_MAKE, &at, err);
    return rc < 0 ? rc : place_at(m, entry, &at, inode, err);
}

/* Keeps a file for the hard links to it. If its name is too long for a file, no link can name it.
 */
static int keep_plink(struct merge *m, const struct li_entry *entry, const char *path,
                      struct li_error *err)
{
    struct li_spot at = plink_spot(m, path);
    int rc = 0;

    if (entry->hard_link || !S_ISREG(entry->inode.mode) || at.len > LI_TREE_NAME_MAX)
        return 0;
    if (m->plinks == LI_TREE_NONE)
        rc = li_build_add_missing(m->tree, LI_TREE_ROOT, "/", 1, &m->plinks, err);
    at.parent = m->plinks;
    return rc < 0 ? rc : place_at(m, entry, &at, LI_TREE_NONE, err);
}

static int visit_entry(void *arg, const struct li_entry *entry, struct li_error *err)
{
    struct merge *m = arg;
    enum li_whiteout kind;
    const char *path;
    int rc = li_path_clean(entry->path, &m->path, err);

    if (!m->repeated)
        li_account_entry(&m->tree->account);
    else if (rc == 0)
        rc = li_account_repeat(&m->tree->account, m->path.len, err);
    if (rc < 0)
        return rc;
    path = (const char *)m->path.data;
    rc = li_whiteout_check(path, &kind, err);
    if (rc == 0 && kind == LI_WHITEOUT_IGNORED && is_plink(path))
        return keep_plink(m, entry, path, err);
    if (rc < 0 || kind != LI_WHITEOUT_NONE)
        return rc;
    if (*path)
        return place(m, entry, path, err);
    if (entry->hard_link || !S_ISDIR(entry->inode.mode))
        return li_fail(err, LI_ECORRUPT, "the root of the image is not a directory");
    return set_directory(m, LI_TREE_ROOT, entry, err);
}

/* Charges layer INDEX if it is the same as a lower one. A known layer need not be opened for that.
 */
static int charge_layer(struct li_tree *tree, size_t index, struct li_error *err)
{
    const struct li_record *record = li_layers_record(tree->layers, index);
    uint64_t length = record->length;
    int rc = 0;

    if (!li_layers_repeats(tree->layers, index))
        return 0;
    if (!record->whole)
        rc = li_layers_ready(tree->layers, index, &length, err);
    return rc < 0 ? rc : li_account_repeat_layer(&tree->account, length, err);
}

static int merge_layers(struct li_tree *tree, struct li_error *err)
{
    struct li_layers *layers = tree->layers;
    struct merge m = {.tree = tree, .plinks = LI_TREE_NONE};
    int rc = 0;

    for (size_t i = 0; i < li_layers_count(layers) && rc == 0; i++) {
        m.repeated = li_layers_repeats(layers, i);
        rc = charge_layer(tree, i, err);
        if (rc == 0 && i > 0)
            rc = li_whiteouts_apply(tree, i, err);
        if (rc == 0)
            rc = li_scan_layer(layers, i, 0, visit_entry, &m, err);
        if (rc == 0 && m.plinks != LI_TREE_NONE)
            li_build_remove(tree, m.plinks);
        m.plinks = LI_TREE_NONE;
        if (!li_layers_record(layers, i)->room)
            li_record_drop(li_layers_record(layers, i));
    }
    li_buffer_free(&m.path);
    li_buffer_free(&m.target);
    li_shape_free(&m.shape);
    return rc;
}

int li_tree_build(struct li_layers *layers, uint32_t layout, struct li_tree **out,
                  struct li_error *err)
{
    struct li_tree *tree;
    int rc = li_layout_check(layout, err);

    if (rc < 0)
        return rc;
    tree = calloc(1, sizeof(*tree));
    if (!tree)
        return li_fail_memory(err);
    tree->layers = layers;
    tree->layout = layout;
    rc = li_layers_env(layers)->random(&tree->seed, sizeof(tree->seed), err);
    tree->sets.seed = tree->seed;
    if (rc == 0)
        rc = li_build_init(tree, err);
    if (rc == 0)
        rc = merge_layers(tree, err);
    if (rc == 0)
        rc = li_build_finish(tree, err);
    if (rc < 0) {
        li_tree_free(tree);
        li_layers_blame(layers, err);
        return err->code;
    }
    *out = tree;
    return 0;
}
