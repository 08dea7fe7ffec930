/* SPDX-License-Identifier: Apache-2.0 */
/* report IMAGE: parses as push does, and flattens the image. */
#include <string.h>
#include <unistd.h>

#include "cmd/common/brokered.h"
#include "cmd/common/image.h"
#include "cmd/report/report.h"

bool is_image(const char *operand)
{
    return strcmp(operand, "-") == 0 || access(operand, F_OK) == 0;
}

const char *base_text(const struct image_report *r, char text[REFERENCE_TEXT])
{
    if (r->base_path)
        return image_text(r->base_path);
    return reference_text(&r->report.base.reference, text);
}

static int parse_base(const struct arguments *args, struct image_report *r,
                      struct li_image_report_options *reporting, struct li_reference *base,
                      struct li_error *err)
{
    const char *text = option(args, "to");

    if (text && is_image(text)) {
        r->base_path = text;
        if (strcmp(text, "-") == 0 && strcmp(r->path, "-") == 0)
            return li_fail(err, CMD_EUSAGE, "standard input can be read only once");
        return image_options(args, text, &r->base_making, err);
    }
    reporting->base = text ? base : NULL;
    return text ? parse_reference(text, base, err) : 0;
}

static int run_report(struct image_report *r, const struct li_image_report_options *options,
                      struct li_error *err)
{
    struct li_image_report_options reporting = *options;
    struct progress_bar bar;
    struct li_progress progress = begin_progress(&bar, "reading");
    int rc;

    reporting.progress = &progress;
    rc = li_report_on_image(r->context.repo, r->flattened, &reporting, &r->report, err);
    end_progress(&bar);
    return rc;
}

/* Checks the command line before the image is read, which a pipe allows only once. */
static int parse(const struct arguments *args, struct image_report *r,
                 struct li_image_report_options *reporting, struct li_reference *base,
                 struct li_error *err)
{
    int rc = seal_policy(args, &reporting->seal, err);

    if (rc == 0)
        rc = parse_base(args, r, reporting, base, err);
    if (rc == 0 && args->count > 1)
        rc = parse_tag(args->operand[1], &r->reference, err);
    return rc == 0 ? image_options(args, r->path, &r->making, err) : rc;
}

static int flatten_base(struct image_report *r, struct li_error *err)
{
    int rc = r->base_path ? li_flatten(&r->base_making, &r->context.env, &r->base, err) : 0;

    return rc < 0 ? li_context(err, "%s", image_text(r->base_path)) : 0;
}

int open_image_report(const struct arguments *args, const struct allowed *outputs,
                      struct image_report *r, struct li_error *err)
{
    struct li_image_report_options reporting = {.reference = &r->reference};
    struct li_error ignored = LI_ERROR_INIT;
    struct li_reference base;
    int rc;

    r->path = args->operand[0];
    rc = parse(args, r, &reporting, &base, err);
    if (rc == 0)
        rc = store_timeout(args, &reporting.deadline, err);
    if (rc == 0)
        rc = open_for_image(args, false, outputs, &r->context, err);
    if (rc == 0)
        rc = open_memo(args, &r->context, &r->making.memo, err);
    if (rc == 0)
        rc = li_flatten(&r->making, &r->context.env, &r->flattened, err);
    if (rc == 0) {
        print_notes(r->flattened);
        rc = choose_reference(args, li_flattened_image(r->flattened), &r->reference, err);
    }
    if (rc == 0)
        rc = flatten_base(r, err);
    reporting.memo = r->making.memo;
    reporting.base_image = r->base;
    if (rc == 0)
        rc = run_report(r, &reporting, err);
    forget_key(&r->context);
    if (rc == 0) {
        r->address = r->context.store->address;
        if (r->making.memo)
            (void)li_memo_save(r->making.memo, &ignored);
    }
    return rc < 0 ? li_context(err, "cannot report on %s", image_text(r->path)) : 0;
}

void close_image_report(struct image_report *r)
{
    li_image_report_free(&r->report);
    li_flattened_free(r->flattened);
    li_flattened_free(r->base);
    li_memo_free(r->making.memo);
    close_context(&r->context);
}
