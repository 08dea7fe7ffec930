/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's reads: of whole objects, which must be whole, of ranges; and looking whether there
 * is one. */
#include "tests/fixtures/s3_fixture.h"

static int get(struct s3_fixture *f)
{
    return li_store_get(f->store, "k", 100, &f->out, &f->err);
}

/* ---- whole objects --------------------------------------------------------------------------- */

#define SUMMED(body)                                                                               \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nx-amz-meta-lambdaimg-sha256: "                                \
                 "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\r\nx-amz-request-id: the-id\r\n"    \
                 "Connection: close\r\nContent-Length: 5\r\n\r\n" body,                            \
        .close = true                                                                              \
    }

/* What comes again as it came before is what there is, and its reader's to judge. */
static void what_does_not_fit_and_stays(void **state)
{
    BEGIN(SUMMED("hallo"), SUMMED("hullo"), SUMMED("hullo"), SUMMED("hallo"), SUMMED("hello"));

    assert_done(get(&f), &f.err);
    assert_memory_equal(f.out.data, "hullo", 5);
    assert_done(get(&f), &f.err);
    assert_memory_equal(f.out.data, "hello", 5);
    s3_finish(&f);
}

/* Bytes that are not those of the checksum, and others each time, are asked for four times. */
static void spoiled_on_the_way(void **state)
{
    BEGIN(SUMMED("hallo"), SUMMED("hello"), SUMMED("hallo"), SUMMED("hell0"), SUMMED("jello"),
          SUMMED("hullo"));

    assert_done(get(&f), &f.err);
    assert_int_equal(f.out.len, 5);
    assert_memory_equal(f.out.data, "hello", 5);
    assert_fails(get(&f), LI_ECORRUPT, "no sound answer in 4 attempts", &f.err);
    assert_fails(f.err.code, LI_ECORRUPT, "request the-id", &f.err);
    s3_finish(&f);
}

/* What has no checksum is none the more whole for that. */
static void a_part_is_not_the_whole(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-2/5\r\n", .body = "hel"}, HELLO,
          NOTHING, NOTHING, NOTHING, NOTHING);

    assert_done(get(&f), &f.err);
    assert_memory_equal(f.out.data, "hello", 5);
    assert_fails(get(&f), LI_ECORRUPT, "204", &f.err);
    s3_finish(&f);
}

static void too_large(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!"}, HELLO);

    assert_int_equal(li_store_get(f.store, "k", 5, &f.out, &f.err), LI_ELIMIT);
    assert_done(li_store_get(f.store, "k", 5, &f.out, &f.err), &f.err);
    s3_finish(&f);
}

/* ---- ranges, and looking --------------------------------------------------------------------- */

#define PART(range, body)                                                                          \
    {                                                                                              \
        .bytes = "HTTP/1.1 206 Part\r\nContent-Range: " range "\r\nConnection: close\r\n"          \
                 "Content-Length: 3\r\n\r\n" body,                                                 \
        .close = true                                                                              \
    }

static void get_range(void **state)
{
    BEGIN(PART("bytes 2-4/9", "cde"), PART("bytes 2-4/5", "cde"), PART("bytes 3-5/9", "def"),
          PART("bytes 2-9/9", "cde"), PART("nonsense", "cde"),
          {.bytes = "HTTP/1.1 416 Range\r\nContent-Length: 0\r\n\r\n"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdefghi", .close = true},
          NOTHING, DONE, MISSING);
    static const struct {
        uint64_t offset;
        size_t len;
        int rc;
        size_t got;
    } asked[] = {
        {2, 3, 0, 3},
        {2, 5, 0, 3},
        {2, 3, LI_ECORRUPT, 0},
        {2, 8, LI_ECORRUPT, 0},
        {2, 3, LI_ECORRUPT, 0},
        {20, 3, 0, 0},
        {0, 3, 0, 3},
        {1, 3, LI_EUNSUPPORTED, 0},
        {0, 3, LI_EUNSUPPORTED, 0},
        {0, 3, LI_EUNSUPPORTED, 0},
        {5, 0, 0, 0},
        {5, 0, LI_ENOTFOUND, 0},
    };

    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        int rc = li_store_get_range(f.store, "k", asked[i].offset, asked[i].len, &f.out, &f.err);

        if (rc != asked[i].rc)
            fail_msg("%zu: %d: %s", i, rc, f.err.text);
        assert_int_equal(f.out.len, asked[i].got);
    }
    assert_true(has_text(&f, 0, "\r\nRange: bytes=2-4\r\n"));
    s3_finish(&f);
}

#define SHUT(text)                                                                                 \
    {                                                                                              \
        .bytes = "HTTP/1.1 " text "\r\nConnection: close\r\n\r\n", .close = true                   \
    }
#define LONG(length) SHUT("200 OK\r\nContent-Length: " length)

static void exists(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"},
          SHUT("404 No\r\nx-amz-request-id: i\r\nContent-Length: 0"), LONG("1"), LONG("9"),
          LONG("2"));
    const char *keys[] = {"a", "b", "c"};
    bool present[3] = {false, false, false};

    assert_done(li_store_exists(f.store, keys, 0, 9, present, &f.err), &f.err);
    assert_done(li_store_exists(f.store, keys, 1, 9, present, &f.err), &f.err);
    assert_true(present[0]);
    assert_done(li_store_exists(f.store, keys, 1, 9, present, &f.err), &f.err);
    assert_false(present[0]);
    assert_done(li_store_exists(f.store, keys, 3, 9, present, &f.err), &f.err);
    assert_true(present[0] && present[1] && present[2]);
    s3_finish(&f);
}

/* What has a length that is none of the object's, whatever its ETag; and what has no length. */
static void exists_in_name_only(void **state)
{
    BEGIN(LONG("0"), LONG("10"), LONG("99999999999999999999999"), LONG("0\r\nETag: \"e\""),
          SHUT("200 OK"), SHUT("200 OK\r\nETag: \"e\""));
    const char *key = "k";
    bool present;

    for (int i = 0; i < 6; i++) {
        present = i < 5;
        assert_done(li_store_exists(f.store, &key, 1, 9, &present, &f.err), &f.err);
        assert_int_equal(present, i == 5);
    }
    s3_finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_and_stays),
        cmocka_unit_test(spoiled_on_the_way),
        cmocka_unit_test(a_part_is_not_the_whole),
        cmocka_unit_test(too_large),
        cmocka_unit_test(get_range),
        cmocka_unit_test(exists),
        cmocka_unit_test(exists_in_name_only),
    };

    return cmocka_run_group_tests_name("s3_read", tests, NULL, NULL);
}
