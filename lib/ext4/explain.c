/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the plan run by run. It computes nothing that the image itself does not use. */
#include "ext4/explain.h"

#include <stdlib.h>

#include "ext4/plan.h"

struct teller {
    const struct li_ext4 *plan;
    uint32_t *node; /* by inode of the tree: its first name */
    li_ext4_visit *visit;
    void *arg;
};

static int tell_zone(const struct teller *t, enum li_ext4_kind kind, uint64_t block,
                     uint64_t blocks, struct li_error *err)
{
    const struct li_ext4_run run = {.kind = kind,
                                    .offset = block * LI_EXT4_BLOCK_SIZE,
                                    .blocks = blocks,
                                    .node = LI_TREE_NONE,
                                    .inode = LI_TREE_NONE};

    return blocks ? t->visit(t->arg, &run, err) : 0;
}

/* RUN says which inode of the tree it belongs to; this fills in the rest. */
static int tell_inode(const struct teller *t, struct li_ext4_run run, struct li_error *err)
{
    run.node = t->node[run.inode];
    run.ino = t->plan->ino[run.inode];
    run.extents = li_extent_count(t->plan, run.inode);
    return t->visit(t->arg, &run, err);
}

/* A run of BLOCKS of the image from BLOCK on. */
static struct li_ext4_run run_of(enum li_ext4_kind kind, uint32_t inode, uint64_t block,
                                 uint64_t blocks)
{
    return (struct li_ext4_run){
        .kind = kind, .inode = inode, .offset = block * LI_EXT4_BLOCK_SIZE, .blocks = blocks};
}

/* A bitmap that is not all zeros: some blocks of its group are in use, or do not exist. */
static bool has_block_bits(const struct li_ext4 *plan, uint32_t group)
{
    uint64_t end = ((uint64_t)group + 1) * LI_EXT4_BLOCKS_PER_GROUP;

    return plan->group_used[group] > 0 || end > plan->blocks;
}

static int tell_block_bitmaps(const struct teller *t, struct li_error *err)
{
    const struct li_ext4 *plan = t->plan;
    int rc = 0;

    for (uint32_t first = 0, end; first < plan->groups && rc == 0; first = end + 1) {
        for (end = first; end < plan->groups && has_block_bits(plan, end);)
            end++;
        rc = tell_zone(t, LI_EXT4_BLOCK_BITMAPS, plan->block_bitmaps.first + first, end - first,
                       err);
    }
    return rc;
}

static int tell_zones(const struct teller *t, struct li_error *err)
{
    const struct li_ext4 *plan = t->plan;
    uint64_t groups = (plan->last_ino + plan->inodes_per_group - 1) / plan->inodes_per_group;
    uint64_t tables = (plan->last_ino + LI_EXT4_INODES_PER_BLOCK - 1) / LI_EXT4_INODES_PER_BLOCK;
    int rc = tell_zone(t, LI_EXT4_SUPERBLOCK, 0, 1, err);

    if (rc == 0)
        rc = tell_zone(t, LI_EXT4_DESCRIPTORS, plan->descriptors.first, plan->descriptors.count,
                       err);
    if (rc == 0)
        rc = tell_block_bitmaps(t, err);
    if (rc == 0)
        rc = tell_zone(t, LI_EXT4_INODE_BITMAPS, plan->inode_bitmaps.first, groups, err);
    if (rc == 0)
        rc = tell_zone(t, LI_EXT4_INODE_TABLES, plan->inode_tables.first, tables, err);
    return rc;
}

static int tell_directories(const struct teller *t, struct li_error *err)
{
    const struct li_ext4 *plan = t->plan;
    int rc = 0;

    for (uint32_t i = 0; i < plan->directories && rc == 0; i++) {
        const struct li_ext4_directory *d = &plan->directory[i];
        uint32_t inode = li_tree_node(plan->tree, d->node)->inode;

        rc = tell_inode(
            t, run_of(LI_EXT4_DIRECTORY, inode, plan->directory_zone.first + d->block, d->blocks),
            err);
    }
    return rc;
}

static int tell_extents(const struct teller *t, struct li_error *err)
{
    const struct li_ext4 *plan = t->plan;
    int rc = 0;

    for (size_t i = 0; i < plan->extents && rc == 0; i++) {
        uint32_t first = plan->extent[i].block;
        uint32_t end = i + 1 < plan->extents ? plan->extent[i + 1].block : plan->extent_blocks;

        rc = tell_inode(t,
                        run_of(LI_EXT4_EXTENTS, plan->extent[i].inode,
                               plan->extent_zone.first + first, end - first),
                        err);
    }
    return rc;
}

static int tell_attributes(const struct teller *t, struct li_error *err)
{
    const struct li_ext4 *plan = t->plan;
    uint32_t *user = calloc((size_t)plan->xattr_blocks + 1, sizeof(*user));
    int rc = 0;

    if (!user)
        return li_fail_memory(err);
    for (size_t i = plan->xattrs; i > 0; i--)
        user[plan->xattr[i - 1].block] = plan->xattr[i - 1].inode;
    for (uint32_t i = 0; i < plan->xattr_blocks && rc == 0; i++)
        rc = tell_inode(t, run_of(LI_EXT4_ATTRIBUTES, user[i], plan->xattr_zone.first + i, 1), err);
    free(user);
    return rc;
}

static int tell_links(const struct teller *t, struct li_error *err)
{
    const struct li_ext4 *plan = t->plan;
    int rc = 0;

    for (uint32_t i = 0; i < plan->links && rc == 0; i++)
        rc = tell_inode(t, run_of(LI_EXT4_LINK, plan->link[i], plan->link_zone.first + i, 1), err);
    return rc;
}

static int tell_data(const struct teller *t, struct li_error *err)
{
    const struct li_ext4 *plan = t->plan;
    int rc = 0;

    for (size_t i = 0; i < plan->pieces && rc == 0; i++) {
        const struct li_piece *piece = &plan->piece[i];
        enum li_ext4_kind kind = li_piece_is_packed(plan, piece) ? LI_EXT4_PACKED : LI_EXT4_ALIGNED;
        struct li_ext4_run run =
            run_of(kind, piece->inode, plan->data.first + piece->block, piece->count);

        run.from = piece->from;
        rc = tell_inode(t, run, err);
    }
    return rc;
}

static int tell_others(const struct teller *t, struct li_error *err)
{
    const struct li_ext4 *plan = t->plan;
    uint64_t tables = plan->inode_tables.first * LI_EXT4_BLOCK_SIZE;
    int rc = 0;

    for (uint32_t i = 0; i < li_tree_inodes(plan->tree) && rc == 0; i++) {
        struct li_ext4_run run = {.kind = LI_EXT4_INODE, .inode = i};

        run.offset = tables + (uint64_t)(plan->ino[i] - 1) * LI_EXT4_INODE_SIZE;
        if (plan->ino[i] != 0 && plan->allocation[i].first == LI_EXT4_NONE)
            rc = tell_inode(t, run, err);
    }
    return rc;
}

int li_ext4_explain(const struct li_ext4 *ext4, li_ext4_visit *visit, void *arg,
                    struct li_error *err)
{
    static int (*const parts[])(const struct teller *t, struct li_error *err) = {
        tell_zones, tell_directories, tell_extents, tell_attributes,
        tell_links, tell_data,        tell_others,
    };
    struct teller t = {.plan = ext4, .visit = visit, .arg = arg};
    int rc = li_ext4_names(ext4, &t.node, err);

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++)
        rc = parts[i](&t, err);
    free(t.node);
    return rc;
}
