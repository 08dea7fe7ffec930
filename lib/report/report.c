/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a whole repository: first everything is listed and read, then it is counted. */
#include "report/report.h"

#include <stdlib.h>

#include "report/internal.h"

int li_report_unreadable(struct li_report *report, const struct li_error *why, struct li_error *err)
{
    if (why->code == LI_ENETWORK || why->code == LI_ENOMEM || why->code == LI_ECANCELLED) {
        *err = *why;
        return why->code;
    }
    if (report->unreadable++ == 0)
        report->first = *why;
    return 0;
}

int li_report_repository(struct li_repo *repo, const struct li_report_options *options,
                         struct li_report *out, struct li_error *err)
{
    size_t memory = options->memory ? options->memory : LI_REPORT_MEMORY;
    struct li_report report = {.first = LI_ERROR_INIT};
    struct li_records *records = NULL;
    int rc = li_records_new(li_repo_env(repo)->tmpdir, memory, &records, err);

    if (rc == 0)
        rc = li_report_gather(repo, options, &report, records, err);
    if (rc == 0)
        rc = li_report_names(&report, err);
    if (rc == 0)
        rc = li_records_sort(records, err);
    if (rc == 0)
        rc = li_report_figures(&report, records, err);
    li_records_free(records);
    if (rc < 0)
        li_report_free(&report);
    else
        *out = report;
    return rc;
}

void li_report_free(struct li_report *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->images; i++)
        free(report->image[i].reference);
    for (size_t i = 0; i < report->names; i++)
        free(report->name[i].name);
    free(report->push);
    free(report->image);
    free(report->name);
    *report = (struct li_report){.first = LI_ERROR_INIT};
}
