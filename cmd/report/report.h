/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of reports. */
#ifndef LI_CMD_REPORT_REPORT_H
#define LI_CMD_REPORT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "report/report.h"

/* The version of the JSON that reports print. Members may be added without a new version. */
enum { REPORT_FORMAT = 1 };

/* common.c */

/* The columns of standard output if that is a terminal, else 0. */
unsigned terminal_width(void);

/* Prints two blanks and a bar for PART of WHOLE, at most WIDTH columns; nothing if either is 0. */
void print_bar(uint64_t part, uint64_t whole, unsigned width);

/* PART of WHOLE in percent; 0 if WHOLE is 0. */
double percent(uint64_t part, uint64_t whole);

/* A time of the library's, as seconds since 1970 in JSON; null if there is none. */
json_t *time_json(int64_t nanoseconds);

/* The same as text, "-" if there is none. */
enum { TIME_TEXT = 32 };
const char *store_time_text(int64_t nanoseconds, char text[TIME_TEXT]);

/* A sum in JSON: {"chunks": ..., "bytes": ...}; NULL if memory ran out. */
json_t *sum_json(const struct li_report_sum *sum);

/* repository_json.c: prints the report of the repository at ADDRESS on standard output. */
int print_repository_json(const struct li_report *report, const char *address,
                          struct li_error *err);

/* repository_text.c: the same as text. */
int print_repository_text(const struct li_report *report, const char *address,
                          struct li_error *err);

#endif
