/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The merged tree: names (nodes) and the inodes they name, in arrays, so that a million entries
 * cost little memory and every order is the layers' own.
 *
 * A built tree is read-only and may be read from any thread. It refers to file contents by layer
 * and offset; the stack it was built from must outlive it.
 */
#ifndef LI_LAYER_TREE_H
#define LI_LAYER_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/layer.h"

enum {
    LI_TREE_ROOT = 0,               /* node and inode of the root directory */
    LI_TREE_NONE = 0xffffffff,      /* no node, no inode, no extended attributes */
    LI_TREE_NAME_MAX = 255,         /* bytes */
    LI_TREE_LINK_MAX = 4095,        /* bytes of a symbolic link's target */
    LI_TREE_PATH_MAX = 4095,        /* bytes of an entry's path, cleaned, as in Linux */
    LI_TREE_HARD_LINKS_MAX = 65000, /* ext4's limit for one inode */
    LI_TREE_SYMLINK_DEPTH = 40,     /* symbolic links followed in one path */
    LI_TREE_SHOWN_MAX = 256,        /* bytes of a path in a message, including its NUL */
};

/* A name in a directory. */
struct li_node {
    uint32_t inode;
    uint32_t parent; /* node */
    uint32_t
        first_child; /* node, the first in the directory's sorted order; only for directories */
    uint32_t next_sibling; /* node */
    uint32_t name;         /* offset into the tree's names, in units of LI_TREE_NAME_ALIGN */
};

enum { LI_TREE_NAME_ALIGN = 4 };

/* A run of a sparse file's data; gaps are zeros. */
struct li_sparse_run {
    uint64_t offset; /* in the file, bytes */
    uint64_t length; /* bytes */
};

struct li_inode {
    uint64_t size; /* bytes; of a symbolic link: of its target */
    uint64_t data; /* regular file: offset of the first data byte in the layer; symbolic link:
                      offset into the tree's texts; device: major << 32 | minor */
    int64_t mtime; /* seconds since 1970, UTC; within ext4's range */
    uint32_t mtime_nsec;
    uint32_t uid;
    uint32_t gid;
    uint32_t links;  /* names; for a directory: 2 and one for each subdirectory */
    uint32_t xattrs; /* a set, see li_tree_xattrs(), or LI_TREE_NONE */
    uint32_t sparse; /* its first run in the tree's runs, or LI_TREE_NONE */
    uint32_t sparse_count;
    uint16_t mode;  /* type and permissions as in struct stat */
    uint16_t layer; /* the layer that the inode came from; 0 is the lowest */
};

/* An extended attribute: the full name ("user.x"), and a value in the kernel's external form. */
struct li_xattr {
    const char *name;
    const uint8_t *value;
    uint32_t size; /* bytes of the value */
};

/* A part of an entry that the image lacks or changes, without a failure. */
enum li_note_kind {
    LI_NOTE_NAME_SPACE, /* an attribute is left out: it is in no name space of Linux */
    LI_NOTE_TYPE,       /* an attribute is left out: Linux does not allow it on this type of file */
    LI_NOTE_ACL_NAME,   /* an ACL is left out: it names a user or group without a number */
    LI_NOTE_TIME,       /* the time is 1970-01-01: the layer's time is outside ext4's range */
    LI_NOTES,
};

struct li_note {
    uint64_t entries; /* in all layers, including entries that are hidden */
    /* For a message about the first of these: its path, or the end of it; and its subject, or the
     * beginning of it: the least name of the attributes, a name in the ACL ("user:lisa"), or the
     * time in seconds since 1970. */
    char path[LI_TREE_SHOWN_MAX];
    char text[LI_TREE_NAME_MAX + 1];
};

struct li_tree;

/* Merges the stack by the rules of LAYOUT (layout.h). Errors: LI_ECORRUPT (a broken tar, a hard
 * link to nothing), LI_EUNSUPPORTED (an entry that ext4 cannot hold, an unknown type or layout),
 * LI_EINVALID (a path through a file, a loop of links), LI_ELIMIT; the text names the layer and the
 * path. */
int li_tree_build(struct li_layers *layers, uint32_t layout, struct li_tree **out,
                  struct li_error *err);

/* NULL is allowed. */
void li_tree_free(struct li_tree *tree);

/* The stack that it was built from. */
struct li_layers *li_tree_layers(const struct li_tree *tree);

/* The layout that it was built by. */
uint32_t li_tree_layout(const struct li_tree *tree);

/* What the image lacks or changes of the layers, of one kind; entries is 0 if there is nothing. The
 * tree owns it. */
const struct li_note *li_tree_note(const struct li_tree *tree, enum li_note_kind kind);

/* Nodes and inodes, including dead ones: a dead node is in no directory's list of children, its
 * inode is LI_TREE_NONE, and its first_child is the inode that it named; a dead inode has 0 links.
 * Inodes are in the order of the layers and of the entries in them. */
uint32_t li_tree_nodes(const struct li_tree *tree);
const struct li_node *li_tree_node(const struct li_tree *tree, uint32_t node);
uint32_t li_tree_inodes(const struct li_tree *tree);
const struct li_inode *li_tree_inode(const struct li_tree *tree, uint32_t inode);

/* The node's name: LEN bytes, 1 to 255, then a NUL. The root's is "". */
const char *li_tree_name(const struct li_tree *tree, uint32_t node, size_t *len);

/* A symbolic link's target: inode->size bytes, then a NUL. */
const char *li_tree_target(const struct li_tree *tree, const struct li_inode *inode);

/* The runs of a sparse file, ascending and not overlapping. Its data lies in the layer, one run
 * after the other. */
const struct li_sparse_run *li_tree_sparse(const struct li_tree *tree,
                                           const struct li_inode *inode);

/* The runs of all sparse files, including dead inodes. inode->sparse is an index into them. */
size_t li_tree_runs(const struct li_tree *tree);

/* A set of extended attributes, sorted by name. Equal sets have one number. */
uint32_t li_tree_xattr_sets(const struct li_tree *tree);
const struct li_xattr *li_tree_xattrs(const struct li_tree *tree, uint32_t set, size_t *count);

/* The buffer for a path in a message: the whole path, or "..." and its end. */
const char *li_tree_show_path(const char *path, char shown[LI_TREE_SHOWN_MAX]);

/* Appends the node's path without a leading slash, "" for the root, and a NUL. For messages. */
int li_tree_path(const struct li_tree *tree, uint32_t node, struct li_buffer *out,
                 struct li_error *err);

#endif
