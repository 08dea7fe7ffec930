/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in the order of their bytes, in bounded memory: sorted in memory as long as they fit,
 * then in an unlinked temporary file, from which they are merged.
 *
 * For one thread at a time.
 */
#ifndef LI_REPORT_RECORDS_H
#define LI_REPORT_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LI_RECORD_SIZE = 20,
    LI_RECORDS_RUNS_MAX = 1024, /* sorted parts in the file, each read through a buffer */
};

struct li_records;

/* MEMORY is what records may take before they go to a file in TMPDIR, in bytes; sorting takes as
 * much again. TMPDIR must outlive the records. LI_ENOMEM. */
int li_records_new(const char *tmpdir, size_t memory, struct li_records **out,
                   struct li_error *err);
void li_records_free(struct li_records *records); /* NULL is allowed */

/* Adds RECORD, LI_RECORD_SIZE bytes. LI_ENOMEM; LI_ELIMIT (LI_RECORDS_RUNS_MAX); the failures of
 * the file system. */
int li_records_add(struct li_records *records, const uint8_t *record, struct li_error *err);

/* Ends adding. Call it once, before li_records_next(). */
int li_records_sort(struct li_records *records, struct li_error *err);

/* The next record in ascending order, LI_RECORD_SIZE bytes at *RECORD, valid until the next call.
 * LI_END after the last. */
int li_records_next(struct li_records *records, const uint8_t **record, struct li_error *err);

#endif
