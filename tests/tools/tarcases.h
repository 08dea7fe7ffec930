/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small tars whose right reading is known, since it is written beside them: an agreement of readers
 * that are all wrong must show, too. Each has what some writer of tars has done, or what an
 * attacker may do.
 */
#ifndef LI_TESTS_TARCASES_H
#define LI_TESTS_TARCASES_H

#include "tests/tools/tarmake.h"

struct tar_case {
    const char *name;
    void (*make)(struct li_buffer *tar); /* without the end, which is put behind it */
    const char *lines;                   /* what is right: lines of taritem.h, or up to "error" */
    const char *go;      /* what Go sees where lib/tar does not follow it; else NULL */
    const char *classes; /* of what libarchive sees, each with a space behind; or "" */
};

/* The last of each has no name. */
extern const struct tar_case tar_cases_formats[], tar_cases_sizes[], tar_cases_sparse[];

/* The digests of "one\n", of "two\n" and of nothing. */
#define SHA_ONE "sha256=2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806\n"
#define SHA_TWO "sha256=27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a\n"
#define SHA_NOTHING "sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"

/* A header of mode 0644, of nobody, with the time 0. */
struct tar_header tar_case_header(const char *name, char type);

/* A file that has TEXT, and one that is not remarkable: "next", "two\n". */
void tar_case_file(struct li_buffer *tar, struct tar_header header, const char *text);
void tar_case_next(struct li_buffer *tar);
#define NEXT "file path=next mode=0644 uid=0 gid=0 mtime=0.000000000 size=4 " SHA_TWO

/* A header "x" with records: keys and values in turn. */
#define tar_case_records(tar, ...)                                                                 \
    tar_case_put_records((tar), (const char *const[]){__VA_ARGS__, NULL})
void tar_case_put_records(struct li_buffer *tar, const char *const *records);

#endif
