/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names are compared with each other. A table of all pairs would grow with the square of
 * their number, so only the names with the most chunks are in it.
 */
#include <stdlib.h>
#include <string.h>

#include "report/internal.h"

/* The tags of one name, which stand together. */
struct group {
    size_t first, count; /* images */
    uint64_t chunks;     /* of all of them */
};

static bool same_name(const struct li_report_image *a, const struct li_report_image *b)
{
    size_t len = li_report_name_length(a->reference);

    return len == li_report_name_length(b->reference) &&
           memcmp(a->reference, b->reference, len) == 0;
}

static size_t make_groups(const struct li_report *report, struct group *group)
{
    size_t count = 0;

    for (size_t i = 0; i < report->images; i++) {
        const struct li_report_image *image = &report->image[i];

        if (i == 0 || !same_name(image, image - 1))
            group[count++] = (struct group){.first = i};
        group[count - 1].count++;
        if (image->push != SIZE_MAX)
            group[count - 1].chunks += report->push[image->push].table;
    }
    return count;
}

/* The most chunks come first; names with as many are in their own order. */
static int compare(const void *a, const void *b)
{
    const struct group *x = a, *y = b;

    if (x->chunks != y->chunks)
        return x->chunks < y->chunks ? 1 : -1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int add_name(struct li_report *report, const struct group *group, struct li_error *err)
{
    const struct li_report_image *first = &report->image[group->first];
    struct li_report_name *name = &report->name[report->names];

    name->tags = group->count;
    name->name = strndup(first->reference, li_report_name_length(first->reference));
    if (!name->name)
        return li_fail_memory(err);
    for (size_t i = 0; i < group->count; i++)
        if (first[i].push != SIZE_MAX)
            report->push[first[i].push].names |= UINT64_C(1) << report->names;
    report->names++;
    return 0;
}

int li_report_names(struct li_report *report, struct li_error *err)
{
    struct group *group = calloc(report->images + 1, sizeof(*group));
    size_t count = group ? make_groups(report, group) : 0;
    size_t most = count < LI_REPORT_NAMES_MAX ? count : LI_REPORT_NAMES_MAX;
    int rc = 0;

    report->name = calloc(most + 1, sizeof(*report->name));
    if (!group || !report->name)
        rc = li_fail_memory(err);
    if (count)
        qsort(group, count, sizeof(*group), compare);
    report->names_left_out = count - most;
    for (size_t i = 0; i < most && rc == 0; i++)
        rc = add_name(report, &group[i], err);
    free(group);
    return rc;
}
