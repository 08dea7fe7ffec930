/* SPDX-License-Identifier: Apache-2.0 */
/* PAX records: which are valid, which count, and what they change. */
#include "tests/fixtures/tar_reader.h"

/* An entry of TYPE behind an 'x' header with TEXT as its data. */
static void put(struct li_buffer *tar, const char *text, size_t len, char type)
{
    tar_put_special(tar, 'x', text, len);
    tar_put(tar, &(struct tar_entry){.path = "f",
                                     .target = "t",
                                     .type = type,
                                     .uid = 5,
                                     .gid = 6,
                                     .mtime = 7,
                                     .mode = 0640});
}

#define PUT(tar, text, type) put(tar, text, sizeof(text) - 1, type)

static const struct li_tar_record *find(const struct li_tar_entry *e, const char *key)
{
    for (size_t i = 0; i < e->record_count; i++)
        if (e->records[i].key_length == strlen(key) &&
            memcmp(e->records[i].key, key, strlen(key)) == 0)
            return &e->records[i];
    return NULL;
}

static void expect_record(const struct li_tar_entry *e, const char *key, const void *value,
                          size_t len)
{
    const struct li_tar_record *r = find(e, key);

    if (!r)
        fail_msg("no record \"%s\"", key);
    assert_int_equal(r->value_length, len);
    assert_memory_equal(r->value, value, len);
}

static void test_good_records(void **state)
{
    static const char *const good[] = {
        "5 a=\n",         "+6 a=\n",     "007 a=\n",      "6 k=1\n",        "9 a=\n\n=\n\n",
        "13 key1=haha\n", "10 a=b=c=\n", "6 \xff=\xfe\n", "13 SCHILY.=x\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct li_buffer tar = {0};

        put(&tar, good[i], strlen(good[i]), '0');
        tar_end(&tar);
        tar_expect_paths(&tar, "f");
    }
}

static void test_broken_records(void **state)
{
    static const char *const broken[] = {
        "garbage",  "garbage\n", "4 a=\n",    "5 ab\n",   "5 =b\n",
        "0 a=b\n",  "-6 a=b\n",  "6 a=bc\n",  "6 a=b",    "7 a=b\n",
        " 6 a=b\n", "6a=b\n",    "6\ta=b\n",  "\n",       "6 a=b\n\n",
        "6 a=b\n5", "6 a=b\n6",  "6 a=b\n5 ", "00005 a=", "99999999999999999999 a=b\n",
        "2 ",       "6      \n", "0x6 a=b\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct li_buffer tar = {0};

        put(&tar, broken[i], strlen(broken[i]), '0');
        tar_end(&tar);
        tar_expect_failure(&tar, LI_ECORRUPT,
                           "the special header 'x' at byte 0: its PAX records are broken", "");
        /* In a global header, too, although that changes nothing. */
        tar_put_special(&tar, 'g', broken[i], strlen(broken[i]));
        tar_end(&tar);
        tar_expect_failure(&tar, LI_ECORRUPT, "its PAX records are broken", "");
    }
}

static void test_nuls(void **state)
{
    static const char *const names[] = {"path", "linkpath", "uname", "gname", "GNU.sparse.name"};
    struct li_buffer tar = {0}, pax = {0};
    struct tar_reading r;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        tar_record(&pax, names[i], "a\0b", 3);
        put(&tar, (char *)pax.data, pax.len, '0');
        tar_expect_failure(&tar, LI_ECORRUPT, "has a NUL, which no name can have", "");
        pax.len = 0;
    }
    PUT(&tar, "8 a\0b=c\n", '0');
    tar_expect_failure(&tar, LI_ECORRUPT, "keyword of its PAX records has a NUL", "");
    tar_record(&pax, "SCHILY.xattr.user.a", "\0a\0", 3);
    put(&tar, (char *)pax.data, pax.len, '0');
    tar_open(&r, &tar);
    expect_record(tar_expect(&r), "SCHILY.xattr.user.a", "\0a\0", 3);
    tar_close(&r);
    li_buffer_free(&tar);
    li_buffer_free(&pax);
}

/* What records say in place of the header. */
static void test_fields(void **state)
{
    struct li_buffer tar = {0};
    const struct li_tar_entry *e;
    struct tar_reading r;

    (void)state;
    PUT(&tar,
        "12 path=a/b\n16 linkpath=c/d\n18 uid=4294967296\n11 gid=-12\n20 mtime=-1.5000001\n"
        "9 size=0\n11 atime=5\n11 ctime=6\n11 uname=x\n12 mode=777\n",
        '2');
    tar_open(&r, &tar);
    e = tar_expect(&r);
    assert_string_equal(e->path, "a/b");
    assert_string_equal(e->link, "c/d");
    assert_int_equal(e->uid, INT64_C(4294967296));
    assert_int_equal(e->gid, -12);
    assert_int_equal(e->mtime, -2);
    assert_int_equal(e->mtime_nsec, 499999900);
    assert_int_equal(e->mode, 0640); /* no such record */
    assert_int_equal(e->record_count, 10);
    expect_record(e, "uname", "x", 1);
    tar_expect_end(&r);
    li_buffer_free(&tar);
}

