/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report on an image as Markdown, for a comment on a merge request or the summary of a job.
 *
 * A path may hold anything. It is told as code: an HTML element within which each character that
 * could mean something, in HTML or in Markdown, is a numeric reference. Backticks would not do,
 * because no table can hold a '|' between them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/report/report.h"

enum { ROWS = 10 };

/* Letters, digits and what else no Markdown gives a meaning to within a word. A '.' is not among
 * them: GitHub makes a link of www.example.com. */
static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c >= 0x80 || c == ' ' || c == '/' || c == '-' || c == ',';
}

void print_markdown_code(const char *path)
{
    char *text = path_text(path);

    fputs("<code>", stdout);
    for (const char *p = text ? text : "?"; *p; p++) {
        if (is_plain((unsigned char)*p))
            putchar(*p);
        else
            printf("&#%d;", (unsigned char)*p);
    }
    fputs("</code>", stdout);
    free(text);
}

void print_markdown_budgets(const struct verdicts *verdicts)
{
    if (verdicts->count == 0)
        return;
    printf("\n| budget | | value | limit | left |\n|---|---|---:|---:|---:|\n");
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct li_report_verdict *v = &verdicts->verdict[i];
        char value[SIZE_TEXT], limit[SIZE_TEXT] = "-", left[SIZE_TEXT] = "-";

        budget_value_text(v->kind, v->value, value);
        if (v->known) {
            budget_value_text(v->kind, v->limit, limit);
            budget_value_text(v->kind, v->left < 0 ? -v->left : v->left, left);
        }
        printf("| %s | %s | %s | %s | %s%s |\n", li_report_budget_name(v->kind),
               v->met ? "met" : "**broken**", value, limit, v->left < 0 ? "-" : "", left);
    }
}

static void print_layers(const struct li_blame *blame)
{
    char size[SIZE_TEXT];

    printf("\n| new chunks | bytes | layer |\n|---:|---:|---|\n");
    for (size_t i = 0; i < blame->layers; i++) {
        const struct li_blame_layer *layer = &blame->layer[i];

        if (layer->fresh.chunks == 0)
            continue;
        printf("| %llu | %s | %zu ", (unsigned long long)layer->fresh.chunks,
               size_text(layer->fresh.bytes, size), i);
        if (layer->created_by) {
            char *line = line_text(layer->created_by);

            print_markdown_code(line ? line : "?");
            free(line);
        }
        printf(" |\n");
    }
    if (blame->metadata.chunks)
        printf("| %llu | %s | metadata of the file system |\n",
               (unsigned long long)blame->metadata.chunks, size_text(blame->metadata.bytes, size));
}

static void print_files(const struct li_blame *blame)
{
    size_t rows = blame->files < ROWS ? blame->files : ROWS;
    uint64_t others = blame->files - rows + blame->files_left_out;
    char size[SIZE_TEXT];

    if (rows == 0)
        return;
    printf("\n| bytes | file |\n|---:|---|\n");
    for (size_t i = 0; i < rows; i++) {
        printf("| %s | ", size_text(blame->file[i].fresh.bytes, size));
        print_markdown_code(blame->file[i].path);
        if (blame->file[i].change == LI_BLAME_SAME)
            printf(" the same as before");
        if (blame->file[i].dragged)
            printf(" and %s of its neighbours", size_text(blame->file[i].dragged, size));
        printf(" |\n");
    }
    if (others)
        printf("\nand %llu more file%s\n", (unsigned long long)others, li_text_s(others));
}

void print_image_markdown(const struct image_report *r, const struct verdicts *verdicts)
{
    const struct li_image_report *report = &r->report;
    char name[REFERENCE_TEXT], size[SIZE_TEXT];
    uint64_t used = report->chunks[LI_COST_KNOWN] + report->chunks[LI_COST_REPEATED] +
                    report->chunks[LI_COST_NEW];

    printf("### ");
    print_markdown_code(reference_text(&r->reference, name));
    printf(": %llu new of %llu chunk%s, %s\n", (unsigned long long)report->fresh.chunks,
           (unsigned long long)used, li_text_s(used), size_text(report->fresh.bytes, size));
    if (report->base.there) {
        printf("\nCompared with ");
        print_markdown_code(base_text(r, name));
        printf(": %llu of its %llu chunk%s remain, %llu other%s come in.\n",
               (unsigned long long)report->base.common, (unsigned long long)report->base.chunks,
               li_text_s(report->base.chunks), (unsigned long long)report->base.changed,
               li_text_s(report->base.changed));
    }
    print_markdown_budgets(verdicts);
    if (report->fresh.chunks > 0) {
        print_layers(&report->blame);
        print_packages_markdown(&report->blame);
        print_files(&report->blame);
    }
    print_waste_markdown(&report->waste);
}
