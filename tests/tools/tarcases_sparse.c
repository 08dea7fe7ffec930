/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files: "one\n" at 4096, "two\n" at 8192, and 12288 bytes in all, in each form. */
#include <stdio.h>
#include <string.h>

#include "tests/tools/tarcases.h"

enum { AT_RUNS = 386, RUN = 24, AT_MORE = 482, AT_SIZE = 483, RUNS_IN_HEADER = 4 };

static void put_run(uint8_t *to, int64_t offset, int64_t length)
{
    tar_number(to, 12, offset, TAR_OCTAL);
    tar_number(to + 12, 12, length, TAR_OCTAL);
}

static void put_contents(struct li_buffer *tar)
{
    tar_append(tar, "one\ntwo\n", 8);
    tar_pad(tar);
    tar_case_next(tar);
}

static void make_old(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", 'S');

    h.magic = TAR_GNU;
    h.size = 8;
    tar_put_header(tar, &h);
    put_run(tar->data + AT_RUNS, 4096, 4);
    put_run(tar->data + AT_RUNS + RUN, 8192, 4);
    put_run(tar->data + AT_RUNS + 2 * RUN, 12288, 0);
    tar_number(tar->data + AT_SIZE, 12, 12288, TAR_OCTAL);
    tar_checksum(tar->data);
    put_contents(tar);
}

/* Six runs of a byte each, two of them in a block of their own; 102400 bytes. */
static void make_old_more(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", 'S');
    uint8_t more[TAR_BLOCK] = {0};

    h.magic = TAR_GNU;
    h.size = 6;
    tar_put_header(tar, &h);
    for (int i = 0; i < 6; i++)
        put_run(i < RUNS_IN_HEADER ? tar->data + AT_RUNS + RUN * i
                                   : more + RUN * (i - RUNS_IN_HEADER),
                4096 * (i + 1), 1);
    put_run(more + 2 * RUN, 102400, 0);
    tar->data[AT_MORE] = 1;
    tar_number(tar->data + AT_SIZE, 12, 102400, TAR_OCTAL);
    tar_checksum(tar->data);
    tar_append(tar, more, sizeof(more));
    tar_append(tar, "abcdef", 6);
    tar_pad(tar);
    tar_case_next(tar);
}

static void make_0_0(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '0');

    tar_case_records(tar, "GNU.sparse.size", "12288", "GNU.sparse.numblocks", "2",
                     "GNU.sparse.offset", "4096", "GNU.sparse.numbytes", "4", "GNU.sparse.offset",
                     "8192", "GNU.sparse.numbytes", "4");
    h.size = 8;
    tar_put_header(tar, &h);
    put_contents(tar);
}

static void make_0_1(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("GNUSparseFile.1/file", '0');

    tar_case_records(tar, "GNU.sparse.size", "12288", "GNU.sparse.numblocks", "2",
                     "GNU.sparse.name", "file", "GNU.sparse.map", "4096,4,8192,4");
    h.size = 8;
    tar_put_header(tar, &h);
    put_contents(tar);
}

/* A lone offset without a value is no map, and takes the place of one. */
static void make_empty_offset(struct li_buffer *tar)
{
    tar_case_records(tar, "GNU.sparse.map", "0,4", "GNU.sparse.offset", "");
    tar_case_file(tar, tar_case_header("file", '0'), "one\n");
    tar_case_next(tar);
}

/* A map of no runs: all of the file is a hole. */
static void make_no_runs(struct li_buffer *tar)
{
    tar_case_records(tar, "GNU.sparse.major", "0", "GNU.sparse.minor", "0", "GNU.sparse.size",
                     "12288", "GNU.sparse.numblocks", "0", "GNU.sparse.offset", "");
    tar_case_file(tar, tar_case_header("file", '0'), "");
    tar_case_next(tar);
}

static void put_1_0(struct li_buffer *tar, const char *size, const char *map, const char *text)
{
    struct tar_header h = tar_case_header("GNUSparseFile.1/file", '0');

    tar_case_records(tar, "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name",
                     "file", "GNU.sparse.realsize", size);
    h.size = TAR_BLOCK + (int64_t)strlen(text);
    tar_put_header(tar, &h);
    tar_append(tar, map, strlen(map));
    tar_pad(tar);
    tar_append(tar, text, strlen(text));
    tar_pad(tar);
    tar_case_next(tar);
}

