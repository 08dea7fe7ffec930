/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files as the tar reader gives them, in the four forms that tars have. */
#include "tests/fixtures/sparse.h"

#include "tests/fixtures/tar_reader.h"

#define GiB (UINT64_C(1) << 30)

static const struct li_sparse_run two[] = {{512, 100}, {10 * GiB - 700, 200}};
static const struct li_sparse_run holes_only[] = {{10000, 0}};
static const struct li_sparse_run touching[] = {{0, 512}, {512, 512}, {1024, 0}, {1024, 1}};
static const struct li_sparse_run all[] = {{0, 1300}};
static const struct li_sparse_run six[] = {{0, 1}, {10, 2}, {20, 3}, {30, 0}, {40, 5}, {50, 6}};

static const struct sparse files[] = {
    SPARSE(10 * GiB, two), SPARSE(10000, holes_only), SPARSE(2000, touching),
    SPARSE(1300, all),     SPARSE(56, six),
};

/* The runs that have data, and what lies behind them. */
static void check(struct tar_reading *r, const struct sparse *f, const uint8_t *data)
{
    const struct li_tar_entry *e = tar_expect(r);
    size_t next = 0;

    assert_string_equal(e->path, "sparse");
    assert_int_equal(e->type, LI_TAR_FILE);
    assert_true(e->sparse);
    assert_int_equal(e->size, f->size);
    assert_int_equal(e->stored, stored_size(f));
    assert_memory_equal(r->memory.tar->data + e->data, data, e->stored);
    for (size_t i = 0; i < f->count; i++) {
        if (f->runs[i].length == 0)
            continue;
        assert_true(next < e->run_count);
        assert_int_equal(e->runs[next].offset, f->runs[i].offset);
        assert_int_equal(e->runs[next++].length, f->runs[i].length);
    }
    assert_int_equal(next, e->run_count);
    assert_string_equal(tar_expect(r)->path, "next");
    assert_false(r->entry->sparse);
    assert_int_equal(r->entry->run_count, 0);
    tar_expect_end(r);
}

static void test_forms(void **state)
{
    uint8_t *data = tar_bytes(1, 5000);

    (void)state;
    for (enum form form = OLD; form < FORMS; form++)
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
            struct li_buffer tar = {0};
            struct tar_reading r;

            put_sparse(&tar, "sparse", &files[i], data, form);
            tar_file(&tar, "next", "text");
            tar_open(&r, &tar);
            check(&r, &files[i], data);
            li_buffer_free(&tar);
        }
    free(data);
}

/* Maps whose blocks are just full, and one more; the old form has 4 runs in the header and 21 in a
 * block. */
static void test_long_maps(void **state)
{
    static const size_t counts[] = {3, 4, 5, 24, 25, 26, 45, 46, 47, 100, 1000, 10000};
    uint8_t *data = tar_bytes(1, 10000);

    (void)state;
    for (enum form form = OLD; form < FORMS; form++)
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            struct li_sparse_run *runs = calloc(counts[i], sizeof(*runs));
            struct sparse f = {counts[i] * 1000, runs, counts[i], 0};
            struct li_buffer tar = {0};
            struct tar_reading r;

            assert_non_null(runs);
            for (size_t j = 0; j < counts[i]; j++)
                runs[j] = (struct li_sparse_run){j * 1000 + 1, 1};
            put_sparse(&tar, "sparse", &f, data, form);
            tar_file(&tar, "next", "text");
            tar_open(&r, &tar);
            check(&r, &f, data);
            li_buffer_free(&tar);
            free(runs);
        }
    free(data);
}

/* ---- maps that are wrong ---- */

static void test_wrong_maps(void **state)
{
    static const struct li_sparse_run beyond[] = {{0, 10}, {90, 20}};
    static const struct li_sparse_run empty_beyond[] = {{0, 10}, {101, 0}};
    static const struct li_sparse_run overlapping[] = {{0, 10}, {5, 10}};
    static const struct li_sparse_run in_overlap[] = {{0, 10}, {5, 0}};
    static const struct li_sparse_run descending[] = {{50, 10}, {0, 10}};
    static const struct li_sparse_run huge[] = {{0, 10}, {INT64_MAX, 10}};
    static const struct sparse wrong[] = {
        SPARSE(100, beyond),     SPARSE(100, empty_beyond), SPARSE(100, overlapping),
        SPARSE(100, in_overlap), SPARSE(100, descending),   SPARSE(100, huge),
    };
    uint8_t *data = tar_bytes(1, 100);

    (void)state;
    for (enum form form = OLD; form < FORMS; form++)
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            struct li_buffer tar = {0};

            put_sparse(&tar, "f", &wrong[i], data, form);
            tar_expect_failure(&tar, LI_ECORRUPT, "sparse map", "f");
        }
    free(data);
}

