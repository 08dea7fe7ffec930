/* SPDX-License-Identifier: Apache-2.0 */
/* Names, numbers, records: what a header says. */
#include <string.h>

#include "tests/tools/tarcases.h"

#define FIFTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG FIFTY "/" FIFTY "/" FIFTY "/b"

static void make_v7(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '\0');

    h.magic = TAR_V7;
    h.mtime = 500000000;
    h.uid = 10;
    h.gid = 20;
    h.digits = h.size_digits = TAR_BLANKS_FIRST;
    tar_case_file(tar, h, "one\n");
    strcpy(h.name, "dir/");
    tar_case_file(tar, h, "");
    strcpy(h.name, "link");
    strcpy(h.target, "file");
    h.type = '1';
    tar_case_file(tar, h, "");
    h.type = '2';
    tar_case_file(tar, h, "");
}

static void make_ustar_prefix(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("b", '0');

    strcpy(h.prefix, FIFTY "/" FIFTY "/" FIFTY);
    tar_case_file(tar, h, "one\n");
}

/* Devices of star, whose prefix is shorter, since two times are behind it. */
static void make_star(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("b", '3');

    h.magic = TAR_STAR;
    h.mtime = 500000000;
    h.major = 4;
    h.minor = 64;
    strcpy(h.prefix, FIFTY "/" FIFTY);
    tar_put_header(tar, &h);
}

static void make_gnu_names(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("cut", '2');

    h.magic = TAR_GNU;
    strcpy(h.target, "cut, too");
    tar_put_special(tar, 'K', LONG "/target", sizeof(LONG "/target"));
    tar_put_special(tar, 'L', LONG, sizeof(LONG));
    tar_put_header(tar, &h);
}

/* Docker of 2015 was built with Go 1.5, which wrote a prefix where GNU's headers have two times. */
static void make_go_prefix(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("b", '0');

    h.magic = TAR_GNU;
    h.uid = 2097152;
    strcpy(h.prefix, FIFTY "/" FIFTY);
    tar_case_file(tar, h, "one\n");
}

static void make_gnu_times(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("b", '0');

    h.magic = TAR_GNU;
    strcpy(h.prefix, "07346545000");
    tar_case_file(tar, h, "one\n");
}

static void make_pax(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("cut", '2');

    tar_case_records(tar, "path", LONG, "linkpath", "gr\xc3\xbc\xc3\x9f\x65");
    tar_put_header(tar, &h);
    h.type = '0';
    tar_case_records(tar, "uid", "4294967294", "mtime", "-1.25");
    tar_case_file(tar, h, "one\n");
    tar_case_records(tar, "mtime", "-62135596800", "gid", "");
    h.gid = 7;
    tar_case_file(tar, h, "one\n");
}

static void make_pax_size(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '0');

    tar_case_records(tar, "size", "4");
    tar_put_header(tar, &h);
    tar_append(tar, "one\n", 4);
    tar_pad(tar);
    tar_case_next(tar);
}

/* The second takes the place of the first as a whole. */
static void make_pax_twice(struct li_buffer *tar)
{
    tar_case_records(tar, "path", "first", "uid", "5");
    tar_case_records(tar, "gid", "6");
    tar_case_next(tar);
}

static void make_long_name_and_path(struct li_buffer *tar)
{
    tar_put_special(tar, 'L', LONG, sizeof(LONG));
    tar_case_records(tar, "path", "record");
    tar_case_next(tar);
}

static void make_xattrs(struct li_buffer *tar)
{
    struct li_buffer records = {0};

    tar_record(&records, "SCHILY.xattr.user.b", "a\0b", 3);
    tar_record(&records, "SCHILY.xattr.user.a", "", 0);
    tar_record_text(&records, "SCHILY.acl.access",
                    "user::rw-,user:jo:r--,group::r--,mask::r--,other::---");
    tar_record_text(&records, "SUN.holesdata", " 0 4096 8192");
    tar_put_special(tar, 'x', records.data, records.len);
    tar_case_next(tar);
    li_buffer_free(&records);
}

static void make_global(struct li_buffer *tar)
{
    struct li_buffer records = {0};

    tar_record_text(&records, "path", "global");
    tar_record_text(&records, "mtime", "5");
    tar_put_special(tar, 'g', records.data, records.len);
    tar_case_next(tar);
    tar_case_records(tar, "gid", "6");
    tar_put_special(tar, 'g', records.data, records.len);
    tar_case_next(tar);
    li_buffer_free(&records);
}

static void put_numbers(struct li_buffer *tar, enum tar_digits digits)
{
    struct tar_header h = tar_case_header("file", '0');

    h.uid = 1000;
    h.gid = 100;
    h.mtime = 500000000;
    h.digits = h.size_digits = digits;
    tar_case_file(tar, h, "one\n");
    tar_case_next(tar);
}

static void make_nuls_first(struct li_buffer *tar)
{
    put_numbers(tar, TAR_NULS_FIRST);
}

static void make_blanks_first(struct li_buffer *tar)
{
    put_numbers(tar, TAR_BLANKS_FIRST);
}

static void make_no_terminator(struct li_buffer *tar)
{
    put_numbers(tar, TAR_OCTAL_FULL);
}

static void make_base_256(struct li_buffer *tar)
{
    put_numbers(tar, TAR_BASE_256);
}

static void make_letters(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '0');

    tar_case_next(tar);
    h.digits = TAR_LETTERS;
    tar_case_file(tar, h, "one\n");
}

static void make_before_1970(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("file", '0');

    h.mtime = -6816268800; /* 1754 */
    tar_case_file(tar, h, "one\n");
}

static void make_no_name(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("", '5');

    h.mode = 0750;
    tar_put_header(tar, &h);
    tar_case_next(tar);
}

