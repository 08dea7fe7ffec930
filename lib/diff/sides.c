/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of each image before its files are walked: which chunks the other has, too. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "diff/internal.h"

/* The chunks of a view that are not all zeros, sorted by digest and then by position. */
struct order {
    const struct li_view *view;
    uint64_t *index;
    size_t count;
};

static int compare(const void *a, const void *b, void *arg)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    int order = memcmp(li_view_digest(arg, x), li_view_digest(arg, y), LI_DIGEST_SIZE);

    if (order)
        return order;
    return x < y ? -1 : x > y;
}

static int sort_chunks(const struct li_view *view, struct order *out, struct li_error *err)
{
    uint64_t count = li_view_count(view);

    *out = (struct order){view, malloc((count + 1) * sizeof(*out->index)), 0};
    if (!out->index)
        return li_fail_memory(err);
    for (uint64_t i = 0; i < count; i++)
        if (li_view_digest(view, i))
            out->index[out->count++] = i;
    if (out->count)
        qsort_r(out->index, out->count, sizeof(*out->index), compare, (void *)(uintptr_t)view);
    return 0;
}

/* The position behind all chunks that are equal to that at AT. */
static size_t next_of(const struct order *o, size_t at)
{
    const uint8_t *digest = li_view_digest(o->view, o->index[at]);
    size_t end = at + 1;

    while (end < o->count &&
           memcmp(digest, li_view_digest(o->view, o->index[end]), LI_DIGEST_SIZE) == 0)
        end++;
    return end;
}

static void count_only(struct li_diff_side *side, uint64_t index)
{
    side->only[index] = true;
    side->sum->chunks++;
    side->sum->bytes += LI_CHUNK_SIZE;
}

static void merge(const struct order *old_order, const struct order *new_order,
                  struct li_diff_side *old, struct li_diff_side *new, struct li_diff_result *result)
{
    size_t i = 0, k = 0;

    while (i < old_order->count || k < new_order->count) {
        int order = i == old_order->count ? 1
                    : k == new_order->count
                        ? -1
                        : memcmp(li_view_digest(old->view, old_order->index[i]),
                                 li_view_digest(new->view, new_order->index[k]), LI_DIGEST_SIZE);

        if (order < 0)
            count_only(old, old_order->index[i]);
        else if (order > 0)
            count_only(new, new_order->index[k]);
        else
            result->common++;
        i = order <= 0 ? next_of(old_order, i) : i;
        k = order >= 0 ? next_of(new_order, k) : k;
    }
}

/* Of the bits for directories, only pages that are touched take memory. */
static int prepare(struct li_diff_side *side, struct li_error *err)
{
    struct statvfs st;

    side->files = li_view_files(side->view);
    li_files_statvfs(side->files, &st);
    side->inodes = st.f_files;
    side->visited = calloc(side->inodes / 8 + 1, 1);
    side->only = calloc(li_view_count(side->view) + 1, sizeof(*side->only));
    return side->visited && side->only ? 0 : li_fail_memory(err);
}

int li_diff_sides(struct li_diff_side *old, struct li_diff_side *new, struct li_diff_result *result,
                  struct li_error *err)
{
    struct order old_order = {.count = 0}, new_order = {.count = 0};
    int rc = prepare(old, err);

    if (rc == 0)
        rc = prepare(new, err);
    if (rc == 0)
        rc = sort_chunks(old->view, &old_order, err);
    if (rc == 0)
        rc = sort_chunks(new->view, &new_order, err);
    if (rc == 0)
        merge(&old_order, &new_order, old, new, result);
    free(old_order.index);
    free(new_order.index);
    return rc;
}

void li_diff_side_free(struct li_diff_side *side)
{
    free(side->visited);
    free(side->only);
    tdestroy(side->links, free);
}

int li_diff_enter(struct li_diff_side *side, uint32_t ino, struct li_error *err)
{
    uint8_t bit = (uint8_t)(1u << ino % 8);

    if (ino > side->inodes || side->visited[ino / 8] & bit)
        return li_fail(err, LI_ECORRUPT, "the directory with inode %u has several names", ino);
    side->visited[ino / 8] |= bit;
    return 0;
}

static int compare_links(const void *a, const void *b)
{
    const struct li_diff_link *x = a, *y = b;

    return x->ino < y->ino ? -1 : x->ino > y->ino;
}

int li_diff_link(struct li_diff_side *side, uint32_t ino, struct li_diff_link **out, bool *first,
                 struct li_error *err)
{
    struct li_diff_link *link = calloc(1, sizeof(*link)), **found;

    if (!link)
        return li_fail_memory(err);
    link->ino = ino;
    found = tsearch(link, &side->links, compare_links);
    *first = found && *found == link;
    if (found)
        *out = *found;
    if (!*first)
        free(link);
    return found ? 0 : li_fail_memory(err);
}
