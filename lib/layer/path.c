/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of entries. A path in a tar is cleaned as text first, as the container runtimes do, so
 * "a/../b" is "b" whatever a is. A path that leads above the root is refused. Symbolic links are
 * then followed in all components but the last, inside the root: their ".." stop there, as they
 * would for a process in the container.
 */
#include <string.h>
#include <sys/stat.h>

#include "layer/build.h"

/* A whiteout is not a file, so it may hide the longest possible name. */
static size_t longest(const char *name)
{
    size_t mark = strlen(LI_WHITEOUT_MARK);

    return LI_TREE_NAME_MAX + (strncmp(name, LI_WHITEOUT_MARK, mark) == 0 ? mark : 0);
}

static int append_component(struct li_buffer *out, const char *name, size_t len,
                            struct li_error *err)
{
    int rc = 0;

    if (len > longest(name))
        return li_fail(err, LI_EINVALID, "its path has a name of %zu bytes; file systems hold %d",
                       len, LI_TREE_NAME_MAX);
    if (out->len > 0)
        rc = li_buffer_append(out, "/", 1, err);
    return rc < 0 ? rc : li_buffer_append(out, name, len, err);
}

/* Removes the last component. */
static int take_back(struct li_buffer *out, struct li_error *err)
{
    if (out->len == 0)
        return li_fail(err, LI_EINVALID, "its path leads out of the image");
    while (out->len > 0 && out->data[out->len - 1] != '/')
        out->len--;
    if (out->len > 0)
        out->len--;
    return 0;
}

int li_path_clean(const char *path, struct li_buffer *out, struct li_error *err)
{
    int rc = 0;

    out->len = 0;
    while (rc == 0 && *path) {
        size_t len = strcspn(path, "/");

        if (len == 2 && memcmp(path, "..", 2) == 0)
            rc = take_back(out, err);
        else if (len > 0 && !(len == 1 && path[0] == '.'))
            rc = append_component(out, path, len, err);
        path += len;
        path += *path == '/';
    }
    if (rc == 0 && out->len > LI_TREE_PATH_MAX)
        rc = li_fail(err, LI_EINVALID, "its path has %zu bytes; Linux has paths of up to %d",
                     out->len, LI_TREE_PATH_MAX);
    return rc < 0 ? rc : li_buffer_append(out, "", 1, err);
}

struct walk {
    struct li_tree *tree;
    struct li_buffer rest; /* the path still to be walked, with a NUL; used once a link was met */
    unsigned links;        /* symbolic links followed */
    enum li_path_mode mode;
    bool at_link;
};

/* Puts a link's target before the path that is left to walk. */
static int follow(struct walk *w, const struct li_inode *link, const char *left,
                  struct li_error *err)
{
    struct li_buffer joined = {0};
    int rc;

    if (++w->links > LI_TREE_SYMLINK_DEPTH)
        return li_fail(err, LI_EINVALID, "its path leads through more than %d symbolic links",
                       LI_TREE_SYMLINK_DEPTH);
    rc = li_buffer_append(&joined, li_tree_target(w->tree, link), link->size, err);
    if (rc == 0)
        rc = li_buffer_append(&joined, "/", 1, err);
    if (rc == 0)
        rc = li_buffer_append(&joined, left, strlen(left) + 1, err);
    li_buffer_free(&w->rest);
    w->rest = joined;
    return rc;
}

static bool is_closed(const struct li_tree *tree, uint32_t node)
{
    return tree->closed && (tree->closed[node / 8] & 1U << node % 8);
}

/* One step down. LI_END if the name does not exist and must not be made. A link sets *LEFT to the
 * start of the new rest. */
static int step(struct walk *w, uint32_t *at, const char *name, size_t len, const char **left,
                struct li_error *err)
{
    uint32_t child = li_build_find(w->tree, *at, name, len);
    const struct li_inode *inode;
    int rc;

