/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages of reports are made of. */
#ifndef LI_CMD_REPORT_HTML_H
#define LI_CMD_REPORT_HTML_H

#include <stdio.h>

#include "cmd/report/report.h"
#include "cmd/report/stored.h"

/* html.c: everything between these two is in the page's main part. TITLE is a text from outside. */
void html_begin(FILE *to, const char *kind, const char *title);
void html_end(FILE *to);

/* A text from outside, as text and as code: escaped as path_text() does, and then for HTML, also
 * for within an attribute. */
void html_text(FILE *to, const char *text);
void html_code(FILE *to, const char *text);

/* A section that the page's list of sections leads to. */
struct html_section {
    const char *id, *heading;
};
void html_sections(FILE *to, const struct html_section *section, size_t count);
void html_section_begin(FILE *to, const struct html_section *section);
void html_section_end(FILE *to);

/* A table that can be scrolled by itself. COLUMNS are headings with '|' between them; one that
 * begins with '#' is of numbers. */
void html_table_begin(FILE *to, const char *caption, const char *columns);
void html_table_end(FILE *to, uint64_t left_out, const char *what);

/* Cells of a row. */
void html_number(FILE *to, uint64_t number);
void html_size(FILE *to, uint64_t bytes);
void html_share(FILE *to, uint64_t part, uint64_t whole); /* percent, and a bar */

/* The list of key figures. */
void html_facts_begin(FILE *to);
void html_facts_end(FILE *to);
void html_fact(FILE *to, const char *value, const char *what);

/* html_budgets.c */
void html_budgets(FILE *to, const struct verdicts *verdicts);

/* html_treemap.c: the new bytes of an image by directory, and in these by file. */
void html_treemap(FILE *to, const struct li_blame *blame);

/* html_growth.c: the sizes of a repository after each push, as a curve. */
void html_growth(FILE *to, const struct li_report *report);

/* The pages: html_image.c, html_repository.c */
void put_image_html(FILE *to, const struct image_report *r, const struct verdicts *verdicts);
void put_repository_html(FILE *to, const struct li_report *report, const char *address,
                         const struct verdicts *verdicts);
void put_stored_html(FILE *to, const struct stored_report *r);

/* html_files.c: writes the page of a stored image that --html names, if it does. */
int write_stored_html(const struct arguments *args, const struct stored_report *stored,
                      struct li_error *err);

#endif
