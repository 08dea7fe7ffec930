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

/* ---- listing --------------------------------------------------------------------------------- */

static int add_image(struct tagging *t, struct li_report_image row, struct li_error *err)
{
    struct li_report *report = t->report;
    int rc = li_array_reserve(&report->image, &t->cap, report->images + 1, sizeof(row), err);

    if (rc == 0)
        report->image[report->images++] = row;
    else
        free(row.reference);
    return rc;
}

static int visit(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    struct li_report_image row = {.push = SIZE_MAX, .pointed = true};

    memcpy(row.manifest, image->manifest, LI_ID_SIZE);
    if (asprintf(&row.reference, "%s:%s", image->name, image->tag) < 0)
        return li_fail_memory(err);
    return add_image(arg, row, err);
}

static int visit_unread(void *arg, const char *text, const struct li_error *why,
                        struct li_error *err)
{
    struct tagging *t = arg;
    struct li_report_image row = {.reference = strdup(text), .push = SIZE_MAX};
    int rc = row.reference ? add_image(t, row, err) : li_fail_memory(err);

    return rc < 0 ? rc : li_report_unreadable(t->report, why, err);
}

size_t li_report_name_length(const char *reference)
{
    return (size_t)(strrchr(reference, ':') - reference);
}

/* By name, and then by tag: a name may have a colon, so that of the whole text is another order. */
static int compare_images(const void *a, const void *b)
{
    const char *x = ((const struct li_report_image *)a)->reference;
    const char *y = ((const struct li_report_image *)b)->reference;
    size_t len_x = li_report_name_length(x), len_y = li_report_name_length(y);
    int order = memcmp(x, y, len_x < len_y ? len_x : len_y);

    if (order == 0 && len_x != len_y)
        order = len_x < len_y ? -1 : 1;
    return order ? order : strcmp(x + len_x, y + len_y);
}

int li_report_list_tags(struct li_repo *repo, struct li_report *report, struct li_error *err)
{
    struct tagging t = {.report = report};
    const struct li_repo_tag_visitor visitor = {&t, visit, visit_unread};
    int rc = li_repo_each_tag(repo, &visitor, err);

    if (report->images)
        qsort(report->image, report->images, sizeof(*report->image), compare_images);
    return rc;
}

/* ---- matching -------------------------------------------------------------------------------- */

static int note_gone(struct li_report *report, const char *reference, struct li_error *err)
{
    struct li_error why = LI_ERROR_INIT;

    li_fail(&why, LI_ECORRUPT, "%s: its manifest is gone", reference);
    return li_report_unreadable(report, &why, err);
}

int li_report_match_tags(struct li_report *report, struct li_error *err)
{
    struct by_id index;
    int rc = make_index(report, &index, err);

    for (size_t i = 0; i < report->images && rc == 0; i++) {
        struct li_report_image *image = &report->image[i];

        if (image->pointed)
            image->push = find(&index, report->pushes, image->manifest);
        if (image->push != SIZE_MAX)
            report->push[image->push].tags++;
        else if (image->pointed)
            rc = note_gone(report, image->reference, err);
    }
    free(index.at);
    return rc;
}
