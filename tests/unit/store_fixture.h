/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An empty store: in a directory, or beside tests/with-s3-server in a bucket, under a prefix with
 * all that XML escapes.
 */
#ifndef LI_TESTS_STORE_FIXTURE_H
#define LI_TESTS_STORE_FIXTURE_H

#include "unit.h"

#include <stdbool.h>
#include <unistd.h>

#include "aws/aws.h"
#include "store/s3.h"
#include "store/store.h"
#include "tree.h"

struct fixture {
    char dir[64];
    struct li_store *store;
    struct li_http *http; /* NULL: the store is a directory */
    struct li_buffer out;
    struct li_error err;
};

static inline void open_directory(struct fixture *f)
{
    char address[80];

    snprintf(address, sizeof(address), "dir:%s/store", f->dir);
    assert_done(li_store_open(address, true, &unit_env, &f->store, &f->err), &f->err);
}

/* By the keys in the environment, KEY and SECRET. The caller frees both. */
static inline void open_bucket(struct fixture *f, const char *key, const char *secret,
                               struct li_aws_provider **provider, struct li_store **store)
{
    struct li_s3_options options = {.http = f->http, .endpoint = getenv("S3_HTTP")};
    char address[200];

    assert_true(getenv("S3_BUCKET") && getenv(key) && getenv(secret));
    assert_done(li_aws_provider_fixed(getenv(key), getenv(secret), NULL, key, provider, &f->err),
                &f->err);
    options.provider = *provider;
    snprintf(address, sizeof(address), "s3://%s/%s/<a> & 'b' \"ü\"", getenv("S3_BUCKET"),
             strrchr(f->dir, '/') + 1);
    assert_done(li_s3_open(address, &options, &unit_env, store, &f->err), &f->err);
}

struct bucket_fixture {
    struct fixture f; /* first, so that one can be had from the other */
    struct li_aws_provider *provider;
};

static inline int setup(void **state, bool bucket)
{
    struct bucket_fixture *b = calloc(1, sizeof(*b));
    struct fixture *f = &b->f;

    assert_non_null(b);
    tree_make(f->dir);
    if (bucket) {
        setenv("no_proxy", "127.0.0.1", 1);
        assert_done(li_http_new(&(struct li_http_options){0}, &f->http, &f->err), &f->err);
        open_bucket(f, "S3_KEY", "S3_SECRET", &b->provider, &f->store);
    } else {
        open_directory(f);
    }
    *state = f;
    return 0;
}

static inline int setup_directory(void **state)
{
    return setup(state, false);
}

static inline int setup_any(void **state)
{
    return setup(state, getenv("S3_HTTP") != NULL);
}

static inline int teardown(void **state)
{
    struct bucket_fixture *b = *state;

    li_store_free(b->f.store);
    li_aws_provider_free(b->provider);
    li_http_free(b->f.http);
    li_buffer_free(&b->f.out);
    tree_remove(b->f.dir);
    free(b);
    return 0;
}

static inline void put(struct fixture *f, const char *key, const char *text)
{
    int rc = li_store_put_if_absent(f->store, key, text, strlen(text), &f->err);

    assert_done(rc, &f->err);
    assert_int_equal(rc, 0);
}

static inline void expect(struct fixture *f, const char *key, const char *text)
{
    assert_done(li_store_get(f->store, key, 100, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, strlen(text));
    assert_memory_equal(f->out.data, text, f->out.len);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup_any, teardown)
#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup_directory, teardown)

#endif
