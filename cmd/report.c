/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/report/report.h"
#include "base/text.h"
#include "cmd/common/brokered.h"
#include "cmd/common/image.h"
#include "cmd/report/html.h"
#include "cmd/report/stored.h"

static const struct option_row options[] = {
    {"all", 0, NULL, "report on the whole repository; no key is needed"},
    {"to-latest", 0, NULL,
     "compare with the tag of the same name that was pushed last before it (the default)"},
    {"to", 0, "OTHER", "compare with this image, a REF or an IMAGE"},
    {"json", 0, NULL, "print the report as JSON"},
    {"markdown", 0, NULL, "print the report as Markdown"},
    {"html", 0, "FILE", "write the report to FILE as a page of HTML"},
    {"junit", 0, "FILE", "write the budgets to FILE as JUnit's XML"},
    {"openmetrics", 0, "FILE", "write the figures to FILE as OpenMetrics"},
    {"code-quality", 0, "FILE", "write broken budgets to FILE, for GitLab's code quality"},
    {"max-new-bytes", 0, "SIZE", "budget: the most bytes of new chunks, as they would be stored"},
    {"max-new-share", 0, "PERCENT",
     "budget: the most new chunks, in percent of the image's chunks"},
    {"max-size", 0, "SIZE",
     "budget: the most bytes of the image's chunks, or a percentage over the other image"},
    {"max-waste", 0, "SIZE",
     "budget: the most bytes of files that nobody needs, or a percentage of all files"},
    {"min-dedup", 0, "FACTOR", "budget, with --all: the least deduplication factor"},
    {"budgets", 0, "FILE",
     "take budgets from FILE (default: .lambdaimg-ci.json in the working directory, or in the next "
     "one above that has it)"},
    {"ratchet", 0, "[PERCENT]",
     "tighten the budgets in the file to what was found, and PERCENT more (default: 5)"},
    {"no-budgets", 0, NULL, "do not look for a budget file"},
    PUSH_OPTIONS,
    {"memo", 0, "DIR", "remember what was read in DIR (default: ~/.cache/lambdaimg)"},
    {"no-memo", 0, NULL, "read all layers, and remember nothing"},
    {NULL, 0, NULL, NULL},
};

/* ---- the repository -------------------------------------------------------------------------- */

/* A large repository is sorted in a temporary file. */
static int open_repository(const struct arguments *args, const struct budgets *budgets,
                           struct context *context, struct li_error *err)
{
    struct brokerage brokerage = {.key = WITHOUT_KEY};
    int rc = try_forms(args, &brokerage.allowed, err);

    if (rc == 0)
        rc = try_html(args, &brokerage.allowed, err);
    if (rc == 0)
        rc = allow_ratchet(args, budgets, &brokerage.allowed, err);
    if (rc == 0)
        rc = make_env(args, &context->env, err);
    if (rc == 0)
        rc = allow(&brokerage.allowed, context->env.tmpdir, true, err);
    if (rc == 0)
        rc = open_brokered(args, &brokerage, context, err);
    free_allowed(&brokerage.allowed);
    return rc;
}

static int read_repository(struct context *context, struct li_report *report, struct li_error *err)
{
    struct li_report_options reporting = {.memory = 0};
    struct progress_bar bar;
    struct li_progress progress;
    int rc;

    progress = begin_progress(&bar, "reading manifests");
    reporting.progress = &progress;
    rc = li_report_repository(context->repo, &reporting, report, err);
    end_progress(&bar);
    return rc < 0 ? li_context(err, "cannot report") : 0;
}

static void judge_repository(const struct li_report_budgets *budgets,
                             const struct li_report *report, struct verdicts *out)
{
    double used = (double)report->used.bytes;

    if (report->used.bytes)
        judge(budgets, LI_BUDGET_DEDUP, (double)report->apart.bytes / used, 0, out);
    else
        judge_nothing(budgets, LI_BUDGET_DEDUP, out);
}

static int print_repository(const struct arguments *args, const struct li_report *report,
                            const char *address, const struct verdicts *verdicts,
                            struct li_error *err)
{
    int rc;

    if (flag(args, "json"))
        return print_repository_json(report, address, verdicts, err);
    if (flag(args, "markdown"))
        return print_repository_markdown(report, address, verdicts, err);
    rc = print_repository_text(report, address, err);
    if (rc == 0)
        print_verdicts(verdicts);
    return rc;
}

