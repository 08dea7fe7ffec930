/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faultproxy PORT LOG SEED PERCENT [FAULT...]: an HTTP proxy on loopback in front of a server at
 * 127.0.0.1:PORT, which spoils PERCENT of the requests that pass, each in one of the ways of the
 * table below, or of those that are named. Prints its own URL, and runs until it is killed, or
 * whoever started it ends.
 *
 * What happens to a request depends on SEED and the request's number alone; seed 0 spoils nothing.
 * LOG gets a line for each request when it is over:
 *
 *     NUMBER FAULT METHOD TARGET SERVER CLIENT
 *
 * with the statuses that the server answered, separated by commas, and the one that the client was
 * sent, or "-" for none. What the server did is in there even where the client has not been told.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/tools/message.h"

enum {
    PATIENCE = 60, /* seconds that a stall lasts, where the client does not end it */
    TRICKLE = 100, /* milliseconds between the pieces of a slow answer */
    TRICKLE_PIECES = 16,
    NEXT = 500,    /* milliseconds to wait for another request */
    LATE = 40,     /* milliseconds that an answer is held back */
    HOURS_OFF = 5, /* of the clock of a server whose clock is wrong */
};

/* A request on its way. */
struct exchange {
    int client;
    unsigned number;
    uint64_t chance; /* random bits, for whoever spoils it */
    bool is_head;
    struct message request, reply;
    char server_said[32];
    int client_got;
};

/* Each returns whether the connection with the client goes on. */
typedef bool spoil(struct exchange *x);

struct fault {
    const char *name;
    spoil *spoil;
};

static unsigned server_port, percent;
static uint64_t seed;
static int log_fd;
static atomic_uint requests;
static const struct fault *chosen[32];
static size_t chosen_count;

