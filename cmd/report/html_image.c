/* SPDX-License-Identifier: Apache-2.0 */
/* The page about an image that could be pushed. */
#include <stdlib.h>

#include "base/text.h"
#include "cmd/common/context.h"
#include "cmd/report/html.h"

enum { ROWS = 100, WASTE_ROWS = 30 };

static size_t at_most(size_t count)
{
    return count < ROWS ? count : ROWS;
}

static void put_facts(FILE *to, const struct image_report *r)
{
    const struct li_image_report *report = &r->report;
    uint64_t used = report->chunks[LI_COST_KNOWN] + report->chunks[LI_COST_REPEATED] +
                    report->chunks[LI_COST_NEW];
    char text[64], size[SIZE_TEXT];

    html_facts_begin(to);
    html_fact(to, size_text(report->fresh.bytes, size), "new bytes as stored");
    snprintf(text, sizeof(text), "%llu of %llu (%.1f %%)", (unsigned long long)report->fresh.chunks,
             (unsigned long long)used, percent(report->fresh.chunks, used));
    html_fact(to, text, "new chunks");
    snprintf(text, sizeof(text), "%llu", (unsigned long long)report->requests);
    html_fact(to, text, "objects that a push writes");
    html_fact(to, size_text(report->sent, size), "bytes that a push writes");
    snprintf(text, sizeof(text), "%s (%.1f %%)", size_text(report->waste.bytes, size),
             percent(report->waste.bytes, report->waste.whole));
    html_fact(to, text, "waste");
    html_facts_end(to);
}

static void put_chunks(FILE *to, const uint64_t chunks[LI_COST_KINDS])
{
    fprintf(
        to,
        "<p>Its chunks: %llu new, %llu known to the repository, %llu repeated within the image, "
        "%llu all zeros.</p>\n",
        (unsigned long long)chunks[LI_COST_NEW], (unsigned long long)chunks[LI_COST_KNOWN],
        (unsigned long long)chunks[LI_COST_REPEATED], (unsigned long long)chunks[LI_COST_ZEROS]);
}

static void put_base(FILE *to, const struct image_report *r)
{
    const struct li_report_base *base = &r->report.base;
    char name[REFERENCE_TEXT];

    if (!base->there) {
        fputs("<p>There is no other image of that name to compare it with.</p>\n", to);
        return;
    }
    fputs("<p>Compared with ", to);
    html_code(to, base_text(r, name));
    fprintf(to, ": %llu of its %llu chunk%s remain, %llu other%s come in.</p>\n",
            (unsigned long long)base->common, (unsigned long long)base->chunks,
            li_text_s(base->chunks), (unsigned long long)base->changed, li_text_s(base->changed));
}

static void put_created_by(FILE *to, const char *command)
{
    char *line = command ? line_text(command) : NULL;

    if (command)
        html_code(to, line ? line : "?");
    free(line);
}

static void put_layers(FILE *to, const struct li_blame *blame)
{
    html_table_begin(to, "New chunks and their bytes by layer, the lowest first",
                     "#Layer|#Chunks|#Bytes|Share|Made by");
    for (size_t i = 0; i < blame->layers; i++) {
        const struct li_blame_layer *layer = &blame->layer[i];

        fputs("<tr>", to);
        html_number(to, i);
        html_number(to, layer->fresh.chunks);
        html_size(to, layer->fresh.bytes);
        html_share(to, layer->fresh.bytes, blame->fresh.bytes);
        fputs("<td>", to);
        put_created_by(to, layer->created_by);
        fputs("</td></tr>\n", to);
    }
    fputs("<tr><td class=\"n\">-</td>", to);
    html_number(to, blame->metadata.chunks);
    html_size(to, blame->metadata.bytes);
    html_share(to, blame->metadata.bytes, blame->fresh.bytes);
    fputs("<td>metadata of the file system</td></tr>\n", to);
    html_table_end(to, 0, "");
}

static void put_package_row(FILE *to, const struct li_blame *blame,
                            const struct li_report_sum *fresh)
{
    fputs("<tr>", to);
    html_number(to, fresh->chunks);
    html_size(to, fresh->bytes);
    html_share(to, fresh->bytes, blame->fresh.bytes);
}

static void put_packages(FILE *to, const struct li_blame *blame)
{
    const struct li_packages *packages = &blame->packages;
    size_t rows = at_most(packages->packages);

    html_table_begin(to, "New chunks and their bytes by package",
                     "#Chunks|#Bytes|Share|Kind|Package");
    for (size_t i = 0; i < rows; i++) {
        const struct li_package *package = &packages->package[i];

        put_package_row(to, blame, &package->fresh);
        fprintf(to, "<td>%s</td><td>", li_package_kind_name(package->kind));
        html_code(to, package->name);
        fputc(' ', to);
        html_code(to, package->version);
        fputs("</td></tr>\n", to);
    }
    put_package_row(to, blame, &packages->none);
    fputs("<td>-</td><td>no package</td></tr>\n", to);
    html_table_end(to, packages->packages - rows + packages->packages_left_out, "package");
    for (size_t i = 0; i < packages->notes; i++) {
        fputs("<p class=\"muted\">not read: ", to);
        html_code(to, packages->note[i]);
        fputs("</p>\n", to);
    }
    if (packages->notes_left_out)
        fprintf(to, "<p class=\"muted\">and %llu more</p>\n",
                (unsigned long long)packages->notes_left_out);
}

