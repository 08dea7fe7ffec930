/* SPDX-License-Identifier: Apache-2.0 */
/* The report on an image that is stored: its row of the report of the repository. */
#include <string.h>

#include "base/text.h"
#include "cmd/report/report.h"

int find_stored(const struct li_report *report, const struct li_reference *reference,
                const struct li_report_push **out, struct li_error *err)
{
    char name[REFERENCE_TEXT];

    reference_text(reference, name);
    for (size_t i = 0; i < report->images; i++) {
        size_t push = report->image[i].push;

        if (strcmp(report->image[i].reference, name) != 0)
            continue;
        if (push == SIZE_MAX || !report->push[push].readable)
            return li_fail(err, LI_ECORRUPT, "its manifest cannot be read");
        *out = &report->push[push];
        return 0;
    }
    return li_fail(err, LI_ENOTFOUND, "there is no such image, and no such file");
}

static void print_row(const char *label, const struct li_report_sum *sum,
                      const struct li_report_sum *all, const char *what)
{
    char size[SIZE_TEXT];

    printf("%-8s %9llu chunk%s %11s  %5.1f %%  %s\n", label, (unsigned long long)sum->chunks,
           sum->chunks == 1 ? " " : "s", size_text(sum->bytes, size),
           percent(sum->bytes, all->bytes), what);
}

void print_stored_text(const struct li_report_push *push, const char *name, const char *address)
{
    const struct li_report_sum others = {push->all.chunks - push->unique.chunks,
                                         push->all.bytes - push->unique.bytes};
    char id[2 * LI_ID_SIZE + 1], when[TIME_TEXT];

    printf("%s in ", name);
    print_shown(stdout, address);
    printf(", manifest %s, pushed %s\n\n", id_text(push->id, id),
           store_time_text(push->time, when));
    print_row("all", &push->all, &push->all, "as stored");
    print_row("unique", &push->unique, &push->all, "that no other tag has");
    print_row("shared", &others, &push->all, "that another tag has");
    print_row("new", &push->fresh, &push->all, "that no earlier push had");
    if (push->missing)
        printf("missing  %9llu chunk%s that %s not in the store\n",
               (unsigned long long)push->missing, li_text_s(push->missing),
               push->missing == 1 ? "is" : "are");
}

int print_stored_json(const struct li_report_push *push, const char *name, const char *address,
                      struct li_error *err)
{
    char id[2 * LI_ID_SIZE + 1];

    return print_json(json_pack("{s:i, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:I}", "format",
                                REPORT_FORMAT, "kind", "stored", "repository", path_json(address),
                                "reference", name, "manifest", id_text(push->id, id), "pushed",
                                time_json(push->time), "all", sum_json(&push->all), "unique",
                                sum_json(&push->unique), "new", sum_json(&push->fresh), "missing",
                                (json_int_t)push->missing),
                      err);
}
