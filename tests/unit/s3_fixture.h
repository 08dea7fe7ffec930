/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An S3 store whose server answers what the test has written. Its environment's randomness is all
 * zeros, so that no retry waits, and each put's mark is known.
 */
#ifndef LI_TESTS_S3_FIXTURE_H
#define LI_TESTS_S3_FIXTURE_H

#include "http_server.h"
#include "s3_replies.h"

#include "store/s3.h"

#define OWN_MARK "00000000000000000000000000000000"

struct s3_fixture {
    struct http_server server;
    struct li_http *http;
    struct li_aws_provider *provider;
    struct li_store *store;
    struct li_buffer out;
    struct li_error err;
    int notices;
};

static inline int zero_random(void *buf, size_t len, struct li_error *err)
{
    (void)err;
    memset(buf, 0, len);
    return 0;
}

static const struct li_env s3_env = {zero_random, unit_now, "/tmp", 2};

static inline void count_notice(void *arg, const char *text)
{
    assert_true(strlen(text) > 20);
    (*(int *)arg)++;
}

static inline void s3_start(struct s3_fixture *f, const struct http_reply *replies, size_t count)
{
    struct li_s3_options options = {.notice = count_notice, .notice_arg = &f->notices};

    http_server_start(&f->server, replies, count);
    assert_done(li_http_new(&(struct li_http_options){0}, &f->http, &f->err), &f->err);
    assert_done(li_aws_provider_fixed("AK", "SK", NULL, "a test", &f->provider, &f->err), &f->err);
    options.http = f->http;
    options.provider = f->provider;
    options.endpoint = f->server.url;
    assert_done(li_s3_open("s3://bucket/pre", &options, &s3_env, &f->store, &f->err), &f->err);
}

/* Frees all, and returns how many requests came. */
static inline size_t s3_close(struct s3_fixture *f)
{
    size_t asked;

    li_store_free(f->store);
    li_aws_provider_free(f->provider);
    li_http_free(f->http);
    li_buffer_free(&f->out);
    http_server_stop(&f->server);
    asked = f->server.asked;
    http_server_free(&f->server);
    return asked;
}

/* And checks that these were COUNT. */
static inline void s3_finish_after(struct s3_fixture *f, size_t count)
{
    assert_int_equal(s3_close(f), count);
}

/* As many as there are answers. */
static inline void s3_finish(struct s3_fixture *f)
{
    s3_finish_after(f, f->server.reply_count);
}

/* Request number INDEX begins with LINE. */
static inline void expect_request(struct s3_fixture *f, size_t index, const char *line)
{
    assert_true(index < f->server.asked);
    if (strncmp(f->server.request[index], line, strlen(line)) != 0)
        fail_msg("request %zu is not %s: %s", index, line, f->server.request[index]);
}

/* It has TEXT somewhere, or has it not. */
static inline bool has_text(struct s3_fixture *f, size_t index, const char *text)
{
    assert_true(index < f->server.asked);
    return strcasestr(f->server.request[index], text) != NULL;
}

#define BEGIN(...)                                                                                 \
    static const struct http_reply replies[] = {__VA_ARGS__};                                      \
    struct s3_fixture f = {0};                                                                     \
    (void)state;                                                                                   \
    setenv("no_proxy", "127.0.0.1", 1);                                                            \
    s3_start(&f, replies, sizeof(replies) / sizeof(replies[0]))

#endif
