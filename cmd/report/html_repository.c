/* SPDX-License-Identifier: Apache-2.0 */
/* The pages about a repository, and about an image in it. */
#include <stdlib.h>

#include "base/text.h"
#include "cmd/common/context.h"
#include "cmd/report/html.h"

enum { ROWS = 1000, SHADES = 5 };

/* ---- figures --------------------------------------------------------------------------------- */

static void put_facts(FILE *to, const struct li_report *report)
{
    const struct li_report_spread *spread = &report->spread;
    char text[64], size[SIZE_TEXT];

    html_facts_begin(to);
    snprintf(text, sizeof(text), "%zu", report->images);
    html_fact(to, text, "images");
    snprintf(text, sizeof(text), "%zu", report->pushes);
    html_fact(to, text, "pushes");
    html_fact(to, size_text(report->stored.bytes, size), "all chunks");
    html_fact(to, size_text(report->apart.bytes, size), "if each image were stored alone");
    if (report->used.bytes) {
        snprintf(text, sizeof(text), "%.2f",
                 (double)report->apart.bytes / (double)report->used.bytes);
        html_fact(to, text, "deduplication factor");
    }
    snprintf(text, sizeof(text), "%.1f %%", percent(spread->nothing, spread->pushes));
    html_fact(to, text, "pushes that brought no new chunk");
    html_facts_end(to);
    if (report->unreadable)
        fprintf(to, "<p class=\"bad\">%zu image%s or manifest%s cannot be read.</p>\n",
                report->unreadable, li_text_s(report->unreadable), li_text_s(report->unreadable));
    if (report->missing)
        fprintf(to, "<p class=\"bad\">%llu chunk%s that a tag has are not in the store.</p>\n",
                (unsigned long long)report->missing, li_text_s(report->missing));
}

static void put_sum(FILE *to, const struct li_report_sum *sum, uint64_t whole, const char *what)
{
    fputs("<tr>", to);
    html_number(to, sum->chunks);
    html_size(to, sum->bytes);
    html_share(to, sum->bytes, whole);
    fprintf(to, "<td>%s</td></tr>\n", what);
}

static void put_totals(FILE *to, const struct li_report *report)
{
    uint64_t whole = report->stored.bytes;

    html_table_begin(to, "All chunks in the store", "#Chunks|#Bytes|Share|What");
    put_sum(to, &report->used, whole, "used: a tag has them");
    put_sum(to, &report->unused, whole, "unused: only pushes without a tag have them");
    put_sum(to, &report->stray, whole, "stray: no push has them, or copies in other roots");
    html_table_end(to, 0, "");
}

/* ---- images ---------------------------------------------------------------------------------- */

static void put_image_row(FILE *to, const struct li_report *report,
                          const struct li_report_image *image)
{
    const struct li_report_push *push = image->push == SIZE_MAX ? NULL : &report->push[image->push];
    char when[TIME_TEXT];

    fputs("<tr><th scope=\"row\">", to);
    html_code(to, image->reference);
    fputs("</th>", to);
    if (!push || !push->readable) {
        fputs("<td class=\"bad\" colspan=\"5\">cannot be read</td></tr>\n", to);
        return;
    }
    html_number(to, push->all.chunks);
    html_size(to, push->all.bytes);
    html_size(to, push->unique.bytes);
    html_share(to, push->unique.bytes, push->all.bytes);
    fprintf(to, "<td class=\"n\">%s</td></tr>\n", store_time_text(push->time, when));
}

static void put_images(FILE *to, const struct li_report *report)
{
    size_t rows = report->images < ROWS ? report->images : ROWS;

    if (rows == 0) {
        fputs("<p>There is none.</p>\n", to);
        return;
    }
    html_table_begin(to, "What each image has, and what no other image has",
                     "Image|#Chunks|#Bytes|#Unique|Share|#Pushed");
    for (size_t i = 0; i < rows; i++)
        put_image_row(to, report, &report->image[i]);
    html_table_end(to, report->images - rows, "image");
}

/* ---- sharing --------------------------------------------------------------------------------- */

static void put_shared(FILE *to, const struct li_report_name *name, size_t i, size_t k)
{
    double share = percent(name->shared[k].bytes, name->shared[i].bytes);
    int shade = (int)(share * (SHADES - 1) / 100 + 0.5);

    if (i == k)
        fputs("<td>-</td>", to);
    else
        fprintf(to, "<td class=\"s%d\">%.0f&#8239;%%</td>", shade < SHADES ? shade : SHADES - 1,
                share);
}

