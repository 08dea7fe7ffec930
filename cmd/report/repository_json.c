/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a repository as JSON: lambdaimg-report(5). */
#include "base/hex.h"
#include "cmd/common/context.h"
#include "cmd/report/report.h"

static json_t *image_row(const struct li_report *report, const struct li_report_image *image)
{
    const struct li_report_push *push = image->push == SIZE_MAX ? NULL : &report->push[image->push];
    char id[2 * LI_ID_SIZE + 1];

    if (!push || !push->readable)
        return json_pack("{s:s, s:b}", "reference", image->reference, "readable", false);
    return json_pack("{s:s, s:b, s:s, s:o, s:o, s:o, s:I}", "reference", image->reference,
                     "readable", true, "manifest", id_text(push->id, id), "pushed",
                     time_json(push->time), "all", sum_json(&push->all), "unique",
                     sum_json(&push->unique), "missing", (json_int_t)push->missing);
}

static int images_json(const struct li_report *report, json_t *list, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < report->images && rc == 0; i++)
        rc = json_add(list, image_row(report, &report->image[i]), err);
    return rc;
}

static int pushes_json(const struct li_report *report, json_t *list, struct li_error *err)
{
    char id[2 * LI_ID_SIZE + 1];
    int rc = 0;

    for (size_t i = 0; i < report->pushes && rc == 0; i++) {
        const struct li_report_push *push = &report->push[i];

        rc = json_add(list,
                      json_pack("{s:s, s:o, s:b, s:i, s:o, s:o}", "manifest", id_text(push->id, id),
                                "pushed", time_json(push->time), "readable", push->readable, "tags",
                                (int)push->tags, "all", sum_json(&push->all), "new",
                                sum_json(&push->fresh)),
                      err);
    }
    return rc;
}

/* Each pair once, and only if it shares something. */
static int sharing_json(const struct li_report *report, json_t *list, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < report->names && rc == 0; i++)
        for (size_t k = i + 1; k < report->names && rc == 0; k++) {
            const struct li_report_sum *sum = &report->name[i].shared[k];

            if (sum->chunks)
                rc = json_add(list,
                              json_pack("{s:[s,s], s:I, s:I}", "names", report->name[i].name,
                                        report->name[k].name, "chunks", (json_int_t)sum->chunks,
                                        "bytes", (json_int_t)sum->bytes),
                              err);
        }
    return rc;
}

static int names_json(const struct li_report *report, json_t *list, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < report->names && rc == 0; i++)
        rc = json_add(list,
                      json_pack("{s:s, s:I, s:o}", "name", report->name[i].name, "tags",
                                (json_int_t)report->name[i].tags, "all",
                                sum_json(&report->name[i].shared[i])),
                      err);
    return rc;
}

static json_t *totals_json(const struct li_report *report)
{
    const struct li_report_spread *spread = &report->spread;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:{s:I, s:I, s:f, s:f}}", "stored",
                     sum_json(&report->stored), "used", sum_json(&report->used), "unused",
                     sum_json(&report->unused), "stray", sum_json(&report->stray), "apart",
                     sum_json(&report->apart), "other_bytes", (json_int_t)report->others, "missing",
                     (json_int_t)report->missing, "unreadable", (json_int_t)report->unreadable,
                     "spread", "pushes", (json_int_t)spread->pushes, "nothing_new",
                     (json_int_t)spread->nothing, "mean", spread->mean, "median", spread->median);
}

int print_repository_json(const struct li_report *report, const char *address,
                          const struct verdicts *verdicts, struct li_error *err)
{
    static const struct {
        const char *member;
        int (*fill)(const struct li_report *report, json_t *list, struct li_error *err);
    } lists[] = {{"images", images_json},
                 {"names", names_json},
                 {"sharing", sharing_json},
                 {"pushes", pushes_json}};
    json_t *json =
        json_pack("{s:i, s:s, s:o, s:o, s:I, s:o}", "format", REPORT_FORMAT, "kind", "repository",
                  "repository", path_json(address), "totals", totals_json(report), "names_left_out",
                  (json_int_t)report->names_left_out, "budgets", verdicts_json(verdicts));
    int rc = json ? 0 : li_fail_memory(err);

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && rc == 0; i++) {
        json_t *list = json_array();

        if (!list || json_object_set_new(json, lists[i].member, list) != 0)
            rc = li_fail_memory(err);
        else
            rc = lists[i].fill(report, list, err);
    }
    if (rc == 0)
        return print_json(json, err);
    json_decref(json);
    return rc;
}
