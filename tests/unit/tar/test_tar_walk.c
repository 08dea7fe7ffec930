/* SPDX-License-Identifier: Apache-2.0 */
/* Where the next header is: behind entries that state a size and have no data, and at the end. */
#include "tests/fixtures/tar_reader.h"

static const char zeros[4 * TAR_BLOCK];

/* A header of TYPE that states SIZE, without data. */
static void put_empty(struct li_buffer *tar, const char *path, char type, uint64_t size)
{
    tar_put(tar, &(struct tar_entry){.path = path, .target = "file", .type = type, .size = size});
}

/* A hard link with its data, as `pax -o linkdata` writes it. */
static void put_linkdata(struct li_buffer *tar, const char *path, const void *data, size_t len)
{
    tar_put(tar, &(struct tar_entry){
                     .path = path, .target = "file", .type = '1', .data = data, .length = len});
}

/* Whatever size these types state, in the header or in a record: the next header follows. */
static void test_header_only_types(void **state)
{
    static const uint64_t sizes[] = {1, 512, 1024, 1536, 100000, INT64_MAX, (uint64_t)-1};

    (void)state;
    for (char type = '1'; type <= '6'; type++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct li_buffer tar = {0}, pax = {0};

            put_empty(&tar, "a", type, sizes[i]);
            tar_record_number(&pax, "size", sizes[i] & INT64_MAX);
            tar_put(&tar,
                    &(struct tar_entry){.path = "b", .target = "file", .type = type, .pax = &pax});
            li_buffer_free(&pax);
            tar_file(&tar, "c", "here");
            tar_file(&tar, "d", "");
            tar_end(&tar);
            tar_expect_paths(&tar, "a b c d");
        }
}

/* The second position is a header as well, of an entry that the first reading has, too. */
static void test_both_places(void **state)
{
    struct li_buffer tar = {0};

    (void)state;
    tar_file(&tar, "file", "text");
    put_empty(&tar, "link", '1', 1024);
    tar_file(&tar, "lost", "here");
    tar_file(&tar, "after", "2");
    tar_end(&tar);
    tar_expect_paths(&tar, "file link lost after");
}

static void test_linkdata(void **state)
{
    static const size_t lengths[] = {1, 4, 511, 512, 513, 5000};
    uint8_t *data = tar_bytes(1, 5000);

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct li_buffer tar = {0};
        struct tar_reading r;

        put_linkdata(&tar, "a", data, lengths[i]);
        put_linkdata(&tar, "b", data, lengths[i]);
        tar_file(&tar, "file", "text");
        put_linkdata(&tar, "c", data, lengths[i]);
        tar_end(&tar);
        tar_open(&r, &tar);
        assert_int_equal(tar_expect(&r)->type, LI_TAR_HARD_LINK);
        assert_string_equal(r.entry->link, "file");
        assert_int_equal(r.entry->size, 0);
        assert_int_equal(r.entry->stored, 0);
        tar_close(&r);
        tar_expect_paths(&tar, "a b file c");
    }
    free(data);
}

/* The end may be at the second position, with blocks of zeros or without. */
static void test_linkdata_at_the_end(void **state)
{
    uint8_t *data = tar_bytes(1, 1024);

    (void)state;
    for (size_t blocks = 0; blocks <= 2; blocks++) {
        struct li_buffer tar = {0};

        put_linkdata(&tar, "a", data, 1024);
        tar_append(&tar, zeros, blocks * TAR_BLOCK);
        tar_expect_paths(&tar, "a");
    }
    free(data);
}

/* Data that begins with one block of zeros is not an end. */
static void test_linkdata_with_zeros(void **state)
{
    uint8_t *data = tar_bytes(1, 2048);
    struct li_buffer tar = {0};

    (void)state;
    memset(data, 0, TAR_BLOCK);
    put_linkdata(&tar, "a", data, 2048);
    tar_file(&tar, "b", "");
    tar_end(&tar);
    tar_expect_paths(&tar, "a b");
    free(data);
}

/* Neither position has anything. */
static void test_nothing_anywhere(void **state)
{
    uint8_t *data = tar_bytes(1, 4096);
    struct li_buffer tar = {0};

    (void)state;
    put_linkdata(&tar, "a", data, 2048);
    tar_append(&tar, data, 512);
    tar_expect_failure(&tar, LI_ECORRUPT, "not a tar that can be read: what is at byte 512", "");
    put_empty(&tar, "a", '1', 100000);
    tar_append(&tar, data, 512);
    tar_expect_failure(&tar, LI_ECORRUPT, "not a tar that can be read: what is at byte 512", "");
    free(data);
}

#define TWO_WAYS "the tar can be read in two ways: it ends at byte"