/* A record without a value leaves the header's, and is handed over. */
static void test_empty_values(void **state)
{
    struct li_buffer tar = {0};
    const struct li_tar_entry *e;
    struct tar_reading r;

    (void)state;
    PUT(&tar,
        "8 path=\n13 linkpath=\n7 uid=\n7 gid=\n9 mtime=\n8 size=\n9 atime=\n24 "
        "SCHILY.xattr.user.a=\n",
        '2');
    tar_open(&r, &tar);
    e = tar_expect(&r);
    assert_string_equal(e->path, "f");
    assert_string_equal(e->link, "t");
    assert_int_equal(e->uid, 5);
    assert_int_equal(e->gid, 6);
    assert_int_equal(e->mtime, 7);
    expect_record(e, "SCHILY.xattr.user.a", "", 0);
    tar_expect_end(&r);
    li_buffer_free(&tar);
}

static void test_wrong_values(void **state)
{
    static const char *const keys[] = {"uid", "gid", "size", "mtime", "atime", "ctime"};
    static const char *const values[] = {"x", "1x", " 1", "0x1", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
            struct li_buffer tar = {0}, pax = {0};
            char words[64];

            tar_record_text(&pax, keys[i], values[j]);
            put(&tar, (char *)pax.data, pax.len, '0');
            li_buffer_free(&pax);
            snprintf(words, sizeof(words), "its PAX record \"%s\" is not a number", keys[i]);
            tar_expect_failure(&tar, LI_ECORRUPT, words, "f");
        }
}

/* The size that a file has in the tar. */
static void test_size(void **state)
{
    struct li_buffer tar = {0}, pax = {0};
    struct tar_reading r;

    (void)state;
    tar_record_text(&pax, "size", "4");
    tar_put(&tar, &(struct tar_entry){.path = "f", .pax = &pax});
    tar_append(&tar, "text", 4);
    tar_pad(&tar, 4);
    tar_file(&tar, "next", "");
    tar_open(&r, &tar);
    assert_int_equal(tar_expect(&r)->size, 4);
    assert_int_equal(r.entry->stored, 4);
    assert_string_equal(tar_expect(&r)->path, "next");
    tar_expect_end(&r);
    tar.len = pax.len = 0;
    tar_record_text(&pax, "size", "-4");
    tar_put(&tar, &(struct tar_entry){.path = "f", .pax = &pax});
    tar_expect_failure(&tar, LI_ECORRUPT, "its size is negative", "f");
    pax.len = 0;
    /* The header's counts as well, as far as that. */
    tar_record_text(&pax, "size", "0");
    tar_put(&tar, &(struct tar_entry){.path = "f", .size = (uint64_t)-1, .pax = &pax});
    tar_expect_failure(&tar, LI_ECORRUPT, "its size is negative", "f");
    tar_put(&tar, &(struct tar_entry){.path = "f", .type = '5', .size = (uint64_t)-1, .pax = &pax});
    tar_expect_paths(&tar, "f");
    li_buffer_free(&pax);
}

/* The last of one key counts, in a few records and in many; the order is the tar's. */
static void test_repeated_keys(void **state)
{
    static const int counts[] = {1, 8, 15, 16, 17, 18, 40, 3000};

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct li_buffer tar = {0}, pax = {0};
        struct tar_reading r;
        char key[32];

        for (int j = 0; j < 2 * counts[i]; j++) {
            snprintf(key, sizeof(key), "key.%d", j % counts[i]);
            tar_record_number(&pax, key, (uint64_t)j);
        }
        tar_record_text(&pax, "path", "one");
        tar_record_text(&pax, "path", "other");
        put(&tar, (char *)pax.data, pax.len, '0');
        tar_open(&r, &tar);
        assert_string_equal(tar_expect(&r)->path, "other");
        assert_int_equal(r.entry->record_count, counts[i] + 1);
        for (int j = 0; j < counts[i]; j++) {
            char value[32];

            snprintf(key, sizeof(key), "key.%d", j);
            snprintf(value, sizeof(value), "%d", j + counts[i]);
            expect_record(r.entry, key, value, strlen(value));
            assert_memory_equal(r.entry->records[j].key, key, strlen(key));
        }
        tar_close(&r);
        li_buffer_free(&pax);
        li_buffer_free(&tar);
    }
}

/* A last value that is empty takes the earlier one's place: the header's counts again. */
static void test_repeated_and_empty(void **state)
{
    struct li_buffer tar = {0};

    (void)state;
    PUT(&tar, "12 path=a/b\n8 path=\n", '0');
    tar_expect_paths(&tar, "f");
}

