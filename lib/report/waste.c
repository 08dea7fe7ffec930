/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is hidden is known from the tree, which keeps dead inodes; what was left behind, from paths.
 * Only what could be there twice is read: files that are as long as another one. A file with
 * several names is one file.
 */
#include "report/waste.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report/waste_internal.h"

const char *li_waste_kind_name(enum li_waste_kind kind)
{
    static const char *const names[LI_WASTE_KINDS] = {
        [LI_WASTE_HIDDEN] = "hidden", [LI_WASTE_LEFT] = "left", [LI_WASTE_REPEATED] = "repeated"};

    return names[kind];
}

enum { NEEDED = LI_WASTE_KINDS };

struct finding {
    const struct li_tree *tree;
    uint32_t *node; /* by inode: its first name, alive or dead; LI_TREE_NONE: none */
    uint8_t *kind;  /* by inode: an li_waste_kind, or NEEDED */
    struct li_waste_candidate *candidate;
    size_t candidates;
};

static uint64_t data_size(const struct li_tree *tree, const struct li_inode *inode)
{
    const struct li_sparse_run *run;
    uint64_t size = 0;

    if (inode->sparse == LI_TREE_NONE)
        return inode->size;
    run = li_tree_sparse(tree, inode);
    for (uint32_t i = 0; i < inode->sparse_count; i++)
        size += run[i].length;
    return size;
}

/* ---- hidden and left behind ------------------------------------------------------------------ */

/* LEFT says, by node, whether it is below a directory with files that were left behind. A node
 * stands behind its parent in the tree. */
static void judge_node(struct finding *f, uint32_t i, bool *left)
{
    const struct li_node *node = li_tree_node(f->tree, i);
    bool dead = node->inode == LI_TREE_NONE;
    uint32_t inode = dead ? node->first_child : node->inode;
    const struct li_inode *row = li_tree_inode(f->tree, inode);

    left[i] = left[node->parent];
    if (S_ISDIR(row->mode)) {
        left[i] = left[i] || li_waste_is_left(f->tree, i);
        return;
    }
    if (!S_ISREG(row->mode) || (dead && row->links > 0))
        return;
    if (f->node[inode] == LI_TREE_NONE) {
        f->node[inode] = i;
        f->kind[inode] = dead ? LI_WASTE_HIDDEN : left[i] ? LI_WASTE_LEFT : NEEDED;
    } else if (!dead && !left[i]) {
        /* It has another name, which may be needed. */
        f->kind[inode] = NEEDED;
    }
}

static int judge_nodes(struct finding *f, struct li_error *err)
{
    uint32_t nodes = li_tree_nodes(f->tree);
    bool *left = calloc(nodes, sizeof(*left));

    if (!left)
        return li_fail_memory(err);
    for (uint32_t i = 1; i < nodes; i++)
        judge_node(f, i, left);
    free(left);
    return 0;
}

/* ---- repeated -------------------------------------------------------------------------------- */

static int compare_sizes(const void *a, const void *b, void *arg)
{
    const struct li_tree *tree = arg;
    const struct li_waste_candidate *x = a, *y = b;
    uint64_t sx = li_tree_inode(tree, x->inode)->size, sy = li_tree_inode(tree, y->inode)->size;
    int order = (sx > sy) - (sx < sy);

    if (order == 0)
        order = memcmp(x->digest, y->digest, sizeof(x->digest));
    return order ? order : (x->inode > y->inode) - (x->inode < y->inode);
}

static void sort_candidates(struct finding *f)
{
    if (f->candidates > 1)
        qsort_r(f->candidate, f->candidates, sizeof(*f->candidate), compare_sizes,
                (void *)(uintptr_t)f->tree);
}

static uint64_t size_at(const struct finding *f, size_t i)
{
    return li_tree_inode(f->tree, f->candidate[i].inode)->size;
}

/* Keeps candidates with a neighbour of their length. They are sorted by length, with digests of
 * zeros. */
static void keep_equal_sizes(struct finding *f)
{
    size_t kept = 0, count = f->candidates;
    uint64_t last = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t size = size_at(f, i);
        bool same = size == last || (i + 1 < count && size == size_at(f, i + 1));

        last = size;
        if (same)
            f->candidate[kept++] = f->candidate[i];
    }
    f->candidates = kept;
}