static void put_sharing(FILE *to, const struct li_report *report)
{
    if (report->names == 0) {
        fputs("<p>There is nothing to compare.</p>\n", to);
        return;
    }
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Sharing matrix\">\n"
          "<table class=\"matrix\">\n<caption>How much of the bytes of a row's name the column's "
          "name has, too</caption>\n<thead>\n<tr><th scope=\"col\">Name</th>",
          to);
    for (size_t k = 0; k < report->names; k++) {
        fprintf(to, "<th scope=\"col\"><abbr title=\"");
        html_text(to, report->name[k].name);
        fprintf(to, "\">%zu</abbr></th>", k + 1);
    }
    fputs("</tr>\n</thead>\n<tbody>\n", to);
    for (size_t i = 0; i < report->names; i++) {
        fprintf(to, "<tr><th scope=\"row\">%zu ", i + 1);
        html_code(to, report->name[i].name);
        fputs("</th>", to);
        for (size_t k = 0; k < report->names; k++)
            put_shared(to, &report->name[i], i, k);
        fputs("</tr>\n", to);
    }
    html_table_end(to, report->names_left_out, "name");
}

/* ---- pages ----------------------------------------------------------------------------------- */

enum { BUDGETS, STORED, IMAGES, SHARING, GROWTH, SECTIONS };

static const struct html_section sections[SECTIONS] = {[BUDGETS] = {"budgets", "Budgets"},
                                                       [STORED] = {"stored", "Stored"},
                                                       [IMAGES] = {"images", "Images"},
                                                       [SHARING] = {"sharing", "Sharing"},
                                                       [GROWTH] = {"growth", "Growth"}};

void put_repository_html(FILE *to, const struct li_report *report, const char *address,
                         const struct verdicts *verdicts)
{
    static void (*const put[SECTIONS])(FILE *, const struct li_report *) = {[STORED] = put_totals,
                                                                            [IMAGES] = put_images,
                                                                            [SHARING] = put_sharing,
                                                                            [GROWTH] = html_growth};

    html_begin(to, "Report on", address);
    put_facts(to, report);
    html_sections(to, sections, SECTIONS);
    for (size_t i = 0; i < SECTIONS; i++) {
        html_section_begin(to, &sections[i]);
        if (put[i])
            put[i](to, report);
        else
            html_budgets(to, verdicts);
        html_section_end(to);
    }
    html_end(to);
}

static void put_changes(FILE *to, const struct stored_report *r)
{
    size_t rows = r->files < ROWS ? r->files : ROWS;

    if (!r->base_name)
        fputs("<p>There is no earlier image of that name to compare it with.</p>\n", to);
    if (r->keyless.code != 0) {
        fputs("<p>Its files are not told, because no key fits: ", to);
        html_text(to, r->keyless.text);
        fputs("</p>\n", to);
    }
    if (!r->compared)
        return;
    fputs("<p>Compared with ", to);
    html_code(to, image_text(r->base_name));
    fprintf(to, ": %llu of its chunks remain, %llu other%s come in.</p>\n",
            (unsigned long long)r->result.common, (unsigned long long)r->result.fresh.chunks,
            li_text_s(r->result.fresh.chunks));
    if (rows == 0)
        return;
    html_table_begin(to, "Files that changed, and their part of these chunks before compression",
                     "#Chunks|#Bytes|Share|Change|File");
    for (size_t i = 0; i < rows; i++) {
        const struct stored_file *file = &r->file[i];

        fputs("<tr>", to);
        html_number(to, file->cost.chunks);
        html_size(to, file->cost.bytes);
        html_share(to, file->cost.bytes, r->result.fresh.bytes);
        fprintf(to, "<td>%s</td><td>", file->kind == LI_DIFF_ADDED ? "added" : "changed");
        html_code(to, file->path);
        fputs("</td></tr>\n", to);
    }
    html_table_end(to, r->files - rows, "file");
}

void put_stored_html(FILE *to, const struct stored_report *r)
{
    const struct li_report_push *push = r->push;
    const struct li_report_sum others = {push->all.chunks - push->unique.chunks,
                                         push->all.bytes - push->unique.bytes};
    char when[TIME_TEXT];

    html_begin(to, "Report on", r->name);
    fputs("<p>In ", to);
    html_code(to, r->address);
    fprintf(to, ", pushed %s</p>\n", store_time_text(push->time, when));
    if (push->missing)
        fprintf(to, "<p class=\"bad\">%llu of its chunks %s not in the store.</p>\n",
                (unsigned long long)push->missing, push->missing == 1 ? "is" : "are");
    html_table_begin(to, "Its chunks, and their bytes as stored", "#Chunks|#Bytes|Share|What");
    put_sum(to, &push->all, push->all.bytes, "all");
    put_sum(to, &push->unique, push->all.bytes, "unique: no other tag has them");
    put_sum(to, &others, push->all.bytes, "shared: another tag has them");
    put_sum(to, &push->fresh, push->all.bytes, "new: no earlier push had them");
    html_table_end(to, 0, "");
    put_changes(to, r);
    html_end(to);
}