/* As many as fit: the time is not their square. */
static void test_most_records(void **state)
{
    struct li_buffer tar = {0}, pax = {0};
    struct tar_reading r;
    size_t count = 0;

    (void)state;
    while (pax.len + 32 < LI_TAR_SPECIAL_MAX) {
        char key[16];

        snprintf(key, sizeof(key), "%zx", count++);
        tar_record_text(&pax, key, "");
    }
    put(&tar, (char *)pax.data, pax.len, '0');
    tar_open(&r, &tar);
    assert_int_equal(tar_expect(&r)->record_count, count);
    expect_record(r.entry, "0", "", 0);
    tar_expect_end(&r);
    li_buffer_free(&tar);
    li_buffer_free(&pax);
}

/* A second header takes the place of the first, with all that the first says. */
static void test_two_headers(void **state)
{
    struct li_buffer tar = {0};
    struct tar_reading r;

    (void)state;
    tar_put_special(&tar, 'x', "12 path=abc\n10 uid=77\n", 22);
    PUT(&tar, "10 gid=88\n", '0');
    tar_file(&tar, "next", "");
    tar_open(&r, &tar);
    assert_string_equal(tar_expect(&r)->path, "f");
    assert_int_equal(r.entry->header, 0);
    assert_int_equal(r.entry->uid, 5);
    assert_int_equal(r.entry->gid, 88);
    assert_int_equal(r.entry->record_count, 1);
    assert_int_equal(tar_expect(&r)->record_count, 0); /* they are for one entry */
    assert_int_equal(r.entry->gid, 0);
    tar_expect_end(&r);
    tar.len = 0;
    tar_put_special(&tar, 'x', "12 path=abc\n", 12);
    PUT(&tar, "", '0');
    tar_expect_paths(&tar, "f");
}

static void test_global_headers(void **state)
{
    struct li_buffer tar = {0};
    struct tar_reading r;

    (void)state;
    tar_put_special(&tar, 'g', "12 path=abc\n10 uid=77\n13 size=1000\n", 35);
    tar_file(&tar, "a", "text");
    PUT(&tar, "10 gid=88\n", '0');
    tar_open(&r, &tar);
    assert_string_equal(tar_expect(&r)->path, "a");
    assert_int_equal(r.entry->uid, 0);
    assert_int_equal(r.entry->size, 4);
    assert_int_equal(r.entry->record_count, 0);
    assert_string_equal(tar_expect(&r)->path, "f");
    assert_int_equal(r.entry->uid, 5);
    tar_expect_end(&r);
    tar.len = 0;
    /* To Go it is an entry: what comes before it is its own. */
    tar_put_special(&tar, 'x', "12 path=abc\n", 12);
    tar_put_special(&tar, 'L', "long", 5);
    tar_put_special(&tar, 'g', "12 comment=\n", 12);
    tar_file(&tar, "a", "");
    tar_expect_paths(&tar, "a");
}

static void test_limits(void **state)
{
    struct li_buffer tar = {0}, long_text = {0};
    uint8_t *bytes = tar_bytes(1, LI_TAR_SPECIAL_MAX + 1);

    (void)state;
    tar_put_special(&tar, 'L', bytes, LI_TAR_SPECIAL_MAX);
    tar_file(&tar, "a", "");
    tar_append(&long_text, bytes, LI_TAR_SPECIAL_MAX);
    tar_append(&long_text, "", 1);
    tar_expect_paths(&tar, (char *)long_text.data);
    li_buffer_free(&long_text);
    for (const char *type = "xgLK"; *type; type++) {
        tar_put_special(&tar, *type, bytes, LI_TAR_SPECIAL_MAX + 1);
        tar_file(&tar, "a", "");
        tar_expect_failure(&tar, LI_ELIMIT, "it has 1048577 bytes, more than 1048576", "");
        tar_put(&tar, &(struct tar_entry){.path = "s", .type = *type, .size = (uint64_t)-5});
        tar_expect_failure(&tar, LI_ECORRUPT, "its size is negative", "");
        tar_put(&tar, &(struct tar_entry){.path = "s", .type = *type, .size = 1000});
        tar_expect_failure(&tar, LI_ECORRUPT, "cut short", "");
    }
    for (int i = 0; i < LI_TAR_SPECIAL_COUNT; i++)
        tar_put_special(&tar, 'x', "10 gid=88\n", 10);
    tar_file(&tar, "a", "");
    for (int i = 0; i < LI_TAR_SPECIAL_COUNT + 1; i++)
        tar_put_special(&tar, 'x', "10 gid=88\n", 10);
    tar_file(&tar, "b", "");
    tar_expect_failure(&tar, LI_ELIMIT, "more than 32 special headers", "");
    free(bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_records),
        cmocka_unit_test(test_broken_records),
        cmocka_unit_test(test_nuls),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_empty_values),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_repeated_keys),
        cmocka_unit_test(test_repeated_and_empty),
        cmocka_unit_test(test_most_records),
        cmocka_unit_test(test_two_headers),
        cmocka_unit_test(test_global_headers),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