/* The map has more bytes than the tar, or less. */
static void test_other_lengths(void **state)
{
    static const uint64_t missing[] = {1, 299, (uint64_t)-1, (uint64_t)-700};
    static const struct li_sparse_run runs[] = {{0, 1000}, {4000, 300}};
    uint8_t *data = tar_bytes(1, 2000);

    (void)state;
    for (enum form form = OLD; form < FORMS; form++)
        for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
            struct sparse f = SPARSE(5000, runs);
            struct li_buffer tar = {0};

            f.missing = missing[i];
            put_sparse(&tar, "f", &f, data, form);
            tar_file(&tar, "next", "text");
            tar_expect_failure(&tar, LI_ECORRUPT,
                               "its size or its sparse map does not match its contents", "f");
        }
    free(data);
}

/* Any header with a map in its data. */
static void put_map_text(struct li_buffer *tar, const char *map)
{
    struct li_buffer pax = {0}, data = {0};

    tar_record_text(&pax, "GNU.sparse.major", "1");
    tar_record_text(&pax, "GNU.sparse.minor", "0");
    tar_record_text(&pax, "GNU.sparse.realsize", "100");
    tar_append(&data, map, strlen(map));
    tar_pad(&data, data.len);
    tar_put(tar,
            &(struct tar_entry){.path = "f", .data = data.data, .length = data.len, .pax = &pax});
    li_buffer_free(&data);
    li_buffer_free(&pax);
}

static void test_wrong_map_texts(void **state)
{
    static const char *const wrong[] = {"x\n",
                                        "-1\n0\n0\n",
                                        "1\n0\n",
                                        "1\n0\n0",
                                        "1\n\n0\n",
                                        "1\n0,0\n0\n",
                                        "99999999999999999999\n",
                                        "9223372036854775807\n0\n0\n",
                                        "1\n-1\n1\n",
                                        "1\n1\n-1\n",
                                        "1 \n0\n0\n",
                                        "000000000000000000000000000000001\n0\n0\n"};
    struct li_buffer tar = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put_map_text(&tar, wrong[i]);
        tar_expect_failure(&tar, LI_ECORRUPT, "sparse map", "f");
    }
    put_map_text(&tar, "+1\n00\n-0\n");
    tar_expect_paths(&tar, "f");
    put_map_text(&tar, "0\n");
    tar_expect_paths(&tar, "f");
}

/* A map in the data must lie there in whole blocks. */
static void test_map_without_room(void **state)
{
    struct li_buffer tar = {0}, pax = {0};

    (void)state;
    tar_record_text(&pax, "GNU.sparse.major", "1");
    tar_record_text(&pax, "GNU.sparse.minor", "0");
    for (size_t i = 0; i < 2; i++) {
        tar_put(&tar, &(struct tar_entry){.path = "f", .data = i ? "0\n" : NULL, .pax = &pax});
        tar_expect_failure(&tar, LI_ECORRUPT, "its sparse map is cut short", "f");
    }
    li_buffer_free(&pax);
}

/* An entry with records KEY=VALUE, up to NULL, of TYPE. */
static void put_records(struct li_buffer *tar, const char *const *records, char type)
{
    struct li_buffer pax = {0};

    for (; *records; records += 2)
        tar_record_text(&pax, records[0], records[1]);
    tar_put(tar, &(struct tar_entry){
                     .path = "f", .target = "t", .type = type, .data = "text", .pax = &pax});
    li_buffer_free(&pax);
}

