/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The S3 store's writes, on servers that keep conditions, refuse them, ignore them, or lose their
 * answers; and its listings, from servers that send what they like.
 */
#include "s3_fixture.h"

static int put(struct s3_fixture *f)
{
    return li_store_put_if_absent(f->store, "k", "data", 4, &f->err);
}

/* What a HEAD or a PUT may be answered with. */
#define MARKED(mark)                                                                               \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nx-amz-meta-lambdaimg-put: " mark              \
                 "\r\nContent-Length: 0\r\n\r\n"                                                   \
    }
#define UNSUPPORTED                                                                                \
    {                                                                                              \
        .bytes = "HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n"                                    \
    }
#define LOST                                                                                       \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\n", .close = true                                              \
    }
#define CONFLICT                                                                                   \
    {                                                                                              \
        .bytes = "HTTP/1.1 409 No" ERROR_END "ConditionalRequestConflict</Code></Error>",          \
        .close = true                                                                              \
    }

/* ---- put if absent --------------------------------------------------------------------------- */

/* The first small object is put again under conditions that do not hold; the next is not. */
static void conditions_are_kept(void **state)
{
    BEGIN(DONE, REFUSED, REFUSED, DONE);

    assert_int_equal(put(&f), 0);
    expect_request(&f, 0, "PUT /bucket/pre/k ");
    assert_true(has_text(&f, 0, "\r\nIf-None-Match: *\r\n"));
    assert_true(has_text(&f, 0, "\r\nx-amz-meta-lambdaimg-put: " OWN_MARK "\r\n"));
    assert_true(has_text(
        &f, 0,
        "\r\nx-amz-meta-lambdaimg-sha256: Om6weQ85rIfJTzhWst0sXREOaBFgImGpqSPTuyOtyLc=\r\n"));
    assert_true(has_text(
        &f, 0, "\r\nx-amz-checksum-sha256: Om6weQ85rIfJTzhWst0sXREOaBFgImGpqSPTuyOtyLc=\r\n"));
    assert_true(has_text(&f, 1, "\r\nIf-None-Match: *\r\n"));
    assert_true(has_text(&f, 2, "\r\nIf-Match: \""));
    assert_int_equal(put(&f), 0);
    assert_int_equal(f.notices, 0);
    s3_finish(&f);
}

static void there_is_one_already(void **state)
{
    BEGIN(REFUSED, MARKED("11111111111111111111111111111111"), DONE, REFUSED);

    assert_int_equal(put(&f), LI_END);
    expect_request(&f, 1, "HEAD /bucket/pre/k ");
    assert_int_equal(put(&f), 0);
    s3_finish(&f);
}

/* Who was told so must not believe that it is stored. */
static void there_is_none_after_all(void **state)
{
    BEGIN(REFUSED, MISSING, DONE, REFUSED);

    assert_fails(put(&f), LI_ENETWORK, "it is not", &f.err);
    assert_int_equal(put(&f), 0);
    s3_finish(&f);
}

static void an_answer_that_was_lost(void **state)
{
    BEGIN(LOST, REFUSED, MARKED(OWN_MARK), CONFLICT, DONE, REFUSED);

    assert_int_equal(put(&f), 0);
    assert_int_equal(put(&f), 0);
    s3_finish(&f);
}

static void conditions_are_refused(void **state)
{
    BEGIN(UNSUPPORTED, MISSING, DONE, MARKED(""));

    assert_int_equal(put(&f), 0);
    assert_int_equal(f.notices, 1);
    expect_request(&f, 1, "HEAD /bucket/pre/k ");
    expect_request(&f, 2, "PUT /bucket/pre/k ");
    assert_false(has_text(&f, 2, "If-None-Match"));
    assert_int_equal(put(&f), LI_END);
    assert_int_equal(f.notices, 1);
    s3_finish(&f);
}

static void conditions_are_ignored(void **state)
{
    BEGIN(DONE, DONE, DONE, MARKED(""));

    assert_int_equal(put(&f), 0);
    assert_int_equal(f.notices, 1);
    assert_int_equal(put(&f), LI_END);
    expect_request(&f, 3, "HEAD ");
    s3_finish(&f);
}

/* A large object is not sent again. */
static void large_objects_try_nothing(void **state)
{
    BEGIN(DONE);
    enum { LARGE = (1 << 16) + 1 };
    char *large = calloc(1, LARGE);

    assert_non_null(large);
    assert_int_equal(li_store_put_if_absent(f.store, "k", large, LARGE, &f.err), 0);
    free(large);
    s3_finish(&f);
}

/* ---- replace if ------------------------------------------------------------------------------ */

#define HELD(body, etag)                                                                           \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: " etag "\r\n\r\n" body             \
    }

