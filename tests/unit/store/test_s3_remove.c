/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's removals: of one object, and of many by servers that take them all at once, some
 * of them, or not at once. */
#include "tests/fixtures/s3_fixture.h"

#define RESULT(inner)                                                                              \
    ANSWER("<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" inner                \
           "</DeleteResult>")
#define KEPT(key, code)                                                                            \
    "<Error><Key>" key "</Key><Code>" code "</Code><Message>words</Message></Error>"

#define KEPT_4 KEPT("pre/a", "Odd") KEPT("pre/a", "Odd") KEPT("pre/a", "Odd") KEPT("pre/a", "Odd")

static const char *const three[] = {"a", "b/c~:+=", "d"};

static int remove_three(struct s3_fixture *f)
{
    return li_store_remove_many(f->store, three, 3, &f->err);
}

static void one(void **state)
{
    BEGIN(DONE, {.bytes = NO_CONTENT}, MISSING, DONE, MISSING);

    assert_int_equal(li_store_remove(f.store, "k", &f.err), 0);
    expect_request(&f, 1, "DELETE /bucket/pre/k ");
    assert_int_equal(li_store_remove(f.store, "k", &f.err), LI_END);
    assert_int_equal(li_store_remove(f.store, "k", &f.err), 0);
    s3_finish(&f);
}

static void many_at_once(void **state)
{
    BEGIN(RESULT(""), RESULT("<Deleted><Key>pre/a</Key></Deleted>" KEPT("pre/d", "NoSuchKey")),
          GONE);
    struct li_store_stats stats;

    assert_int_equal(remove_three(&f), 0);
    li_store_stats(f.store, &stats);
    assert_int_equal(stats.requests[LI_STORE_DELETE], 1);
    assert_int_equal(stats.requests[LI_STORE_GET], 0);
    expect_request(&f, 0, "POST /bucket?delete= ");
    assert_true(has_text(&f, 0, "\r\nx-amz-checksum-sha256: "));
    assert_true(has_text(&f, 0,
                         "\r\n\r\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                         "<Quiet>true</Quiet><Object><Key>pre/a</Key></Object>"
                         "<Object><Key>pre/b/c~:+=</Key></Object>"
                         "<Object><Key>pre/d</Key></Object></Delete>"));
    assert_int_equal(remove_three(&f), 0);
    assert_int_equal(li_store_remove_many(f.store, three, 1, &f.err), 0);
    expect_request(&f, 2, "DELETE /bucket/pre/a ");
    assert_int_equal(li_store_remove_many(f.store, three, 0, &f.err), 0);
    s3_finish(&f);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

static void a_thousand_a_request(void **state)
{
    BEGIN(RESULT(""), RESULT(""), GONE);
    enum { KEYS = 2001 };
    static char text[KEYS][16];
    const char *keys[KEYS];

    for (int i = 0; i < KEYS; i++) {
        snprintf(text[i], sizeof(text[i]), "k%d", i);
        keys[i] = text[i];
    }
    assert_int_equal(li_store_remove_many(f.store, keys, KEYS, &f.err), 0);
    assert_int_equal(count(f.server.request[0], "<Key>pre/k"), 1000);
    assert_int_equal(count(f.server.request[1], "<Key>pre/k"), 1000);
    assert_true(has_text(&f, 1, "<Key>pre/k1000<") && has_text(&f, 1, "<Key>pre/k1999<"));
    expect_request(&f, 2, "DELETE /bucket/pre/k2000 ");
    s3_finish(&f);
}

static void escaped(void **state)
{
    BEGIN(RESULT(KEPT("&lt;&amp;&gt;&#34;'/d", "AccessDenied")));
    struct li_s3_options options = {
        .http = f.http, .provider = f.provider, .endpoint = f.server.url};
    struct li_store *store = NULL;

    assert_done(li_s3_open("s3://bucket/<&>\"'", &options, &s3_env, &store, &f.err), &f.err);
    assert_fails(li_store_remove_many(store, three, 3, &f.err), LI_EDENIED, "first, d: Acc",
                 &f.err);
    assert_true(has_text(&f, 0, "<Key>&#60;&#38;&#62;&#34;&#39;/a</Key>"));
    li_store_free(store);
    s3_finish(&f);
}

/* What does not pass is told before what may; the request is then not sent again. */
static void some_are_kept(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nx-amz-request-id: R\r\n",
           .body = "<DeleteResult>" KEPT("pre/d", "SlowDown") KEPT("pre/b/c~:+=", "AccessDenied")
               KEPT("pre/a", "AccessDenied") "</DeleteResult>"},
          RESULT(KEPT("pre/a", "Odd")));

    assert_fails(remove_three(&f), LI_EDENIED,
                 "s3://bucket/pre: request R: the server did not remove 3 of 3 objects; the first, "
                 "b/c~:+=: AccessDenied: words",
                 &f.err);
    assert_fails(remove_three(&f), LI_EINVALID, "1 of 3 objects; the first, a: Odd", &f.err);
    s3_finish(&f);
}