static void make_1_0(struct li_buffer *tar)
{
    put_1_0(tar, "12288", "2\n4096\n4\n8192\n4\n", "one\ntwo\n");
}

static void make_nul_in_name(struct li_buffer *tar)
{
    char *name;

    make_1_0(tar);
    name = memmem(tar->data, tar->len, "=file\n", 6);
    name[2] = '\0';
}

/* 10 GiB, with two runs. */
static void make_large(struct li_buffer *tar)
{
    put_1_0(tar, "10737418240", "2\n4096\n4\n10737418236\n4\n", "one\ntwo\n");
}

static void make_overlap(struct li_buffer *tar)
{
    put_1_0(tar, "12288", "2\n4096\n4\n4098\n4\n", "one\ntwo\n");
}

static void make_beyond(struct li_buffer *tar)
{
    put_1_0(tar, "12288", "2\n4096\n4\n12286\n4\n", "one\ntwo\n");
}

static void make_less_data(struct li_buffer *tar)
{
    put_1_0(tar, "12288", "2\n4096\n4\n8192\n4\n", "one\n");
}

static void make_more_data(struct li_buffer *tar)
{
    put_1_0(tar, "12288", "1\n4096\n4\n", "one\ntwo\n");
}

/* A camera wrote such headers: bytes where only files of type S have a map. */
static void make_junk(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '0');

    h.magic = TAR_GNU;
    h.size = 4;
    tar_put_header(tar, &h);
    memset(tar->data + AT_RUNS, '7', 60);
    tar_number(tar->data + AT_SIZE, 12, 12288, TAR_OCTAL);
    tar_checksum(tar->data);
    tar_append(tar, "one\n", 4);
    tar_pad(tar);
    tar_case_next(tar);
}

#define PLAIN "file path=file mode=0644 uid=0 gid=0 mtime=0.000000000 "
#define SPARSE                                                                                     \
    PLAIN "size=12288 sha256=8aed2637e1d389d8339cc6eba62ecf50685358132ef60f3babe2b6b041be5293\n"

const struct tar_case tar_cases_sparse[] = {
    {"sparse-old", make_old, SPARSE NEXT, NULL, ""},
    {"sparse-old-more", make_old_more,
     PLAIN
     "size=102400 sha256=832c6d25af403a83f941465d0698fa571f9607ffc1a66ea5bc89a5829550e977\n" NEXT,
     NULL, ""},
    {"sparse-0.0", make_0_0, SPARSE NEXT, NULL, ""},
    {"sparse-empty-offset", make_empty_offset, PLAIN "size=4 " SHA_ONE NEXT, NULL, ""},
    {"sparse-no-runs", make_no_runs,
     PLAIN
     "size=12288 sha256=f3cc103136423a57975750907ebc1d367e2985ac6338976d4d5a439f50323f4a\n" NEXT,
     NULL, ""},
    {"sparse-0.1", make_0_1, SPARSE NEXT, NULL, ""},
    {"sparse-1.0", make_1_0, SPARSE NEXT, NULL, ""},
    {"sparse-nul-in-name", make_nul_in_name, "error\n",
     "file path=f\\x00le mode=0644 uid=0 gid=0 mtime=0.000000000 size=12288 sha256="
     "8aed2637e1d389d8339cc6eba62ecf50685358132ef60f3babe2b6b041be5293\n" NEXT,
     "refused "},
    {"sparse-large", make_large, PLAIN "size=10737418240\n" NEXT, NULL, ""},
    {"sparse-overlap", make_overlap, "error\n", NULL, "refused "},
    {"sparse-beyond", make_beyond, "error\n", NULL, ""},
    {"sparse-less-data", make_less_data, "error\n", NULL, "refused "},
    {"sparse-more-data", make_more_data, "error\n", NULL, "refused "},
    {"sparse-junk", make_junk, PLAIN "size=4 " SHA_ONE NEXT, NULL, "sparse-junk "},
    {NULL, NULL, NULL, NULL, NULL},
};
