/* SPDX-License-Identifier: Apache-2.0 */
/* The report on an image for people. Long lists are cut, and say so; the JSON has more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/common/context.h"
#include "cmd/report/report.h"

enum { FILES_SHOWN = 10, TABLE = 60 /* columns before a bar */, LEAST_BAR = 8 };

static unsigned bar_width(void)
{
    unsigned width = terminal_width();

    return width >= TABLE + LEAST_BAR ? LEAST_BAR : 0;
}

static uint64_t used_chunks(const struct li_image_report *report)
{
    return report->chunks[LI_COST_KNOWN] + report->chunks[LI_COST_REPEATED] +
           report->chunks[LI_COST_NEW];
}

static void print_totals(const struct image_report *r)
{
    const struct li_image_report *report = &r->report;
    uint64_t used = used_chunks(report);
    char name[REFERENCE_TEXT], size[SIZE_TEXT];

    print_shown(stdout, image_text(r->path));
    printf(" as %s in ", reference_text(&r->reference, name));
    print_shown(stdout, r->address);
    printf(": %llu chunk%s of 512 KiB\n\n", (unsigned long long)used, li_text_s(used));
    printf("new      %9llu  %5.1f %%  %s as stored\n", (unsigned long long)report->fresh.chunks,
           percent(report->fresh.chunks, used), size_text(report->fresh.bytes, size));
    printf("known    %9llu  %5.1f %%\n", (unsigned long long)report->chunks[LI_COST_KNOWN],
           percent(report->chunks[LI_COST_KNOWN], used));
    printf("repeated %9llu  %5.1f %%\n", (unsigned long long)report->chunks[LI_COST_REPEATED],
           percent(report->chunks[LI_COST_REPEATED], used));
    printf("zeros    %9llu           not stored\n\n",
           (unsigned long long)report->chunks[LI_COST_ZEROS]);
    printf("a push would write %llu objects, %s\n", (unsigned long long)report->requests,
           size_text(report->sent, size));
}

static void print_base(const struct image_report *r)
{
    const struct li_report_base *base = &r->report.base;
    char name[REFERENCE_TEXT];

    if (!base->there) {
        printf("there is no other image of that name to compare it with\n");
        return;
    }
    printf("compared with ");
    print_shown(stdout, base_text(r, name));
    printf(": %llu of its %llu chunk%s remain, %llu other%s come in\n",
           (unsigned long long)base->common, (unsigned long long)base->chunks,
           li_text_s(base->chunks), (unsigned long long)base->changed, li_text_s(base->changed));
}

static void print_share(const struct li_report_sum *sum, uint64_t whole)
{
    unsigned bar = bar_width();
    char size[SIZE_TEXT];

    printf("%9llu %11s %6.1f%%  ", (unsigned long long)sum->chunks, size_text(sum->bytes, size),
           percent(sum->bytes, whole));
    if (bar)
        print_column(sum->bytes, whole, bar);
}

static void print_layers(const struct li_blame *blame)
{
    printf("\n      NEW       BYTES       %%  LAYER\n");
    for (size_t i = 0; i < blame->layers; i++) {
        const struct li_blame_layer *layer = &blame->layer[i];

        if (layer->fresh.chunks == 0)
            continue;
        print_share(&layer->fresh, blame->fresh.bytes);
        printf("%zu", i);
        if (layer->created_by) {
            char *line = line_text(layer->created_by);

            fputs(": ", stdout);
            print_path(stdout, line ? line : "?");
            free(line);
        }
        putchar('\n');
    }
    if (blame->metadata.chunks) {
        print_share(&blame->metadata, blame->fresh.bytes);
        puts("metadata of the file system");
    }
}

static void print_directories(const struct li_blame *blame)
{
    if (blame->directories)
        printf("\n    FILES       BYTES       %%  DIRECTORY\n");
    for (size_t i = 0; i < blame->directories; i++) {
        const struct li_blame_directory *row = &blame->directory[i];

        print_share(&(struct li_report_sum){row->files, row->bytes}, blame->fresh.bytes);
        print_path(stdout, row->path);
        putchar('\n');
    }
}

static void print_files(const struct li_blame *blame)
{
    size_t shown = blame->files < FILES_SHOWN ? blame->files : FILES_SHOWN;
    uint64_t others = blame->files - shown + blame->files_left_out;
    char size[SIZE_TEXT];

    if (blame->files)
        printf("\n   CHUNKS       BYTES       %%  FILE\n");
    for (size_t i = 0; i < shown; i++) {
        const struct li_blame_file *file = &blame->file[i];

        print_share(&file->fresh, blame->fresh.bytes);
        print_path(stdout, file->path);
        if (file->change == LI_BLAME_SAME)
            fputs(" (the same as before)", stdout);
        if (file->dragged)
            printf(" (and %s of its neighbours)", size_text(file->dragged, size));
        putchar('\n');
    }
    if (others)
        printf("and %llu more file%s\n", (unsigned long long)others, li_text_s(others));
}

void print_image_text(const struct image_report *r)
{
    const struct li_blame *blame = &r->report.blame;

    print_totals(r);
    print_base(r);
    if (blame->fresh.chunks > 0) {
        print_layers(blame);
        print_packages_text(blame, print_share);
        print_directories(blame);
        print_files(blame);
    }
    print_waste_text(&r->report.waste);
}
