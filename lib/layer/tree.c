/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree's storage. Nodes and inodes are rows of two arrays that only grow. A row's number is its
 * identity, and its order is the order of the layers and of the entries in them, which the layout
 * needs. A removed node stays as a dead row; at the end the lists of children are rebuilt without
 * dead rows.
 *
 * While building, names are looked up in one hash table over (parent, name) for the whole tree. Its
 * seed is random, so that a layer cannot slow it down; no result depends on it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "layer/build.h"

#define SLOT_FREE 0U
#define SLOT_DEAD UINT32_MAX

enum { FIRST_SLOTS = 1024 };

#define ENTRIES_MAX (1U << 30)

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93ULL;
    h ^= h >> 32;
    return h;
}

uint64_t li_build_hash(uint64_t seed, uint64_t start, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t h = mix(seed ^ start);

    while (len > 0) {
        uint64_t word = 0;
        size_t n = len < sizeof(word) ? len : sizeof(word);

        memcpy(&word, p, n);
        h = mix((h ^ word) * 0x9fb21c651e98df25ULL + seed);
        p += n;
        len -= n;
    }
    return h;
}

const char *li_tree_name(const struct li_tree *tree, uint32_t node, size_t *len)
{
    const uint8_t *at = tree->names.data + (size_t)tree->node[node].name * LI_TREE_NAME_ALIGN;

    if (len)
        *len = at[0];
    return (const char *)at + 1;
}

static uint32_t first_slot(const struct li_tree *tree, uint32_t parent, const char *name,
                           size_t len)
{
    return (uint32_t)li_build_hash(tree->seed, parent, name, len) & (tree->slots - 1);
}

static uint32_t find_slot(const struct li_tree *tree, uint32_t parent, const char *name, size_t len)
{
    uint32_t i = first_slot(tree, parent, name, len);

    for (; tree->slot[i] != SLOT_FREE; i = (i + 1) & (tree->slots - 1)) {
        uint32_t node = tree->slot[i] - 1;
        size_t have;
        const char *text;

        if (tree->slot[i] == SLOT_DEAD || tree->node[node].parent != parent)
            continue;
        text = li_tree_name(tree, node, &have);
        if (have == len && memcmp(text, name, len) == 0)
            return i;
    }
    return i;
}

uint32_t li_build_find(const struct li_tree *tree, uint32_t parent, const char *name, size_t len)
{
    uint32_t slot = tree->slot[find_slot(tree, parent, name, len)];

    return slot == SLOT_FREE ? LI_TREE_NONE : slot - 1;
}

/* Adds a node whose name does not exist yet. A dead slot is used again, so that a name that comes
 * and goes does not leave a trail. */
static void take_slot(struct li_tree *tree, uint32_t node)
{
    size_t len;
    const char *name = li_tree_name(tree, node, &len);
    uint32_t i = first_slot(tree, tree->node[node].parent, name, len);

    while (tree->slot[i] != SLOT_FREE && tree->slot[i] != SLOT_DEAD)
        i = (i + 1) & (tree->slots - 1);
    tree->slots_used += tree->slot[i] == SLOT_FREE;
    tree->slot[i] = node + 1;
}

static int resize_slots(struct li_tree *tree, uint32_t slots, struct li_error *err)
{
    uint32_t *old = tree->slot, old_slots = tree->slots;
    uint32_t *fresh = calloc(slots, sizeof(*fresh));

    if (!fresh)
        return li_fail_memory(err);
    tree->slot = fresh;
    tree->slots = slots;
    tree->slots_used = 0;
    for (uint32_t i = 0; i < old_slots; i++)
        if (old[i] != SLOT_FREE && old[i] != SLOT_DEAD)
            take_slot(tree, old[i] - 1);
    free(old);
    return 0;
}

/* A row's number must be below the marks for "none" and "removed". */
static int check_count(uint32_t count, struct li_error *err)
{
    if (count < ENTRIES_MAX)
        return 0;
    return li_fail(err, LI_ELIMIT, "the image has more than %u entries", ENTRIES_MAX);
}

