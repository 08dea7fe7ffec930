/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories. A directory that fits in a block is a plain list in the order of names; a larger one
 * is an htree (htree.c). A block's entries are found from the plan's arrays, so any block can be
 * made at any time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/bytes.h"
#include "ext4/plan.h"

enum {
    DIRENT_HEADER = 8,
    TAIL_SIZE = LI_EXT4_BLOCK_SIZE -
                LI_EXT4_DIRENT_ROOM, /* an entry without a name, which holds the checksum */
    TAIL_TYPE = 0xde,
    DOTS_SIZE = 24, /* "." and ".." */
};

/* File types in directory entries. */
enum { FT_REG = 1, FT_DIR, FT_CHR, FT_BLK, FT_FIFO, FT_SOCK, FT_SYMLINK };

size_t li_dirent_size(size_t name_len)
{
    return (DIRENT_HEADER + name_len + 3) & ~(size_t)3;
}

uint32_t li_ext4_directory_ino(const struct li_ext4 *plan, uint32_t node)
{
    return plan->ino[li_tree_node(plan->tree, node)->inode];
}

static uint8_t file_type(uint16_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return FT_DIR;
    case S_IFLNK:
        return FT_SYMLINK;
    case S_IFCHR:
        return FT_CHR;
    case S_IFBLK:
        return FT_BLK;
    case S_IFIFO:
        return FT_FIFO;
    default:
        return FT_REG;
    }
}

static size_t put(uint8_t *buf, size_t at, uint32_t ino, uint8_t type, const char *name, size_t len)
{
    size_t size = li_dirent_size(len);

    li_put_le32(buf + at, ino);
    li_put_le16(buf + at + 4, (uint16_t)size);
    buf[at + 6] = (uint8_t)len;
    buf[at + 7] = type;
    memcpy(buf + at + DIRENT_HEADER, name, len);
    return at + size;
}

size_t li_dirent_put(const struct li_ext4 *plan, uint8_t *buf, size_t at, uint32_t node)
{
    const struct li_node *row = li_tree_node(plan->tree, node);
    size_t len;
    const char *name = li_tree_name(plan->tree, node, &len);

    return put(buf, at, plan->ino[row->inode],
               file_type(li_tree_inode(plan->tree, row->inode)->mode), name, len);
}

void li_dirent_put_dots(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                        uint8_t *buf)
{
    uint32_t parent = li_tree_node(plan->tree, directory->node)->parent;
    size_t at = put(buf, 0, li_ext4_directory_ino(plan, directory->node), FT_DIR, ".", 1);

    put(buf, at, li_ext4_directory_ino(plan, parent), FT_DIR, "..", 2);
}

void li_dirent_finish(uint32_t ino, uint8_t *buf, size_t last)
{
    li_put_le16(buf + last + 4, (uint16_t)(LI_EXT4_DIRENT_ROOM - last));
    li_put_le32(buf + LI_EXT4_DIRENT_ROOM, 0);
    li_put_le16(buf + LI_EXT4_DIRENT_ROOM + 4, TAIL_SIZE);
    buf[LI_EXT4_DIRENT_ROOM + 6] = 0;
    buf[LI_EXT4_DIRENT_ROOM + 7] = TAIL_TYPE;
    li_put_le32(buf + LI_EXT4_DIRENT_ROOM + 8,
                li_ext4_crc(li_ext4_inode_crc(ino), buf, LI_EXT4_DIRENT_ROOM));
}

static void plain_block(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                        uint8_t *buf)
{
    const struct li_node *row = li_tree_node(plan->tree, directory->node);
    size_t at = DOTS_SIZE, last = DOTS_SIZE / 2;

    li_dirent_put_dots(plan, directory, buf);
    for (uint32_t n = row->first_child; n != LI_TREE_NONE;
         n = li_tree_node(plan->tree, n)->next_sibling) {
        last = at;
        at = li_dirent_put(plan, buf, at, n);
    }
    li_dirent_finish(plan->ino[row->inode], buf, last);
}

static void leaf_block(const struct li_ext4 *plan, const struct li_ext4_directory *directory,
                       uint32_t block, uint8_t *buf)
{
    bool last_leaf = block + 1 == directory->block + directory->blocks;
    uint32_t end = last_leaf ? directory->order_end : plan->leaf[block + 1];
    size_t at = 0, last = 0;

    for (uint32_t i = plan->leaf[block]; i < end; i++) {
        last = at;
        at = li_dirent_put(plan, buf, at, plan->order[i]);
    }
    li_dirent_finish(li_ext4_directory_ino(plan, directory->node), buf, last);
}

static bool begins_by(const void *row, const void *key)
{
    return ((const struct li_ext4_directory *)row)->block <= *(const uint32_t *)key;
}

void li_ext4_directory_block(const struct li_ext4 *plan, uint32_t block, uint8_t *buf)
{
    /* The last directory that begins at or before BLOCK. The first one begins at block 0. */
    size_t behind = li_array_lower_bound(plan->directory, plan->directories,
                                         sizeof(*plan->directory), begins_by, &block);
    const struct li_ext4_directory *directory = &plan->directory[behind - 1];

    if (directory->blocks == 1)
        plain_block(plan, directory, buf);
    else if (plan->leaf[block] == LI_EXT4_NONE)
        li_htree_index(plan, directory, block - directory->block, buf);
    else
        leaf_block(plan, directory, block, buf);
}

static int plan_directory(struct li_ext4 *plan, uint32_t node, struct li_error *err)
{
    struct li_ext4_directory *directory = &plan->directory[plan->directories];
    size_t bytes = DOTS_SIZE, entries = 0;
    int rc;

    for (uint32_t n = li_tree_node(plan->tree, node)->first_child; n != LI_TREE_NONE;
         n = li_tree_node(plan->tree, n)->next_sibling) {
        size_t len;

        li_tree_name(plan->tree, n, &len);
        bytes += li_dirent_size(len);
        entries++;
    }
    *directory = (struct li_ext4_directory){.node = node, .block = (uint32_t)plan->leaves};
    if (bytes > LI_EXT4_DIRENT_ROOM) {
        rc = li_htree_plan(plan, directory, entries, err);
    } else {
        directory->blocks = 1;
        rc = li_array_reserve(&plan->leaf, &plan->leaf_cap, plan->leaves + 1, sizeof(*plan->leaf),
                              err);
        if (rc == 0)
            plan->leaf[plan->leaves++] = LI_EXT4_NONE;
    }
    plan->allocation[li_tree_node(plan->tree, node)->inode].first = plan->directories++;
    return rc;
}

static bool is_directory(const struct li_ext4 *plan, uint32_t node)
{
    uint32_t inode = li_tree_node(plan->tree, node)->inode;

    return inode != LI_TREE_NONE && S_ISDIR(li_tree_inode(plan->tree, inode)->mode);
}

int li_ext4_directory_plan(struct li_ext4 *plan, struct li_error *err)
{
    uint32_t nodes = li_tree_nodes(plan->tree);
    size_t count = 0;
    int rc = 0;

    for (uint32_t n = 0; n < nodes; n++)
        count += is_directory(plan, n);
    plan->directory = calloc(count, sizeof(*plan->directory));
    if (!plan->directory)
        return li_fail_memory(err);
    for (uint32_t n = 0; n < nodes && rc == 0; n++)
        if (is_directory(plan, n))
            rc = plan_directory(plan, n, err);
    return rc;
}