/* Data that looks like the end: engines see an end, others the entries behind it. */
static void test_end_in_the_data(void **state)
{
    struct li_buffer tar = {0};

    (void)state;
    put_linkdata(&tar, "a", zeros, 1024);
    tar_file(&tar, "b", "");
    tar_end(&tar);
    tar_expect_failure(&tar, LI_ECORRUPT, TWO_WAYS " 512,", "");
    /* Nothing stands behind it: one end, whichever. */
    put_linkdata(&tar, "a", zeros, 1024);
    tar_end(&tar);
    tar_expect_paths(&tar, "a");
}

/* A tar as data, with its end and without; also where special headers lead to that end. */
static void test_tar_in_the_data(void **state)
{
    struct li_buffer tar = {0}, inner = {0};

    (void)state;
    tar_file(&inner, "x", "1");
    put_linkdata(&tar, "a", inner.data, inner.len);
    tar_file(&tar, "b", "");
    tar_end(&tar);
    tar_expect_paths(&tar, "a x b");
    tar_put_special(&inner, 'L', "long", 5);
    tar_file(&inner, "y", "1");
    tar_end(&inner);
    put_linkdata(&tar, "a", inner.data, inner.len);
    tar_file(&tar, "b", "");
    tar_end(&tar);
    tar_expect_failure(&tar, LI_ECORRUPT, TWO_WAYS " 3584,", "");
    li_buffer_free(&inner);
}

/* Of many doubts that are still open at the end any one counts, wherever it was met. */
static void test_many_doubts(void **state)
{
    enum { MANY = 1000 };

    (void)state;
    for (int which = -1; which < MANY; which += 333) {
        struct li_buffer tar = {0};
        size_t end = (MANY + 2) * TAR_BLOCK;

        for (int i = 0; i < MANY; i++) {
            size_t behind = tar.len + TAR_BLOCK;

            put_empty(&tar, "l", '2', (i == which ? end : end + 512) - behind);
        }
        tar_end(&tar);
        tar_file(&tar, "f", "text");
        if (which >= 0) {
            tar_expect_failure(&tar, LI_ECORRUPT, TWO_WAYS, "");
        } else {
            struct li_error err = LI_ERROR_INIT;
            struct tar_reading r;
            int count = -1;

            tar_open(&r, &tar);
            do {
                assert_done(tar_next(&r, &err), &err);
                count++;
            } while (r.entry);
            assert_int_equal(count, MANY);
            /* Each position is looked at once, however many doubts there are of it. */
            assert_true(r.memory.looks <= MANY + 8);
            tar_close(&r);
            li_buffer_free(&tar);
        }
    }
}

/* Doubts that are behind take no room; there is a limit for those ahead. */
static void test_limit_of_doubts(void **state)
{
    enum { MANY = 40000, MOST = 70000 };
    struct li_buffer tar = {0};
    struct li_error err = LI_ERROR_INIT;
    struct tar_reading r;
    int count = 0, rc;

    (void)state;
    for (int i = 0; i < MANY; i++)
        put_empty(&tar, "l", '2', 1024);
    tar_end(&tar);
    tar_open(&r, &tar);
    do {
        assert_done(tar_next(&r, &err), &err);
        count++;
    } while (r.entry);
    assert_int_equal(count, MANY + 1);
    tar_close(&r);
    tar.len = 0;
    for (int i = 0; i < MOST; i++)
        put_empty(&tar, "l", '2', MOST * TAR_BLOCK - tar.len);
    tar_end(&tar);
    tar_open(&r, &tar);
    while ((rc = tar_next(&r, &err)) == 0)
        assert_non_null(r.entry);
    assert_fails(rc, LI_ELIMIT, "lead", &err);
    tar_close(&r);
    li_buffer_free(&tar);
}

/* ---- the end ---- */

static void test_ends(void **state)
{
    (void)state;
    for (size_t blocks = 0; blocks <= 4; blocks++) {
        struct li_buffer tar = {0};

        tar_file(&tar, "a", "text");
        tar_append(&tar, zeros, blocks * TAR_BLOCK);
        tar_expect_paths(&tar, "a");
    }
}

/* What is behind the end does not count. */
static void test_behind_the_end(void **state)
{
    struct li_buffer tar = {0};

    (void)state;
    tar_expect_paths(&tar, "");
    tar_file(&tar, "a", "text");
    tar_end(&tar);
    tar_append(&tar, "garbage", 7);
    tar_expect_paths(&tar, "a");
    tar_end(&tar);
    tar_file(&tar, "b", "text");
    tar_expect_paths(&tar, "");
}

