/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular file's content: its data without holes, as a run of blocks. A file without holes is its
 * own content. In a sparse file, a block with any data belongs to the content; the runs of data are
 * as in the tar, ascending and apart, at any byte.
 *
 * A file may have many runs, but each of its chunks and extent blocks needs only a few. So every
 * LI_EXT4_MARK_RUNS-th run of the tree is marked with its position, and a search for a part of a
 * file begins at a mark.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/array.h"
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
    /* Runs that touch or share a block are merged. */
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

static int each_plain(const struct li_content_part *part, li_content_visit *visit, void *arg,
                      struct li_error *err)
{
    const struct li_inode *inode = part->inode;
    uint64_t at = part->from * LI_EXT4_BLOCK_SIZE, len = part->count * LI_EXT4_BLOCK_SIZE;

    if (len > inode->size - at)
        len = inode->size - at;
    return visit(arg, inode, 0, len, inode->data + at, err);
}

/* A walk over a sparse file's runs. */
struct run_walk {
    const struct li_sparse_run *run; /* of the file */
    uint32_t at, count;
    struct li_run_mark mark; /* of the run AT */
};

static void next_run(struct run_walk *w)
{
    const struct li_sparse_run *run = &w->run[w->at++];
    uint64_t begin = run->offset / LI_EXT4_BLOCK_SIZE, end = blocks_of(run->offset + run->length);

    w->mark.stored += run->length;
    if (w->at == w->count)
        return;
    /* Blocks between the two are not content. */
    if (run[1].offset / LI_EXT4_BLOCK_SIZE < end)
        end = run[1].offset / LI_EXT4_BLOCK_SIZE;
    w->mark.content += (uint32_t)(end - begin);
}

static bool is_sparse(const struct li_inode *inode)
{
    return S_ISREG(inode->mode) && inode->sparse != LI_TREE_NONE;
}

int li_content_plan(struct li_ext4 *plan, struct li_error *err)
{
    size_t marks = li_tree_runs(plan->tree) / LI_EXT4_MARK_RUNS + 1;

    plan->run_mark = calloc(marks, sizeof(*plan->run_mark));
    if (!plan->run_mark)
        return li_fail_memory(err);
    for (uint32_t i = 0; i < li_tree_inodes(plan->tree); i++) {
        const struct li_inode *inode = li_tree_inode(plan->tree, i);
        struct run_walk w = {.count = inode->sparse_count};

        if (!is_sparse(inode) || inode->links == 0)
            continue;
        for (w.run = li_tree_sparse(plan->tree, inode); w.at < w.count; next_run(&w))
            if ((inode->sparse + w.at) % LI_EXT4_MARK_RUNS == 0)
                plan->run_mark[(inode->sparse + w.at) / LI_EXT4_MARK_RUNS] = w.mark;
    }
    return 0;
}

static bool is_earlier(const void *row, const void *key)
{
    return ((const struct li_run_mark *)row)->content < *(const uint64_t *)key;
}

/* Begins at a run before all data of block FROM of the content: at the last mark of a run that
 * begins in an earlier block, or at the first run. */
static struct run_walk seek_run(const struct li_ext4 *plan, const struct li_inode *inode,
                                uint64_t from)
{
    struct run_walk w = {.run = li_tree_sparse(plan->tree, inode), .count = inode->sparse_count};
    size_t first = (inode->sparse + (size_t)LI_EXT4_MARK_RUNS - 1) / LI_EXT4_MARK_RUNS;
    size_t end = ((size_t)inode->sparse + w.count + LI_EXT4_MARK_RUNS - 1) / LI_EXT4_MARK_RUNS;
    const struct li_run_mark *marks = plan->run_mark + first;
    size_t earlier = li_array_lower_bound(marks, end - first, sizeof(*marks), is_earlier, &from);

    if (earlier > 0) {
        w.mark = marks[earlier - 1];
        w.at = (uint32_t)((first + earlier - 1) * LI_EXT4_MARK_RUNS - inode->sparse);
    }
    return w;
}

/* The runs of data in the part. */
static int each_sparse(const struct li_ext4 *plan, const struct li_content_part *part,
                       li_content_visit *visit, void *arg, struct li_error *err)
{
    const struct li_inode *inode = part->inode;
    uint64_t at = part->from * LI_EXT4_BLOCK_SIZE, behind = at + part->count * LI_EXT4_BLOCK_SIZE;
    int rc = 0;

    for (struct run_walk w = seek_run(plan, inode, part->from);
         w.at < w.count && w.mark.content < part->from + part->count && rc == 0; next_run(&w)) {
        const struct li_sparse_run *run = &w.run[w.at];
        uint64_t position =
            (uint64_t)w.mark.content * LI_EXT4_BLOCK_SIZE + run->offset % LI_EXT4_BLOCK_SIZE;
        uint64_t end = position + run->length;
        uint64_t first = position > at ? position : at;
        uint64_t last = end < behind ? end : behind;

        if (first < last)
            rc = visit(arg, inode, first - at, last - first,
                       inode->data + w.mark.stored + (first - position), err);
    }
    return rc;
}

int li_content_each(const struct li_ext4 *plan, const struct li_content_part *part,
                    li_content_visit *visit, void *arg, struct li_error *err)
{
    if (part->inode->sparse == LI_TREE_NONE)
        return each_plain(part, visit, arg, err);
    return each_sparse(plan, part, visit, arg, err);
}