static int add_name(struct li_tree *tree, const char *name, size_t len, uint32_t *at,
                    struct li_error *err)
{
    static const uint8_t zeros[LI_TREE_NAME_ALIGN + 1];
    uint8_t length = (uint8_t)len;
    size_t pad = LI_TREE_NAME_ALIGN - (len + 1) % LI_TREE_NAME_ALIGN;
    uint64_t position = tree->names.len / LI_TREE_NAME_ALIGN;
    int rc;

    if (position > UINT32_MAX)
        return li_fail(err, LI_ELIMIT, "the image's names have more than 16 GiB");
    rc = li_account_name(&tree->account, len, err);
    if (rc == 0)
        rc = li_buffer_append(&tree->names, &length, 1, err);
    if (rc == 0)
        rc = li_buffer_append(&tree->names, name, len, err);
    if (rc == 0)
        rc = li_buffer_append(&tree->names, zeros, pad, err);
    *at = (uint32_t)position;
    return rc;
}

int li_build_add_inode(struct li_tree *tree, const struct li_inode *inode, uint32_t *index,
                       struct li_error *err)
{
    int rc = check_count(tree->inodes, err);

    if (rc == 0)
        rc = li_array_reserve(&tree->inode, &tree->inode_cap, tree->inodes + 1,
                              sizeof(*tree->inode), err);
    if (rc < 0)
        return rc;
    tree->inode[tree->inodes] = *inode;
    tree->inode[tree->inodes].links = 0;
    *index = tree->inodes++;
    return 0;
}

int li_build_add_node(struct li_tree *tree, const struct li_spot *at, uint32_t inode,
                      uint32_t *node, struct li_error *err)
{
    struct li_node *row;
    uint32_t name = 0;
    int rc = check_count(tree->nodes, err);

    if (rc == 0)
        rc = li_array_reserve(&tree->node, &tree->node_cap, tree->nodes + 1, sizeof(*tree->node),
                              err);
    if (rc == 0 && tree->slots_used >= tree->slots / 4 * 3)
        rc = resize_slots(tree, tree->slots * 2, err);
    if (rc == 0)
        rc = add_name(tree, at->name, at->len, &name, err);
    if (rc < 0)
        return rc;
    row = &tree->node[tree->nodes];
    *row = (struct li_node){inode, at->parent, LI_TREE_NONE, LI_TREE_NONE, name};
    if (tree->nodes != LI_TREE_ROOT) {
        row->next_sibling = tree->node[at->parent].first_child;
        tree->node[at->parent].first_child = tree->nodes;
        take_slot(tree, tree->nodes);
    }
    tree->inode[inode].links++;
    *node = tree->nodes++;
    return 0;
}

bool li_build_is_directory(const struct li_tree *tree, uint32_t node)
{
    return S_ISDIR(tree->inode[tree->node[node].inode].mode);
}

static void kill_node(struct li_tree *tree, uint32_t node)
{
    size_t len;
    const char *name = li_tree_name(tree, node, &len);

    tree->last_parent = LI_TREE_NONE;
    tree->slot[find_slot(tree, tree->node[node].parent, name, len)] = SLOT_DEAD;
    tree->inode[tree->node[node].inode].links--;
    tree->node[node].first_child = tree->node[node].inode;
    tree->node[node].inode = LI_TREE_NONE;
}

/* Depth first and without recursion, because a layer chooses the depth: a directory's list of
 * children is used up while it is walked, so climbing back finds the rest of it. */
void li_build_empty(struct li_tree *tree, uint32_t node)
{
    uint32_t at = node;

    for (;;) {
        uint32_t child = tree->node[at].first_child;

        if (child != LI_TREE_NONE) {
            tree->node[at].first_child = tree->node[child].next_sibling;
            if (tree->node[child].inode != LI_TREE_NONE)
                at = child;
            continue;
        }
        if (at == node)
            return;
        child = at;
        at = tree->node[at].parent;
        kill_node(tree, child);
    }
}

void li_build_remove(struct li_tree *tree, uint32_t node)
{
    li_build_empty(tree, node);
    kill_node(tree, node);
}