/* Figures that lack an image are shown, and then the command fails. */
static int check_readable(const struct li_report *report, struct li_error *err)
{
    if (report->unreadable == 0)
        return 0;
    *err = report->first;
    return li_context(err, "%zu image%s or manifest%s cannot be read", report->unreadable,
                      li_text_s(report->unreadable), li_text_s(report->unreadable));
}

static int report_repository(const struct arguments *args, struct budgets *budgets,
                             struct li_error *err)
{
    struct li_report report = {.first = LI_ERROR_INIT};
    struct verdicts verdicts = {.count = 0};
    struct context context = {0};
    int rc = open_repository(args, budgets, &context, err);

    if (rc == 0)
        rc = read_repository(&context, &report, err);
    if (rc == 0) {
        const struct reported what = {NULL, &report, context.store->address, &verdicts};

        judge_repository(&budgets->all, &report, &verdicts);
        rc = write_forms(args, &what, err);
    }
    if (rc == 0) {
        rc = write_repository_html(args, &report, context.store->address, &verdicts, err);
    }
    if (rc == 0)
        rc = print_repository(args, &report, context.store->address, &verdicts, err);
    if (rc == 0)
        rc = check_readable(&report, err);
    if (rc == 0)
        rc = ratchet(args, budgets, &verdicts, err);
    li_report_free(&report);
    close_context(&context);
    return rc == 0 ? verdict_code(&verdicts) : rc;
}

/* ---- an image -------------------------------------------------------------------------------- */

static void judge_image(const struct li_report_budgets *budgets,
                        const struct li_image_report *report, struct verdicts *out)
{
    double known = (double)(report->chunks[LI_COST_KNOWN] + report->chunks[LI_COST_REPEATED]);
    double fresh = (double)report->chunks[LI_COST_NEW];

    judge(budgets, LI_BUDGET_NEW_BYTES, (double)report->fresh.bytes, 0, out);
    judge(budgets, LI_BUDGET_NEW_SHARE, known + fresh > 0 ? 100 * fresh / (known + fresh) : 0, 0,
          out);
    judge(budgets, LI_BUDGET_SIZE, (known + fresh) * LI_CHUNK_SIZE,
          (double)report->base.table * LI_CHUNK_SIZE, out);
    judge(budgets, LI_BUDGET_WASTE, (double)report->waste.bytes, (double)report->waste.whole, out);
}

/* The image of --to, if it is one that is not stored. */
static int allow_base(const struct arguments *args, struct allowed *allowed, struct li_error *err)
{
    const char *base = option(args, "to");

    return base && is_image(base) ? allow(allowed, base, false, err) : 0;
}

static int report_image(const struct arguments *args, struct budgets *budgets, struct li_error *err)
{
    struct image_report report = {.path = NULL};
    struct verdicts verdicts = {.count = 0};
    struct allowed outputs = {.count = 0};
    int rc = try_forms(args, &outputs, err);

    if (rc == 0)
        rc = try_html(args, &outputs, err);
    if (rc == 0)
        rc = allow_ratchet(args, budgets, &outputs, err);
    if (rc == 0)
        rc = allow_base(args, &outputs, err);
    if (rc == 0)
        rc = open_image_report(args, &outputs, &report, err);
    free_allowed(&outputs);
    if (rc == 0)
        judge_image(&budgets->all, &report.report, &verdicts);
    if (rc == 0)
        rc = write_forms(args, &(struct reported){.image = &report, .verdicts = &verdicts}, err);
    if (rc == 0)
        rc = write_image_html(args, &report, &verdicts, err);
    if (rc == 0 && flag(args, "json")) {
        rc = print_image_json(&report, &verdicts, err);
    } else if (rc == 0 && flag(args, "markdown")) {
        print_image_markdown(&report, &verdicts);
    } else if (rc == 0) {
        print_image_text(&report);
        print_verdicts(&verdicts);
    }
    if (rc == 0)
        rc = ratchet(args, budgets, &verdicts, err);
    close_image_report(&report);
    return rc == 0 ? verdict_code(&verdicts) : rc;
}

/* ---- an image that is stored ----------------------------------------------------------------- */

static int open_stored(const struct arguments *args, struct context *context, struct li_error *err)
{
    struct brokerage brokerage = {.key = KEY_IF_IT_OPENS};
    int rc = make_env(args, &context->env, err);

    if (rc == 0)
        rc = try_html(args, &brokerage.allowed, err);
    if (rc == 0)
        rc = allow(&brokerage.allowed, context->env.tmpdir, true, err);
    if (rc == 0)
        rc = allow_base(args, &brokerage.allowed, err);
    if (rc == 0)
        rc = open_brokered(args, &brokerage, context, err);
    free_allowed(&brokerage.allowed);
    return rc;
}

