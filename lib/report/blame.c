/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passes over the plan: the first counts the blocks in use of each chunk, the last but one divides
 * the chunk's bytes among them. In between, files are compared with those of the base. A part is
 * the difference of two rounded-down running totals, so nothing is lost by rounding.
 */
#include "report/blame.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ext4/explain.h"
#include "report/blame_internal.h"

enum { CHUNK_BLOCKS = LI_CHUNK_SIZE / LI_EXT4_BLOCK_SIZE };

/* Blocks of a chunk. */
struct use {
    uint16_t blocks;  /* in use */
    uint16_t divided; /* of these, blocks that have got their part */
    bool data;        /* of files, and not of metadata */
    uint16_t most;    /* the most blocks of a changed file, */
    uint32_t culprit; /* and the inode of that file, if there is one */
};

struct blaming {
    const struct li_tree *tree;
    const struct li_costs *costs;
    struct use *use; /* by chunk */
    struct li_blame *blame;
    struct li_blame_part *part; /* by inode of the tree */
    struct li_memo *memo;       /* or NULL */
};

/* Called for the part of a run that lies in one chunk. */
typedef void on_part(struct blaming *b, const struct li_ext4_run *run, uint64_t chunk,
                     uint16_t blocks);

/* Calls VISIT for each new chunk that RUN lies in. */
static void each_chunk(struct blaming *b, const struct li_ext4_run *run, on_part *visit)
{
    uint64_t at = run->offset / LI_EXT4_BLOCK_SIZE, end = at + run->blocks;

    while (at < end) {
        uint64_t chunk = at / CHUNK_BLOCKS, next = (chunk + 1) * CHUNK_BLOCKS;
        uint64_t stop = next < end ? next : end;

        if (li_costs_of(b->costs, chunk).kind == LI_COST_NEW)
            visit(b, run, chunk, (uint16_t)(stop - at));
        at = stop;
    }
}

static bool is_data(const struct li_ext4_run *run)
{
    return run->kind == LI_EXT4_PACKED || run->kind == LI_EXT4_ALIGNED;
}

static void count_part(struct blaming *b, const struct li_ext4_run *run, uint64_t chunk,
                       uint16_t blocks)
{
    b->use[chunk].blocks = (uint16_t)(b->use[chunk].blocks + blocks);
    b->use[chunk].data |= is_data(run);
}

static int count_run(void *arg, const struct li_ext4_run *run, struct li_error *err)
{
    (void)err;
    each_chunk(arg, run, count_part);
    return 0;
}

/* The first of the largest changed files. */
static void accuse_part(struct blaming *b, const struct li_ext4_run *run, uint64_t chunk,
                        uint16_t blocks)
{
    struct use *use = &b->use[chunk];

    if (!is_data(run) || b->part[run->inode].change != LI_BLAME_CHANGED || blocks <= use->most)
        return;
    use->most = blocks;
    use->culprit = run->inode;
}

static int accuse_run(void *arg, const struct li_ext4_run *run, struct li_error *err)
{
    (void)err;
    each_chunk(arg, run, accuse_part);
    return 0;
}

static void divide_part(struct blaming *b, const struct li_ext4_run *run, uint64_t chunk,
                        uint16_t blocks)
{
    uint64_t bytes = li_costs_of(b->costs, chunk).bytes;
    struct use *use = &b->use[chunk];
    uint64_t before = bytes * use->divided / use->blocks;
    struct li_blame_part *part = &b->part[run->inode];

    if (!use->data || !is_data(run))
        return;
    use->divided = (uint16_t)(use->divided + blocks);
    bytes = bytes * use->divided / use->blocks - before;
    part->node = run->node;
    part->bytes += bytes;
    part->chunks++;
    if (part->change == LI_BLAME_SAME && use->most > 0)
        b->part[use->culprit].dragged += bytes;
}

static int divide_run(void *arg, const struct li_ext4_run *run, struct li_error *err)
{
    (void)err;
    each_chunk(arg, run, divide_part);
    return 0;
}

/* ---- layers ---------------------------------------------------------------------------------- */

