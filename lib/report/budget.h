/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets: limits for what an image or a repository may cost, and whether they are met. Plain data;
 * any thread.
 */
#ifndef LI_REPORT_BUDGET_H
#define LI_REPORT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

enum li_report_budget_kind {
    LI_BUDGET_NEW_BYTES, /* bytes of new chunks as stored: at most */
    LI_BUDGET_NEW_SHARE, /* new chunks, in percent of all: at most */
    LI_BUDGET_SIZE,      /* bytes of all chunks that are not zeros, before compression: at most */
    LI_BUDGET_WASTE,     /* bytes of files that nobody needs: at most */
    LI_BUDGET_DEDUP,     /* the deduplication factor of a repository: at least */
    LI_BUDGETS
};

enum { LI_BUDGET_FILE_MAX = 64 << 10 /* bytes of a budget file */ };

/* Zeros: no budget. */
struct li_report_budget {
    bool set;
    bool relative; /* LIMIT is percent by which the base may be exceeded; for LI_BUDGET_SIZE only */
    double limit;  /* not negative */
    bool share;    /* LIMIT is percent of the whole; for LI_BUDGET_WASTE only */
};

struct li_report_budgets {
    struct li_report_budget of[LI_BUDGETS];
};

/* "max-new-bytes" and so on: the name of the option. A budget file has '_' in place of '-'. */
const char *li_report_budget_name(enum li_report_budget_kind kind);

/* Whether the value must not be below the limit, rather than above. */
bool li_report_budget_is_least(enum li_report_budget_kind kind);

/* Reads a budget file: an object with "format", which is 1, and a number for each budget; for
 * "max_size" also a string such as "+3%", for "max_waste" one such as "3%". OUT is set on success
 * only. LI_EINVALID, also for a member that is not known: a budget that is misspelt must not pass
 * as one that is met. */
int li_report_budgets_parse(const void *data, size_t len, struct li_report_budgets *out,
                            struct li_error *err);

/* Reads "+3%" for a budget that can be relative, and "3%" for one that can be a share. False if
 * TEXT has another form, or KIND can be neither. */
bool li_report_budget_percent(enum li_report_budget_kind kind, const char *text,
                              struct li_report_budget *out);

/* Writes a budget file, in the order of the budgets, with a newline at the end. OUT is replaced.
 * The caller frees it, also on failure. LI_ENOMEM. */
int li_report_budgets_encode(const struct li_report_budgets *budgets, struct li_buffer *out,
                             struct li_error *err);

struct li_report_verdict {
    enum li_report_budget_kind kind;
    bool known; /* if not, there was nothing to compare with: LIMIT is 0, and the budget is met */
    bool met;
    double limit; /* in the unit of VALUE, also for a relative budget */
    double value;
    double left; /* how far VALUE may move before the budget is broken; below 0 if it is */
};

/* Judges VALUE. BASE is what a relative budget refers to, 0 if there is none, or the whole that a
 * share refers to. BUDGET is set. */
struct li_report_verdict li_report_budget_judge(enum li_report_budget_kind kind,
                                                const struct li_report_budget *budget, double value,
                                                double base);

/* Moves an absolute BUDGET towards what VERDICT found, with MARGIN percent to spare, rounded to
 * whole bytes or to hundredths. Returns whether it moved: never if that would loosen it, nor if it
 * is broken. */
bool li_report_budget_tighten(struct li_report_budget *budget,
                              const struct li_report_verdict *verdict, double margin);

#endif
