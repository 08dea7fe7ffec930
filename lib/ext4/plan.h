/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of an image, shared by the files of this folder.
 *
 * The image is one run of zones, each a run of blocks:
 *
 *     superblock | group descriptors | block bitmaps | inode bitmaps | inode tables | directories |
 *     extent blocks | attribute blocks | symbolic links | (up to a chunk's boundary) | data | free
 *
 * Each block of each zone can be made on its own from the arrays below.
 */
#ifndef LI_EXT4_PLAN_H
#define LI_EXT4_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ext4/ext4.h"

enum {
    LI_EXT4_BLOCKS_PER_GROUP = 32768,
    LI_EXT4_BLOCKS_PER_CHUNK = LI_CHUNK_SIZE / LI_EXT4_BLOCK_SIZE,
    LI_EXT4_DESCRIPTORS_PER_BLOCK = 64,
    LI_EXT4_INODE_SIZE = 256,
    LI_EXT4_INODES_PER_BLOCK = LI_EXT4_BLOCK_SIZE / LI_EXT4_INODE_SIZE,
    LI_EXT4_EXTRA_ISIZE = 32,
    LI_EXT4_DIRENT_ROOM = LI_EXT4_BLOCK_SIZE - 12, /* bytes for entries in a directory's block */
    LI_EXT4_ROOT_INO = 2,
    LI_EXT4_FIRST_INO = 11,
    LI_EXT4_FAST_LINK_MAX = 59,  /* bytes of a target that fits in the inode */
    LI_EXT4_EXTENT_MAX = 32768,  /* blocks */
    LI_EXT4_INODE_EXTENTS = 4,   /* extents in the inode itself */
    LI_EXT4_BLOCK_EXTENTS = 340, /* extents in an extent block */
    LI_EXT4_MARK_RUNS = 256,
    LI_EXT4_XATTR_SHARE_MAX = 1024, /* inodes that may share an attribute block */
    LI_EXT4_CHECKSUM_SEED = 0x4c496d67,
};

#define LI_EXT4_NONE UINT32_MAX

/* A run of a file's content in the data zone. Content is the file without its holes, in blocks. */
struct li_piece {
    uint32_t inode; /* of the tree */
    uint32_t from;  /* block of the content */
    uint32_t block; /* block of the data zone */
    uint32_t count; /* blocks */
};

struct li_ext4_directory {
    uint32_t node;      /* of the tree */
    uint32_t block;     /* first, in the directory zone */
    uint32_t blocks;    /* 1: a plain list in the order of names; more: an htree */
    uint32_t leaves;    /* of an htree: how many of its blocks, the last ones, are leaves */
    uint32_t order_end; /* after its last entry in the plan's order */
};

/* Where an inode's content lies: a block of the data zone, the number of a directory, or a block of
 * the zone of symbolic links. */
struct li_allocation {
    uint32_t first;
    uint32_t tail; /* of a regular file whose tail lies elsewhere: block of the data zone */
};

/* An inode with blocks in a zone of its own: extent blocks or an attribute block. */
struct li_extra {
    uint32_t inode; /* of the tree */
    uint32_t block; /* first, in the zone */
};

/* The position of a run of a sparse file's data. */
struct li_run_mark {
    uint64_t stored;  /* bytes of the file's data before it in the layer */
    uint32_t content; /* the block of the content that it begins in */
};

/* Where a leaf of an extent tree begins: the saved state of a walk over the file's runs of blocks.
 */
struct li_leaf_mark {
    uint32_t state;   /* of li_content_next() */
    uint32_t content; /* blocks of content before it */
    uint32_t logical; /* block of the file */
    uint32_t left;    /* blocks left of the run */
};

/* An extent tree that does not fit in its inode. */
struct li_extent_tree {
    uint64_t extents;
    uint64_t blocks; /* blocks that it maps */
    uint64_t head;   /* blocks of the main run, see li_content_main() */
    size_t leaf;     /* its first leaf, in the plan's leaf marks */
};

struct li_zone {
    uint64_t first; /* block of the image */
    uint64_t count; /* blocks */
};

struct li_ext4 {
    const struct li_tree *tree;

    uint32_t *ino;     /* the inode in the file system by inode of the tree; 0 if it is dead */
    uint32_t *inode;   /* the inode of the tree by ino - LI_EXT4_FIRST_INO */
    uint32_t last_ino; /* in use */
    struct li_allocation *allocation; /* by inode of the tree */

    struct li_piece *piece; /* ascending by block */
    size_t pieces;
    uint64_t data_chunks;

    struct li_ext4_directory *directory; /* in the order of their inodes */
    uint32_t directories;
    uint32_t *leaf; /* by block of the directory zone: an htree leaf's first entry in order */
    size_t leaves, leaf_cap;
    uint32_t *order; /* nodes of htree directories by hash */
    size_t orders, order_cap;

    /* For every LI_EXT4_MARK_RUNS-th of the tree's runs of sparse files. */
    struct li_run_mark *run_mark;
    struct li_extra *extent;            /* inodes with extent blocks, ascending */
    struct li_extent_tree *extent_tree; /* by row of these */
    size_t extents, extent_tree_cap;
    struct li_leaf_mark *leaf_mark; /* of all these trees' leaves */
    size_t leaf_marks, leaf_mark_cap;
    uint32_t extent_blocks;
    struct li_extra *xattr; /* inodes with an attribute block, ascending */
    size_t xattrs;
    uint32_t *xattr_set;   /* by block of the zone: its attribute set */
    uint32_t *xattr_users; /* by block of the zone: the number of inodes that share it */
    uint32_t xattr_blocks;
    uint32_t *link; /* by block of the zone of symbolic links: inode of the tree */
    uint32_t links;

    uint32_t groups;
    uint32_t inodes_per_group;
    uint64_t blocks;
    struct li_zone descriptors, block_bitmaps, inode_bitmaps, inode_tables, directory_zone,
        extent_zone, xattr_zone, link_zone, data;
    uint32_t *group_used; /* blocks in use, by group */
    uint32_t *group_directories;
    uint8_t uuid[16];
};

/* Puts the path of a file with the tree's INODE before the error's text; returns its code. */
int li_ext4_blame(const struct li_ext4 *plan, uint32_t inode, struct li_error *err);

/* allocate.c: lays out the content of all regular files in the data zone. LI_ELIMIT if all have
 * more than 16 TiB, LI_EUNSUPPORTED if one has, LI_ENOMEM. */
int li_ext4_allocate(struct li_ext4 *plan, struct li_error *err);
/* Whether a piece lies in a pack of small files, and not in chunks of its own. */
bool li_piece_is_packed(const struct li_ext4 *plan, const struct li_piece *piece);
/* Sets *NODE to an array that has, for each inode of the tree, the first name given to it that it
 * still has; for a dead inode the value is undefined. The caller frees *NODE. */
int li_ext4_names(const struct li_ext4 *plan, uint32_t **node, struct li_error *err);

/* content.c: a regular file without its holes */
/* Marks runs of sparse files, so that a later block is found without a walk from the first run. */
int li_content_plan(struct li_ext4 *plan, struct li_error *err);

/* Blocks that a regular file's content takes, not counting holes. */
uint64_t li_content_blocks(const struct li_ext4 *plan, const struct li_inode *inode);
/* How many of COUNT blocks lie in the main run; the rest is the tail. */
uint64_t li_content_main(const struct li_inode *inode, uint64_t blocks);
/* LEN bytes of a file's content, which lie in its layer from byte STORED on. AT is their position,
 * counted from the first byte that was asked for. Gaps are zeros. */
typedef int li_content_visit(void *arg, const struct li_inode *inode, uint64_t at, uint64_t len,
                             uint64_t stored, struct li_error *err);
/* COUNT blocks of a regular file's content from block FROM on. */
struct li_content_part {
    const struct li_inode *inode;
    uint64_t from;
    uint64_t count;
};
/* Visits the pieces of a part, in ascending order. Any thread. */
int li_content_each(const struct li_ext4 *plan, const struct li_content_part *part,
                    li_content_visit *visit, void *arg, struct li_error *err);
/* Runs of the file's blocks that have content: *LOGICAL and *COUNT, from *STATE (0 at first) on.
 * False at the end. */
bool li_content_next(const struct li_ext4 *plan, const struct li_inode *inode, uint32_t *state,
                     uint64_t *logical, uint64_t *count);

/* directory.c and htree.c */

/* Numbers the blocks of all directories: the directory zone. LI_ELIMIT, LI_ENOMEM. */
int li_ext4_directory_plan(struct li_ext4 *plan, struct li_error *err);

/* Writes block BLOCK of the zone to BUF. Like all functions that write a block, it needs BUF to be
 * zeros. Any thread. */
void li_ext4_directory_block(const struct li_ext4 *plan, uint32_t block, uint8_t *buf);
/* Lays out a directory that does not fit a block. */
int li_htree_plan(struct li_ext4 *plan, struct li_ext4_directory *directory, size_t entries,
                  struct li_error *err);

/* Writes block BLOCK of a directory with an htree: its root or a node. */
void li_htree_index(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                    uint32_t block, uint8_t *buf);
/* Writes NODE's entry at AT, and returns the position after it. */
size_t li_dirent_put(const struct li_ext4 *plan, uint8_t *buf, size_t at, uint32_t node);

/* Bytes of an entry whose name has NAME_LEN bytes. */
size_t li_dirent_size(size_t name_len);

/* Writes "." and ".." at the beginning of the block. */
void li_dirent_put_dots(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                        uint8_t *buf);
/* Extends the entry at LAST to the end of the block and writes the checksum. */
void li_dirent_finish(uint32_t ino, uint8_t *buf, size_t last);

/* The number of a node's inode in the file system. */
uint32_t li_ext4_directory_ino(const struct li_ext4 *plan, uint32_t node);

/* extent.c */

/* Numbers the blocks of extent trees that do not fit in their inodes: the extent zone. LI_ELIMIT,
 * LI_ENOMEM. */
int li_extent_plan(struct li_ext4 *plan, struct li_error *err);

/* How many extents an inode has. */
uint64_t li_extent_count(const struct li_ext4 *plan, uint32_t inode);
/* Writes the root of the extent tree, 60 bytes of the inode. Adds all blocks that it maps and uses
 * to *BLOCKS. */
void li_extent_root(const struct li_ext4 *plan, uint32_t inode, uint8_t *buf, uint64_t *blocks);

/* Writes block BLOCK of the zone: a node or a leaf. */
void li_extent_block(const struct li_ext4 *plan, uint32_t block, uint8_t *buf);

/* xattr.c */

/* Numbers the blocks of attributes that do not fit in their inodes: the attribute zone.
 * LI_EUNSUPPORTED if a set does not fit in a block, LI_ENOMEM. */
int li_ext4_xattr_plan(struct li_ext4 *plan, struct li_error *err);
/* Fills the inode's attribute space, or returns the block that holds its attributes; 0 if it has
 * none. */
uint64_t li_ext4_xattr_inode(const struct li_ext4 *plan, uint32_t inode, uint8_t *space);

/* Writes block BLOCK of the zone. */
void li_ext4_xattr_block(const struct li_ext4 *plan, uint32_t block, uint8_t *buf);

/* inode.c: writes block BLOCK of the inode tables. */
void li_inode_block(const struct li_ext4 *plan, uint64_t block, uint8_t *buf);

/* geometry.c: computes the size and the position of the zones. Everything else must be planned
 * before. */
int li_geometry_plan(struct li_ext4 *plan, const struct li_ext4_room *room, struct li_error *err);

/* group.c: writes the image's first block, a block of descriptors, or the bitmaps of a group. */
void li_group_superblock(const struct li_ext4 *plan, uint8_t *buf);
void li_group_descriptors(const struct li_ext4 *plan, uint32_t block, uint8_t *buf);
void li_group_block_bitmap(const struct li_ext4 *plan, uint32_t group, uint8_t *buf);
void li_group_inode_bitmap(const struct li_ext4 *plan, uint32_t group, uint8_t *buf);

/* CRC-32C as ext4 uses it: not inverted at either end. */
uint32_t li_ext4_crc(uint32_t crc, const void *data, size_t len);
/* The same, begun with an inode's number and its generation, which is always 0. */
uint32_t li_ext4_inode_crc(uint32_t ino);

/* The first piece that ends after BLOCK of the data zone, or plan->pieces. */
size_t li_piece_find(const struct li_ext4 *plan, uint64_t block);

/* The row of an ascending array of COUNT rows for INODE, or NULL. */
const struct li_extra *li_extra_find(const struct li_extra *rows, size_t count, uint32_t inode);

#endif
