/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of reports. */
#ifndef LI_CMD_REPORT_REPORT_H
#define LI_CMD_REPORT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/common/confine.h"
#include "cmd/common/context.h"
#include "flatten/flatten.h"
#include "report/budget.h"
#include "report/image.h"
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

/* Appends ROW, which may be NULL if memory ran out, to LIST, and takes ownership of it. */
int json_add(json_t *list, json_t *row, struct li_error *err);

/* A bar of exactly WIDTH columns, and two blanks. */
void print_column(uint64_t part, uint64_t whole, unsigned width);

/* "name:tag" or "name@ID". */
enum { REFERENCE_TEXT = LI_REFERENCE_NAME_MAX + LI_REFERENCE_TAG_MAX + 2 };
const char *reference_text(const struct li_reference *reference, char text[REFERENCE_TEXT]);

/* Prints a path_text(), or "?" if memory ran out. */
void print_path(FILE *to, const char *path);

/* The beginning of a line of an image's history, at most LINE_MOST characters and "…" for the rest:
 * a command that made a layer may be a whole script. The caller frees it. NULL if memory ran out.
 */
enum { LINE_MOST = 200 };
char *line_text(const char *line);

/* The file that budgets are found in. */
#define BUDGET_FILE ".lambdaimg-ci.json"

/* Zero-initialise it. */
struct budgets {
    struct li_report_budgets all;  /* what counts */
    struct li_report_budgets file; /* what the budget file says, */
    char *path;                    /* and its path, or NULL */
    double margin;                 /* percent, of --ratchet */
};

/* budgets.c: the budgets of the options and of the budget file, that of --budgets or the one that
 * is found by itself. CMD_EUSAGE for an option; LI_EINVALID for the file, and the file system's
 * failures. The caller calls free_budgets(), also after a failure. */
int find_budgets(const struct arguments *args, struct budgets *out, struct li_error *err);
void free_budgets(struct budgets *budgets);

/* Zero-initialise it. */
struct verdicts {
    struct li_report_verdict verdict[LI_BUDGETS];
    size_t count;
    size_t broken;
};

/* Adds the verdict on VALUE, if there is such a budget. BASE as in li_report_budget_judge(). */
void judge(const struct li_report_budgets *budgets, enum li_report_budget_kind kind, double value,
           double base, struct verdicts *out);

/* The same where there is no VALUE: the budget is met, and the verdict says that it is not known.
 */
void judge_nothing(const struct li_report_budgets *budgets, enum li_report_budget_kind kind,
                   struct verdicts *out);

/* A value in the unit of its budget. */
const char *budget_value_text(enum li_report_budget_kind kind, double value, char text[SIZE_TEXT]);

/* How they are told: on standard output, one line each; in JSON, NULL if memory ran out. */
void print_verdicts(const struct verdicts *verdicts);
json_t *verdicts_json(const struct verdicts *verdicts);

/* With --ratchet: adds the budget file to OUTPUTS. */
int allow_ratchet(const struct arguments *args, const struct budgets *budgets,
                  struct allowed *outputs, struct li_error *err);

/* With --ratchet: writes the budget file again with each budget that the option does not override
 * moved to what was found and a margin, if that is tighter and none is broken. */
int ratchet(const struct arguments *args, struct budgets *budgets, const struct verdicts *verdicts,
            struct li_error *err);

/* The exit code. Names the broken budgets on standard error. */
int verdict_code(const struct verdicts *verdicts);

/* Closes TO, of open_memstream(), and returns LI_ENOMEM if it does not have all that was written.
 */
int close_text(FILE *to, struct li_error *err);

/* Writes LEN bytes to the file at PATH, which appears whole or not at all. */
int write_file(const char *path, const void *text, size_t len, struct li_error *err);

/* repository_json.c: prints the report of the repository at ADDRESS on standard output. */
int print_repository_json(const struct li_report *report, const char *address,
                          const struct verdicts *verdicts, struct li_error *err);

/* repository_text.c: the same as text. */
int print_repository_text(const struct li_report *report, const char *address,
                          struct li_error *err);

/* A report on an image. Zero-initialise it. It must not move. */
struct image_report {
    const char *path;
    const char *address; /* of the repository */
    struct li_reference reference;
    struct context context;
    struct li_flatten_options making;
    struct li_flattened *flattened;
    const char *base_path; /* of an image to compare with that is not stored, or NULL */
    struct li_flatten_options base_making;
    struct li_flattened *base;
    struct li_image_report report;
};

/* image.c: what the image was compared with, if there is a base: its path or its reference. The
 * result is valid as long as TEXT and the report. */
const char *base_text(const struct image_report *r, char text[REFERENCE_TEXT]);

/* image.c: whether an operand names an image and not a reference: "-", or something that exists. */
bool is_image(const char *operand);

/* Makes the report. Only files in OUTPUTS can be written then. The caller closes it, also after a
 * failure. */
int open_image_report(const struct arguments *args, const struct allowed *outputs,
                      struct image_report *r, struct li_error *err);
void close_image_report(struct image_report *r);

/* image_json.c and image_text.c: print it on standard output. */
int print_image_json(const struct image_report *r, const struct verdicts *verdicts,
                     struct li_error *err);
void print_image_text(const struct image_report *r);

/* markdown.c: the same for a comment, with the verdicts. */
void print_image_markdown(const struct image_report *r, const struct verdicts *verdicts);

/* packages.c: the packages of an image, in each form. PRINT_SHARE prints the columns before a row.
 */
bool has_packages(const struct li_packages *packages);
void print_packages_text(const struct li_blame *blame,
                         void (*print_share)(const struct li_report_sum *sum, uint64_t whole));
void print_packages_markdown(const struct li_blame *blame);
int add_packages_json(const struct li_packages *packages, json_t *json, struct li_error *err);

/* waste.c: the waste of an image, in each form. */
void print_waste_text(const struct li_waste *waste);
void print_waste_markdown(const struct li_waste *waste);
json_t *waste_json(const struct li_waste *waste); /* NULL if memory ran out */

/* markdown.c: parts of it: a text that may hold anything, and a table of the verdicts. */
void print_markdown_code(const char *text);
void print_markdown_budgets(const struct verdicts *verdicts);

/* repository_markdown.c: the report of the repository at ADDRESS, for the summary of a job. */
int print_repository_markdown(const struct li_report *report, const char *address,
                              const struct verdicts *verdicts, struct li_error *err);

/* What files are written of. */
struct reported {
    const struct image_report *image; /* or NULL: the repository at ADDRESS */
    const struct li_report *repository;
    const char *address;
    const struct verdicts *verdicts;
};

/* files.c: writes the files that --junit, --openmetrics and --code-quality name, if they do. The
 * first only finds out whether they can be written, and adds them to OUTPUTS. */
int try_forms(const struct arguments *args, struct allowed *outputs, struct li_error *err);
int write_forms(const struct arguments *args, const struct reported *what, struct li_error *err);

/* metrics.c: the figures, without the line at the end. */
void put_image_metrics(FILE *to, const struct image_report *image);
void put_repository_metrics(FILE *to, const struct li_report *report);

/* html_files.c: writes the page that --html names, if it does. The first only finds out whether it
 * can be written. */
int try_html(const struct arguments *args, struct allowed *outputs, struct li_error *err);
int write_image_html(const struct arguments *args, const struct image_report *r,
                     const struct verdicts *verdicts, struct li_error *err);
int write_repository_html(const struct arguments *args, const struct li_report *report,
                          const char *address, const struct verdicts *verdicts,
                          struct li_error *err);

#endif