static void test_wrong_records(void **state)
{
    static const char *const wrong[][9] = {
        {"GNU.sparse.map", "0,4"},
        {"GNU.sparse.map", "0,4", "GNU.sparse.numblocks", "2"},
        {"GNU.sparse.map", "0,4,", "GNU.sparse.numblocks", "1"},
        {"GNU.sparse.map", "0", "GNU.sparse.numblocks", "1"},
        {"GNU.sparse.map", "0,x", "GNU.sparse.numblocks", "1"},
        {"GNU.sparse.map", "0,4", "GNU.sparse.numblocks", "0"},
        {"GNU.sparse.map", "0,4", "GNU.sparse.numblocks", "-1"},
        {"GNU.sparse.map", "0,4", "GNU.sparse.numblocks", "1", "GNU.sparse.size", "-1"},
        {"GNU.sparse.map", "0,4", "GNU.sparse.numblocks", "1", "GNU.sparse.size", "x"},
        {"GNU.sparse.major", "0", "GNU.sparse.minor", "1"},
        {"GNU.sparse.offset", "0", "GNU.sparse.numblocks", "1"},
        {"GNU.sparse.offset", "x", "GNU.sparse.numbytes", "4", "GNU.sparse.numblocks", "1"},
    };
    static const char *const order[][9] = {
        {"GNU.sparse.numbytes", "4", "GNU.sparse.offset", "0"},
        {"GNU.sparse.offset", "0", "GNU.sparse.offset", "0"},
        {"GNU.sparse.offset", "0,4", "GNU.sparse.numbytes", "4"},
    };
    struct li_buffer tar = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put_records(&tar, wrong[i], '0');
        tar_expect_failure(&tar, LI_ECORRUPT, "", "f");
    }
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        put_records(&tar, order[i], '0');
        tar_expect_failure(&tar, LI_ECORRUPT, "a sparse map that is out of order", "");
    }
}

