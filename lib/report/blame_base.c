/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files of new chunks are as they were in the base. Small files share chunks, so a file
 * that changed makes its neighbours' bytes new as well; only a comparison of contents shows which
 * of them it was. Times and sizes would not do: builds that can be reproduced give all files one
 * time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "ext4/explain.h"
#include "report/blame_internal.h"

struct comparison {
    const struct li_tree *tree;
    const struct li_costs *costs;
    const struct li_chunk_source *source;
    struct li_files *base;
    struct li_blame_part *part;
    struct li_buffer path;
    uint8_t *chunk; /* the one with this number plus 1; 0: none */
    uint64_t number;
    uint8_t *other; /* bytes of the base */
};

static int load_chunk(struct comparison *c, uint64_t index, struct li_error *err)
{
    bool zeros = false;
    int rc;

    if (c->number == index + 1)
        return 0;
    rc = li_chunk_read(c->source, index, c->chunk, &zeros, err);
    if (rc == 0 && zeros)
        memset(c->chunk, 0, LI_CHUNK_SIZE);
    c->number = rc == 0 ? index + 1 : 0;
    return rc;
}

/* The regular file of the base at the path of NODE, if it has SIZE bytes. */
static int find_in_base(struct comparison *c, uint32_t node, uint64_t size, struct li_file *out,
                        bool *found, struct li_error *err)
{
    struct stat st;
    int rc;

    c->path.len = 0;
    rc = li_tree_path(c->tree, node, &c->path, err);
    if (rc == 0)
        rc = li_files_find(c->base, (const char *)c->path.data, out, found, err);
    if (rc < 0 || !*found)
        return rc;
    li_files_stat(c->base, out, &st);
    *found = S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
    return 0;
}

/* A part of a run, in one chunk. */
struct part {
    uint64_t offset; /* of the image, bytes */
    uint64_t from;   /* of the file, bytes */
    size_t len;
};

/* Sets *SAME to whether the base's FILE has the bytes of PART, and as many bytes in all: SIZE. */
static int compare_part(struct comparison *c, const struct part *part, const struct li_file *file,
                        uint64_t size, bool *same, struct li_error *err)
{
    size_t len = part->len, got;
    int rc;

    *same = false;
    if (part->from >= size)
        return 0;
    if (len > size - part->from)
        len = (size_t)(size - part->from);
    got = len;
    rc = load_chunk(c, part->offset / LI_CHUNK_SIZE, err);
    if (rc == 0)
        rc = li_files_read(c->base, file, part->from, c->other, &got, err);
    *same = rc == 0 && got == len &&
            memcmp(c->chunk + part->offset % LI_CHUNK_SIZE, c->other, len) == 0;
    return rc;
}

/* Compares RUN, as far as it lies in new chunks, with the same place of the same file of the base.
 * Ends at the first difference. */
static int compare_run(struct comparison *c, const struct li_ext4_run *run, bool *same,
                       struct li_error *err)
{
    uint64_t size = li_tree_inode(c->tree, run->inode)->size;
    uint64_t end = run->offset + run->blocks * LI_EXT4_BLOCK_SIZE, at = run->offset;
    struct li_file file;
    int rc = find_in_base(c, run->node, size, &file, same, err);

    while (rc == 0 && *same && at < end) {
        uint64_t chunk = at / LI_CHUNK_SIZE, next = (chunk + 1) * LI_CHUNK_SIZE;
        uint64_t from = run->from * LI_EXT4_BLOCK_SIZE + (at - run->offset);
        const struct part part = {at, from, (size_t)((next < end ? next : end) - at)};

        if (li_costs_of(c->costs, chunk).kind == LI_COST_NEW)
            rc = compare_part(c, &part, &file, size, same, err);
        at = next;
    }
    return rc;
}

static bool is_new(const struct comparison *c, const struct li_ext4_run *run)
{
    uint64_t end = run->offset + run->blocks * LI_EXT4_BLOCK_SIZE;

    for (uint64_t i = run->offset / LI_CHUNK_SIZE; i * LI_CHUNK_SIZE < end; i++)
        if (li_costs_of(c->costs, i).kind == LI_COST_NEW)
            return true;
    return false;
}

/* Even a chunk of one large file may be new although its contents are not: if the base is in a root
 * with another salt. A file with holes is not compared: its blocks are not where its bytes are. */
static int visit(void *arg, const struct li_ext4_run *run, struct li_error *err)
{
    struct comparison *c = arg;
    struct li_blame_part *part = &c->part[run->inode];
    bool same = false;
    int rc;

    if ((run->kind != LI_EXT4_PACKED && run->kind != LI_EXT4_ALIGNED) || !is_new(c, run) ||
        part->change == LI_BLAME_CHANGED ||
        li_tree_inode(c->tree, run->inode)->sparse != LI_TREE_NONE)
        return 0;
    rc = compare_run(c, run, &same, err);
    if (rc == 0)
        part->change = same ? LI_BLAME_SAME : LI_BLAME_CHANGED;
    return rc;
}

int li_blame_compare(const struct li_flattened *flattened, const struct li_costs *costs,
                     struct li_files *base, struct li_blame_part *part, struct li_error *err)
{
    const struct li_chunk_source source = li_flattened_source(flattened);
    struct comparison c = {.tree = li_flattened_tree(flattened),
                           .costs = costs,
                           .source = &source,
                           .base = base,
                           .part = part,
                           .chunk = malloc(LI_CHUNK_SIZE),
                           .other = malloc(LI_CHUNK_SIZE)};
    int rc = c.chunk && c.other ? 0 : li_fail_memory(err);

    if (rc == 0)
        rc = li_ext4_explain(li_flattened_plan(flattened), visit, &c, err);
    li_buffer_free(&c.path);
    li_wipe_free(c.chunk);
    li_wipe_free(c.other);
    return rc;
}
