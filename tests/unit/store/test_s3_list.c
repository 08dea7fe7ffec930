/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's listings, from servers that send what they like. */
#include "tests/fixtures/s3_fixture.h"

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
#define ENCODED "<EncodingType>url</EncodingType>"
#define MORE(token)                                                                                \
    "<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"

static void pages(void **state)
{
    BEGIN(PAGE(KEY("pre/d/", "0") KEY("pre/d/a%20%26%2B", "1") ENCODED MORE("t=1&amp;+")),
          PAGE(MORE("t2")), PAGE(KEY("pre/d/b", "18446744073709551615")),
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

static int note_time(void *arg, const struct li_store_object *object, struct li_error *err)
{
    struct seen *seen = arg;
    size_t len = strlen(seen->text);

    (void)err;
    if (object->modified == LI_STORE_NO_TIME)
        snprintf(seen->text + len, sizeof(seen->text) - len, "%s:- ", object->key);
    else
        snprintf(seen->text + len, sizeof(seen->text) - len, "%s:%lld ", object->key,
                 (long long)object->modified / 1000000000);
    return 0;
}

#define TIMED(key, time)                                                                           \
    "<Contents><Key>" key "</Key><LastModified>" time "</LastModified><Size>1</Size></Contents>"

/* A time that is missing or cannot be read is none, and not that of another object. */
static void times(void **state)
{
    BEGIN(PAGE(TIMED("pre/d/a", "2026-01-31T12:00:01.000Z") KEY("pre/d/b", "2")
                   TIMED("pre/d/c", "yesterday") TIMED("pre/d/d", "1970-01-01T00:00:00Z")
                       TIMED("pre/d/e", "9999-01-01T00:00:00Z")));
    struct seen seen = {"", 0, 0};

    assert_done(li_store_list_objects(f.store, "d/", note_time, &seen, &f.err), &f.err);
    assert_string_equal(seen.text, "d/a:1769860801 d/b:- d/c:- d/d:0 d/e:- ");
    s3_finish(&f);
}

/* Keys are decoded only by an answer that says so, wherever it does; an empty element says
 * nothing. Common prefixes are keys, and tokens are not. */
static void encodings(void **state)
{
    BEGIN(PAGE(KEY("pre/d/a+b", "1") MORE("t%2B+")),
          PAGE(ENCODED KEY("pre/d/a+b", "2") MORE("t%2B")),
          PAGE(KEY("pre/d/%C3%BC%25", "3") "<CommonPrefixes><Prefix>pre/d/c+d/</Prefix>"
                                           "</CommonPrefixes>" ENCODED MORE("u")),
          PAGE(KEY("pre/d/100%", "4") "<EncodingType></EncodingType>" MORE("v")),
          PAGE("<CommonPrefixes><Prefix>pre/d/c+d/</Prefix></CommonPrefixes><EncodingType/>"));
    struct seen seen = {"", 0, 0};

    assert_done(li_store_list_shallow(f.store, "d/", note_key, &seen, &f.err), &f.err);
    assert_string_equal(seen.text, "d/a+b:1 d/a b:2 d/\xc3\xbc%:3 d/c d/:0 d/100%:4 d/c+d/:0 ");
    assert_true(has_text(&f, 1, "continuation-token=t%252B%2B&"));
    s3_finish(&f);
}

/* The store's own prefix has what encoding would change; the server does not encode. */
static void prefix_is_not_encoded(void **state)
{
    BEGIN(PAGE(KEY("a+b 100%41/d/k", "1")), PAGE(ENCODED KEY("a%2Bb+100%2541/d/k", "1")),
          PAGE(ENCODED KEY("a+b 100%41/d/k", "1")));
    struct li_s3_options options = {
        .http = f.http, .provider = f.provider, .endpoint = f.server.url};
    struct li_store *store = NULL;
    struct seen seen = {"", 0, 0};

    assert_done(li_s3_open("s3://bucket/a+b 100%41", &options, &s3_env, &store, &f.err), &f.err);
    for (int i = 0; i < 2; i++)
        assert_done(li_store_list(store, "d/", note_key, &seen, &f.err), &f.err);
    assert_string_equal(seen.text, "d/k:1 d/k:1 ");
    expect_request(&f, 0, "GET /bucket?encoding-type=url&list-type=2&prefix=a%2Bb%20100%2541%2Fd");
    assert_fails(li_store_list(store, "d/", note_key, &seen, &f.err), LI_ECORRUPT, "not asked for",
                 &f.err);
    li_store_free(store);
    s3_finish(&f);
}

static void circles(void **state)
{
    BEGIN(PAGE(MORE("a")), PAGE(MORE("b")), PAGE(MORE("c")), PAGE(MORE("b")));
    struct seen seen = {"", 0, 0};

    assert_fails(list(&f, &seen), LI_ECORRUPT, "circles", &f.err);
    s3_finish(&f);
}

/* A page without a key, and a token that there was never before. */
static void page_of_nothing(char *body, size_t size, size_t number)
{
    snprintf(body, size, "<ListBucketResult>" MORE("t%zu") "</ListBucketResult>", number);
}

/* The same with a key on every page: more pages than keys are worth. */
static void page_of_one(char *body, size_t size, size_t number)
{
    snprintf(body, size,
             "<ListBucketResult>" KEY("pre/d/%zu", "1") MORE("t%zu") "</ListBucketResult>", number,
             number);
}

static int count_key(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)key, (void)size, (void)err;
    ++*(int *)arg;
    return 0;
}

static void no_end(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\n", .make = page_of_nothing});
    int count = 0;

    assert_fails(li_store_list(f.store, "d/", count_key, &count, &f.err), LI_ELIMIT,
                 "0 keys on 1001 pages", &f.err);
    assert_int_equal(count, 0);
    s3_finish_after(&f, 1001);
}

static void hardly_an_end(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\n", .make = page_of_one});
    int count = 0;

    assert_fails(li_store_list(f.store, "d/", count_key, &count, &f.err), LI_ELIMIT, "keys on",
                 &f.err);
    assert_true(count > 1000 && count < 1100);
    s3_finish_after(&f, (size_t)count);
}

static void bad_pages(void **state)
{
    BEGIN(PAGE(KEY("pre/e/x", "1")), PAGE(KEY("x", "1")), FOUR(PAGE(ENCODED KEY("pre/d/%0", "1"))),
          FOUR(PAGE(KEY("pre/d/a%00", "1") ENCODED)),
          FOUR(PAGE(KEY("pre/d/a", "1") "<EncodingType>b64</EncodingType>")),
          FOUR(PAGE(KEY("pre/d/x", "-1"))), FOUR(PAGE(KEY("pre/d/x", ""))),
          FOUR(PAGE("<Contents><Size>1</Size></Contents>")),
          FOUR(PAGE("<IsTruncated>true</IsTruncated>")),
          FOUR(PAGE("<IsTruncated>True</IsTruncated>")), FOUR(PAGE(MORE(""))),
          FOUR({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<x/>"}),
          FOUR({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"}),
          FOUR({.bytes = OK_EMPTY}),
          {.bytes = "HTTP/1.1 404 No" ERROR_END "NoSuchBucket</Code></Error>", .close = true});
    struct seen seen = {"", 0, 0};

    for (int i = 0; i < 14; i++)
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
        cmocka_unit_test(pages),
        cmocka_unit_test(times),
        cmocka_unit_test(encodings),
        cmocka_unit_test(prefix_is_not_encoded),
        cmocka_unit_test(circles),
        cmocka_unit_test(no_end),
        cmocka_unit_test(hardly_an_end),
        cmocka_unit_test(bad_pages),
        cmocka_unit_test(a_visitor_that_stops),
    };

    return cmocka_run_group_tests_name("s3_list", tests, NULL, NULL);
}
