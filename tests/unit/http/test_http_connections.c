/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that have gone silent, with sockets on loopback in the place of libcurl's. */
#include "tests/fixtures/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/connections.h"

struct fixture {
    struct li_connections connections;
    int listener;
    struct sockaddr_in address;
};

/* A connection: this end, the other one, and this end's port. */
struct pair {
    int here, there;
    long port;
};

static void begin(struct fixture *f)
{
    socklen_t len = sizeof(f->address);

    *f = (struct fixture){
        .listener = socket(AF_INET, SOCK_STREAM, 0),
        .address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}}};
    assert_int_equal(bind(f->listener, (struct sockaddr *)&f->address, len), 0);
    assert_int_equal(listen(f->listener, 16), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&f->address, &len), 0);
}

static int open_socket(struct fixture *f)
{
    struct curl_sockaddr wanted = {.family = AF_INET, .socktype = SOCK_STREAM};
    int fd = li_connections_open(&f->connections, CURLSOCKTYPE_IPCXN, &wanted);

    assert_true(fd >= 0);
    return fd;
}

static struct pair open_pair(struct fixture *f)
{
    struct sockaddr_in own;
    socklen_t len = sizeof(own);
    struct pair pair = {.here = open_socket(f)};

    assert_int_equal(connect(pair.here, (struct sockaddr *)&f->address, sizeof(f->address)), 0);
    pair.there = accept(f->listener, NULL, NULL);
    assert_true(pair.there >= 0);
    assert_int_equal(getsockname(pair.here, (struct sockaddr *)&own, &len), 0);
    pair.port = ntohs(own.sin_port);
    return pair;
}

/* Whether this end has been shut down, as the other one sees it within so many milliseconds. */
static bool is_shut_within(const struct pair *pair, int patience)
{
    struct pollfd fd = {.fd = pair->there, .events = POLLIN};
    char byte;

    return poll(&fd, 1, patience) == 1 && read(pair->there, &byte, 1) == 0;
}

static void assert_shut(const struct pair *pair)
{
    assert_true(is_shut_within(pair, 30000));
}

static void assert_open(const struct pair *pair)
{
    assert_false(is_shut_within(pair, 100));
}

static void close_pair(struct fixture *f, struct pair *pair)
{
    assert_int_equal(li_connections_close(&f->connections, pair->here), 0);
    close(pair->there);
}

static void silent_ones_are_shut_down(void **state)
{
    struct fixture f;
    struct pair a, b;

    (void)state;
    begin(&f);
    a = open_pair(&f);
    b = open_pair(&f);
    li_connections_heard(&f.connections, a.port, 1000);
    li_connections_heard(&f.connections, b.port, 5000);
    li_connections_silent(&f.connections, b.port, 2000, 6999);
    assert_open(&b);
    li_connections_silent(&f.connections, a.port, 2000, 3000);
    assert_shut(&a);
    assert_open(&b);
    close_pair(&f, &a);
    close_pair(&f, &b);
    assert_int_equal(f.connections.count, 0);
    close(f.listener);
}

static void never_heard(void **state)
{
    struct fixture f;
    struct pair a;

    (void)state;
    begin(&f);
    a = open_pair(&f);
    li_connections_silent(&f.connections, a.port, 60000, 1000);
    assert_shut(&a);
    close_pair(&f, &a);
    close(f.listener);
}

/* Of a connection that was closed, or never was, nobody has a port; nor of one that is not open
 * yet. */
static void others_are_left_alone(void **state)
{
    struct fixture f;
    struct pair a, b;
    int fresh;

    (void)state;
    begin(&f);
    fresh = open_socket(&f);
    a = open_pair(&f);
    b = open_pair(&f);
    close_pair(&f, &a);
    li_connections_heard(&f.connections, a.port, 1);
    li_connections_silent(&f.connections, a.port, 1, 1000);
    li_connections_silent(&f.connections, 0, 1, 1000);
    li_connections_silent(&f.connections, -1, 1, 1000);
    li_connections_silent(&f.connections, ntohs(f.address.sin_port), 1, 1000);
    assert_open(&b);
    close_pair(&f, &b);
    assert_int_equal(li_connections_close(&f.connections, fresh), 0);
    assert_int_equal(f.connections.count, 0);
    close(f.listener);
}

static void more_than_are_watched(void **state)
{
    int fds[LI_CONNECTIONS_MAX + 10];
    struct fixture f;

    (void)state;
    begin(&f);
    for (int i = 0; i < LI_CONNECTIONS_MAX + 10; i++)
        fds[i] = open_socket(&f);
    assert_int_equal(f.connections.count, LI_CONNECTIONS_MAX);
    for (int i = LI_CONNECTIONS_MAX + 9; i >= 0; i--)
        assert_int_equal(li_connections_close(&f.connections, fds[i]), 0);
    assert_int_equal(f.connections.count, 0);
    close(f.listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_ones_are_shut_down),
        cmocka_unit_test(never_heard),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(more_than_are_watched),
    };

    return cmocka_run_group_tests_name("http_connections", tests, NULL, NULL);
}