static void test_wrong_ends(void **state)
{
    struct li_buffer tar = {0};

    (void)state;
    tar_file(&tar, "a", "text");
    tar_append(&tar, zeros, TAR_BLOCK);
    tar_file(&tar, "b", "text");
    tar_expect_failure(&tar, LI_ECORRUPT, "at byte 1024 it has a single block of zeros", "");
    tar_file(&tar, "a", "text");
    tar_append(&tar, zeros, TAR_BLOCK + 100);
    tar_expect_failure(&tar, LI_ECORRUPT, "at byte 1024 it has a single block of zeros", "");
    tar_file(&tar, "a", "text");
    tar_append(&tar, zeros, 100);
    tar_expect_failure(&tar, LI_ECORRUPT, "within the header at byte 1024; it is cut short", "");
    tar_file(&tar, "a", "text");
    tar.len = TAR_BLOCK + 3;
    tar_expect_failure(&tar, LI_ECORRUPT, "the tar is cut short", "a");
    put_linkdata(&tar, "b", "text", 4);
    tar.len = TAR_BLOCK + 3;
    tar_expect_failure(&tar, LI_ECORRUPT, "within the header at byte 512; it is cut short", "");
}

/* All contents are there, and what fills their last block is not. */
static void test_cut_padding(void **state)
{
    static const size_t ends[] = {4, 5, TAR_BLOCK - 1, TAR_BLOCK};

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct li_buffer tar = {0};
        struct tar_reading r;

        tar_file(&tar, "a", "text");
        tar.len = TAR_BLOCK + ends[i];
        tar_open(&r, &tar);
        assert_int_equal(tar_expect(&r)->stored, 4);
        tar_expect_end(&r);
        li_buffer_free(&tar);
        put_linkdata(&tar, "b", "text", 4);
        tar.len = TAR_BLOCK + ends[i];
        tar_expect_paths(&tar, "b");
    }
}

/* Special headers with nothing behind them say nothing. */
static void test_special_at_the_end(void **state)
{
    static const char record[] = "12 path=abc\n";
    struct li_buffer tar = {0};

    (void)state;
    for (const char *type = "xgLK"; *type; type++) {
        tar_file(&tar, "a", "text");
        tar_put_special(&tar, *type, record, strlen(record));
        tar_end(&tar);
        tar_expect_paths(&tar, "a");
        tar_file(&tar, "a", "text");
        tar_put_special(&tar, *type, record, strlen(record));
        tar.len -= TAR_BLOCK - strlen(record);
        tar_expect_paths(&tar, "a");
        tar_file(&tar, "a", "text");
        tar_put_special(&tar, *type, record, strlen(record));
        tar.len -= TAR_BLOCK - strlen(record) + 1;
        tar_expect_failure(&tar, LI_ECORRUPT, "cut short", "");
    }
    tar_put_special(&tar, 'x', "12 path=abc", 11);
    tar_end(&tar);
    tar_expect_failure(&tar, LI_ECORRUPT, "special header 'x' at byte 0", "");
}

/* Whichever look fails, the failure comes out. */
static void test_failing_source(void **state)
{
    struct li_buffer tar = {0};
    uint64_t looks = UINT64_MAX;

    (void)state;
    tar_put_special(&tar, 'x', "12 path=abc\n", 12);
    tar_file(&tar, "a", "text");
    put_empty(&tar, "b", '2', 512);
    put_linkdata(&tar, "c", "text", 4);
    tar_end(&tar);
    for (uint64_t fails_at = 0; fails_at <= looks; fails_at++) {
        struct li_error err = LI_ERROR_INIT;
        struct tar_reading r;
        int rc;

        tar_open(&r, &tar);
        r.memory.fails_at = fails_at;
        do
            rc = tar_next(&r, &err);
        while (rc == 0 && r.entry);
        if (fails_at == 0)
            looks = r.memory.looks;
        assert_int_equal(rc, fails_at == 0 ? 0 : LI_EIO);
        tar_close(&r);
    }
    assert_true(looks > 6);
    li_buffer_free(&tar);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_only_types),
        cmocka_unit_test(test_both_places),
        cmocka_unit_test(test_linkdata),
        cmocka_unit_test(test_linkdata_at_the_end),
        cmocka_unit_test(test_linkdata_with_zeros),
        cmocka_unit_test(test_nothing_anywhere),
        cmocka_unit_test(test_end_in_the_data),
        cmocka_unit_test(test_tar_in_the_data),
        cmocka_unit_test(test_many_doubts),
        cmocka_unit_test(test_limit_of_doubts),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_behind_the_end),
        cmocka_unit_test(test_wrong_ends),
        cmocka_unit_test(test_cut_padding),
        cmocka_unit_test(test_special_at_the_end),
        cmocka_unit_test(test_failing_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
