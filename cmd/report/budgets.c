/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets: from options and from a file in the source tree, and how they are told. An option takes
 * the place of the file's value.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cmd/report/report.h"

enum { DEFAULT_MARGIN = 5 /* percent, of --ratchet */ };

/* ---- options --------------------------------------------------------------------------------- */

static int parse_real(const char *name, const char *text, double *out, struct li_error *err)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    if (errno == 0 && isdigit((unsigned char)*text) && strcmp(end, "%") == 0)
        end++;
    if (errno != 0 || !isdigit((unsigned char)*text) || *end || !isfinite(*out))
        return li_fail(err, CMD_EUSAGE, "--%s %s: not a number such as 1.5", name, text);
    return 0;
}

static int parse_budget(enum li_report_budget_kind kind, const char *text,
                        struct li_report_budget *out, struct li_error *err)
{
    const char *name = li_report_budget_name(kind);
    uint64_t bytes = 0;
    int rc;

    if (li_report_budget_percent(kind, text, out))
        return 0;
    *out = (struct li_report_budget){.set = true};
    if (kind == LI_BUDGET_NEW_SHARE || kind == LI_BUDGET_DEDUP)
        return parse_real(name, text, &out->limit, err);
    rc = parse_size(name, text, &bytes, err);
    out->limit = (double)bytes;
    return rc;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* The budget file in the working directory, or in the next directory above that has one. *OUT is
 * NULL if there is none. */
static int find_file(char **out, struct li_error *err)
{
    char *dir = getcwd(NULL, 0), *path = NULL;
    int rc = 0;

    *out = NULL;
    if (!dir)
        return li_fail_errno(err, errno, "cannot find the working directory; give --budgets FILE");
    while (rc == 0 && !*out) {
        if (asprintf(&path, "%s/%s", strcmp(dir, "/") ? dir : "", BUDGET_FILE) < 0) {
            free(dir);
            return li_fail_memory(err);
        }
        if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            *out = path;
        else if (errno != ENOENT && errno != ENOTDIR)
            rc = li_fail_errno(err, errno, "cannot look for budgets at %s", path);
        if (!*out)
            free(path);
        if (strcmp(dir, "/") == 0)
            break;
        *strrchr(dir, '/') = '\0';
        if (!*dir)
            strcpy(dir, "/");
    }
    free(dir);
    return rc;
}

static int read_budgets(const char *path, struct li_report_budgets *out, struct li_error *err)
{
    struct li_buffer text = {0};
    int rc = li_read_file(path, LI_BUDGET_FILE_MAX, &text, err);

    if (rc == 0) {
        rc = li_report_budgets_parse(text.data ? text.data : (const uint8_t *)"", text.len, out,
                                     err);
        if (rc < 0)
            li_context(err, "cannot use the budgets in %s", path);
    }
    li_buffer_free(&text);
    return rc;
}

int find_budgets(const struct arguments *args, struct budgets *out, struct li_error *err)
{
    const char *named = option(args, "budgets"), *margin = option(args, "ratchet");
    int rc = 0;

    out->margin = DEFAULT_MARGIN;
    if (margin && *margin)
        rc = parse_real("ratchet", margin, &out->margin, err);
    if (rc < 0)
        return rc;
    if (named && !(out->path = strdup(named)))
        rc = li_fail_memory(err);
    else if (!named && !flag(args, "no-budgets"))
        rc = find_file(&out->path, err);
    if (rc == 0 && out->path)
        rc = read_budgets(out->path, &out->file, err);
    if (rc == 0 && margin && !out->path)
        rc =
            li_fail(err, CMD_EUSAGE, "--ratchet: there is no budget file; name one with --budgets");
    out->all = out->file;
    for (int i = 0; i < LI_BUDGETS && rc == 0; i++) {
        const char *text = option(args, li_report_budget_name((enum li_report_budget_kind)i));

        if (text)
            rc = parse_budget((enum li_report_budget_kind)i, text, &out->all.of[i], err);
    }
    return rc;
}

void free_budgets(struct budgets *budgets)
{
    free(budgets->path);
}

static int write_budgets(const struct budgets *budgets, struct li_error *err)
{
    struct li_buffer text = {0};
    int rc = li_report_budgets_encode(&budgets->file, &text, err);

    if (rc == 0)
        rc = write_file(budgets->path, text.data, text.len, err);
    li_buffer_free(&text);
    return rc < 0 ? li_context(err, "cannot tighten the budgets in %s", budgets->path) : 0;
}

int allow_ratchet(const struct arguments *args, const struct budgets *budgets,
                  struct allowed *outputs, struct li_error *err)
{
    return flag(args, "ratchet") ? allow_output(outputs, budgets->path, err) : 0;
}

int ratchet(const struct arguments *args, struct budgets *budgets, const struct verdicts *verdicts,
            struct li_error *err)
{
    bool moved = false;