static void put_directories(FILE *to, const struct li_blame *blame)
{
    html_treemap(to, blame);
    html_table_begin(to, "New bytes by directory", "#Files|#Bytes|Share|Directory");
    for (size_t i = 0; i < blame->directories; i++) {
        const struct li_blame_directory *row = &blame->directory[i];

        fprintf(to, "<tr id=\"directory-%zu\">", i);
        html_number(to, row->files);
        html_size(to, row->bytes);
        html_share(to, row->bytes, blame->fresh.bytes);
        fputs("<td>", to);
        html_code(to, row->path);
        fputs("</td></tr>\n", to);
    }
    html_table_end(to, 0, "");
}

static const char *change_text(enum li_blame_change change)
{
    return change == LI_BLAME_SAME ? "same" : change == LI_BLAME_CHANGED ? "changed" : "-";
}

static void put_files(FILE *to, const struct li_blame *blame)
{
    size_t rows = at_most(blame->files);

    html_table_begin(
        to, "New bytes by file; neighbours are files that are the same and share its chunks",
        "#Bytes|#Neighbours|Share|#Layer|Contents|File");
    for (size_t i = 0; i < rows; i++) {
        const struct li_blame_file *file = &blame->file[i];

        fputs("<tr>", to);
        html_size(to, file->fresh.bytes);
        html_size(to, file->dragged);
        html_share(to, file->fresh.bytes, blame->fresh.bytes);
        html_number(to, file->layer);
        fprintf(to, "<td>%s</td><td>", change_text(file->change));
        html_code(to, file->path);
        fputs("</td></tr>\n", to);
    }
    html_table_end(to, blame->files - rows + blame->files_left_out, "file");
}

static void put_waste_sums(FILE *to, const struct li_waste *waste)
{
    char size[SIZE_TEXT];

    for (int i = 0; i < LI_WASTE_KINDS; i++)
        if (waste->of[i].files)
            fprintf(to, "<p>%s: %llu file%s, %s</p>\n", li_waste_kind_name((enum li_waste_kind)i),
                    (unsigned long long)waste->of[i].files, li_text_s(waste->of[i].files),
                    size_text(waste->of[i].bytes, size));
}

static void put_waste(FILE *to, const struct li_waste *waste)
{
    size_t rows = waste->files < WASTE_ROWS ? waste->files : WASTE_ROWS;

    if (waste->files == 0) {
        fputs("<p>There is none.</p>\n", to);
        return;
    }
    put_waste_sums(to, waste);
    html_table_begin(to,
                     "Files that a later layer hides, that a build left behind, or that repeat "
                     "the contents of another",
                     "#Bytes|#Layer|Waste|File");
    for (size_t i = 0; i < rows; i++) {
        const struct li_waste_file *file = &waste->file[i];

        fputs("<tr>", to);
        html_size(to, file->size);
        html_number(to, file->layer);
        fprintf(to, "<td>%s</td><td>", li_waste_kind_name(file->kind));
        html_code(to, file->path);
        fputs("</td></tr>\n", to);
    }
    html_table_end(to, waste->files - rows + waste->files_left_out, "file");
}

enum { BUDGETS, LAYERS, DIRECTORIES, PACKAGES, FILES, WASTE, SECTIONS };

static const struct html_section sections[SECTIONS] = {
    [BUDGETS] = {"budgets", "Budgets"}, [LAYERS] = {"layers", "Layers"},
    [DIRECTORIES] = {"paths", "Paths"}, [PACKAGES] = {"packages", "Packages"},
    [FILES] = {"files", "Files"},       [WASTE] = {"waste", "Waste"}};

static void put_section(FILE *to, int which, void (*put)(FILE *to, const struct li_blame *blame),
                        const struct li_blame *blame)
{
    html_section_begin(to, &sections[which]);
    if (blame->fresh.chunks > 0)
        put(to, blame);
    else
        fputs("<p>Nothing is new.</p>\n", to);
    html_section_end(to);
}

void put_image_html(FILE *to, const struct image_report *r, const struct verdicts *verdicts)
{
    const struct li_blame *blame = &r->report.blame;
    char name[REFERENCE_TEXT];

    html_begin(to, "Report on", reference_text(&r->reference, name));
    fputs("<p>From ", to);
    html_code(to, image_text(r->path));
    fputs(" to ", to);
    html_code(to, r->address);
    fputs("</p>\n", to);
    put_facts(to, r);
    put_chunks(to, r->report.chunks);
    put_base(to, r);
    html_sections(to, sections, SECTIONS);
    html_section_begin(to, &sections[BUDGETS]);
    html_budgets(to, verdicts);
    html_section_end(to);
    put_section(to, LAYERS, put_layers, blame);
    put_section(to, DIRECTORIES, put_directories, blame);
    put_section(to, PACKAGES, put_packages, blame);
    put_section(to, FILES, put_files, blame);
    html_section_begin(to, &sections[WASTE]);
    put_waste(to, &r->report.waste);
    html_section_end(to);
    html_end(to);
}