    if (child == LI_TREE_NONE)
        return w->mode == LI_PATH_MAKE ? li_build_add_missing(w->tree, *at, name, len, at, err)
                                       : LI_END;
    inode = &w->tree->inode[w->tree->node[child].inode];
    if (S_ISDIR(inode->mode)) {
        *at = child;
        return 0;
    }
    if (!S_ISLNK(inode->mode))
        return w->mode == LI_PATH_MAKE
                   ? li_fail(err, LI_EINVALID, "its path leads through \"%.*s\", which is a file",
                             (int)len, name)
                   : LI_END;
    w->at_link = w->mode == LI_PATH_DIRECT;
    if (w->at_link || is_closed(w->tree, child))
        return LI_END;
    rc = follow(w, inode, *left, err);
    if (rc < 0)
        return rc;
    *left = (const char *)w->rest.data;
    if (**left == '/')
        *at = LI_TREE_ROOT;
    return 0;
}

static int walk(struct walk *w, uint32_t *at, struct li_error *err)
{
    const char *left = (const char *)w->rest.data;
    int rc = 0;

    while (rc == 0 && *left) {
        const char *component = left;
        size_t n = strcspn(left, "/");

        left += n;
        left += *left == '/';
        if (n == 0 || (n == 1 && component[0] == '.'))
            continue;
        rc = li_account_step(&w->tree->account, err);
        if (rc < 0)
            break;
        if (n == 2 && memcmp(component, "..", 2) == 0)
            *at = w->tree->node[*at].parent;
        else if (n > LI_TREE_NAME_MAX)
            rc = li_fail(err, LI_EINVALID, "its path leads through a link with a name of %zu bytes",
                         n);
        else
            rc = step(w, at, component, n, &left, err);
    }
    return rc;
}

/* Most entries are in the same directory as the entry before. The target of a path changes only by
 * a removal, which forgets it (kill_node() in tree.c). */
static bool is_last(const struct li_tree *tree, const char *path, size_t len)
{
    return tree->last_parent != LI_TREE_NONE && tree->last.len == len &&
           memcmp(tree->last.data, path, len) == 0;
}

static int remember(struct li_tree *tree, const char *path, size_t len, uint32_t parent,
                    struct li_error *err)
{
    tree->last_parent = parent;
    tree->last.len = 0;
    return li_buffer_append(&tree->last, path, len, err);
}

/* Sets the parent of SPOT to the directory that LEN bytes of a path lead to; on LI_END sets
 * at_link. */
static int walk_path(struct li_tree *tree, const char *path, size_t len, enum li_path_mode mode,
                     struct li_spot *spot, struct li_error *err)
{
    struct walk w = {.tree = tree, .mode = mode};
    uint32_t at = LI_TREE_ROOT;
    int rc = li_buffer_append(&w.rest, path, len, err);

    if (rc == 0)
        rc = li_buffer_append(&w.rest, "", 1, err);
    if (rc == 0)
        rc = walk(&w, &at, err);
    if (rc == 0 && mode == LI_PATH_MAKE)
        rc = remember(tree, path, len, at, err);
    if (rc == 0)
        spot->parent = at;
    if (rc == LI_END)
        spot->at_link = w.at_link;
    li_buffer_free(&w.rest);
    return rc;
}

int li_path_parent(struct li_tree *tree, const char *path, enum li_path_mode mode,
                   struct li_spot *spot, struct li_error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t len = slash ? (size_t)(slash - path) : 0;
    struct li_spot end = {LI_TREE_ROOT, name, strlen(name), false};
    int rc = 0;

    if (mode == LI_PATH_MAKE && is_last(tree, path, len))
        end.parent = tree->last_parent;
    else if (len > 0)
        rc = walk_path(tree, path, len, mode, &end, err);
    if (rc == 0)
        *spot = end;
    else if (rc == LI_END)
        spot->at_link = end.at_link;
    return rc;
}