/* A map of a version that nobody knows, and fields that others know, mean nothing. */
static void test_other_maps(void **state)
{
    static const char *const other[][9] = {
        {"GNU.sparse.major", "2", "GNU.sparse.minor", "0", "GNU.sparse.map", "0,1"},
        {"GNU.sparse.major", "0", "GNU.sparse.map", "0,1"},
        {"GNU.sparse.minor", "1", "GNU.sparse.map", "0,1"},
        {"GNU.sparse.name", "g", "GNU.sparse.size", "1000", "GNU.sparse.numblocks", "7"},
        {"SUN.holesdata", " 0 4", "SCHILY.realsize", "7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        struct li_buffer tar = {0};
        struct tar_reading r;

        put_records(&tar, other[i], '0');
        tar_open(&r, &tar);
        assert_int_equal(tar_expect(&r)->size, 4);
        assert_string_equal(r.entry->path, "f");
        assert_false(r.entry->sparse);
        tar_expect_end(&r);
        li_buffer_free(&tar);
    }
}

/* Only what has data can have holes. */
static void test_types_with_maps(void **state)
{
    static const char *const map[] = {"GNU.sparse.map", "0,4", "GNU.sparse.numblocks", "1", NULL};

    (void)state;
    for (char type = '1'; type <= '6'; type++) {
        struct li_buffer tar = {0};

        put_records(&tar, map, type);
        tar_expect_failure(&tar, LI_ECORRUPT, "which only a file can have", "f");
    }
}

/* A name or a size in one of several records. */
static void test_names_and_sizes(void **state)
{
    static const char *const records[] = {"GNU.sparse.map",
                                          "0,4",
                                          "GNU.sparse.numblocks",
                                          "1",
                                          "GNU.sparse.name",
                                          "name",
                                          "GNU.sparse.size",
                                          "50",
                                          "GNU.sparse.realsize",
                                          "60",
                                          "path",
                                          "path",
                                          NULL};
    struct li_buffer tar = {0};
    struct tar_reading r;

    (void)state;
    tar_put_special(&tar, 'L', "long", 5);
    put_records(&tar, records, '7');
    put_records(&tar, records + 8, '0');
    put_records(&tar,
                (const char *const[]){"GNU.sparse.map", "0,4", "GNU.sparse.numblocks", "1",
                                      "GNU.sparse.realsize", "60", NULL},
                '0');
    put_records(&tar,
                (const char *const[]){"GNU.sparse.map", "0,4", "GNU.sparse.numblocks", "1", NULL},
                '0');
    tar_open(&r, &tar);
    assert_string_equal(tar_expect(&r)->path, "name");
    assert_int_equal(r.entry->size, 50);
    assert_string_equal(tar_expect(&r)->path, "path");
    assert_int_equal(tar_expect(&r)->size, 60);
    assert_int_equal(tar_expect(&r)->size, 4);
    tar_expect_end(&r);
    li_buffer_free(&tar);
}

/* ---- the old form ---- */

/* A header of TYPE with MAGIC and whatever in the fields of the old map. */
static void put_junk(struct li_buffer *tar, char type, const char *magic, uint8_t junk)
{
    uint8_t header[TAR_BLOCK];

    tar_make_header(&(struct tar_entry){.path = "f", .type = type, .size = 4}, header);
    memcpy(header + 257, magic, 8);
    memset(header + 386, junk, 97 + 12);
    tar_put_header(tar, header, "text", 4);
}

static void test_junk_in_map(void **state)
{
    struct li_buffer tar = {0};

    (void)state;
    for (int junk = 1; junk < 256; junk += 127) {
        put_junk(&tar, '0', "ustar  ", (uint8_t)junk);
        put_junk(&tar, '\0', "ustar  ", (uint8_t)junk);
        put_junk(&tar, '7', "ustar  ", (uint8_t)junk);
    }
    tar_end(&tar);
    tar_expect_paths(&tar, "f f f f f f f f f");
    put_junk(&tar, 'S', "ustar  ", 'x');
    tar_expect_failure(&tar, LI_ECORRUPT, "without a GNU sparse map", "f");
    put_junk(&tar, 'S', "ustar\00000", '0');
    tar_expect_failure(&tar, LI_ECORRUPT, "without a GNU sparse map", "f");
}

static void test_old_maps(void **state)
{
    static const struct sparse none = {5000, NULL, 0, 0};
    const struct sparse some = SPARSE(56, six);
    struct li_buffer tar = {0};
    uint8_t *data = tar_bytes(1, 512);
    struct tar_reading r;

    (void)state;
    /* Without any run all is a hole. */
    put_old(&tar, "sparse", &none, data);
    tar_file(&tar, "next", "text");
    tar_open(&r, &tar);
    check(&r, &none, data);
    tar.len = 0;
    /* A further block that is not there, or has a wrong number. */
    put_old(&tar, "sparse", &some, data);
    tar.len = TAR_BLOCK;
    tar_expect_failure(&tar, LI_ECORRUPT, "cut short", "sparse");
    put_old(&tar, "sparse", &some, data);
    tar.data[TAR_BLOCK + 3] = 'x';
    tar_expect_failure(&tar, LI_ECORRUPT, "its sparse map is broken", "sparse");
    free(data);
}

static void test_limit(void **state)
{
    static const size_t counts[] = {LI_TAR_RUNS_MAX, LI_TAR_RUNS_MAX + 1};
    uint8_t *data = tar_bytes(1, LI_TAR_RUNS_MAX + 1);
    struct li_sparse_run *runs = calloc(LI_TAR_RUNS_MAX + 1, sizeof(*runs));

    (void)state;
    assert_non_null(runs);
    for (size_t i = 0; i <= LI_TAR_RUNS_MAX; i++)
        runs[i] = (struct li_sparse_run){2 * i, 1};
    for (size_t i = 0; i < 2; i++)
        for (enum form form = OLD; form < FORMS; form += PAX_1_0) {
            struct sparse f = {UINT64_C(1000000), runs, counts[i], 0};
            struct li_buffer tar = {0};
            struct tar_reading r;

            put_sparse(&tar, "sparse", &f, data, form);
            if (i == 1) {
                tar_expect_failure(&tar, LI_ELIMIT, "more than 400000 runs", "sparse");
                continue;
            }
            tar_file(&tar, "next", "text");
            tar_open(&r, &tar);
            check(&r, &f, data);
            li_buffer_free(&tar);
        }
    free(runs);
    free(data);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),           cmocka_unit_test(test_long_maps),
        cmocka_unit_test(test_wrong_maps),      cmocka_unit_test(test_other_lengths),
        cmocka_unit_test(test_wrong_map_texts), cmocka_unit_test(test_map_without_room),
        cmocka_unit_test(test_wrong_records),   cmocka_unit_test(test_other_maps),
        cmocka_unit_test(test_types_with_maps), cmocka_unit_test(test_names_and_sizes),
        cmocka_unit_test(test_junk_in_map),     cmocka_unit_test(test_old_maps),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
