/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of tars: types, names and what stands in their headers. */
#include "tests/fixtures/tar_reader.h"

static void put_entries(struct li_buffer *tar)
{
    tar_dir(tar, "dir/");
    tar_put(tar, &(struct tar_entry){.path = "dir/file",
                                     .data = "text",
                                     .mode = 04755,
                                     .uid = 1000,
                                     .gid = UINT64_C(5000000000),
                                     .mtime = 1700000000});
    tar_symlink(tar, "link", "dir");
    tar_link(tar, "hard", "dir/file");
    tar_put(tar, &(struct tar_entry){.path = "char", .type = '3', .major = 1, .minor = 3});
    tar_put(tar, &(struct tar_entry){.path = "block", .type = '4', .major = 8, .minor = 1});
    tar_put(tar, &(struct tar_entry){.path = "fifo", .type = '6'});
    tar_end(tar);
}

static void expect_the_file(const struct li_tar_entry *e)
{
    assert_int_equal(e->type, LI_TAR_FILE);
    assert_string_equal(e->path, "dir/file");
    assert_int_equal(e->mode, 04755);
    assert_int_equal(e->uid, 1000);
    assert_int_equal(e->gid, 5000000000);
    assert_int_equal(e->mtime, 1700000000);
    assert_int_equal(e->mtime_nsec, 0);
    assert_int_equal(e->size, 4);
    assert_int_equal(e->stored, 4);
    assert_int_equal(e->header, 512);
    assert_int_equal(e->data, 1024);
    assert_false(e->sparse);
}

static void test_entries(void **state)
{
    struct li_buffer tar = {0};
    struct tar_reading r;
    const struct li_tar_entry *e;

    (void)state;
    put_entries(&tar);
    tar_open(&r, &tar);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_DIRECTORY);
    assert_string_equal(e->path, "dir/");
    assert_string_equal(e->link, "");
    assert_int_equal(e->mode, 0755);
    assert_int_equal(e->header, 0);
    e = tar_expect(&r);
    expect_the_file(e);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_SYMLINK);
    assert_string_equal(e->link, "dir");
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_HARD_LINK);
    assert_string_equal(e->link, "dir/file");
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_CHARACTER);
    assert_int_equal(e->dev_major, 1);
    assert_int_equal(e->dev_minor, 3);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_BLOCK_DEVICE);
    assert_int_equal(e->dev_major, 8);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_FIFO);
    tar_expect_end(&r);
    li_buffer_free(&tar);
}

/* ---- types ---- */

/* A header of TYPE, followed by DATA. */
static void put_type(struct li_buffer *tar, const char *path, char type, const char *data)
{
    uint8_t header[TAR_BLOCK];

    tar_make_header(
        &(struct tar_entry){.path = path, .target = "t", .type = type, .size = strlen(data)},
        header);
    tar_put_header(tar, header, data, strlen(data));
}