static int find_repeated(struct finding *f, struct li_memo *memo, struct li_error *err)
{
    int rc;

    for (uint32_t i = 0; i < li_tree_inodes(f->tree); i++) {
        const struct li_inode *inode = li_tree_inode(f->tree, i);

        if (f->node[i] != LI_TREE_NONE && f->kind[i] == NEEDED && inode->sparse == LI_TREE_NONE &&
            inode->size >= LI_WASTE_REPEATED_MIN)
            f->candidate[f->candidates++].inode = i;
    }
    sort_candidates(f);
    keep_equal_sizes(f);
    rc = li_waste_digest(f->tree, memo, f->candidate, f->candidates, err);
    if (rc < 0)
        return rc;
    sort_candidates(f);
    for (size_t i = 1; i < f->candidates; i++)
        if (size_at(f, i) == size_at(f, i - 1) &&
            memcmp(f->candidate[i].digest, f->candidate[i - 1].digest, LI_SHA256_SIZE) == 0)
            f->kind[f->candidate[i].inode] = LI_WASTE_REPEATED;
    return 0;
}

/* ---- the report ------------------------------------------------------------------------------ */

static int compare_waste(const void *a, const void *b, void *arg)
{
    const struct finding *f = arg;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint64_t sx = data_size(f->tree, li_tree_inode(f->tree, x));
    uint64_t sy = data_size(f->tree, li_tree_inode(f->tree, y));

    if (sx != sy)
        return sx < sy ? 1 : -1;
    return (x > y) - (x < y);
}

static int add_file(const struct finding *f, uint32_t inode, struct li_waste *out,
                    struct li_error *err)
{
    const struct li_inode *row = li_tree_inode(f->tree, inode);
    struct li_waste_file *file = &out->file[out->files];
    struct li_buffer path = {0};
    int rc = li_buffer_append(&path, "/", 1, err);

    if (rc == 0)
        rc = li_tree_path(f->tree, f->node[inode], &path, err);
    if (rc < 0) {
        li_buffer_free(&path);
        return rc;
    }
    *file = (struct li_waste_file){.path = (char *)path.data,
                                   .kind = (enum li_waste_kind)f->kind[inode],
                                   .layer = row->layer,
                                   .size = data_size(f->tree, row)};
    out->files++;
    return 0;
}

/* Counts all files; LIST gets the waste. Returns how much there is. */
static size_t count_files(const struct finding *f, uint32_t *list, struct li_waste *out)
{
    size_t count = 0;

    for (uint32_t i = 0; i < li_tree_inodes(f->tree); i++) {
        uint64_t size;

        if (f->node[i] == LI_TREE_NONE)
            continue;
        size = data_size(f->tree, li_tree_inode(f->tree, i));
        out->whole += size;
        if (f->kind[i] == NEEDED)
            continue;
        list[count++] = i;
        out->of[f->kind[i]].files++;
        out->of[f->kind[i]].bytes += size;
        out->bytes += size;
    }
    return count;
}

static int list_files(const struct finding *f, struct li_waste *out, struct li_error *err)
{
    uint32_t *list = malloc(((size_t)li_tree_inodes(f->tree) + 1) * sizeof(*list));
    size_t count, told;
    int rc = 0;

    out->file = calloc(LI_WASTE_TOLD, sizeof(*out->file));
    if (!list || !out->file) {
        free(list);
        return li_fail_memory(err);
    }
    count = count_files(f, list, out);
    if (count > 1)
        qsort_r(list, count, sizeof(*list), compare_waste, (void *)(uintptr_t)f);
    told = count < LI_WASTE_TOLD ? count : LI_WASTE_TOLD;
    for (size_t i = 0; i < told && rc == 0; i++)
        rc = add_file(f, list[i], out, err);
    for (size_t i = told; i < count; i++)
        out->files_left_out_bytes += data_size(f->tree, li_tree_inode(f->tree, list[i]));
    out->files_left_out = count - told;
    free(list);
    return rc;
}

int li_waste_find(const struct li_flattened *flattened, struct li_memo *memo, struct li_waste *out,
                  struct li_error *err)
{
    struct finding f = {.tree = li_flattened_tree(flattened)};
    size_t inodes = (size_t)li_tree_inodes(f.tree) + 1;
    struct li_waste waste = {.files = 0};
    int rc;

    f.node = malloc(inodes * sizeof(*f.node));
    f.kind = malloc(inodes);
    f.candidate = calloc(inodes, sizeof(*f.candidate));
    rc = f.node && f.kind && f.candidate ? 0 : li_fail_memory(err);
    if (rc == 0) {
        memset(f.node, 0xff, inodes * sizeof(*f.node));
        memset(f.kind, NEEDED, inodes);
        rc = judge_nodes(&f, err);
    }
    if (rc == 0)
        rc = find_repeated(&f, memo, err);
    if (rc == 0)
        rc = list_files(&f, &waste, err);
    free(f.node);
    free(f.kind);
    free(f.candidate);
    if (rc == 0)
        *out = waste;
    else
        li_waste_free(&waste);
    return rc;
}

void li_waste_free(struct li_waste *waste)
{
    if (!waste)
        return;
    for (size_t i = 0; i < waste->files; i++)
        free(waste->file[i].path);
    free(waste->file);
    *waste = (struct li_waste){.files = 0};
}
