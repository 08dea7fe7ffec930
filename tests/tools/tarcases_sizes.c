/* SPDX-License-Identifier: Apache-2.0 */
/* Where the next header is, and where a tar ends. */
#include <string.h>

#include "tests/tools/tarcases.h"

#define PLAIN " mode=0644 uid=0 gid=0 mtime=0.000000000"

/* Engines ignore the size; whoever skips that much loses the next entry. */
static void make_link_size(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("link", '1');

    strcpy(h.target, "next");
    h.size = 1024;
    tar_case_records(tar, "comment", "there are PAX headers here");
    tar_case_next(tar);
    tar_put_header(tar, &h);
    tar_case_next(tar);
}

static void make_pax_size_of_others(struct li_buffer *tar)
{
    static const char types[] = "123456";

    for (const char *type = types; *type; type++) {
        struct tar_header h = tar_case_header("it", *type);

        if (*type < '3')
            strcpy(h.target, "next");
        tar_case_records(tar, "size", "600");
        tar_put_header(tar, &h);
    }
    tar_case_next(tar);
}

/* pax -o linkdata */
static void make_link_data(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("link", '1');

    strcpy(h.target, "next");
    tar_case_next(tar);
    tar_case_file(tar, h, "two\n");
    tar_case_next(tar);
}

/* The data of a link is a tar: both places have a header. */
static void make_link_with_tar(struct li_buffer *tar)
{
    static const uint8_t end[2 * TAR_BLOCK];
    struct tar_header h = tar_case_header("link", '1');

    strcpy(h.target, "next");
    h.size = 4 * TAR_BLOCK;
    tar_put_header(tar, &h);
    tar_case_next(tar);
    tar_append(tar, end, sizeof(end));
    tar_case_next(tar);
}

static void make_label(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("label", 'V');
    struct li_buffer body = {0};

    h.magic = TAR_GNU;
    tar_case_file(&body, tar_case_header("body", '0'), "one\n");
    h.size = (int64_t)body.len;
    tar_put_header(tar, &h);
    tar_append(tar, body.data, body.len);
    tar_case_next(tar);
    li_buffer_free(&body);
}

static void make_dump_directory(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("dir/", 'D');

    h.magic = TAR_GNU;
    tar_case_file(tar, h, "Yfile");
    tar_case_next(tar);
}

static void make_slash_file(struct li_buffer *tar)
{
    tar_case_file(tar, tar_case_header("file/", '0'), "one\n");
    tar_case_next(tar);
}

static void make_zeros_between(struct li_buffer *tar)
{
    static const uint8_t zeros[TAR_BLOCK];

    tar_case_next(tar);
    tar_append(tar, zeros, sizeof(zeros));
    tar_case_next(tar);
}

static void make_behind_the_end(struct li_buffer *tar)
{
    static const uint8_t zeros[2 * TAR_BLOCK];

    tar_case_next(tar);
    tar_append(tar, zeros, sizeof(zeros));
    tar_case_next(tar);
}

static void make_special_at_the_end(struct li_buffer *tar)
{
    tar_case_next(tar);
    tar_case_records(tar, "path", "nothing");
}

static void make_cut_short(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '0');

    tar_case_next(tar);
    h.size = 100000;
    tar_put_header(tar, &h);
}

static void make_negative_size(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '0');

    tar_case_next(tar);
    h.size = -512;
    tar_put_header(tar, &h);
}

/* A directory by its slash alone: what it is comes behind the look at its size. */
static void make_negative_size_of_old_directory(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("dir/", '\0');

    tar_case_next(tar);
    h.size = -512;
    tar_put_header(tar, &h);
}

static void make_negative_size_of_directory(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("dir/", '5');

    h.size = -512;
    tar_put_header(tar, &h);
    tar_case_next(tar);
}

static void make_letters_in_size(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '0');

    tar_case_next(tar);
    h.size_digits = TAR_LETTERS;
    tar_put_header(tar, &h);
}

static void make_nothing(struct li_buffer *tar)
{
    (void)tar;
}

#define LINK "link path=link" PLAIN " target=next\n"

const struct tar_case tar_cases_sizes[] = {
    {"link-size", make_link_size, NEXT LINK NEXT, NULL, "stray-size "},
    {"pax-size-of-others", make_pax_size_of_others,
     "link path=it" PLAIN " target=next\n"
     "symlink path=it" PLAIN " target=next\n"
     "char path=it" PLAIN " device=0,0\n"
     "block path=it" PLAIN " device=0,0\n"
     "dir path=it" PLAIN "\n"
     "fifo path=it" PLAIN "\n" NEXT,
     NULL, ""},
    {"link-data", make_link_data, NEXT LINK NEXT, NEXT LINK "error\n", "stray-size "},
    {"link-with-tar", make_link_with_tar, LINK NEXT "error\n", LINK NEXT, "refused "},
    {"label", make_label, NEXT, "label path=label" PLAIN "\n" NEXT, "label "},
    {"dump-directory", make_dump_directory, "dir path=dir/" PLAIN "\n" NEXT,
     "dumpdir path=dir/" PLAIN "\n" NEXT, ""},
    {"slash-file", make_slash_file, "file path=file/" PLAIN " size=4 " SHA_ONE NEXT, NULL,
     "slash "},
    {"zeros-between", make_zeros_between, NEXT "error\n", NULL, "refused "},
    {"behind-the-end", make_behind_the_end, NEXT, NULL, ""},
    {"special-at-the-end", make_special_at_the_end, NEXT, NULL, "special-alone "},
    {"cut-short", make_cut_short, NEXT "error\n", NULL, ""},
    {"negative-size", make_negative_size, NEXT "error\n", NULL, ""},
    {"negative-size-of-old-directory", make_negative_size_of_old_directory, NEXT "error\n", NULL,
     ""},
    {"negative-size-of-directory", make_negative_size_of_directory, "dir path=dir/" PLAIN "\n" NEXT,
     NULL, "size "},
    {"letters-in-size", make_letters_in_size, NEXT "error\n", NULL, "refused "},
    {"nothing", make_nothing, "", NULL, ""},
    {NULL, NULL, NULL, NULL, NULL},
};
