/* SPDX-License-Identifier: Apache-2.0 */
/* The tags of a repository, and the pushes that they point at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "report/internal.h"

/* Positions of pushes, in the order of their IDs. */
struct by_id {
    const struct li_report_push *push;
    uint32_t *at;
};

struct tagging {
    struct li_report *report;
    struct by_id index;
    size_t cap; /* of report->image */
};

static int compare(const void *a, const void *b, void *arg)
{
    const struct li_report_push *push = arg;

    return memcmp(push[*(const uint32_t *)a].id, push[*(const uint32_t *)b].id, LI_ID_SIZE);
}

static int make_index(const struct li_report *report, struct by_id *out, struct li_error *err)
{
    *out = (struct by_id){report->push, malloc((report->pushes + 1) * sizeof(*out->at))};
    if (!out->at)
        return li_fail_memory(err);
    for (size_t i = 0; i < report->pushes; i++)
        out->at[i] = (uint32_t)i;
    if (report->pushes)
        qsort_r(out->at, report->pushes, sizeof(*out->at), compare, report->push);
    return 0;
}

/* The position of the push with ID, or SIZE_MAX. */
static size_t find(const struct by_id *index, size_t count, const uint8_t id[LI_ID_SIZE])
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(index->push[index->at[middle]].id, id, LI_ID_SIZE);

        if (order == 0)
            return index->at[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

static int note_gone(struct li_report *report, const char *reference, struct li_error *err)
{
    struct li_error why = LI_ERROR_INIT;

    li_fail(&why, LI_ECORRUPT, "%s: its manifest is gone", reference);
    return li_report_unreadable(report, &why, err);
}

static int visit(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    struct tagging *t = arg;
    struct li_report *report = t->report;
    struct li_report_image row = {.push = find(&t->index, report->pushes, image->manifest)};
    int rc = li_array_reserve(&report->image, &t->cap, report->images + 1, sizeof(row), err);

    if (rc < 0)
        return rc;
    if (asprintf(&row.reference, "%s:%s", image->name, image->tag) < 0)
        return li_fail_memory(err);
    report->image[report->images++] = row;
    if (row.push == SIZE_MAX)
        return note_gone(report, row.reference, err);
    report->push[row.push].tags++;
    return 0;
}

static int compare_images(const void *a, const void *b)
{
    return strcmp(((const struct li_report_image *)a)->reference,
                  ((const struct li_report_image *)b)->reference);
}

int li_report_tags(struct li_repo *repo, struct li_report *report, struct li_error *err)
{
    struct tagging t = {.report = report};
    struct li_error why = LI_ERROR_INIT;
    int rc = make_index(report, &t.index, err);

    if (rc == 0)
        rc = li_repo_each_image(repo, visit, &t, &why);
    /* If there is not one tag, the listing failed, and not a pointer. */
    if (rc < 0 && why.code != 0 && report->images == 0)
        *err = why;
    else if (rc < 0 && why.code != 0)
        rc = li_report_unreadable(report, &why, err);
    if (report->images)
        qsort(report->image, report->images, sizeof(*report->image), compare_images);
    free(t.index.at);
    return rc;
}