static void make_checksum(struct li_buffer *tar)
{
    tar_case_next(tar);
    tar_case_next(tar);
    tar->data[2 * TAR_BLOCK] ^= 1;
}

/* As old writers sum up: bytes from 128 on are negative. */
static void make_signed_checksum(struct li_buffer *tar)
{
    struct tar_header h = tar_case_header("\xff\xff", '0');
    int sum = 8 * ' ';

    tar_case_file(tar, h, "one\n");
    for (int i = 0; i < TAR_BLOCK; i++)
        if (i < 148 || i >= 156)
            sum += (int8_t)tar->data[i];
    tar_number(tar->data + 148, 8, sum, TAR_OCTAL);
}

static void make_unknown_type(struct li_buffer *tar)
{
    tar_case_next(tar);
    tar_case_file(tar, tar_case_header("file", 'A'), "one\n");
}

static void make_contiguous(struct li_buffer *tar)
{
    tar_case_file(tar, tar_case_header("file", '7'), "one\n");
}

const struct tar_case tar_cases_formats[] = {
    {"v7", make_v7,
     "file path=file mode=0644 uid=10 gid=20 mtime=500000000.000000000 size=4 " SHA_ONE
     "dir path=dir/ mode=0644 uid=10 gid=20 mtime=500000000.000000000\n"
     "link path=link mode=0644 uid=10 gid=20 mtime=500000000.000000000 target=file\n"
     "symlink path=link mode=0644 uid=10 gid=20 mtime=500000000.000000000 target=file\n",
     NULL, ""},
    {"ustar-prefix", make_ustar_prefix,
     "file path=" LONG " mode=0644 uid=0 gid=0 mtime=0.000000000 size=4 " SHA_ONE, NULL, ""},
    {"star", make_star,
     "char path=" FIFTY "/" FIFTY
     "/b mode=0644 uid=0 gid=0 mtime=500000000.000000000 device=4,64\n",
     NULL, ""},
    {"gnu-names", make_gnu_names,
     "symlink path=" LONG " mode=0644 uid=0 gid=0 mtime=0.000000000 target=" LONG "/target\n", NULL,
     ""},
    {"go-prefix", make_go_prefix,
     "file path=" FIFTY "/" FIFTY
     "/b mode=0644 uid=2097152 gid=0 mtime=0.000000000 size=4 " SHA_ONE,
     NULL, "sparse-junk gnu-prefix "},
    {"gnu-times", make_gnu_times,
     "file path=b mode=0644 uid=0 gid=0 mtime=0.000000000 size=4 " SHA_ONE, NULL, ""},
    {"pax", make_pax,
     "symlink path=" LONG
     " mode=0644 uid=0 gid=0 mtime=0.000000000 target=gr\\xc3\\xbc\\xc3\\x9fe\n"
     "file path=cut mode=0644 uid=4294967294 gid=0 mtime=-2.750000000 size=4 " SHA_ONE
     "file path=cut mode=0644 uid=0 gid=7 mtime=-62135596800.000000000 size=4 " SHA_ONE,
     NULL, "negative-time empty-record "},
    {"pax-size", make_pax_size,
     "file path=file mode=0644 uid=0 gid=0 mtime=0.000000000 size=4 " SHA_ONE NEXT, NULL, ""},
    {"pax-twice", make_pax_twice,
     "file path=next mode=0644 uid=0 gid=6 mtime=0.000000000 size=4 " SHA_TWO, NULL, ""},
    {"long-name-and-path", make_long_name_and_path,
     "file path=" LONG " mode=0644 uid=0 gid=0 mtime=0.000000000 size=4 " SHA_TWO, NULL, ""},
    {"xattrs", make_xattrs,
     "file path=next mode=0644 uid=0 gid=0 mtime=0.000000000 size=4 "
     "sha256=27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a "
     "SCHILY.xattr.user.a= SCHILY.xattr.user.b=a\\x00b\n",
     NULL, "acl "},
    {"global", make_global, NEXT NEXT, NULL, "lost "},
    {"nuls-first", make_nuls_first,
     "file path=file mode=0644 uid=1000 gid=100 mtime=500000000.000000000 size=4 " SHA_ONE NEXT,
     NULL, "size "},
    {"blanks-first", make_blanks_first,
     "file path=file mode=0644 uid=1000 gid=100 mtime=500000000.000000000 size=4 " SHA_ONE NEXT,
     NULL, ""},
    {"no-terminator", make_no_terminator,
     "file path=file mode=0644 uid=1000 gid=100 mtime=500000000.000000000 size=4 " SHA_ONE NEXT,
     NULL, ""},
    {"base-256", make_base_256,
     "file path=file mode=0644 uid=1000 gid=100 mtime=500000000.000000000 size=4 " SHA_ONE NEXT,
     NULL, ""},
    {"letters", make_letters, NEXT "error\n", NULL, "refused "},
    {"before-1970", make_before_1970,
     "file path=file mode=0644 uid=0 gid=0 mtime=-6816268800.000000000 size=4 " SHA_ONE, NULL, ""},
    {"no-name", make_no_name, "dir path= mode=0750 uid=0 gid=0 mtime=0.000000000\n" NEXT, NULL, ""},
    {"checksum", make_checksum, NEXT "error\n", NULL, ""},
    {"signed-checksum", make_signed_checksum,
     "file path=\\xff\\xff mode=0644 uid=0 gid=0 mtime=0.000000000 size=4 " SHA_ONE, NULL, ""},
    {"unknown-type", make_unknown_type, NEXT "error\n", NULL, ""},
    {"contiguous", make_contiguous,
     "file path=file mode=0644 uid=0 gid=0 mtime=0.000000000 size=4 " SHA_ONE, NULL, ""},
    {NULL, NULL, NULL, NULL, NULL},
};