/* Of a file nobody is interested in the link's name; the first type is a directory by its name. */
static void test_types(void **state)
{
    static const struct {
        char flag;
        const char *path, *data;
        enum li_tar_type type;
    } types[] = {
        {'0', "a", "text", LI_TAR_FILE},     {'\0', "a", "text", LI_TAR_FILE},
        {'7', "a", "text", LI_TAR_FILE},     {'0', "a/", "text", LI_TAR_FILE},
        {'7', "a/", "text", LI_TAR_FILE},    {'\0', "a/", "", LI_TAR_DIRECTORY},
        {'\0', "/", "", LI_TAR_DIRECTORY},   {'\0', "", "text", LI_TAR_FILE},
        {'5', "a", "", LI_TAR_DIRECTORY},    {'5', "", "", LI_TAR_DIRECTORY},
        {'D', "a/", "Yb", LI_TAR_DIRECTORY}, {'1', "a", "", LI_TAR_HARD_LINK},
        {'2', "a", "", LI_TAR_SYMLINK},      {'3', "a", "", LI_TAR_CHARACTER},
        {'4', "a", "", LI_TAR_BLOCK_DEVICE}, {'6', "a", "", LI_TAR_FIFO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        bool link = types[i].flag == '1' || types[i].flag == '2';
        struct li_buffer tar = {0};
        struct tar_reading r;

        put_type(&tar, types[i].path, types[i].flag, types[i].data);
        tar_file(&tar, "next", "text");
        tar_open(&r, &tar);
        assert_int_equal(tar_expect(&r)->type, types[i].type);
        assert_string_equal(r.entry->path, types[i].path);
        assert_string_equal(r.entry->link, link ? "t" : "");
        assert_int_equal(r.entry->size, types[i].type == LI_TAR_FILE ? strlen(types[i].data) : 0);
        assert_string_equal(tar_expect(&r)->path, "next");
        tar_expect_end(&r);
        li_buffer_free(&tar);
    }
}

/* No engine unpacks these. A volume's label is not an entry, and its body is not a header. */
static void test_other_types(void **state)
{
    struct li_buffer tar = {0}, label = {0};

    (void)state;
    for (int type = 1; type < 256; type++) {
        char words[64];

        if (strchr("01234567DSVxgLKM", type))
            continue;
        put_type(&tar, "f", (char)type, "");
        snprintf(words, sizeof(words), "its type, byte %d of the tar format, is not known", type);
        tar_expect_failure(&tar, LI_EUNSUPPORTED, words, "f");
    }
    put_type(&tar, "f", 'M', "");
    tar_expect_failure(&tar, LI_EUNSUPPORTED, "a part of a file from a tar of several volumes",
                       "f");
    tar_file(&label, "in-the-label", "text");
    tar_put(&tar,
            &(struct tar_entry){.path = "V", .type = 'V', .data = label.data, .length = label.len});
    tar_file(&tar, "f", "text");
    put_type(&tar, "V", 'V', "");
    tar_expect_paths(&tar, "f");
    /* What is before a label is the label's. */
    tar_put_special(&tar, 'x', "12 path=abc\n", 12);
    put_type(&tar, "V", 'V', "");
    tar_put_special(&tar, 'L', "long", 5);
    put_type(&tar, "V", 'V', "");
    tar_file(&tar, "f", "text");
    tar_expect_paths(&tar, "f");
    li_buffer_free(&label);
}

/* ---- names ---- */

/* What is a prefix in one form is something else in another. */
static void test_prefixes(void **state)
{
    static const struct {
        const char *magic, *tail, *prefix, *want;
    } forms[] = {
        {"ustar\00000", "", "a/b", "a/b/name"},
        {"ustar\00099", "", "a/b", "a/b/name"},
        {"ustar\00000", "tar", "a/b", "a/b/name"}, /* star's */
        {"ustar\00000", "", "", "name"},
        {"ustar  ", "", "", "name"},
        {"ustar  ", "", "a/b", "a/b/name"},                 /* Go's, up to 1.7 */
        {"ustar  ", "", "\xc3\xa9/b", "name"},              /* not ASCII: not a prefix either */
        {"ustar  ", "", "14000000000 14000000000", "name"}, /* times */
        {"ustar  ", "", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", "name"},
        {"\0\0\0\0\0\0\0\0", "", "a/b", "name"},
        {"ustar\00100", "", "a/b", "name"},
        {"ustar 00", "", "a/b", "name"},
    };
    struct li_buffer tar = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        uint8_t header[TAR_BLOCK];

        tar_make_header(&(struct tar_entry){.path = "name", .type = '0'}, header);
        memcpy(header + 257, forms[i].magic, 8);
        memcpy(header + 345, forms[i].prefix, strlen(forms[i].prefix));
        memcpy(header + 508, forms[i].tail, strlen(forms[i].tail));
        tar_put_header(&tar, header, NULL, 0);
        tar_expect_paths(&tar, forms[i].want);
    }
}

/* Fields that are full to the last byte have no NUL. star's prefix ends before its times. */
static void test_full_fields(void **state)
{
    uint8_t header[TAR_BLOCK];
    char want[300];
    struct li_buffer tar = {0};
    struct tar_reading r;

    (void)state;
    tar_make_header(&(struct tar_entry){.path = "", .type = '2'}, header);
    memset(header, 'n', 100);
    memset(header + 157, 'l', 100);
    memset(header + 345, 'p', 155);
    tar_put_header(&tar, header, NULL, 0);
    memset(header + 345 + 131, ' ', 24);
    memcpy(header + 508, "tar", 4);
    tar_put_header(&tar, header, NULL, 0);
    memset(want, 'p', 155);
    want[155] = '/';
    memset(want + 156, 'n', 100);
    want[256] = '\0';
    tar_open(&r, &tar);
    assert_string_equal(tar_expect(&r)->path, want);
    memset(want, 'l', 100);
    want[100] = '\0';
    assert_string_equal(r.entry->link, want);
    assert_int_equal(strlen(tar_expect(&r)->path), 131 + 1 + 100);
    tar_expect_end(&r);
    li_buffer_free(&tar);
}

/* Long names of GNU's count before records, these before the header. Empty ones are none. */
static void test_precedence(void **state)
{
    static const struct {
        const char *first, *second; /* type and data of special headers */
        const char *path, *link;
    } cases[] = {
        {"Llong", NULL, "long", "header"},
        {"Klong", NULL, "header", "long"},
        {"Llong", "Kother", "long", "other"},
        {"Llong", "Lother", "other", "header"},
        {"Llong", "L", "header", "header"},
        {"L", "Llong", "long", "header"},
        {"Llong", "x12 path=abc\n", "long", "header"},
        {"x12 path=abc\n", "Llong", "long", "header"},
        {"x16 linkpath=abc\n", "Klong", "header", "long"},
        {"x12 path=abc\n", "Klong", "abc", "long"},
        {"x12 path=abc\n", "L", "abc", "header"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_buffer tar = {0};
        struct tar_reading r;

        tar_put_special(&tar, cases[i].first[0], cases[i].first + 1, strlen(cases[i].first) - 1);
        if (cases[i].second)
            tar_put_special(&tar, cases[i].second[0], cases[i].second + 1,
                            strlen(cases[i].second) - 1);
        tar_symlink(&tar, "header", "header");
        tar_symlink(&tar, "next", "next");
        tar_open(&r, &tar);
        assert_string_equal(tar_expect(&r)->path, cases[i].path);
        assert_string_equal(r.entry->link, cases[i].link);
        assert_string_equal(tar_expect(&r)->path, "next");
        assert_string_equal(r.entry->link, "next");
        tar_expect_end(&r);
        li_buffer_free(&tar);
    }
}

/* A long name ends with its first NUL, or with its data. */
static void test_long_names(void **state)
{
    struct li_buffer tar = {0};

    (void)state;
    tar_put_special(&tar, 'L', "one\0two", 7);
    tar_file(&tar, "x", "");
    tar_put_special(&tar, 'L', "three", 5);
    tar_file(&tar, "x", "");
    tar_put_special(&tar, 'L', "\0four", 5);
    tar_file(&tar, "five", "");
    tar_put_special(&tar, 'L', "old/", 4);
    put_type(&tar, "six", '\0', "");
    tar_expect_paths(&tar, "one three five old/");
}

/* ---- numbers and checksums ---- */

/* Numbers that are none are not read as 0, in special headers either. */
static void test_wrong_numbers(void **state)
{
    static const struct {
        size_t at, length;
        const char *name;
    } fields[] = {{100, 8, "mode"},     {108, 8, "uid"},    {116, 8, "gid"},
                  {124, 12, "size"},    {136, 12, "mtime"}, {329, 8, "devmajor"},
                  {337, 8, "devminor"}, {476, 12, "atime"}, {488, 12, "ctime"}};

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct li_buffer tar = {0};
        uint8_t header[TAR_BLOCK];
        char words[64];

        tar_make_header(&(struct tar_entry){.path = "f", .type = '0'}, header);
        memcpy(header + 508, "tar", 4);
        memset(header + fields[i].at, 'x', fields[i].length);
        tar_put_header(&tar, header, NULL, 0);
        snprintf(words, sizeof(words), "does not have a number in the field \"%s\"",
                 fields[i].name);
        tar_expect_failure(&tar, LI_ECORRUPT, words, "f");
        header[156] = 'x';
        tar_put_header(&tar, header, NULL, 0);
        tar_expect_failure(&tar, LI_ECORRUPT, words, "");
        /* V7 has no devices, and only star has these times. */
        header[156] = '0';
        memset(header + (i < 7 ? 257 : 508), 0, i < 7 ? 8 : 4);
        tar_put_header(&tar, header, NULL, 0);
        if (i < 5)
            tar_expect_failure(&tar, LI_ECORRUPT, words, "f");
        else
            tar_expect_paths(&tar, "f");
    }
}

/* Sums of signed bytes and of unsigned ones, as octal numbers in any form; nothing else. */
static void test_checksums(void **state)
{
    static const struct {
        const char *before;
        int digits;
        const char *behind;
        int offset;
        bool holds;
    } sums[] = {{"", 6, "", 0, true},    {"", 7, "", 0, true},   {"", 8, "", 0, true},
                {"", 6, " ", 0, true},   {"  ", 6, "", 0, true}, {"", 6, "", -512, true},
                {"", 6, "", 1, false},   {"", 6, "", -1, false}, {"", 6, "", -256, false},
                {"", 6, "", 512, false}, {"", 6, "x", 0, false}, {"x", 6, "", 0, false},
                {"-", 6, "", 0, false},  {"", 5, " 1", 0, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        struct li_buffer tar = {0};
        uint8_t header[TAR_BLOCK];
        char text[32];
        unsigned sum = 8 * ' ';

        /* Two bytes with the highest bit make 512 of difference. */
        tar_make_header(&(struct tar_entry){.path = "\xc3\xa9", .type = '0'}, header);
        memset(header + 148, 0, 8);
        for (size_t j = 0; j < TAR_BLOCK; j++)
            sum += header[j];
        snprintf(text, sizeof(text), "%s%0*o%s", sums[i].before, sums[i].digits,
                 sum + (unsigned)sums[i].offset, sums[i].behind);
        memcpy(header + 148, text, strlen(text) < 8 ? strlen(text) : 8);
        tar_append(&tar, header, TAR_BLOCK);
        if (sums[i].holds)
            tar_expect_paths(&tar, "\xc3\xa9");
        else
            tar_expect_failure(&tar, LI_ECORRUPT, "not a tar that can be read", "");
    }
}

/* Modes have more bits in tars than files have. */
static void test_modes(void **state)
{
    static const struct {
        uint64_t stated;
        uint32_t mode;
    } modes[] = {{0100644, 0644}, {0777777, 07777}, {04755, 04755}, {(uint32_t)-1, 07777}};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct li_buffer tar = {0};
        struct tar_reading r;

        tar_put(&tar, &(struct tar_entry){.path = "f", .mode = (unsigned)modes[i].stated});
        tar_open(&r, &tar);
        assert_int_equal(tar_expect(&r)->mode, modes[i].mode);
        tar_expect_end(&r);
        li_buffer_free(&tar);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),     cmocka_unit_test(test_types),
        cmocka_unit_test(test_other_types), cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_full_fields), cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_long_names),  cmocka_unit_test(test_wrong_numbers),
        cmocka_unit_test(test_checksums),   cmocka_unit_test(test_modes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
