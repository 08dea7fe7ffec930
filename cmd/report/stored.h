/* SPDX-License-Identifier: Apache-2.0 */
/* A report on an image that is stored: its row of the report of the repository, and, with the key
 * of its manifest, which files are in chunks that the image before it does not have. */
#ifndef LI_CMD_REPORT_STORED_H
#define LI_CMD_REPORT_STORED_H

#include "cmd/diff/diff.h"
#include "cmd/report/report.h"

/* A file in chunks that the base does not have. */
struct stored_file {
    char *path;
    enum li_diff_kind kind; /* ADDED or CHANGED */
    uint64_t size;
    struct li_diff_cost cost; /* bytes before compression */
};

/* Zero-initialise it. It must not move. */
struct stored_report {
    char name[REFERENCE_TEXT];
    const char *address;
    const struct li_report_push *push; /* of a struct li_report, which must outlive this */
    char *base_name;                   /* NULL: there is nothing to compare it with */
    bool compared;                     /* what follows is set */
    struct diff_operand base, image;
    struct li_diff_result result;
    struct stored_file *file; /* the most bytes first */
    size_t files, cap;
    struct li_error keyless; /* the context's, or why a manifest could not be opened */
};

/* stored.c: finds REFERENCE in REPORT and compares it with the image of --to, or with the tag of
 * its name that was pushed last before it, unless OUT has the reason why there is no key. Then the
 * key is forgotten. LI_ENOTFOUND, LI_ECORRUPT, and the failures of reading the two. The caller
 * closes OUT, also after a failure. */
int open_stored_report(const struct arguments *args, struct context *context,
                       const struct li_report *report, const struct li_reference *reference,
                       struct stored_report *out, struct li_error *err);
void close_stored_report(struct stored_report *r);

/* reference.c: how it is told, on standard output. */
void print_stored_text(const struct stored_report *r);
int print_stored_json(const struct stored_report *r, struct li_error *err);

#endif
