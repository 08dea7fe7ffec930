/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
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

int json_add(json_t *list, json_t *row, struct li_error *err)
{
    if (row && json_array_append_new(list, row) == 0)
        return 0;
    return li_fail_memory(err);
}

void print_column(uint64_t part, uint64_t whole, unsigned width)
{
    double full = whole ? (double)part / (double)whole * width : 0;

    for (unsigned i = 0; i < width; i++)
        putchar(i < full ? '#' : ' ');
    fputs("  ", stdout);
}

const char *reference_text(const struct li_reference *reference, char text[REFERENCE_TEXT])
{
    char id[2 * LI_ID_SIZE + 1];

    snprintf(text, REFERENCE_TEXT, "%s%s%s", reference->name, reference->pinned ? "@" : ":",
             reference->pinned ? id_text(reference->id, id) : reference->tag);
    return text;
}

char *line_text(const char *line)
{
    size_t len = 0;
    char *cut;

    for (size_t i = 0; i < LINE_MOST && line[len]; i++) {
        size_t step = li_text_visible(line + len);

        len += step ? step : 1;
    }
    if (!line[len])
        return strdup(line);
    return asprintf(&cut, "%.*s\u2026", (int)len, line) < 0 ? NULL : cut;
}

void print_path(FILE *to, const char *path)
{
    char *text = path_text(path);

    fputs(text ? text : "?", to);
    free(text);
}

int close_text(FILE *to, struct li_error *err)
{
    bool failed = ferror(to) != 0;

    if (fclose(to) != 0)
        failed = true;
    return failed ? li_fail_memory(err) : 0;
}

int write_file(const char *path, const void *text, size_t len, struct li_error *err)
{
    struct li_output *out = NULL;
    int rc = li_output_open(path, len, &out, err);

    if (rc == 0)
        rc = li_output_write(out, text, len, 0, err);
    if (rc == 0)
        rc = li_output_commit(out, err);
    li_output_free(out);
    return rc;
}