static int replace(struct s3_fixture *f)
{
    return li_store_replace_if(f->store, "k", "old", 3, "new", 3, &f->err);
}

static void replaced(void **state)
{
    BEGIN(HELD("old", "\"e1\""), DONE);

    assert_int_equal(replace(&f), 0);
    expect_request(&f, 1, "PUT /bucket/pre/k ");
    assert_true(has_text(&f, 1, "\r\nIf-Match: \"e1\"\r\n"));
    s3_finish(&f);
}

static void changed_before(void **state)
{
    BEGIN(HELD("odd", "\"e1\""),
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nolds", .close = true},
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nol"}, MISSING);

    for (int i = 0; i < 4; i++)
        assert_int_equal(replace(&f), LI_ECHANGED);
    s3_finish(&f);
}

static void changed_meanwhile(void **state)
{
    BEGIN(HELD("old", "\"e0\""), REFUSED, MARKED("11111111111111111111111111111111"),
          HELD("old", "\"e0\""), MISSING, MISSING, HELD("old", "\"e1\""), LOST, REFUSED,
          MARKED(OWN_MARK));

    assert_int_equal(replace(&f), LI_ECHANGED);
    assert_int_equal(replace(&f), LI_ECHANGED);
    assert_int_equal(replace(&f), 0);
    s3_finish(&f);
}

/* Nothing has changed, yet the condition is refused: the ETag is compared without its quotes. */
static void bare_etags(void **state)
{
    BEGIN(HELD("old", "\"e1\""), REFUSED, MARKED("1"), DONE, HELD("old", "\"e2\""), DONE);

    assert_int_equal(replace(&f), 0);
    assert_true(has_text(&f, 1, "\r\nIf-Match: \"e1\"\r\n"));
    assert_true(has_text(&f, 3, "\r\nIf-Match: e1\r\n"));
    assert_int_equal(replace(&f), 0);
    assert_true(has_text(&f, 5, "\r\nIf-Match: e2\r\n"));
    s3_finish(&f);
}

/* It is refused either way, though nothing changes: no circle. */
static void never_matches(void **state)
{
    BEGIN(HELD("old", "\"e1\""), REFUSED, MARKED("1"), REFUSED, MARKED("1"));

    assert_int_equal(replace(&f), LI_ECHANGED);
    s3_finish(&f);
}

static void replaced_without_conditions(void **state)
{
    BEGIN(HELD("old", "\"e1\""), UNSUPPORTED, DONE, HELD("old", ""), DONE);

    assert_int_equal(replace(&f), 0);
    assert_false(has_text(&f, 2, "If-Match"));
    assert_int_equal(f.notices, 1);
    assert_int_equal(replace(&f), 0);
    assert_false(has_text(&f, 4, "If-Match"));
    assert_int_equal(f.notices, 1);
    s3_finish(&f);
}

/* ---- copy ------------------------------------------------------------------------------------ */

#define LATE_ERROR(code)                                                                           \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\n", .body = "<Error><Code>" code "</Code></Error>"             \
    }

static void copy(void **state)
{
    BEGIN(MISSING, LATE_ERROR("InternalError"),
          {.bytes = "HTTP/1.1 200 OK\r\n", .body = "<CopyObjectResult></CopyObjectResult>"}, DONE,
          MISSING, REFUSED, MISSING, UNSUPPORTED, DONE, MISSING, STATUS("404 No", "NoSuchKey"),
          MISSING, LATE_ERROR("AccessDenied"));

    assert_int_equal(li_store_copy(f.store, "a~b+c", "to", &f.err), 0);
    expect_request(&f, 1, "PUT /bucket/pre/to ");
    assert_true(has_text(&f, 1, "\r\nx-amz-copy-source: /bucket/pre/a~b%2Bc\r\n"));
    assert_true(has_text(&f, 1, "\r\nIf-None-Match: *\r\n"));
    assert_int_equal(li_store_copy(f.store, "a", "to", &f.err), LI_END);
    assert_int_equal(li_store_copy(f.store, "a", "to", &f.err), LI_END);
    assert_int_equal(li_store_copy(f.store, "a", "to", &f.err), 0);
    assert_false(has_text(&f, 8, "If-None-Match"));
    assert_int_equal(li_store_copy(f.store, "a", "to", &f.err), LI_ENOTFOUND);
    assert_int_not_equal(li_store_copy(f.store, "a", "to", &f.err), 0);
    s3_finish(&f);
}

/* ---- listings -------------------------------------------------------------------------------- */

struct seen {
    char text[2000];
    int stop_at, count;
};

static int note_key(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct seen *seen = arg;
    size_t len = strlen(seen->text);

    if (++seen->count == seen->stop_at)
        return li_fail(err, LI_EDENIED, "enough");
    snprintf(seen->text + len, sizeof(seen->text) - len, "%s:%u ", key, (unsigned)size);
    return 0;
}