int li_build_add_missing(struct li_tree *tree, uint32_t parent, const char *name, size_t len,
                         uint32_t *node, struct li_error *err)
{
    struct li_inode inode = {
        .mode = S_IFDIR | 0755, .xattrs = LI_TREE_NONE, .sparse = LI_TREE_NONE};
    const struct li_spot at = {.parent = parent, .name = name, .len = len};
    uint32_t index;
    int rc = li_account_missing(&tree->account, err);

    if (rc == 0)
        rc = li_build_add_inode(tree, &inode, &index, err);
    return rc < 0 ? rc : li_build_add_node(tree, &at, index, node, err);
}

int li_build_init(struct li_tree *tree, struct li_error *err)
{
    uint32_t root;
    int rc = resize_slots(tree, FIRST_SLOTS, err);

    tree->last_parent = LI_TREE_NONE;
    return rc < 0 ? rc : li_build_add_missing(tree, LI_TREE_ROOT, "", 0, &root, err);
}

void li_tree_free(struct li_tree *tree)
{
    if (!tree)
        return;
    free(tree->node);
    free(tree->inode);
    free(tree->slot);
    li_buffer_free(&tree->last);
    li_buffer_free(&tree->names);
    li_buffer_free(&tree->texts);
    li_buffer_free(&tree->runs);
    li_xattr_sets_free(&tree->sets);
    free(tree);
}

struct li_layers *li_tree_layers(const struct li_tree *tree)
{
    return tree->layers;
}

uint32_t li_tree_layout(const struct li_tree *tree)
{
    return tree->layout;
}

const struct li_note *li_tree_note(const struct li_tree *tree, enum li_note_kind kind)
{
    return &tree->note[kind];
}

uint32_t li_tree_nodes(const struct li_tree *tree)
{
    return tree->nodes;
}

const struct li_node *li_tree_node(const struct li_tree *tree, uint32_t node)
{
    return &tree->node[node];
}

uint32_t li_tree_inodes(const struct li_tree *tree)
{
    return tree->inodes;
}

const struct li_inode *li_tree_inode(const struct li_tree *tree, uint32_t inode)
{
    return &tree->inode[inode];
}

const char *li_tree_target(const struct li_tree *tree, const struct li_inode *inode)
{
    return (const char *)tree->texts.data + inode->data;
}

const struct li_sparse_run *li_tree_sparse(const struct li_tree *tree, const struct li_inode *inode)
{
    const struct li_sparse_run *runs = (const void *)tree->runs.data;

    return runs ? runs + inode->sparse : NULL; /* there are none if the file is all hole */
}

size_t li_tree_runs(const struct li_tree *tree)
{
    return tree->runs.len / sizeof(struct li_sparse_run);
}

uint32_t li_tree_xattr_sets(const struct li_tree *tree)
{
    return tree->sets.count;
}

const struct li_xattr *li_tree_xattrs(const struct li_tree *tree, uint32_t set, size_t *count)
{
    *count = tree->sets.set[set].count;
    return tree->sets.set[set].list;
}

const char *li_tree_show_path(const char *path, char shown[LI_TREE_SHOWN_MAX])
{
    size_t len = strlen(path), room = LI_TREE_SHOWN_MAX - sizeof("...");

    if (len < LI_TREE_SHOWN_MAX)
        return path;
    memcpy(shown, "...", 3);
    memcpy(shown + 3, path + len - room, room + 1);
    return shown;
}

int li_tree_path(const struct li_tree *tree, uint32_t node, struct li_buffer *out,
                 struct li_error *err)
{
    size_t total = 0, len, at;
    int rc;

    for (uint32_t n = node; n != LI_TREE_ROOT; n = tree->node[n].parent) {
        li_tree_name(tree, n, &len);
        total += len + 1;
    }
    total = total ? total : 1;
    rc = li_buffer_reserve(out, out->len + total, err);
    if (rc < 0)
        return rc;
    at = out->len + total;
    out->data[--at] = '\0';
    for (uint32_t n = node; n != LI_TREE_ROOT; n = tree->node[n].parent) {
        const char *name = li_tree_name(tree, n, &len);

        at -= len;
        memcpy(out->data + at, name, len);
        if (at > out->len)
            out->data[--at] = '/';
    }
    out->len += total;
    return 0;
}