    if (!flag(args, "ratchet") || verdicts->broken > 0)
        return 0;
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct li_report_verdict *v = &verdicts->verdict[i];

        if (!option(args, li_report_budget_name(v->kind)))
            moved |= li_report_budget_tighten(&budgets->file.of[v->kind], v, budgets->margin);
    }
    return moved ? write_budgets(budgets, err) : 0;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

void judge(const struct li_report_budgets *budgets, enum li_report_budget_kind kind, double value,
           double base, struct verdicts *out)
{
    if (!budgets->of[kind].set)
        return;
    out->verdict[out->count] = li_report_budget_judge(kind, &budgets->of[kind], value, base);
    out->broken += !out->verdict[out->count++].met;
}

void judge_nothing(const struct li_report_budgets *budgets, enum li_report_budget_kind kind,
                   struct verdicts *out)
{
    if (budgets->of[kind].set)
        out->verdict[out->count++] = (struct li_report_verdict){.kind = kind, .met = true};
}

const char *budget_value_text(enum li_report_budget_kind kind, double value, char text[SIZE_TEXT])
{
    if (kind == LI_BUDGET_NEW_SHARE)
        snprintf(text, SIZE_TEXT, "%.2f %%", value);
    else if (kind == LI_BUDGET_DEDUP)
        snprintf(text, SIZE_TEXT, "%.3f", value);
    else
        size_text((uint64_t)value, text);
    return text;
}

/* What the difference between limit and value is called. */
static const char *room_text(const struct li_report_verdict *v)
{
    if (li_report_budget_is_least(v->kind))
        return v->met ? "more than needed" : "too little";
    return v->met ? "left" : "too much";
}

void print_verdicts(const struct verdicts *verdicts)
{
    if (verdicts->count)
        putchar('\n');
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct li_report_verdict *v = &verdicts->verdict[i];
        char value[SIZE_TEXT], limit[SIZE_TEXT], left[SIZE_TEXT];

        budget_value_text(v->kind, v->value, value);
        if (!v->known) {
            printf("budget %s: %s; there is no image to compare it with\n",
                   li_report_budget_name(v->kind),
                   li_report_budget_is_least(v->kind) ? "-" : value);
            continue;
        }
        printf("budget %s: %s of %s %s, %s %s\n", li_report_budget_name(v->kind), value,
               li_report_budget_is_least(v->kind) ? "at least" : "at most",
               budget_value_text(v->kind, v->limit, limit),
               budget_value_text(v->kind, fabs(v->left), left), room_text(v));
    }
}

json_t *verdicts_json(const struct verdicts *verdicts)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < verdicts->count; i++) {
        const struct li_report_verdict *v = &verdicts->verdict[i];
        json_t *row = json_pack("{s:s, s:b, s:f, s:o, s:o}", "budget",
                                li_report_budget_name(v->kind), "met", v->met, "value", v->value,
                                "limit", v->known ? json_real(v->limit) : json_null(), "left",
                                v->known ? json_real(v->left) : json_null());

        if (!row || json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

int verdict_code(const struct verdicts *verdicts)
{
    if (verdicts->broken == 0)
        return EXIT_DONE;
    fflush(stdout);
    fprintf(stderr, "lambdaimg: over budget:");
    for (size_t i = 0; i < verdicts->count; i++)
        if (!verdicts->verdict[i].met)
            fprintf(stderr, " %s", li_report_budget_name(verdicts->verdict[i].kind));
    fputc('\n', stderr);
    return EXIT_SAID_NO;
}