/* Vigna, "splitmix64": well mixed, from any number. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void rest(unsigned milliseconds)
{
    struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

    nanosleep(&t, NULL);
}

/* ---- the two sides --------------------------------------------------------------------------- */

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static int connect_server(void)
{
    struct sockaddr_in address = loopback(server_port);
    struct timeval patience = {PATIENCE, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The next read or write of the other side says "connection reset", not "end". */
static bool reset(struct exchange *x)
{
    struct linger now = {1, 0};

    setsockopt(x->client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    return false;
}

static void note_server(struct exchange *x)
{
    size_t at = strlen(x->server_said);

    snprintf(x->server_said + at, sizeof(x->server_said) - at, "%s%d", at ? "," : "",
             message_status(&x->reply));
}

/* Takes the request to the server and its answer from there. */
static bool ask(struct exchange *x)
{
    int fd = connect_server();
    bool done = fd >= 0 && send_all(fd, x->request.data, x->request.len);

    message_free(&x->reply);
    done = done && message_read_head(fd, &x->reply);
    done = done && (x->is_head || message_read_body(fd, &x->reply));
    if (fd >= 0)
        close(fd);
    if (done)
        note_server(x);
    return done;
}

/* Takes the rest of the request from the client, and all of it to the server and back. */
static bool pass_on(struct exchange *x)
{
    return message_read_body(x->client, &x->request) && ask(x);
}

static bool deliver(struct exchange *x)
{
    x->client_got = message_status(&x->reply);
    return send_all(x->client, x->reply.data, x->reply.len);
}

/* Sends of the answer its head and half its body, or half its head where there is no body. */
static bool deliver_half(struct exchange *x)
{
    size_t body = x->reply.len - x->reply.head;

    return send_all(x->client, x->reply.data, body ? x->reply.head + body / 2 : x->reply.head / 2);
}

static void flip(struct exchange *x, struct message *message)
{
    size_t bits = 8 * (message->len - message->head);

    if (bits == 0)
        return;
    bits = x->chance % bits;
    message->data[message->head + bits / 8] ^= (char)(1 << bits % 8);
}

/* Waits until the client has had enough. */
static bool wait_for_end(struct exchange *x)
{
    struct pollfd poll_for = {.fd = x->client, .events = POLLRDHUP};

    poll(&poll_for, 1, PATIENCE * 1000);
    return false;
}

/* ---- faults ---------------------------------------------------------------------------------- */

static bool none(struct exchange *x)
{
    return pass_on(x) && deliver(x);
}

/* Half of the body comes to the server, and no more. */
static bool cut_request(struct exchange *x)
{
    int fd;

    if (!message_read_body(x->client, &x->request) || (fd = connect_server()) < 0)
        return reset(x);
    send_all(fd, x->request.data, x->request.head + (x->request.len - x->request.head) / 2);
    close(fd);
    return reset(x);
}

/* The server has done what it was asked for, and nobody hears of it. */
static bool lose(struct exchange *x)
{
    pass_on(x);
    return reset(x);
}

static bool cut(struct exchange *x)
{
    if (pass_on(x))
        deliver_half(x);
    return reset(x);
}

/* As cut, but for an orderly end. */
static bool shorten(struct exchange *x)
{
    if (pass_on(x))
        deliver_half(x);
    return false;
}

static bool stall_reply(struct exchange *x)
{
    return pass_on(x) && deliver_half(x) && wait_for_end(x);
}

static bool flip_reply(struct exchange *x)
{
    if (!pass_on(x))
        return false;
    flip(x, &x->reply);
    return deliver(x);
}

static bool flip_request(struct exchange *x)
{
    if (!message_read_body(x->client, &x->request))
        return false;
    flip(x, &x->request);
    return ask(x) && deliver(x);
}

static bool trickle(struct exchange *x)
{
    bool done = pass_on(x);
    size_t piece, len;

    piece = x->reply.len / TRICKLE_PIECES + 1;
    for (size_t at = 0; done && at < x->reply.len; at += len) {
        len = x->reply.len - at < piece ? x->reply.len - at : piece;
        done = send_all(x->client, x->reply.data + at, len);
        rest(TRICKLE);
    }
    x->client_got = message_status(&x->reply);
    return done;
}

static bool late(struct exchange *x)
{
    bool done = pass_on(x);

    rest(LATE);
    return done && deliver(x);
}

/* What a proxy does that takes an answer that is late for one that is lost. */
static bool ask_twice(struct exchange *x)
{
    return pass_on(x) && ask(x) && deliver(x);
}

/* The second answer is to nothing, or to what the client asks next. */
static bool answer_twice(struct exchange *x)
{
    struct pollfd poll_for = {.fd = x->client, .events = POLLIN};

    if (pass_on(x) && deliver(x)) {
        if (x->chance & 1)
            poll(&poll_for, 1, NEXT);
        deliver(x);
    }
    return false;
}

static bool interim(struct exchange *x)
{
    static const char replies[] = "HTTP/1.1 100 Continue\r\n\r\n"
                                  "HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n"
                                  "ETag: \"early\"\r\n\r\n";

    return send_all(x->client, replies, sizeof(replies) - 1) && pass_on(x) && deliver(x);
}

/* ---- answers of no server's ------------------------------------------------------------------ */

static bool answer(struct exchange *x, int status, const char *code, int hours_off,
                   const char *header)
{
    time_t now = time(NULL) + hours_off * 3600;
    char date[64], body[256], reply[1024];
    struct tm tm;
    int body_len, len;

    if (!message_read_body(x->client, &x->request))
        return false;
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    body_len = snprintf(body, sizeof(body),
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                        "<Error><Code>%s</Code><Message>fault %u</Message></Error>",
                        code, x->number);
    len = snprintf(reply, sizeof(reply),
                   "HTTP/1.1 %d Fault\r\nDate: %s\r\nContent-Type: application/xml\r\n"
                   "Content-Length: %d\r\nx-amz-request-id: fault-%u\r\n%s\r\n%s",
                   status, date, body_len, x->number, header, x->is_head ? "" : body);
    x->client_got = status;
    return send_all(x->client, reply, (size_t)len);
}

static bool internal_error(struct exchange *x)
{
    return answer(x, 500, "InternalError", 0, "");
}

static bool slow_down(struct exchange *x)
{
    return answer(x, 503, "SlowDown", 0, x->chance & 1 ? "Retry-After: 1\r\n" : "");
}

static bool expired(struct exchange *x)
{
    return answer(x, 403, "ExpiredToken", 0, "");
}

static bool skewed(struct exchange *x)
{
    return answer(x, 403, "RequestTimeTooSkewed", x->chance & 1 ? HOURS_OFF : -HOURS_OFF, "");
}

static const struct fault faults[] = {
    {"reset", reset},
    {"cut-request", cut_request},
    {"lost", lose},
    {"cut", cut},
    {"short", shorten},
    {"stall", wait_for_end},
    {"stall-reply", stall_reply},
    {"flip", flip_reply},
    {"flip-request", flip_request},
    {"trickle", trickle},
    {"late", late},
    {"ask-twice", ask_twice},
    {"answer-twice", answer_twice},
    {"interim", interim},
    {"500", internal_error},
    {"503", slow_down},
    {"expired", expired},
    {"skewed", skewed},
};

/* ---- connections ----------------------------------------------------------------------------- */

static void tell(const struct exchange *x, const char *fault)
{
    char line[4096], got[16] = "-";
    const char *end = strstr(x->request.data, " HTTP/");
    int len;

    if (x->client_got)
        snprintf(got, sizeof(got), "%d", x->client_got);
    len = snprintf(line, sizeof(line), "%u %s %.*s %s %s\n", x->number, fault,
                   end ? (int)(end - x->request.data) : 0, x->request.data,
                   *x->server_said ? x->server_said : "-", got);
    if (len >= (int)sizeof(line) || write(log_fd, line, (size_t)len) != len)
        fprintf(stderr, "faultproxy: request %u is not in the log\n", x->number);
}

static bool serve(int client)
{
    static const struct fault no_fault = {"none", none};
    struct exchange x = {.client = client};
    const struct fault *fault = &no_fault;
    bool on;

    if (!message_read_head(client, &x.request)) {
        message_free(&x.request);
        return false;
    }
    x.number = atomic_fetch_add(&requests, 1) + 1;
    x.chance = mix(mix(seed) ^ x.number);
    x.is_head = strncmp(x.request.data, "HEAD ", 5) == 0;
    if (seed && x.chance % 100 < percent)
        fault = chosen[(x.chance >> 32) % chosen_count];
    x.chance = mix(x.chance);
    on = fault->spoil(&x);
    tell(&x, fault->name);
    message_free(&x.request);
    message_free(&x.reply);
    return on;
}

static void *run(void *arg)
{
    int client = (int)(intptr_t)arg, one = 1;

    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    while (serve(client))
        ;
    close(client);
    return NULL;
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return -1;
    printf("http://127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* Whether all of NAMES are faults; without any, all faults are meant. */
static bool choose(char **names, int count)
{
    const size_t all = sizeof(faults) / sizeof(faults[0]);

    for (int i = 0; i < count; i++) {
        size_t j = 0;

        while (j < all && strcmp(faults[j].name, names[i]) != 0)
            j++;
        if (j == all || chosen_count == all)
            return false;
        chosen[chosen_count++] = &faults[j];
    }
    for (size_t j = 0; count == 0 && j < all; j++)
        chosen[chosen_count++] = &faults[j];
    return true;
}

int main(int argc, char **argv)
{
    pthread_attr_t detached;
    pthread_t thread;
    int listener, client;

    if (argc < 5 || !choose(argv + 5, argc - 5)) {
        fprintf(stderr, "usage: faultproxy PORT LOG SEED PERCENT [FAULT...]\n");
        return 2;
    }
    server_port = (unsigned)strtoul(argv[1], NULL, 10);
    log_fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    seed = strtoull(argv[3], NULL, 10);
    percent = (unsigned)strtoul(argv[4], NULL, 10);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    listener = listen_somewhere();
    if (log_fd < 0 || listener < 0) {
        perror("faultproxy");
        return 1;
    }
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == ECONNABORTED)
        if (client >= 0 && pthread_create(&thread, &detached, run, (void *)(intptr_t)client) != 0)
            close(client);
    perror("faultproxy: accept");
    return 1;
}
