/* SPDX-License-Identifier: Apache-2.0 */
/* Where everything lies in a planned image, for users who want to know why images share chunks. */
#ifndef LI_EXT4_EXPLAIN_H
#define LI_EXT4_EXPLAIN_H

#include <stdint.h>

#include "base/error.h"
#include "ext4/ext4.h"

enum li_ext4_kind {
    LI_EXT4_SUPERBLOCK,
    LI_EXT4_DESCRIPTORS,
    LI_EXT4_BLOCK_BITMAPS,
    LI_EXT4_INODE_BITMAPS,
    LI_EXT4_INODE_TABLES,
    LI_EXT4_DIRECTORY,
    LI_EXT4_EXTENTS,    /* of a file with more extents than its inode holds */
    LI_EXT4_ATTRIBUTES, /* extended ones; an attribute block may be shared, and is then listed for
                           one inode */
    LI_EXT4_LINK,       /* the target of a symbolic link that does not fit in its inode */
    LI_EXT4_PACKED,     /* a small file, or the end of a large one, in a chunk with others */
    LI_EXT4_ALIGNED,    /* a large file in chunks of its own */
    LI_EXT4_INODE,      /* an entry that has no contents elsewhere */
    LI_EXT4_KINDS,
};

/* A run of blocks that is in use. */
struct li_ext4_run {
    enum li_ext4_kind kind;
    uint64_t offset; /* of the image, bytes */
    uint64_t blocks; /* 0 for LI_EXT4_INODE */
    uint32_t node;  /* a name, the first, of the inode that the run belongs to, or LI_TREE_NONE; the
                       fields below are set only with a name */
    uint32_t inode; /* of the tree */
    uint32_t ino;   /* of the file system */
    uint64_t from;  /* block of the contents, not counting holes, that the run begins with */
    uint64_t extents; /* blocks of all its contents */
};

typedef int li_ext4_visit(void *arg, const struct li_ext4_run *run, struct li_error *err);

/* Visits all runs that are in use: first those with blocks, in the order of the image, then entries
 * without blocks, in the order of their inodes. Blocks of bitmaps and inode tables that are all
 * zeros are left out. Stops at the first failure of VISIT and returns it; LI_ENOMEM. */
int li_ext4_explain(const struct li_ext4 *ext4, li_ext4_visit *visit, void *arg,
                    struct li_error *err);

#endif
