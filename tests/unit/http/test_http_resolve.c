/* SPDX-License-Identifier: Apache-2.0 */
/* A name server that does not answer delays only those who ask for its names. */
#include "tests/fixtures/http_server.h"

#include <dlfcn.h>
#include <netdb.h>

#include "base/workers.h"
#include "http/http.h"

#define SLOW "slow.test"

/* The resolver, for SLOW: it answers when the test allows it. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned asked, answered;
    bool free;
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* In the place of the C library's. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    if (name && strcmp(name, SLOW) == 0) {
        pthread_mutex_lock(&resolver.lock);
        resolver.asked++;
        pthread_cond_broadcast(&resolver.changed);
        while (!resolver.free)
            pthread_cond_wait(&resolver.changed, &resolver.lock);
        resolver.answered++;
        pthread_cond_broadcast(&resolver.changed);
        pthread_mutex_unlock(&resolver.lock);
        return EAI_AGAIN;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(name, service, hints, out);
}

static void await_question(void)
{
    pthread_mutex_lock(&resolver.lock);
    while (resolver.asked == 0)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    pthread_mutex_unlock(&resolver.lock);
}

static unsigned answered(void)
{
    unsigned count;

    pthread_mutex_lock(&resolver.lock);
    count = resolver.answered;
    pthread_mutex_unlock(&resolver.lock);
    return count;
}

/* Lets the resolver answer, waits until it has, and for the end of LATE. */
static void release(pthread_t late)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.free = true;
    pthread_cond_broadcast(&resolver.changed);
    while (resolver.answered < resolver.asked)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    pthread_mutex_unlock(&resolver.lock);
    pthread_join(late, NULL);
    resolver.asked = resolver.answered = 0;
    resolver.free = false;
}

/* So that a test that fails also ends. */
static void *release_late(void *arg)
{
    struct timespec until;

    (void)arg;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    pthread_mutex_lock(&resolver.lock);
    while (!resolver.free && pthread_cond_timedwait(&resolver.changed, &resolver.lock, &until) == 0)
        ;
    resolver.free = true;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
    return NULL;
}

struct fixture {
    struct http_server server;
    struct li_http *http;
    struct li_http_group group;
    unsigned connect;
    struct li_http_response response;
    struct li_error err;
};

static int ask_slow(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct fixture *f = arg;
    struct li_http_response none = {0};
    const struct li_http_request request = {
        .url = "http://" SLOW "/", .no_proxy = true, .connect = f->connect, .group = &f->group};

    (void)index, (void)team;
    return li_http_send(f->http, &request, &none, err);
}

/* Asks for SLOW, and meanwhile another server. Returns what became of the former. */
static int ask_both(struct fixture *f, unsigned connect, bool cancelled)
{
    static const struct http_reply reply = {.bytes =
                                                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    struct li_http_request request = {.no_proxy = true, .limit = 100};
    struct li_workers *thread = NULL;
    pthread_t late;
    int rc;

    *f = (struct fixture){.connect = connect};
    http_server_start(&f->server, &reply, 1);
    request.url = f->server.url;
    assert_int_equal(pthread_create(&late, NULL, release_late, NULL), 0);
    assert_done(li_http_new(&(struct li_http_options){0}, &f->http, &f->err), &f->err);
    assert_done(li_workers_start(1, ask_slow, f, &thread, &f->err), &f->err);
    await_question();
    if (cancelled)
        li_http_cancel(f->http, &f->group);
    rc = li_workers_join(thread, &f->err);
    assert_int_equal(answered(), 0);
    assert_done(li_http_send(f->http, &request, &f->response, &f->err), &f->err);
    assert_int_equal(f->response.status, 200);
    assert_int_equal(answered(), 0);
    li_http_response_free(&f->response);
    li_http_free(f->http);
    assert_int_equal(answered(), 0);
    release(late);
    http_server_stop(&f->server);
    http_server_free(&f->server);
    return rc;
}

static void a_name_that_is_not_found_in_time_holds_nobody_up(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(ask_both(&f, 1, false), LI_ENETWORK);
}

static void a_request_is_cancelled_while_its_name_is_looked_up(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(ask_both(&f, 600, true), LI_ECANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_not_found_in_time_holds_nobody_up),
        cmocka_unit_test(a_request_is_cancelled_while_its_name_is_looked_up),
    };

    return cmocka_run_group_tests_name("http resolve", tests, NULL, NULL);
}
