/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's writes, on servers that keep conditions, refuse them, ignore them, or lose their
 * answers. */
#include "tests/fixtures/s3_fixture.h"

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

#define HELD(body, etag)                                                                           \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: " etag "\r\n\r\n" body             \
    }

static int replace(struct s3_fixture *f)
{
    return li_store_replace_if(f->store, "k", unit_bytes("old"), "new", 3, &f->err);
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

/* By a status that is for reads. */
static void there_is_one_that_is_not_modified(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 304 Not Modified\r\n\r\n"},
          MARKED("11111111111111111111111111111111"));

    assert_int_equal(put(&f), LI_END);
    assert_int_equal(li_store_lacks(f.store), 0);
    s3_finish(&f);
}

/* Who was told so must not believe that it is stored. */
static void there_is_none_after_all(void **state)
{
    BEGIN(REFUSED, MISSING, DONE, REFUSED);

    assert_fails(put(&f), LI_ENETWORK, "it does not", &f.err);
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

#define BODY(text)                                                                                 \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n", .body = text                                \
    }

/* A second 501 at once, to the same bytes, shows that it was the condition; the other kind of
 * condition is kept. What was written so is read again. */
static void conditions_are_refused(void **state)
{
    BEGIN(UNSUPPORTED, MISSING, DONE, UNSUPPORTED, REFUSED, BODY("data"), MARKED(""),
          HELD("old", "\"e1\""), DONE);

    assert_int_equal(put(&f), 0);
    assert_int_equal(f.notices, 1);
    expect_request(&f, 1, "HEAD /bucket/pre/k ");
    expect_request(&f, 2, "PUT /bucket/pre/k ");
    assert_false(has_text(&f, 2, "If-None-Match"));
    assert_true(has_text(&f, 3, "If-None-Match"));
    assert_true(has_text(&f, 4, "If-Match"));
    expect_request(&f, 5, "GET /bucket/pre/k ");
    assert_int_equal(li_store_lacks(f.store), LI_STORE_LACKS_IF_ABSENT);
    assert_int_equal(put(&f), LI_END);
    expect_request(&f, 6, "HEAD ");
    assert_int_equal(replace(&f), 0);
    assert_true(has_text(&f, 8, "\r\nIf-Match: \"e1\"\r\n"));
    assert_int_equal(f.notices, 1);
    s3_finish(&f);
}

