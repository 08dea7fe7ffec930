/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a repository for people. Long lists are cut, and say so; the JSON has all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/common/context.h"
#include "cmd/report/report.h"

enum { PAIRS_MAX = 20, DAYS_MAX = 31, TABLE = 84 /* columns before a bar */, LEAST_BAR = 8 };

static unsigned bar_width(void)
{
    unsigned width = terminal_width();

    return width >= TABLE + LEAST_BAR ? width - TABLE : 0;
}

static void print_sum(const char *label, const struct li_report_sum *sum, const char *what)
{
    char size[SIZE_TEXT];

    printf("%-8s %10llu chunk%s %11s  %s\n", label, (unsigned long long)sum->chunks,
           sum->chunks == 1 ? " " : "s", size_text(sum->bytes, size), what);
}

static void print_totals(const struct li_report *report, const char *address)
{
    char size[SIZE_TEXT];

    print_shown(stdout, address);
    printf(": %zu image%s, %zu push%s\n\n", report->images, li_text_s(report->images),
           report->pushes, report->pushes == 1 ? "" : "es");
    print_sum("stored", &report->stored, "all chunks");
    print_sum("used", &report->used, "that a tag has");
    print_sum("unused", &report->unused, "that only pushes without a tag have");
    print_sum("stray", &report->stray, "that no push has, and copies in other roots");
    printf("%-8s %17s %11s  manifests and the like\n", "other", "",
           size_text(report->others, size));
    if (report->missing)
        printf("missing  %10llu chunk%s that a tag has are not in the store\n",
               (unsigned long long)report->missing, li_text_s(report->missing));
    putchar('\n');
}

static void print_factor(const struct li_report *report)
{
    const struct li_report_spread *spread = &report->spread;
    char apart[SIZE_TEXT], used[SIZE_TEXT];

    if (report->used.bytes)
        printf("deduplication: %.2f; the images would take %s if each were stored alone, and take "
               "%s together\n",
               (double)report->apart.bytes / (double)report->used.bytes,
               size_text(report->apart.bytes, apart), size_text(report->used.bytes, used));
    if (spread->pushes == 0)
        return;
    printf("%zu of %zu pushes (%.1f %%) brought no new chunk", spread->nothing, spread->pushes,
           percent(spread->nothing, spread->pushes));
    if (spread->nothing < spread->pushes)
        printf("; of the others, %.1f %% of the chunks were new on average, %.1f %% in the median",
               100 * spread->mean, 100 * spread->median);
    putchar('\n');
}

static int name_width(const struct li_report *report)
{
    size_t width = strlen("IMAGE");

    for (size_t i = 0; i < report->images; i++)
        if (strlen(report->image[i].reference) > width)
            width = strlen(report->image[i].reference);
    return width < 32 ? (int)width : 32;
}

