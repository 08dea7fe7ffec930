/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular file's content: its data without holes, as a run of blocks. A file without holes is its
 * own content. In a sparse file a block with any data in it belongs to the content; the runs of
 * data are as the tar gives them, ascending and apart, at any byte.
 */
#include <string.h>

#include "ext4/plan.h"

static uint64_t blocks_of(uint64_t bytes)
{
    return (bytes + LI_EXT4_BLOCK_SIZE - 1) / LI_EXT4_BLOCK_SIZE;
}

bool li_content_next(const struct li_ext4 *plan, const struct li_inode *inode, uint32_t *state,
                     uint64_t *logical, uint64_t *count)
{
    const struct li_sparse_run *run;
    uint64_t end;

    if (inode->sparse == LI_TREE_NONE) {
        *logical = 0;
        *count = blocks_of(inode->size);
        return (*state)++ == 0 && *count > 0;
    }
    if (*state >= inode->sparse_count)
        return false;
    run = li_tree_sparse(plan->tree, inode);
    *logical = run[*state].offset / LI_EXT4_BLOCK_SIZE;
    end = blocks_of(run[*state].offset + run[*state].length);
    /* Runs that touch or share a block are one. */
    while (++*state < inode->sparse_count && run[*state].offset / LI_EXT4_BLOCK_SIZE <= end)
        end = blocks_of(run[*state].offset + run[*state].length);
    *count = end - *logical;
    return true;
}

uint64_t li_content_blocks(const struct li_ext4 *plan, const struct li_inode *inode)
{
    uint64_t logical, count, total = 0;
    uint32_t state = 0;

    while (li_content_next(plan, inode, &state, &logical, &count))
        total += count;
    return total;
}

static int each_plain(const struct li_inode *inode, uint64_t from, uint64_t count,
                      li_content_visit *visit, void *arg, struct li_error *err)
{
    uint64_t at = from * LI_EXT4_BLOCK_SIZE, len = count * LI_EXT4_BLOCK_SIZE;

    if (len > inode->size - at)
        len = inode->size - at;
    return visit(arg, inode, 0, len, inode->data + at, err);
}

/* A sparse file's content: the runs of data that fall into the COUNT blocks from FROM on. POSITION
 * is where in the content a run begins, STORED where in the layer. */
static int each_sparse(const struct li_ext4 *plan, const struct li_inode *inode, uint64_t from,
                       uint64_t count, li_content_visit *visit, void *arg, struct li_error *err)
{
    const struct li_sparse_run *run = li_tree_sparse(plan->tree, inode);
    uint64_t at = from * LI_EXT4_BLOCK_SIZE, behind = at + count * LI_EXT4_BLOCK_SIZE;
    uint64_t logical, blocks, content = 0, stored = inode->data;
    uint32_t state = 0, i = 0;
    int rc = 0;

    while (rc == 0 && content < from + count &&
           li_content_next(plan, inode, &state, &logical, &blocks)) {
        for (; i < state && rc == 0; i++) {
            uint64_t position =
                content * LI_EXT4_BLOCK_SIZE + (run[i].offset - logical * LI_EXT4_BLOCK_SIZE);
            uint64_t end = position + run[i].length;
            uint64_t first = position > at ? position : at;
            uint64_t last = end < behind ? end : behind;

            if (first < last)
                rc = visit(arg, inode, first - at, last - first, stored + (first - position), err);
            stored += run[i].length;
        }
        content += blocks;
    }
    return rc;
}

int li_content_each(const struct li_ext4 *plan, const struct li_piece *piece, uint64_t skip,
                    uint64_t count, li_content_visit *visit, void *arg, struct li_error *err)
{
    const struct li_inode *inode = li_tree_inode(plan->tree, piece->inode);

    if (inode->sparse == LI_TREE_NONE)
        return each_plain(inode, piece->from + skip, count, visit, arg, err);
    return each_sparse(plan, inode, piece->from + skip, count, visit, arg, err);
}
