/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whiteouts (OCI image-spec, layer.md) affect only the layers below, wherever they are in their own
 * layer. So a layer is read twice: once for its whiteouts, which are applied to the tree that the
 * lower layers made, and once for all other entries. The lowest layer has nothing below it.
 *
 * The paths of whiteouts are followed through links, but not through a link that the same layer
 * replaces: if a directory took a link's place, overlay file systems mark it as opaque, and the
 * target of the link is not meant. To find these links the layer is read once more if a whiteout
 * needs it, which is very rare.
 *
 * A name that AUFS made for itself (".wh..wh.*") is not part of the image.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/build.h"

#define WHITEOUT LI_WHITEOUT_MARK
#define WHITEOUT_META WHITEOUT WHITEOUT
#define WHITEOUT_OPAQUE WHITEOUT_META ".opq"

struct hiding {
    struct li_tree *tree;
    bool repeated;          /* the layer is the same as a lower one */
    struct li_buffer path;  /* the entry's, cleaned */
    struct li_buffer later; /* paths of whiteouts that lead through links, each with a NUL */
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Whether a component of a clean path is AUFS's own, except the opaque mark at its end. */
static bool is_aufs_own(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (starts_with(at, WHITEOUT_META) && strcmp(at, WHITEOUT_OPAQUE) != 0)
            return true;
    }
    return false;
}

int li_whiteout_check(const char *path, enum li_whiteout *out, struct li_error *err)
{
    const char *name = last_component(path), *hidden = name + strlen(WHITEOUT);

    *out = LI_WHITEOUT_NONE;
    if (!strstr(path, WHITEOUT))
        return 0;
    if (is_aufs_own(path)) {
        *out = LI_WHITEOUT_IGNORED;
        return 0;
    }
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (at != name && starts_with(at, WHITEOUT))
            return li_fail(err, LI_EUNSUPPORTED,
                           "its path leads through a name that begins with " WHITEOUT);
    }
    if (!starts_with(name, WHITEOUT))
        return 0;
    if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
        return li_fail(err, LI_ECORRUPT, "it is a whiteout that names nothing");
    *out = LI_WHITEOUT_HIDES;
    return 0;
}

/* Applies the whiteout at a clean path. LI_END if there is a link in the way that MODE does not
 * follow. */
static int hide(struct li_tree *tree, const char *path, enum li_path_mode mode,
                struct li_error *err)
{
    struct li_spot spot = {0};
    uint32_t node;
    int rc = li_path_parent(tree, path, mode, &spot, err);

    if (rc == LI_END && !spot.at_link)
        return 0;
    if (rc != 0)
        return rc;
    if (strcmp(spot.name, WHITEOUT_OPAQUE) == 0) {
        li_build_empty(tree, spot.parent);
        return 0;
    }
    node =
        li_build_find(tree, spot.parent, spot.name + strlen(WHITEOUT), spot.len - strlen(WHITEOUT));
    if (node != LI_TREE_NONE)
        li_build_remove(tree, node);
    return 0;
}

static int visit_whiteout(void *arg, const struct li_entry *entry, struct li_error *err)
{
    struct hiding *h = arg;
    enum li_whiteout kind = LI_WHITEOUT_NONE;
    int rc;

    if (!h->repeated)
        li_account_entry(&h->tree->account);
    /* Most entries are not whiteouts. They are cleaned, and refused, when all entries are read. */
    if (!strstr(entry->path, WHITEOUT))
        return 0;
    rc = li_path_clean(entry->path, &h->path, err);
    if (rc == 0)
        rc = li_whiteout_check((const char *)h->path.data, &kind, err);
    if (rc < 0 || kind != LI_WHITEOUT_HIDES)
        return rc;
    rc = hide(h->tree, (const char *)h->path.data, LI_PATH_DIRECT, err);
    if (rc != LI_END)
        return rc;
    rc = li_account_keep(&h->tree->account, h->path.len, err);
    return rc == 0 ? li_buffer_append(&h->later, h->path.data, h->path.len, err) : rc;
}

/* Closes the link that the entry replaces, if it replaces one. Faults in its path are reported when
 * all entries are read. */
static int visit_replacement(void *arg, const struct li_entry *entry, struct li_error *err)
{
    struct hiding *h = arg;
    struct li_tree *tree = h->tree;
    enum li_whiteout kind;
    struct li_spot spot;
    uint32_t node;
    int rc = li_path_clean(entry->path, &h->path, err);

    if (rc == 0)
        rc = li_whiteout_check((const char *)h->path.data, &kind, err);
    if (rc == 0 && kind == LI_WHITEOUT_NONE)
        rc = li_path_parent(tree, (const char *)h->path.data, LI_PATH_FIND, &spot, err);
    if (rc == LI_ENOMEM)
        return rc;
    li_error_clear(err);
    if (rc != 0 || kind != LI_WHITEOUT_NONE)
        return 0;
    node = li_build_find(tree, spot.parent, spot.name, spot.len);
    if (node != LI_TREE_NONE && S_ISLNK(tree->inode[tree->node[node].inode].mode))
        tree->closed[node / 8] |= (uint8_t)(1U << node % 8);
    return 0;
}

static int hide_later(struct hiding *h, size_t index, struct li_error *err)
{
    struct li_tree *tree = h->tree;
    const char *path = (const char *)h->later.data, *end = path + h->later.len;
    char shown[LI_TREE_SHOWN_MAX];
    int rc;

    tree->closed = calloc(tree->nodes / 8 + 1, 1);
    if (!tree->closed)
        return li_fail_memory(err);
    rc = li_scan_layer(tree->layers, index, 1, visit_replacement, h, err);
    for (; rc == 0 && path < end; path += strlen(path) + 1) {
        rc = hide(tree, path, LI_PATH_FIND, err);
        if (rc < 0)
            li_context(err, "layer %s: %s", li_layers_name(tree->layers, index),
                       li_tree_show_path(path, shown));
    }
    free(tree->closed);
    tree->closed = NULL;
    return rc;
}

int li_whiteouts_apply(struct li_tree *tree, size_t index, struct li_error *err)
{
    struct hiding h = {.tree = tree, .repeated = li_layers_repeats(tree->layers, index)};
    int rc = li_scan_layer(tree->layers, index, 1, visit_whiteout, &h, err);

    if (rc == 0 && h.later.len > 0)
        rc = hide_later(&h, index, err);
    li_buffer_free(&h.path);
    li_buffer_free(&h.later);
    return rc;
}
