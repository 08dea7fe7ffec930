/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports in the forms that CI services read, each in a file: JUnit's XML, OpenMetrics and GitLab's
 * code quality. All that comes from the image, or from the command line, is escaped as path_text()
 * does before the form's own escapes, so no form meets a byte that it cannot hold.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/io.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cmd/report/report.h"

enum { FILES_TOLD = 10 };

/* What a form is made of. */
struct form {
    const struct reported *what;
    const char *budgets; /* the budget file, for a finding that has to lie in a file */
    FILE *to;
};

/* What the report is on, for people: name:tag of an image, or the address of a repository. */
static int name_of(const struct reported *what, char **out, struct li_error *err)
{
    char name[REFERENCE_TEXT];

    *out = what->image ? strdup(reference_text(&what->image->reference, name))
                       : path_text(what->address);
    return *out ? 0 : li_fail_memory(err);
}

static const char *breach_text(const struct li_report_verdict *v)
{
    return li_report_budget_is_least(v->kind) ? "below" : "over";
}

/* ---- JUnit ----------------------------------------------------------------------------------- */

static void put_xml(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            fprintf(to, "&#%d;", *text);
        else
            fputc(*text, to);
    }
}

static void put_verdict(const struct form *form, const struct li_report_verdict *v,
                        const char *class)
{
    char value[SIZE_TEXT], limit[SIZE_TEXT];

    fprintf(form->to, "    <testcase classname=\"");
    put_xml(form->to, class);
    fprintf(form->to, "\" name=\"%s\">\n", li_report_budget_name(v->kind));
    if (!v->met)
        fprintf(form->to, "      <failure message=\"%s is %s, %s %s\"/>\n",
                li_report_budget_name(v->kind), budget_value_text(v->kind, v->value, value),
                breach_text(v), budget_value_text(v->kind, v->limit, limit));
    else if (!v->known)
        fprintf(form->to, "      <skipped message=\"there is no image to compare it with\"/>\n");
    fprintf(form->to, "    </testcase>\n");
}

/* The files that are to blame. */
static int put_files(const struct form *form, const struct li_blame *blame, struct li_error *err)
{
    char size[SIZE_TEXT];

    for (size_t i = 0; i < blame->files && i < FILES_TOLD; i++) {
        char *path = path_text(blame->file[i].path);

        if (!path)
            return li_fail_memory(err);
        fprintf(form->to, "%s ", size_text(blame->file[i].fresh.bytes, size));
        put_xml(form->to, path);
        fputc('\n', form->to);
        free(path);
    }
    return 0;
}

static int put_junit(const struct form *form, struct li_error *err)
{
    const struct verdicts *verdicts = form->what->verdicts;
    size_t skipped = 0;
    char *name = NULL;
    int rc = name_of(form->what, &name, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < verdicts->count; i++)
        skipped += !verdicts->verdict[i].known;
    fprintf(form->to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"lambdaimg report\" tests=\"%zu\" failures=\"%zu\" "
            "errors=\"0\" skipped=\"%zu\">\n",
            verdicts->count, verdicts->broken, skipped);
    for (size_t i = 0; i < verdicts->count; i++)
        put_verdict(form, &verdicts->verdict[i], name);
    fprintf(form->to, "    <system-out>");
    if (form->what->image)
        rc = put_files(form, &form->what->image->report.blame, err);
    fprintf(form->to, "</system-out>\n  </testsuite>\n</testsuites>\n");
    free(name);
    return rc;
}

/* ---- OpenMetrics ----------------------------------------------------------------------------- */

static int put_openmetrics(const struct form *form, struct li_error *err)
{
    if (form->what->image)
        put_image_metrics(form->to, form->what->image);
    else
        put_repository_metrics(form->to, form->what->repository);
    fprintf(form->to, "# EOF\n");
    (void)err;
    return 0;
}

/* ---- code quality ---------------------------------------------------------------------------- */

/* It does not depend on the value, so a finding stays the same while the value changes. */
static int fingerprint(const char *name, const char *budget, char text[2 * LI_SHA256_SIZE + 1],
                       struct li_error *err)
{
    uint8_t digest[LI_SHA256_SIZE];
    char *whole = NULL;
    int rc;

    if (asprintf(&whole, "lambdaimg budget\n%s\n%s", name, budget) < 0)
        return li_fail_memory(err);
    rc = li_sha256(whole, strlen(whole), digest, err);
    li_hex_encode(digest, sizeof(digest), text);
    free(whole);
    return rc;
}

static int add_finding(const struct form *form, const struct li_report_verdict *v, json_t *list,
                       struct li_error *err)
{
    char value[SIZE_TEXT], limit[SIZE_TEXT], hex[2 * LI_SHA256_SIZE + 1], text[200];
    const char *name = form->what->image ? form->what->image->reference.name : "";
    const char *budget = li_report_budget_name(v->kind);
    int rc = fingerprint(name, budget, hex, err);

    if (rc < 0)
        return rc;
    snprintf(text, sizeof(text), "%s is %s, %s %s", budget,
             budget_value_text(v->kind, v->value, value), breach_text(v),
             budget_value_text(v->kind, v->limit, limit));
    return json_add(list,
                    json_pack("{s:s, s:s, s:s, s:s, s:{s:o, s:{s:i}}}", "description", text,
                              "check_name", budget, "fingerprint", hex, "severity", "major",
                              "location", "path", path_json(form->budgets), "lines", "begin", 1),
                    err);
}

static int put_code_quality(const struct form *form, struct li_error *err)
{
    json_t *list = json_array();
    int rc = list ? 0 : li_fail_memory(err);

    for (size_t i = 0; i < form->what->verdicts->count && rc == 0; i++)
        if (!form->what->verdicts->verdict[i].met)
            rc = add_finding(form, &form->what->verdicts->verdict[i], list, err);
    if (rc == 0 && (json_dumpf(list, form->to, JSON_INDENT(2)) != 0 || fputc('\n', form->to) < 0))
        rc = li_fail_memory(err);
    json_decref(list);
    return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int write_form(const char *path, int (*put)(const struct form *form, struct li_error *err),
                      struct form form, struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;
    char *text = NULL;
    size_t len = 0;
    int rc, closed;

    form.to = open_memstream(&text, &len);
    if (!form.to)
        return li_fail_memory(err);
    rc = put(&form, err);
    closed = close_text(form.to, rc == 0 ? err : &ignored);
    if (rc == 0)
        rc = closed;
    if (rc == 0)
        rc = write_file(path, text, len, err);
    free(text);
    return rc;
}

static const struct {
    const char *option;
    int (*put)(const struct form *form, struct li_error *err);
} forms[] = {
    {"junit", put_junit}, {"openmetrics", put_openmetrics}, {"code-quality", put_code_quality}};

int try_forms(const struct arguments *args, struct allowed *outputs, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && rc == 0; i++) {
        const char *path = option(args, forms[i].option);

        rc = path ? li_output_try(path, err) : 0;
        if (rc == 0)
            rc = allow_output(outputs, path, err);
    }
    return rc;
}

int write_forms(const struct arguments *args, const struct reported *what, struct li_error *err)
{
    const char *budgets = option(args, "budgets");
    const struct form form = {.what = what, .budgets = budgets ? budgets : BUDGET_FILE};
    int rc = 0;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && rc == 0; i++)
        if (option(args, forms[i].option))
            rc = write_form(option(args, forms[i].option), forms[i].put, form, err);
    return rc;
}
