/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The merge of a stack of layers (OCI image-spec, layer.md).
 *
 * Whiteouts speak of the layers below only, wherever they stand in their own layer. So a layer is
 * read twice: once for its whiteouts, which take effect on the tree as the lower layers left it,
 * and once for all other entries, in order. The lowest layer has nothing below it and is read once.
 *
 * A directory over a directory changes its metadata and keeps its children; anything else replaces
 * what had its name. A name that AUFS made for itself (".wh..wh.*") is no part of the image.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/build.h"

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

struct merge {
    struct li_tree *tree;
    struct li_buffer path;   /* the entry's, cleaned */
    struct li_buffer target; /* a hard link's, cleaned */
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Whether a component of a clean path is AUFS's own, other than the opaque mark at its end. */
static bool is_aufs_own(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (starts_with(at, WHITEOUT_META) && strcmp(at, WHITEOUT_OPAQUE) != 0)
            return true;
    }
    return false;
}

static int hide(struct li_tree *tree, const char *path, struct li_error *err)
{
    uint32_t parent, node;
    const char *name;
    size_t len;
    int rc = li_path_parent(tree, path, false, &parent, &name, &len, err);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (strcmp(name, WHITEOUT_OPAQUE) == 0) {
        li_build_empty(tree, parent);
        return 0;
    }
    name += strlen(WHITEOUT);
    len -= strlen(WHITEOUT);
    if (len == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return li_fail(err, LI_ECORRUPT, "it is a whiteout of nothing");
    node = li_build_find(tree, parent, name, len);
    if (node != LI_TREE_NONE)
        li_build_remove(tree, node);
    return 0;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int visit_whiteout(void *arg, const struct li_entry *entry, struct li_error *err)
{
    struct merge *m = arg;
    const char *path;
    int rc;

    /* Most entries are none; they are cleaned, and refused, in the second reading. */
    if (!strstr(entry->path, WHITEOUT))
        return 0;
    rc = li_path_clean(entry->path, &m->path, err);
    if (rc < 0)
        return rc;
    path = (const char *)m->path.data;
    if (!starts_with(last_component(path), WHITEOUT) || is_aufs_own(path))
        return 0;
    return hide(m->tree, path, err);
}

static int store_xattrs(struct li_tree *tree, const struct li_entry *entry, struct li_inode *inode,
                        struct li_error *err)
{
    inode->xattrs = LI_TREE_NONE;
    if (entry->xattr_count == 0)
        return 0;
    return li_xattr_intern(&tree->sets, entry->xattrs, entry->xattr_count, &inode->xattrs, err);
}

/* What an entry's inode refers to outside of it: attributes, a link's target, a sparse map. */
static int store_inode(struct li_tree *tree, const struct li_entry *entry, struct li_inode *inode,
                       struct li_error *err)
{
    size_t runs = tree->runs.len / sizeof(*entry->runs);
    int rc;

    *inode = entry->inode;
    inode->sparse = LI_TREE_NONE;
    rc = store_xattrs(tree, entry, inode, err);
    if (rc == 0 && S_ISLNK(inode->mode)) {
        inode->data = tree->texts.len;
        rc = li_buffer_append(&tree->texts, entry->target, inode->size + 1, err);
    }
    if (rc == 0 && entry->sparse) {
        if (runs + entry->run_count >= LI_TREE_NONE)
            return li_fail(err, LI_ELIMIT, "the image's sparse files have too many runs of data");
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
    uint32_t parent, node = LI_TREE_NONE;
    const char *name;
    size_t len;
    int rc = li_path_clean(link, &m->target, err);

    if (rc == 0)
        rc =
            li_path_parent(m->tree, (const char *)m->target.data, false, &parent, &name, &len, err);
    if (rc == 0)
        node = li_build_find(m->tree, parent, name, len);
    if (rc < 0)
        return li_context(err, "hard link to %s", link);
    if (node == LI_TREE_NONE)
        return li_fail(err, LI_ECORRUPT, "hard link to %s, which does not exist there", link);
    if (li_build_is_directory(m->tree, node))
        return li_fail(err, LI_ECORRUPT, "hard link to %s, which is a directory", link);
    *inode = m->tree->node[node].inode;
    if (m->tree->inode[*inode].links >= LI_TREE_HARD_LINKS_MAX)
        return li_fail(err, LI_EUNSUPPORTED,
                       "hard link to %s, which has %d links; ext4 holds no more", link,
                       LI_TREE_HARD_LINKS_MAX);
    return 0;
}

static int place(struct merge *m, const struct li_entry *entry, const char *path,
                 struct li_error *err)
{
    struct li_tree *tree = m->tree;
    uint32_t parent, old, node, inode = LI_TREE_NONE;
    struct li_inode fresh;
    const char *name;
    size_t len;
    int rc = 0;

    if (entry->hard_link)
        rc = find_target(m, entry->hard_link, &inode, err);
    if (rc == 0)
        rc = li_path_parent(tree, path, true, &parent, &name, &len, err);
    if (rc < 0)
        return rc;
    old = li_build_find(tree, parent, name, len);
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
    return li_build_add_node(tree, parent, name, len, inode, &node, err);
}

static int visit_entry(void *arg, const struct li_entry *entry, struct li_error *err)
{
    struct merge *m = arg;
    const char *path;
    int rc = li_path_clean(entry->path, &m->path, err);

    if (rc < 0)
        return rc;
    path = (const char *)m->path.data;
    if (is_aufs_own(path))
        return 0;
    if (starts_with(last_component(path), WHITEOUT))
        return 0;
    if (starts_with(path, WHITEOUT) || strstr(path, "/" WHITEOUT))
        return li_fail(err, LI_EUNSUPPORTED,
                       "its path leads through a name that begins with " WHITEOUT);
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
    if (rc == 0)
        rc = li_build_init(tree, err);
    for (size_t i = 0; i < li_layers_count(layers) && rc == 0; i++) {
        if (i > 0)
            rc = li_scan_layer(layers, i, 1, visit_whiteout, &m, err);
        if (rc == 0)
            rc = li_scan_layer(layers, i, 0, visit_entry, &m, err);
    }
    if (rc == 0)
        rc = li_build_finish(tree, err);
    li_buffer_free(&m.path);
    li_buffer_free(&m.target);
    if (rc < 0) {
        li_tree_free(tree);
        return rc;
    }
    *out = tree;
    return 0;
}
