/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a repository as Markdown. Long lists are cut, and say so; the JSON has all. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cmd/report/report.h"

enum { ROWS = 20 };

static void print_sum(const char *label, const struct li_report_sum *sum)
{
    char size[SIZE_TEXT];

    printf("| %s | %llu | %s |\n", label, (unsigned long long)sum->chunks,
           size_text(sum->bytes, size));
}

static void print_totals(const struct li_report *report)
{
    char size[SIZE_TEXT];

    printf("\n| | chunks | bytes |\n|---|---:|---:|\n");
    print_sum("stored", &report->stored);
    print_sum("used: a tag has them", &report->used);
    print_sum("unused: only pushes without a tag have them", &report->unused);
    print_sum("stray: no push has them", &report->stray);
    printf("| other objects | | %s |\n", size_text(report->others, size));
    if (report->missing)
        printf("| **missing in the store** | %llu | |\n", (unsigned long long)report->missing);
}

/* The push of an image; NULL if it cannot be read. */
static const struct li_report_push *push_of(const struct li_report *report,
                                            const struct li_report_image *image)
{
    const struct li_report_push *push = image->push == SIZE_MAX ? NULL : &report->push[image->push];

    return push && push->readable ? push : NULL;
}

/* Those that would free most come first; then by name, as they are sorted already. */
static int compare(const void *a, const void *b, void *arg)
{
    const struct li_report_image *x = *(const struct li_report_image *const *)a;
    const struct li_report_image *y = *(const struct li_report_image *const *)b;
    const struct li_report_push *px = push_of(arg, x), *py = push_of(arg, y);
    uint64_t ux = px ? px->unique.bytes : UINT64_MAX, uy = py ? py->unique.bytes : UINT64_MAX;

    if (ux != uy)
        return ux < uy ? 1 : -1;
    return x < y ? -1 : x > y;
}

static void print_image(const struct li_report *report, const struct li_report_image *image)
{
    const struct li_report_push *push = push_of(report, image);
    char when[TIME_TEXT], all[SIZE_TEXT], unique[SIZE_TEXT];

    printf("| ");
    print_markdown_code(image->reference);
    if (push)
        printf(" | %s | %llu | %s | %s |\n", store_time_text(push->time, when),
               (unsigned long long)push->all.chunks, size_text(push->all.bytes, all),
               size_text(push->unique.bytes, unique));
    else
        printf(" | **cannot be read** | | | |\n");
}

static int print_images(const struct li_report *report, struct li_error *err)
{
    const struct li_report_image **image = malloc((report->images + 1) * sizeof(*image));
    size_t more = report->images > ROWS ? report->images - ROWS : 0;

    if (!image)
        return li_fail_memory(err);
    for (size_t i = 0; i < report->images; i++)
        image[i] = &report->image[i];
    if (report->images) {
        qsort_r(image, report->images, sizeof(*image), compare, (void *)(uintptr_t)report);
        printf("\n| image | pushed | chunks | bytes | unique |\n|---|---|---:|---:|---:|\n");
    }
    for (size_t i = 0; i < report->images - more; i++)
        print_image(report, image[i]);
    if (more)
        printf("\nand %zu more image%s\n", more, li_text_s(more));
    free(image);
    return 0;
}

int print_repository_markdown(const struct li_report *report, const char *address,
                              const struct verdicts *verdicts, struct li_error *err)
{
    char apart[SIZE_TEXT], used[SIZE_TEXT];

    printf("### ");
    print_markdown_code(address);
    printf(": %zu image%s, %zu push%s\n", report->images, li_text_s(report->images), report->pushes,
           report->pushes == 1 ? "" : "es");
    if (report->used.bytes)
        printf("\nDeduplication: %.2f. The images would take %s if each were stored alone, and "
               "take %s together.\n",
               (double)report->apart.bytes / (double)report->used.bytes,
               size_text(report->apart.bytes, apart), size_text(report->used.bytes, used));
    print_markdown_budgets(verdicts);
    print_totals(report);
    return print_images(report, err);
}
