/* SPDX-License-Identifier: Apache-2.0 */
/* How lambdaimg diff tells what differs. */
#ifndef LI_CMD_DIFF_H
#define LI_CMD_DIFF_H

#include "cmd/common/context.h"
#include "diff/diff.h"

/* The version of the JSON. Members may be added without a new version. */
enum { DIFF_FORMAT = 1 };

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
