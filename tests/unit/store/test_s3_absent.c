/* SPDX-License-Identifier: Apache-2.0 */
/* That an object is not there, as a server of S3 says it, and as others seem to. */
#include "tests/fixtures/s3_fixture.h"

static int get(struct s3_fixture *f)
{
    return li_store_get(f->store, "k", 100, &f->out, &f->err);
}

/* What has a 404 of another's: a page of a proxy's, or none, and no header that S3 sends. */
#define PAGE                                                                                       \
    {                                                                                              \
        .bytes = "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n<html>no such page</html>",          \
        .close = true                                                                              \
    }
#define BARE                                                                                       \
    {                                                                                              \
        .bytes = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"                                    \
    }
#define NO_KEY STATUS("404 No", "NoSuchKey")
#define SOME                                                                                       \
    {                                                                                              \
        .bytes = "HTTP/1.1 206 P\r\nContent-Range: bytes 0-0/5\r\nContent-Length: 1\r\n\r\nh"      \
    }

static int exists(struct s3_fixture *f, bool *present)
{
    const char *key = "k";

    return li_store_exists(f->store, &key, 1, 9, present, &f->err);
}

static void a_404_of_another_is_no_answer_to_a_get(void **state)
{
    BEGIN(PAGE, BARE, STATUS("404 No", "NoSuchUpload"), MISSING, NO_KEY, PAGE);

    assert_fails(get(&f), LI_EINVALID, "check the endpoint, and proxies on the way", &f.err);
    assert_fails(get(&f), LI_EINVALID, "check the endpoint, and proxies on the way", &f.err);
    assert_fails(get(&f), LI_EINVALID, "404 NoSuchUpload", &f.err);
    assert_int_equal(get(&f), LI_ENOTFOUND);
    assert_int_equal(get(&f), LI_ENOTFOUND);
    assert_int_equal(li_store_get_range(f.store, "k", 0, 3, &f.out, &f.err), LI_EINVALID);
    s3_finish(&f);
}

/* A HEAD's has no body, so without such a header the same is asked by a GET. */
static void a_404_of_another_is_no_answer_to_a_head(void **state)
{
    BEGIN(BARE, NO_KEY, BARE, PAGE, BARE, SOME,
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}, MISSING);
    bool present = true;

    assert_done(exists(&f, &present), &f.err);
    assert_false(present);
    expect_request(&f, 1, "GET /bucket/pre/k ");
    assert_fails(exists(&f, &present), LI_EINVALID, "proxies on the way", &f.err);
    assert_done(exists(&f, &present), &f.err);
    assert_true(present);
    assert_done(exists(&f, &present), &f.err);
    assert_false(present);
    s3_finish(&f);
}

static void a_404_of_another_is_no_answer_to_a_delete(void **state)
{
    BEGIN({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}, PAGE,
          {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}, NO_KEY);

    assert_fails(li_store_remove(f.store, "k", &f.err), LI_EINVALID, "proxies on the way", &f.err);
    assert_done(li_store_remove(f.store, "k", &f.err), &f.err);
    s3_finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_404_of_another_is_no_answer_to_a_get),
        cmocka_unit_test(a_404_of_another_is_no_answer_to_a_head),
        cmocka_unit_test(a_404_of_another_is_no_answer_to_a_delete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
