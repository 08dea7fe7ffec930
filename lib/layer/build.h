/* SPDX-License-Identifier: Apache-2.0 */
/* A tree under construction. Only the files of this folder see it. */
#ifndef LI_LAYER_BUILD_H
#define LI_LAYER_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "layer/account.h"
#include "layer/scan.h"
#include "layer/tree.h"

/* A hash for tables. A layer cannot slow the tables down as long as SEED is secret. */
uint64_t li_build_hash(uint64_t seed, uint64_t start, const void *data, size_t len);

/* A set of extended attributes, sorted by name. */
struct li_xattr_set {
    struct li_xattr *list; /* one allocation, including the names and values */
    size_t count;
};

/* Interned sets of extended attributes. */
struct li_xattr_sets {
    struct li_xattr_set *set;
    uint32_t count;
    size_t cap;
    uint32_t *slot; /* open addressing; holds set number + 1 */
    uint32_t slots;
    uint64_t seed; /* of the hash */
};

struct li_tree {
    struct li_layers *layers;
    struct li_node *node;
    uint32_t nodes;
    size_t node_cap;
    struct li_inode *inode;
    uint32_t inodes;
    size_t inode_cap;
    struct li_buffer names; /* length byte, name, NUL, at multiples of LI_TREE_NAME_ALIGN */
    struct li_buffer texts; /* targets of symbolic links, each with a NUL */
    struct li_buffer runs;  /* struct li_sparse_run */
    struct li_xattr_sets sets;
    uint32_t layout; /* the rules that it is built by */
    struct li_account account;
    struct li_note note[LI_NOTES];
    uint32_t
        *slot; /* open addressing by (parent, name); holds node + 1; DEAD marks a removed one */
    uint32_t slots; /* a power of two */
    uint32_t slots_used;
    uint64_t seed;         /* of the hash; secret, so that no layer can force collisions */
    struct li_buffer last; /* the directory part of the last path for which directories were made */
    uint32_t last_parent;  /* where that path led, or LI_TREE_NONE */
    /* One bit for each node: links that are not followed at the moment, or NULL. Used for whiteouts
     * of the node's layer. */
    uint8_t *closed;
};

/* While building, li_node.first_child and next_sibling have another meaning: they chain children
 * newest first, including removed ones. A removed node has the inode LI_TREE_NONE, and has its
 * former inode in first_child. */

/* Makes the table of names and the root directory in TREE, which must be zeros except for seed,
 * layers and layout. LI_ENOMEM. */
int li_build_init(struct li_tree *tree, struct li_error *err);

/* The child NAME of PARENT, or LI_TREE_NONE. */
uint32_t li_build_find(const struct li_tree *tree, uint32_t parent, const char *name, size_t len);

/* The end of a clean path: a name in the tree that may or may not exist. */
struct li_spot {
    uint32_t parent;  /* the directory that holds the last component */
    const char *name; /* the last component, within the path */
    size_t len;       /* of the name, bytes */
    bool at_link;     /* LI_PATH_DIRECT: not found, because a link is in the way */
};

/* Adds the name AT for an inode. The name must not exist. */
int li_build_add_node(struct li_tree *tree, const struct li_spot *at, uint32_t inode,
                      uint32_t *node, struct li_error *err);

/* Adds a copy of INODE without a name; *INDEX is its number. LI_ENOMEM; LI_ELIMIT if there are too
 * many. */
int li_build_add_inode(struct li_tree *tree, const struct li_inode *inode, uint32_t *index,
                       struct li_error *err);

/* Removes a node and everything below it. */
void li_build_remove(struct li_tree *tree, uint32_t node);

/* Removes everything below the node, but not the node. */
void li_build_empty(struct li_tree *tree, uint32_t node);

/* Whether a node is a directory and not removed. */
bool li_build_is_directory(const struct li_tree *tree, uint32_t node);

/* Makes the directory NAME with the metadata of a directory that no layer mentions: mode 0755,
 * owner root, time 1970. */
int li_build_add_missing(struct li_tree *tree, uint32_t parent, const char *name, size_t len,
                         uint32_t *node, struct li_error *err);

/* Drops what only building needs, sorts children by name, and counts links. */
int li_build_finish(struct li_tree *tree, struct li_error *err);

/* Cleans PATH as a rooted path: removes empty and "." components, and resolves "..". OUT gets it
 * without leading and trailing slashes, with a NUL; "" is the root. LI_EINVALID if it leads above
 * the root, is longer than LI_TREE_PATH_MAX, or has a component over LI_TREE_NAME_MAX bytes. */
int li_path_clean(const char *path, struct li_buffer *out, struct li_error *err);

enum li_path_mode {
    LI_PATH_MAKE,   /* missing directories are created */
    LI_PATH_FIND,   /* LI_END if one is missing */
    LI_PATH_DIRECT, /* the same, but no link is followed */
};

/* Finds the directory that holds a clean path's last component, following symbolic links in all
 * components before it. On LI_END only at_link is set. */
int li_path_parent(struct li_tree *tree, const char *path, enum li_path_mode mode,
                   struct li_spot *spot, struct li_error *err);

#define LI_WHITEOUT_MARK ".wh." /* the prefix of a whiteout, before the name that it hides */

/* Applies the whiteouts of layer INDEX to the tree that the layers below it have made. */
int li_whiteouts_apply(struct li_tree *tree, size_t index, struct li_error *err);

enum li_whiteout {
    LI_WHITEOUT_NONE,
    LI_WHITEOUT_HIDES,   /* the last component is a whiteout or the opaque mark */
    LI_WHITEOUT_IGNORED, /* a file that AUFS keeps for itself */
};

/* The prefix of the clean paths of files that AUFS kept only as targets of hard links. */
#define LI_WHITEOUT_PLINKS LI_WHITEOUT_MARK LI_WHITEOUT_MARK "plnk/"

/* Classifies a clean path. LI_ECORRUPT if it is a whiteout without a name, LI_EUNSUPPORTED if it
 * leads through a whiteout. */
int li_whiteout_check(const char *path, enum li_whiteout *out, struct li_error *err);

/* The number of the set that equals LIST (sorted by name). The set is added, and charged to
 * ACCOUNT, if there is none. */
int li_xattr_intern(struct li_xattr_sets *sets, const struct li_xattr *list, size_t count,
                    struct li_account *account, uint32_t *set, struct li_error *err);

/* Frees all sets, and returns SETS to zeros. */
void li_xattr_sets_free(struct li_xattr_sets *sets);

#endif
