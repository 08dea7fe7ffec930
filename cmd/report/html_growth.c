/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The growth of a repository: the bytes of all chunks that the pushes brought, by the times of the
 * store. Labels stand outside of the image, so that they stay readable on a small screen.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/common/context.h"
#include "cmd/report/html.h"

enum { WIDTH = 1000, HEIGHT = 240 };

/* The first and the last push with a time. */
static bool find_ends(const struct li_report *report, int64_t *first, int64_t *last)
{
    bool found = false;

    for (size_t i = 0; i < report->pushes; i++) {
        int64_t time = report->push[i].time;

        if (time == LI_STORE_NO_TIME)
            continue;
        *first = found ? *first : time;
        *last = time;
        found = true;
    }
    return found;
}

/* The path of the steps, and where it ends. A column of the image has one step at most. */
static void put_steps(FILE *to, const struct li_report *report, int64_t first, int64_t last,
                      uint64_t all)
{
    double span = last > first ? (double)(last - first) : 1, drawn = -1, x = 0;
    uint64_t total = 0;

    fprintf(to, "M0 %d", HEIGHT);
    for (size_t i = 0; i < report->pushes; i++) {
        int64_t time = report->push[i].time;

        total += report->push[i].fresh.bytes;
        if (time != LI_STORE_NO_TIME)
            x = last > first ? WIDTH * (double)(time - first) / span : 0;
        if (x - drawn < 1 && i + 1 < report->pushes)
            continue;
        fprintf(to, "H%.1fV%.1f", x, HEIGHT - HEIGHT * (double)total / (double)all);
        drawn = x;
    }
    fprintf(to, "H%d", WIDTH);
}

void html_growth(FILE *to, const struct li_report *report)
{
    char from[TIME_TEXT], until[TIME_TEXT], size[SIZE_TEXT];
    int64_t first = 0, last = 0;
    uint64_t all = 0;

    for (size_t i = 0; i < report->pushes; i++)
        all += report->push[i].fresh.bytes;
    if (all == 0 || !find_ends(report, &first, &last)) {
        fputs("<p>The store does not say when its pushes were made.</p>\n", to);
        return;
    }
    store_time_text(first, from);
    store_time_text(last, until);
    fprintf(to,
            "<figure>\n<figcaption><span>%s</span></figcaption>\n<div class=\"plot\">\n"
            "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"Bytes of all pushed chunks, from %s to %s\">\n<path class=\"area\" d=\"",
            size_text(all, size), WIDTH, HEIGHT, from, until);
    put_steps(to, report, first, last, all);
    fprintf(to, "V%dZ\"/>\n<path class=\"curve\" d=\"", HEIGHT);
    put_steps(to, report, first, last, all);
    fprintf(to,
            "\"/>\n</svg>\n</div>\n<figcaption><span>%s</span><span>%s</span></figcaption>\n"
            "</figure>\n",
            from, until);
}