/* One 501 in passing, from a server that keeps conditions, is for one put. */
static void one_refusal(void **state)
{
    BEGIN(DONE, REFUSED, REFUSED, UNSUPPORTED, MISSING, DONE, BODY("data"), DONE, UNSUPPORTED,
          MISSING, DONE, BODY("data"), DONE);

    assert_int_equal(put(&f), 0);
    assert_int_equal(f.notices, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(put(&f), 0);
    assert_int_equal(f.notices, 1);
    assert_true(has_text(&f, 7, "\r\nIf-None-Match: *\r\n"));
    assert_true(has_text(&f, 12, "\r\nIf-None-Match: *\r\n"));
    s3_finish(&f);
}

/* A server that refuses the put itself has said nothing of conditions. */
static void puts_are_refused(void **state)
{
    BEGIN(UNSUPPORTED, MISSING, UNSUPPORTED, UNSUPPORTED, MISSING, UNSUPPORTED, DONE, REFUSED,
          REFUSED);

    for (int i = 0; i < 2; i++)
        assert_fails(put(&f), LI_EUNSUPPORTED, "501", &f.err);
    assert_int_equal(f.notices, 0);
    assert_int_equal(put(&f), 0);
    assert_true(has_text(&f, 6, "\r\nIf-None-Match: *\r\n"));
    s3_finish(&f);
}

static void conditions_are_ignored(void **state)
{
    BEGIN(DONE, DONE, DONE, BODY("data"), MARKED(""));

    assert_int_equal(put(&f), 0);
    assert_int_equal(f.notices, 1);
    expect_request(&f, 3, "GET ");
    assert_int_equal(put(&f), LI_END);
    expect_request(&f, 4, "HEAD ");
    assert_int_equal(li_store_lacks(f.store), LI_STORE_LACKS_IF_ABSENT | LI_STORE_LACKS_IF_MATCH);
    s3_finish(&f);
}

/* All is known after the first object, and nothing is sent twice afterwards. */
static void both_are_refused(void **state)
{
    BEGIN(UNSUPPORTED, MISSING, DONE, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, BODY("data"), MISSING,
          DONE, BODY("data"), HELD("old", "\"e1\""), DONE, BODY("new"));

    assert_int_equal(put(&f), 0);
    assert_int_equal(li_store_lacks(f.store), LI_STORE_LACKS_IF_ABSENT | LI_STORE_LACKS_IF_MATCH);
    assert_int_equal(put(&f), 0);
    assert_int_equal(replace(&f), 0);
    for (size_t i = 7; i < 13; i++)
        assert_false(has_text(&f, i, "\r\nIf-"));
    assert_int_equal(f.notices, 1);
    s3_finish(&f);
}

/* What another has found out is not tried again, and is told all the same. */
static void what_is_expected_is_not_tried(void **state)
{
    BEGIN(MISSING, DONE, BODY("data"), HELD("old", "\"e1\""), DONE, BODY("new"));

    assert_int_equal(li_store_lacks(f.store), 0);
    li_store_expect(f.store, 0);
    assert_int_equal(f.notices, 0);
    li_store_expect(f.store, LI_STORE_LACKS_IF_ABSENT | LI_STORE_LACKS_IF_MATCH);
    assert_int_equal(f.notices, 1);
    assert_int_equal(put(&f), 0);
    assert_int_equal(replace(&f), 0);
    for (size_t i = 0; i < 6; i++)
        assert_false(has_text(&f, i, "\r\nIf-"));
    s3_finish(&f);
}

/* What this process knows better it goes by. */
static void what_is_known_is_not_expected(void **state)
{
    BEGIN(DONE, REFUSED, REFUSED, DONE);

    assert_int_equal(put(&f), 0);
    li_store_expect(f.store, LI_STORE_LACKS_IF_ABSENT | LI_STORE_LACKS_IF_MATCH);
    assert_int_equal(li_store_lacks(f.store), 0);
    assert_int_equal(put(&f), 0);
    assert_true(has_text(&f, 3, "\r\nIf-None-Match: *\r\n"));
    s3_finish(&f);
}

/* A large object is not sent again. */
static void large_objects_try_nothing(void **state)
{
    BEGIN(DONE);
    enum { LARGE = 4097 };
    char *large = calloc(1, LARGE);

    assert_non_null(large);
    assert_int_equal(li_store_put_if_absent(f.store, "k", large, LARGE, &f.err), 0);
    free(large);
    s3_finish(&f);
}

/* ---- replace if ------------------------------------------------------------------------------ */

/* Whether conditions count is not known yet, so it is read again. */
static void replaced(void **state)
{
    BEGIN(HELD("old", "\"e1\""), DONE, BODY("new"));

    assert_int_equal(replace(&f), 0);
    expect_request(&f, 1, "PUT /bucket/pre/k ");
    assert_true(has_text(&f, 1, "\r\nIf-Match: \"e1\"\r\n"));
    expect_request(&f, 2, "GET /bucket/pre/k ");
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

/* An object without an ETag has its put without a condition, and no other. */
static void replaced_without_conditions(void **state)
{
    BEGIN(HELD("old", "\"e1\""), UNSUPPORTED, DONE, BODY("new"), HELD("old", ""), DONE, BODY("new"),
          HELD("old", "\"e2\""), DONE, BODY("new"), HELD("old", "\"e3\""), UNSUPPORTED, DONE,
          BODY("new"), HELD("old", "\"e4\""), UNSUPPORTED, DONE, MISSING, HELD("old", "\"e5\""),
          DONE, BODY("new"));

    assert_int_equal(replace(&f), 0);
    assert_false(has_text(&f, 2, "If-Match"));
    assert_int_equal(f.notices, 1);
    assert_int_equal(replace(&f), 0);
    assert_false(has_text(&f, 5, "If-Match"));
    assert_int_equal(f.notices, 2);
    assert_int_equal(replace(&f), 0);
    assert_true(has_text(&f, 8, "\r\nIf-Match: \"e2\"\r\n"));
    assert_int_equal(replace(&f), 0);
    assert_int_equal(replace(&f), 0);
    assert_true(has_text(&f, 15, "\r\nIf-Match: \"e4\"\r\n"));
    assert_int_equal(replace(&f), 0);
    assert_false(has_text(&f, 19, "If-Match"));
    assert_int_equal(f.notices, 2);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_are_kept),
        cmocka_unit_test(there_is_one_already),
        cmocka_unit_test(there_is_one_that_is_not_modified),
        cmocka_unit_test(there_is_none_after_all),
        cmocka_unit_test(an_answer_that_was_lost),
        cmocka_unit_test(conditions_are_refused),
        cmocka_unit_test(one_refusal),
        cmocka_unit_test(puts_are_refused),
        cmocka_unit_test(conditions_are_ignored),
        cmocka_unit_test(both_are_refused),
        cmocka_unit_test(what_is_expected_is_not_tried),
        cmocka_unit_test(what_is_known_is_not_expected),
        cmocka_unit_test(large_objects_try_nothing),
        cmocka_unit_test(replaced),
        cmocka_unit_test(changed_before),
        cmocka_unit_test(changed_meanwhile),
        cmocka_unit_test(bare_etags),
        cmocka_unit_test(never_matches),
        cmocka_unit_test(replaced_without_conditions),
        cmocka_unit_test(copy),
    };

    return cmocka_run_group_tests_name("s3_write", tests, NULL, NULL);
}
