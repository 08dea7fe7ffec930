/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of lib/report. */
#ifndef LI_REPORT_INTERNAL_H
#define LI_REPORT_INTERNAL_H

#include "report/records.h"
#include "report/report.h"

/* A record is the first LI_RECORD_NAME bytes of a chunk's name and, big-endian, what is known about
 * it. So all records of a chunk stand together, the manifests that have it before its objects: */
enum {
    LI_RECORD_NAME = 16,
    /* The number of a push that has it, or this flag, the age of the object's root (0: the newest),
     * and the bytes of the object. */
    LI_RECORD_OBJECT_SHIFT = 20,
};

#define LI_RECORD_OBJECT UINT32_C(0x80000000)

/* gather.c: lists REPO and reads its manifests. Sets push, image, stored, others and unreadable in
 * REPORT, and adds RECORDS, not sorted. */
int li_report_gather(struct li_repo *repo, const struct li_report_options *options,
                     struct li_report *report, struct li_records *records, struct li_error *err);

/* tags.c: sets image in REPORT, without pushes. Call it before manifests are listed: a push that
 * ends meanwhile would have a tag and no manifest. */
int li_report_list_tags(struct li_repo *repo, struct li_report *report, struct li_error *err);

/* tags.c: finds the pushes of all images in REPORT, and sets tags in each push. */
int li_report_match_tags(struct li_report *report, struct li_error *err);

/* tags.c: the length of the name in "name:tag". */
size_t li_report_name_length(const char *reference);

/* names.c: sets name in REPORT, whose pushes have their table, and names in each push. */
int li_report_names(struct li_report *report, struct li_error *err);

/* figures.c: sets everything else in REPORT from RECORDS, which are sorted. */
int li_report_figures(struct li_report *report, struct li_records *records, struct li_error *err);

/* Notes why an image or a manifest cannot be read, and returns 0; or returns a failure after which
 * nothing else can be read either. WHY is not 0. */
int li_report_unreadable(struct li_report *report, const struct li_error *why,
                         struct li_error *err);

#endif