static int list(struct s3_fixture *f, struct seen *seen)
{
    return li_store_list(f->store, "d/", note_key, seen, &f->err);
}

#define PAGE(inner)                                                                                \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\n",                                                            \
        .body = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" inner       \
                "</ListBucketResult>"                                                              \
    }
#define KEY(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size></Contents>"
#define MORE(token)                                                                                \
    "<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"

static void pages(void **state)
{
    BEGIN(PAGE(KEY("pre/d/", "0") KEY("pre/d/a%20%26%2B", "1") MORE("t=1&amp;+")), PAGE(MORE("t2")),
          PAGE(KEY("pre/d/b", "18446744073709551615")),
          PAGE(KEY("pre/d/b", "7") "<CommonPrefixes><Prefix>pre/d/c/</Prefix></CommonPrefixes>"));
    struct seen seen = {"", 0, 0};

    assert_done(list(&f, &seen), &f.err);
    assert_string_equal(seen.text, "d/a &+:1 d/b:4294967295 ");
    expect_request(&f, 0, "GET /bucket?encoding-type=url&list-type=2&prefix=pre%2Fd%2F ");
    expect_request(&f, 1, "GET /bucket?continuation-token=t%3D1%26%2B&encoding-type=url&");
    assert_true(has_text(&f, 2, "continuation-token=t2&"));
    seen = (struct seen){"", 0, 0};
    assert_done(li_store_list_shallow(f.store, "d/", note_key, &seen, &f.err), &f.err);
    assert_string_equal(seen.text, "d/b:7 d/c/:0 ");
    expect_request(&f, 3, "GET /bucket?delimiter=%2F&encoding-type=url&list-type=2&prefix=");
    s3_finish(&f);
}

static void circles(void **state)
{
    BEGIN(PAGE(MORE("a")), PAGE(MORE("b")), PAGE(MORE("c")), PAGE(MORE("b")));
    struct seen seen = {"", 0, 0};

    assert_fails(list(&f, &seen), LI_ECORRUPT, "circles", &f.err);
    s3_finish(&f);
}

static void bad_pages(void **state)
{
    BEGIN(PAGE(KEY("pre/e/x", "1")), PAGE(KEY("x", "1")), FOUR(PAGE(KEY("pre/d/%0", "1"))),
          FOUR(PAGE(KEY("pre/d/a%00", "1"))), FOUR(PAGE(KEY("pre/d/x", "-1"))),
          FOUR(PAGE(KEY("pre/d/x", ""))), FOUR(PAGE("<Contents><Size>1</Size></Contents>")),
          FOUR(PAGE("<IsTruncated>true</IsTruncated>")),
          FOUR(PAGE("<IsTruncated>True</IsTruncated>")), FOUR(PAGE(MORE(""))),
          FOUR({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<x/>"}),
          FOUR({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"}), FOUR(DONE),
          STATUS("404 No", "NoSuchBucket"));
    struct seen seen = {"", 0, 0};

    for (int i = 0; i < 13; i++)
        if (list(&f, &seen) != LI_ECORRUPT)
            fail_msg("%d: %s", i, f.err.text);
    assert_int_equal(list(&f, &seen), LI_EINVALID);
    assert_string_equal(seen.text, "");
    s3_finish(&f);
}

static void a_visitor_that_stops(void **state)
{
    BEGIN(PAGE(KEY("pre/d/a", "1") KEY("pre/d/b", "1") KEY("pre/d/c", "1") MORE("t")));
    struct seen seen = {"", 2, 0};

    assert_fails(list(&f, &seen), LI_EDENIED, "enough", &f.err);
    assert_string_equal(seen.text, "d/a:1 ");
    s3_finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_are_kept),
        cmocka_unit_test(there_is_one_already),
        cmocka_unit_test(there_is_none_after_all),
        cmocka_unit_test(an_answer_that_was_lost),
        cmocka_unit_test(conditions_are_refused),
        cmocka_unit_test(conditions_are_ignored),
        cmocka_unit_test(large_objects_try_nothing),
        cmocka_unit_test(replaced),
        cmocka_unit_test(changed_before),
        cmocka_unit_test(changed_meanwhile),
        cmocka_unit_test(bare_etags),
        cmocka_unit_test(never_matches),
        cmocka_unit_test(replaced_without_conditions),
        cmocka_unit_test(copy),
        cmocka_unit_test(pages),
        cmocka_unit_test(circles),
        cmocka_unit_test(bad_pages),
        cmocka_unit_test(a_visitor_that_stops),
    };

    return cmocka_run_group_tests_name("s3_write", tests, NULL, NULL);
}
