/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/common/context.h"
#include "cmd/report/report.h"

enum { NARROWEST = 20, USUAL = 80, WIDEST = 500 };

static const int64_t second = 1000000000;

unsigned terminal_width(void)
{
    struct winsize size = {.ws_col = 0};

    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return USUAL;
    if (size.ws_col < NARROWEST)
        return NARROWEST;
    return size.ws_col > WIDEST ? WIDEST : size.ws_col;
}

void print_bar(uint64_t part, uint64_t whole, unsigned width)
{
    double full = whole ? (double)part / (double)whole * width : 0;

    if (width && full > 0)
        fputs("  ", stdout);
    for (unsigned i = 0; i < width && i < full; i++)
        putchar('#');
}

double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

json_t *time_json(int64_t nanoseconds)
{
    return nanoseconds == LI_STORE_NO_TIME ? json_null() : json_integer(nanoseconds / second);
}

const char *store_time_text(int64_t nanoseconds, char text[TIME_TEXT])
{
    if (nanoseconds != LI_STORE_NO_TIME)
        return time_text(nanoseconds / second, text);
    snprintf(text, TIME_TEXT, "-");
    return text;
}

json_t *sum_json(const struct li_report_sum *sum)
{
    return json_pack("{s:I, s:I}", "chunks", (json_int_t)sum->chunks, "bytes",
                     (json_int_t)sum->bytes);
}
