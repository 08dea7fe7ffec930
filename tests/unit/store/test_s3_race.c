/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's writes where two write the same object, and the server does not tell them apart.
 */
#include "tests/fixtures/s3_fixture.h"

static int put(struct s3_fixture *f)
{
    return li_store_put_if_absent(f->store, "k", "data", 4, &f->err);
}

static int replace(struct s3_fixture *f)
{
    return li_store_replace_if(f->store, "k", unit_bytes("old"), "new", 3, &f->err);
}

#define UNSUPPORTED                                                                                \
    {                                                                                              \
        .bytes = "HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n"                                    \
    }
#define HELD(body, etag)                                                                           \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: " etag "\r\n\r\n" body             \
    }
#define BODY(text)                                                                                 \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n", .body = text                                \
    }

/* The first object of a process, too, is read again where its condition turns out not to count. */
static void first_race_is_lost(void **state)
{
    BEGIN(DONE, DONE, DONE, BODY("DATA"));

    assert_int_equal(put(&f), LI_END);
    assert_int_equal(f.notices, 2);
    s3_finish(&f);
}

/* The bytes of one put with the checksum of another. */
#define MIX(text)                                                                                  \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nx-amz-meta-lambdaimg-sha256: AAAA\r\n",        \
        .body = text                                                                               \
    }

/* Who meets such an object puts its bytes once more, whose ever they are. */
static void two_puts_in_one(void **state)
{
    BEGIN(MISSING, DONE, TWICE(MIX("data")), DONE, BODY("data"), MISSING, DONE, TWICE(MIX("DATA")),
          DONE, BODY("DATA"), MISSING, DONE, TWICE(MIX("data")), DONE, TWICE(MIX("data")), DONE,
          TWICE(MIX("data")), DONE, TWICE(MIX("data")));

    li_store_expect(f.store, LI_STORE_LACKS_IF_ABSENT);
    assert_int_equal(put(&f), 0);
    assert_true(has_text(&f, 4, "\r\n\r\ndata"));
    assert_int_equal(put(&f), LI_END);
    expect_request(&f, 10, "PUT /bucket/pre/k ");
    assert_true(has_text(&f, 10, "\r\n\r\nDATA"));
    assert_int_equal(f.notices, 3);
    assert_int_equal(put(&f), 0);
    s3_finish(&f);
}

/* Another writes between the look and the put, and wins: who has lost is told so. */
static void races_are_lost(void **state)
{
    BEGIN(UNSUPPORTED, MISSING, DONE, UNSUPPORTED, DONE, BODY("DATA"), HELD("old", ""), DONE,
          BODY("odd"), HELD("old", "\"e\""), DONE, BODY("newer"));

    assert_int_equal(put(&f), LI_END);
    assert_int_equal(f.notices, 2);
    assert_fails(replace(&f), LI_ECHANGED, "another process changed it", &f.err);
    assert_int_equal(f.notices, 2);
    assert_fails(replace(&f), LI_ECHANGED, "another process changed it", &f.err);
    assert_int_equal(f.notices, 2);
    s3_finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_race_is_lost),
        cmocka_unit_test(two_puts_in_one),
        cmocka_unit_test(races_are_lost),
    };

    return cmocka_run_group_tests_name("s3_race", tests, NULL, NULL);
}