/* The first block in use of a chunk of files tells its layer. */
static void count_in_layer(struct blaming *b, const struct li_ext4_run *run, uint64_t chunk,
                           uint16_t blocks)
{
    struct li_report_sum *sum = &b->blame->layer[li_tree_inode(b->tree, run->inode)->layer].fresh;

    (void)blocks;
    if (!is_data(run) || b->use[chunk].divided > 0)
        return;
    b->use[chunk].divided = 1;
    sum->chunks++;
    sum->bytes += li_costs_of(b->costs, chunk).bytes;
}

static int count_layer(void *arg, const struct li_ext4_run *run, struct li_error *err)
{
    (void)err;
    if (run->node != LI_TREE_NONE)
        each_chunk(arg, run, count_in_layer);
    return 0;
}

/* Everything that is not in a chunk of files is metadata. */
static void count_chunks(struct blaming *b)
{
    for (uint64_t i = 0; i < li_costs_count(b->costs); i++) {
        struct li_cost cost = li_costs_of(b->costs, i);

        if (cost.kind != LI_COST_NEW)
            continue;
        b->blame->fresh.chunks++;
        b->blame->fresh.bytes += cost.bytes;
        if (!b->use[i].data) {
            b->blame->metadata.chunks++;
            b->blame->metadata.bytes += cost.bytes;
        }
        b->use[i].divided = 0;
    }
}

static bool has_new(const struct li_costs *costs)
{
    for (uint64_t i = 0; i < li_costs_count(costs); i++)
        if (li_costs_of(costs, i).kind == LI_COST_NEW)
            return true;
    return false;
}

static int blame_all(const struct li_flattened *flattened, struct li_files *base, struct blaming *b,
                     struct li_error *err)
{
    const struct li_ext4 *plan = li_flattened_plan(flattened);
    int rc = li_ext4_explain(plan, count_run, b, err);

    if (rc == 0 && base)
        rc = li_blame_compare(flattened, b->costs, base, b->part, err);
    if (rc == 0)
        rc = li_ext4_explain(plan, accuse_run, b, err);
    if (rc == 0)
        rc = li_ext4_explain(plan, divide_run, b, err);
    if (rc < 0)
        return rc;
    count_chunks(b);
    rc = li_ext4_explain(plan, count_layer, b, err);
    if (rc == 0)
        rc = li_blame_files(b->tree, b->part, b->blame, err);
    if (rc == 0)
        rc = li_blame_directories(b->tree, b->part, b->blame, err);
    if (rc == 0)
        rc = li_blame_packages(flattened, b->costs, b->part, b->memo, &b->blame->packages, err);
    return rc;
}

int li_blame_image(const struct li_flattened *flattened, const struct li_costs *costs,
                   struct li_files *base, struct li_memo *memo, struct li_blame *out,
                   struct li_error *err)
{
    const struct li_tree *tree = li_flattened_tree(flattened);
    struct li_blame blame = {.layers = 0};
    struct blaming b = {.tree = tree, .costs = costs, .blame = &blame, .memo = memo};
    int rc = li_blame_layers(flattened, &blame, err);

    b.use = calloc(li_costs_count(costs) + 1, sizeof(*b.use));
    b.part = calloc((size_t)li_tree_inodes(tree) + 1, sizeof(*b.part));
    if (rc == 0 && (!b.use || !b.part))
        rc = li_fail_memory(err);
    if (rc == 0 && has_new(costs))
        rc = blame_all(flattened, base, &b, err);
    free(b.use);
    free(b.part);
    if (rc < 0)
        li_blame_free(&blame);
    else
        *out = blame;
    return rc;
}

void li_blame_free(struct li_blame *blame)
{
    if (!blame)
        return;
    for (size_t i = 0; i < blame->layers; i++)
        free(blame->layer[i].created_by);
    for (size_t i = 0; i < blame->files; i++)
        free(blame->file[i].path);
    for (size_t i = 0; i < blame->directories; i++)
        free(blame->directory[i].path);
    free(blame->layer);
    free(blame->file);
    free(blame->directory);
    li_packages_free(&blame->packages);
    *blame = (struct li_blame){.layers = 0};
}