static void print_images(const struct li_report *report)
{
    int width = name_width(report);
    unsigned bar = bar_width();

    if (report->images)
        printf("\n%-*s  %-20s %9s %11s %11s %7s\n", width, "IMAGE", "PUSHED", "CHUNKS", "BYTES",
               "UNIQUE", "%");
    for (size_t i = 0; i < report->images; i++) {
        const struct li_report_image *image = &report->image[i];
        char when[TIME_TEXT], all[SIZE_TEXT], unique[SIZE_TEXT];
        const struct li_report_push *push;

        if (image->push == SIZE_MAX || !report->push[image->push].readable) {
            printf("%-*s  %-20s %9s %11s %11s %7s\n", width, image->reference, "-", "-", "-", "-",
                   "-");
            continue;
        }
        push = &report->push[image->push];
        printf("%-*s  %-20s %9llu %11s %11s %6.1f%%", width, image->reference,
               store_time_text(push->time, when), (unsigned long long)push->all.chunks,
               size_text(push->all.bytes, all), size_text(push->unique.bytes, unique),
               percent(push->unique.bytes, push->all.bytes));
        print_bar(push->unique.bytes, push->all.bytes, bar);
        putchar('\n');
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

struct pair {
    const struct li_report_name *a, *b;
    const struct li_report_sum *sum;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->sum->bytes != y->sum->bytes)
        return x->sum->bytes < y->sum->bytes ? 1 : -1;
    return strcmp(x->a->name, y->a->name) ? strcmp(x->a->name, y->a->name)
                                          : strcmp(x->b->name, y->b->name);
}

static size_t list_pairs(const struct li_report *report, struct pair *pair)
{
    size_t count = 0;

    for (size_t i = 0; i < report->names; i++)
        for (size_t k = i + 1; k < report->names; k++)
            if (report->name[i].shared[k].chunks)
                pair[count++] =
                    (struct pair){&report->name[i], &report->name[k], &report->name[i].shared[k]};
    if (count)
        qsort(pair, count, sizeof(*pair), compare_pairs);
    return count;
}

static void print_sharing(const struct li_report *report)
{
    static struct pair pair[LI_REPORT_NAMES_MAX * LI_REPORT_NAMES_MAX / 2];
    size_t count = list_pairs(report, pair);

    if (count)
        printf("\nSHARED       CHUNKS       BYTES  BETWEEN\n");
    for (size_t i = 0; i < count && i < PAIRS_MAX; i++) {
        char size[SIZE_TEXT];

        printf("%19llu %11s  %s and %s: %.1f %% of the one, %.1f %% of the other\n",
               (unsigned long long)pair[i].sum->chunks, size_text(pair[i].sum->bytes, size),
               pair[i].a->name, pair[i].b->name,
               percent(pair[i].sum->bytes, pair[i].a->shared[pair[i].a - report->name].bytes),
               percent(pair[i].sum->bytes, pair[i].b->shared[pair[i].b - report->name].bytes));
    }
    if (count > PAIRS_MAX)
        printf("and %zu more pairs of names\n", count - PAIRS_MAX);
    if (report->names_left_out)
        printf("%zu more name%s with fewer chunks are not compared\n", report->names_left_out,
               li_text_s(report->names_left_out));
}

/* ---- growth ---------------------------------------------------------------------------------- */

struct day {
    char date[TIME_TEXT];
    size_t pushes;
    uint64_t fresh, total; /* bytes */
};

/* One row for each day with a push; the array has room for all pushes. */
static size_t list_days(const struct li_report *report, struct day *day)
{
    size_t count = 0;
    uint64_t total = 0;

    for (size_t i = 0; i < report->pushes; i++) {
        const struct li_report_push *push = &report->push[i];
        char date[TIME_TEXT];

        store_time_text(push->time, date);
        if (strlen(date) > 10)
            date[10] = '\0';
        if (count == 0 || strcmp(day[count - 1].date, date) != 0) {
            day[count] = (struct day){.pushes = 0};
            strcpy(day[count++].date, date);
        }
        total += push->fresh.bytes;
        day[count - 1].pushes++;
        day[count - 1].fresh += push->fresh.bytes;
        day[count - 1].total = total;
    }
    return count;
}

static int print_growth(const struct li_report *report, struct li_error *err)
{
    struct day *day = calloc(report->pushes + 1, sizeof(*day));
    size_t count = day ? list_days(report, day) : 0;
    unsigned bar = bar_width();

    if (!day)
        return li_fail_memory(err);
    if (count)
        printf("\nDAY         PUSHES         NEW       TOTAL  (by the times of the store's "
               "objects)\n");
    for (size_t i = count > DAYS_MAX ? count - DAYS_MAX : 0; i < count; i++) {
        char fresh[SIZE_TEXT], all[SIZE_TEXT];

        printf("%-10s %7zu %11s %11s", day[i].date, day[i].pushes, size_text(day[i].fresh, fresh),
               size_text(day[i].total, all));
        print_bar(day[i].total, day[count - 1].total, bar);
        putchar('\n');
    }
    free(day);
    return 0;
}

int print_repository_text(const struct li_report *report, const char *address, struct li_error *err)
{
    print_totals(report, address);
    print_factor(report);
    print_images(report);
    print_sharing(report);
    return print_growth(report, err);
}
