/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server in a thread of the test, on loopback, whose every answer the test has written
 * beforehand, byte for byte: what no well-behaved server sends is what it is for. It takes
 * connections one at a time and requests in the order they come, and keeps what it was asked.
 */
#ifndef LI_TESTS_HTTP_SERVER_H
#define LI_TESTS_HTTP_SERVER_H

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HTTP_REQUESTS_MAX = 64, HTTP_REQUEST_BYTES = 1 << 17 };

/* An answer: bytes as they are sent; NULL: the connection is closed without one. */
struct http_reply {
    const char *bytes;
    size_t len; /* 0: strlen(bytes) */
    /* NULL: all is in BYTES. Otherwise these are a status and headers, and this is sent behind its
     * length. */
    const char *body;
    bool close;    /* closes afterwards */
    unsigned hold; /* milliseconds before it is sent, or until the client has hung up */
    /* Writes BODY for the request of this number, from 0 on, in place of the one above. This answer
     * is then given to all further requests. */
    void (*make)(char *body, size_t size, size_t number);
};

struct http_server {
    int listener, wake[2];
    char url[64];
    pthread_t thread;
    const struct http_reply *replies;
    size_t reply_count;
    pthread_mutex_t lock;
    size_t asked; /* under lock, as what follows */
    bool away;    /* connections are closed as they come */
    size_t turned_away;
    char *request[HTTP_REQUESTS_MAX];
};

/* Waits for one of EVENTS at FD; false where the server is to end, or they do not come in TIMEOUT
 * milliseconds. */
static inline bool http_server_wait(struct http_server *server, int fd, short events, int timeout)
{
    struct pollfd fds[2] = {{.fd = server->wake[0], .events = POLLIN},
                            {.fd = fd, .events = events}};

    return poll(fds, 2, timeout) > 0 && !fds[0].revents;
}

static inline size_t http_server_body(const char *head)
{
    const char *at = strcasestr(head, "\r\ncontent-length:");

    return at ? (size_t)strtoul(at + 17, NULL, 10) : 0;
}

/* Reads one request, head and body; NULL at the end of the connection. */
static inline char *http_server_read(struct http_server *server, int fd)
{
    char *text = calloc(1, HTTP_REQUEST_BYTES + 1), *end;
    size_t len = 0;

    assert_non_null(text);
    while (len < HTTP_REQUEST_BYTES && http_server_wait(server, fd, POLLIN, -1)) {
        ssize_t n = read(fd, text + len, HTTP_REQUEST_BYTES - len);

        if (n <= 0)
            break;
        len += (size_t)n;
        end = strstr(text, "\r\n\r\n");
        if (end && len >= (size_t)(end + 4 - text) + http_server_body(text))
            return text;
    }
    free(text);
    return NULL;
}

static inline bool http_server_send(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static inline bool http_server_send_body(int fd, const char *body)
{
    char head[64];

    snprintf(head, sizeof(head), "Content-Length: %zu\r\n\r\n", strlen(body));
    return http_server_send(fd, head, strlen(head)) && http_server_send(fd, body, strlen(body));
}

/* False where the connection is to be closed. */
static inline bool http_server_answer(struct http_server *server, int fd, char *request)
{
    const struct http_reply *reply = NULL;
    char made[1024];
    size_t number;

    pthread_mutex_lock(&server->lock);
    number = server->asked++;
    if (number < HTTP_REQUESTS_MAX)
        server->request[number] = request;
    else
        free(request);
    if (number < server->reply_count)
        reply = &server->replies[number];
    else if (server->reply_count && server->replies[server->reply_count - 1].make)
        reply = &server->replies[server->reply_count - 1];
    pthread_mutex_unlock(&server->lock);
    if (!reply || !reply->bytes)
        return false;
    if (reply->hold)
        (void)http_server_wait(server, fd, POLLRDHUP, (int)reply->hold);
    if (!http_server_send(fd, reply->bytes, reply->len ? reply->len : strlen(reply->bytes)))
        return false;
    if (reply->make)
        reply->make(made, sizeof(made), number);
    if ((reply->make || reply->body) &&
        !http_server_send_body(fd, reply->make ? made : reply->body))
        return false;
    return !reply->close;
}

static inline bool http_server_is_away(struct http_server *server)
{
    bool away;

    pthread_mutex_lock(&server->lock);
    away = server->away;
    server->turned_away += away;
    pthread_mutex_unlock(&server->lock);
    return away;
}

static inline void *http_server_run(void *arg)
{
    struct http_server *server = arg;

    while (http_server_wait(server, server->listener, POLLIN, -1)) {
        int fd = accept(server->listener, NULL, NULL), one = 1;
        char *request;

        /* Answers go out in pieces, which otherwise wait for the client to confirm each. */
        if (fd >= 0)
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        while (fd >= 0 && !http_server_is_away(server) && (request = http_server_read(server, fd)))
            if (!http_server_answer(server, fd, request))
                break;
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

static inline void http_server_start(struct http_server *server, const struct http_reply *replies,
                                     size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);

    *server = (struct http_server){.replies = replies, .reply_count = count};
    pthread_mutex_init(&server->lock, NULL);
    assert_int_equal(pipe(server->wake), 0);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->listener, 64), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, http_server_run, server), 0);
}

static inline size_t http_server_turned_away(struct http_server *server)
{
    size_t turned_away;

    pthread_mutex_lock(&server->lock);
    turned_away = server->turned_away;
    pthread_mutex_unlock(&server->lock);
    return turned_away;
}

static inline size_t http_server_asked(struct http_server *server)
{
    size_t asked;

    pthread_mutex_lock(&server->lock);
    asked = server->asked;
    pthread_mutex_unlock(&server->lock);
    return asked;
}

static inline void http_server_go(struct http_server *server, bool away)
{
    pthread_mutex_lock(&server->lock);
    server->away = away;
    pthread_mutex_unlock(&server->lock);
}

/* Ends the thread; what was asked stays until http_server_free(). */
static inline void http_server_stop(struct http_server *server)
{
    assert_int_equal(write(server->wake[1], "x", 1), 1);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->wake[0]);
    close(server->wake[1]);
}

static inline void http_server_free(struct http_server *server)
{
    for (size_t i = 0; i < server->asked && i < HTTP_REQUESTS_MAX; i++)
        free(server->request[i]);
    pthread_mutex_destroy(&server->lock);
}

#endif