static void what_passes_is_sent_again(void **state)
{
    BEGIN(RESULT(KEPT("pre/a", "InternalError")), RESULT(""), STATUS("503 No", "SlowDown"),
          {.bytes = "HTTP/1.1 200 OK\r\n", .close = true},
          {.bytes = "HTTP/1.1 200 OK\r\n\r\n<DeleteResult/>", .close = true},
          ANSWER("<Error><Code>InternalError</Code></Error>"), RESULT(""),
          TWICE(FOUR(RESULT(KEPT("pre/d", "SlowDown")))));

    assert_int_equal(remove_three(&f), 0);
    assert_int_equal(remove_three(&f), 0);
    assert_fails(remove_three(&f), LI_ENETWORK, "in 8 attempts: the server did not remove 1 of 3",
                 &f.err);
    s3_finish(&f);
}

static void bad_answers(void **state)
{
    BEGIN(FOUR(DONE), FOUR(ANSWER("<Other/>")), FOUR(RESULT(KEPT("pre/x", "AccessDenied"))),
          FOUR(RESULT(KEPT("a", "AccessDenied"))), FOUR(RESULT("<Error><Code>Odd</Code></Error>")),
          FOUR(RESULT(KEPT_4)), FOUR(ANSWER("<DeleteResult><Err")));

    for (int i = 0; i < 7; i++)
        if (remove_three(&f) != LI_ECORRUPT)
            fail_msg("%d: %s", i, f.err.text);
    s3_finish(&f);
}

static void one_after_the_other(void **state)
{
    BEGIN(STATUS("501 No", "NotImplemented"), GONE, GONE, GONE, GONE, GONE, GONE);

    assert_int_equal(remove_three(&f), 0);
    for (size_t i = 1; i < 4; i++)
        expect_request(&f, i, "DELETE /bucket/pre/");
    assert_int_equal(remove_three(&f), 0);
    s3_finish(&f);
}

static void a_request_that_is_not_understood(void **state)
{
    static const struct http_reply replies[][3] = {
        {STATUS("405 No", "MethodNotAllowed"), GONE, GONE},
        {STATUS("400 No", "MalformedXML"), GONE, GONE},
        {STATUS("400 No", "MissingContentMD5"), GONE, STATUS("404 No", "NoSuchKey")},
        {STATUS("501 No", "NotImplemented"), STATUS("403 No", "AccessDenied"),
         STATUS("403 No", "AccessDenied")},
        {STATUS("403 No", "AccessDenied"), {0}, {0}},
    };

    (void)state;
    setenv("no_proxy", "127.0.0.1", 1);
    for (size_t i = 0; i < 5; i++) {
        struct s3_fixture f = {0};
        int rc;

        s3_start(&f, replies[i], i < 4 ? 3 : 1);
        rc = li_store_remove_many(f.store, three, 2, &f.err);
        if (rc != (i < 3 ? 0 : LI_EDENIED))
            fail_msg("%zu: %d: %s", i, rc, f.err.text);
        if (i == 3 && !strstr(f.err.text, "pre: a: ") && !strstr(f.err.text, "pre: b/c~:+=: "))
            fail_msg("the object is not named: %s", f.err.text);
        /* What is refused for good calls the other one off, which may have been sent by then. */
        if (i == 3)
            assert_in_range(s3_close(&f), 2, 3);
        else
            s3_finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(a_thousand_a_request),
        cmocka_unit_test(escaped),
        cmocka_unit_test(some_are_kept),
        cmocka_unit_test(what_passes_is_sent_again),
        cmocka_unit_test(bad_answers),
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(a_request_that_is_not_understood),
    };

    return cmocka_run_group_tests_name("s3_remove", tests, NULL, NULL);
}