static int print_stored(const struct arguments *args, const struct stored_report *stored,
                        struct li_error *err)
{
    int rc = 0;

    if (flag(args, "json"))
        rc = print_stored_json(stored, err);
    else
        print_stored_text(stored);
    if (rc < 0 || stored->keyless.code == 0)
        return rc;
    fflush(stdout);
    fprintf(stderr, "lambdaimg: its files are not told, because no key fits: %s\n",
            stored->keyless.text);
    return 0;
}

static int report_stored(const struct arguments *args, struct li_error *err)
{
    struct li_report report = {.first = LI_ERROR_INIT};
    struct stored_report stored = {.keyless = LI_ERROR_INIT};
    struct context context = {0};
    struct li_reference reference;
    int rc = parse_reference(args->operand[0], &reference, err);

    if (rc == 0 && reference.pinned)
        rc = li_fail(err, CMD_EUSAGE, "%s: a report is on a tag, NAME:TAG; an ID may have several",
                     args->operand[0]);
    if (rc == 0)
        rc = open_stored(args, &context, err);
    if (rc == 0)
        rc = read_repository(&context, &report, err);
    if (rc == 0) {
        stored.keyless = context.keyless;
        rc = open_stored_report(args, &context, &report, &reference, &stored, err);
        if (rc < 0)
            li_context(err, "cannot report on %s", args->operand[0]);
    }
    forget_key(&context);
    if (rc == 0)
        rc = write_stored_html(args, &stored, err);
    if (rc == 0)
        rc = print_stored(args, &stored, err);
    if (rc == 0)
        rc = check_readable(&report, err);
    close_stored_report(&stored);
    li_report_free(&report);
    close_context(&context);
    return rc;
}

/* ---- the command line ------------------------------------------------------------------------ */

/* What is asked for would not happen: a budget that is not judged must not pass as one that is met.
 */
static int refuse_others(const struct arguments *args, bool image, struct li_error *err)
{
    static const char *const of_image[] = {"max-new-bytes", "max-new-share", "max-size",
                                           "max-waste"};
    static const char *const forms[] = {"markdown", "junit", "openmetrics", "code-quality"};

    for (size_t i = 0; i < sizeof(of_image) / sizeof(of_image[0]) && !image; i++)
        if (flag(args, of_image[i]))
            return li_fail(err, CMD_EUSAGE, "--%s is for a report on an IMAGE", of_image[i]);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !image && !flag(args, "all"); i++)
        if (flag(args, forms[i]))
            return li_fail(err, CMD_EUSAGE, "--%s is for a report on an IMAGE, or with --all",
                           forms[i]);
    if (!image && !flag(args, "all") && (flag(args, "budgets") || flag(args, "ratchet")))
        return li_fail(err, CMD_EUSAGE, "there are no budgets for an image that is stored");
    if (flag(args, "all") && (flag(args, "to") || flag(args, "to-latest")))
        return li_fail(err, CMD_EUSAGE, "the repository is not compared with an image");
    if (option(args, "to") && flag(args, "to-latest"))
        return li_fail(err, CMD_EUSAGE, "--to and --to-latest cannot both be given");
    if (flag(args, "min-dedup") && !flag(args, "all"))
        return li_fail(err, CMD_EUSAGE,
                       "--min-dedup is for a report on the repository, with --all");
    if (flag(args, "json") && flag(args, "markdown"))
        return li_fail(err, CMD_EUSAGE, "--json and --markdown cannot both be given");
    return 0;
}

static int run(const struct arguments *args, struct li_error *err)
{
    bool all = flag(args, "all");
    bool stored = args->count == 1 && !is_image(args->operand[0]);
    struct budgets budgets = {.path = NULL};
    int rc;

    if (all != (args->count == 0))
        return li_fail(err, CMD_EUSAGE, "report: give either --all, or an IMAGE or REF");
    rc = refuse_others(args, !all && !stored, err);
    if (rc < 0 || stored)
        return rc < 0 ? rc : report_stored(args, err);
    rc = find_budgets(args, &budgets, err);
    if (rc == 0)
        rc = all ? report_repository(args, &budgets, err) : report_image(args, &budgets, err);
    free_budgets(&budgets);
    return rc;
}

const struct command command_report = {
    "report", "[IMAGE] [REF]", "show what images cost and share", 0, 2, options, run,
};
