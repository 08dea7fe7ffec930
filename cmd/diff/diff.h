/* SPDX-License-Identifier: Apache-2.0 */
/* How lambdaimg diff tells what differs. */
#ifndef LI_CMD_DIFF_H
#define LI_CMD_DIFF_H

#include "cmd/common/context.h"
#include "diff/diff.h"
#include "flatten/flatten.h"

/* The version of the JSON. Members may be added without a new version. */
enum { DIFF_FORMAT = 1 };

/* operand.c: an image to compare. Zero-initialise it. */
struct diff_operand {
    const char *text;
    bool flattens; /* it is an IMAGE, and has the first two of what follows, else the others */
    struct li_flatten_options making;
    struct li_flattened *flattened;
    struct li_reference reference;
    struct li_manifest manifest;
    struct li_view *view;
};

/* TEXT is a path or a reference, and must outlive the operand. CMD_EUSAGE. */
int diff_operand_parse(const struct arguments *args, const char *text, struct diff_operand *out,
                       struct li_error *err);

/* Opens the manifest of an operand that is in the repository of CONTEXT, which has its key. */
int diff_operand_manifest(struct context *context, struct diff_operand *o, struct li_error *err);

/* Opens the view. Without an operand in it, no repository need be open in CONTEXT, but its
 * environment is needed. */
int diff_operand_open(const struct arguments *args, struct context *context, struct diff_operand *o,
                      struct li_error *err);
void diff_operand_close(struct diff_operand *o);

/* What is printed. Zero-initialise it. */
struct diff_output {
    const char *old, *new; /* what the user calls the images */
    bool as_json;
    uint64_t told; /* entries */
};

/* print.c: everything goes to standard output. An image may have millions of entries, so each is
 * printed when it is visited, and the JSON is never whole in memory. */
int diff_begin(const struct diff_output *output, struct li_error *err);

/* A li_diff_visit: ARG is a struct diff_output. */
int diff_entry(void *arg, const struct li_diff_entry *entry, struct li_error *err);

int diff_end(const struct diff_output *output, const struct li_diff_result *result,
             struct li_error *err);

/* Whether any path differs. */
bool diff_found(const struct li_diff_result *result);

#endif
