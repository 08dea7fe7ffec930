/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"
#include "base/text.h"
#include "cmd/common/context.h"
#include "cmd/report/report.h"

static const struct option_row options[] = {
    {"all", 0, NULL, "report on the whole repository; no key is needed"},
    {"json", 0, NULL, "print the report as JSON"},
    {NULL, 0, NULL, NULL},
};

static int report_all(const struct arguments *args, struct context *context,
                      struct li_report *report, struct li_error *err)
{
    struct li_report_options reporting = {.memory = 0};
    struct progress_bar bar;
    struct li_progress progress;
    int rc = open_context(args, false, context, err);

    if (rc < 0)
        return rc;
    progress = begin_progress(&bar, "reading manifests");
    reporting.progress = &progress;
    rc = li_report_repository(context->repo, &reporting, report, err);
    end_progress(&bar);
    return rc;
}

static int print(const struct arguments *args, const struct context *context,
                 const struct li_report *report, struct li_error *err)
{
    const char *address = context->store->address;

    return flag(args, "json") ? print_repository_json(report, address, err)
                              : print_repository_text(report, address, err);
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct li_report report = {.first = LI_ERROR_INIT};
    struct context context = {0};
    int rc;

    if (!flag(args, "all"))
        return li_fail(err, CMD_EUSAGE, "report: say --all");
    rc = report_all(args, &context, &report, err);
    if (rc < 0)
        li_context(err, "cannot report");
    if (rc == 0)
        rc = print(args, &context, &report, err);
    if (rc == 0 && report.unreadable > 0) {
        *err = report.first;
        rc = li_context(err, "%zu image%s or manifest%s cannot be read", report.unreadable,
                        li_text_s(report.unreadable), li_text_s(report.unreadable));
    }
    li_report_free(&report);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_report = {
    "report", "", "show what images share, and what they cost", 0, 0, options, run,
};
