/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faultstream PORT LOG SEED PERCENT [FAULT...]: a relay on loopback in front of a TLS server at
 * 127.0.0.1:PORT, which spoils PERCENT of the connections that pass, each in one of the ways of the
 * table below (see proxy.h). It knows nothing of TLS: what it does befalls records of any kind,
 * those of handshakes among them. A fault strikes once, in one direction, behind so many bytes
 * that early ones are as likely as late ones; where fewer pass, it does not. LOG gets a line for
 * each connection when it is over:
 *
 *     NUMBER FAULT AT DIRECTION UP DOWN
 *
 * with the bytes behind which the fault struck, "up", to the server, or "down", and those that
 * passed in either direction; FAULT is "none" where none struck.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/tools/message.h"
#include "tests/tools/proxy.h"

enum {
    UP,
    DOWN,
    TRICKLE = 50, /* milliseconds between the pieces of what passes slowly */
    TRICKLE_PIECES = 20,
    FIRST_BITS = 7, /* a fault strikes behind 2^FIRST_BITS bytes or more, */
    LAST_BITS = 20, /* and fewer than 2^LAST_BITS */
};

/* A connection; UP is what comes from the client. */
struct stream {
    int from[2], to[2];
    bool ended[2];
    uint64_t passed[2];
    int fault; /* -1: none, or none any more */
    int direction;
    uint64_t at, chance;
};

/* Handles LEN bytes of which some, at OFFSET, are those that the fault waits for. Returns whether
 * the connection goes on. */
typedef bool strike(struct stream *s, char *data, size_t len, size_t offset);

static struct proxy_plan plan;
static atomic_uint connections;

static bool pass(struct stream *s, const char *data, size_t len)
{
    s->passed[s->direction] += len;
    return send_all(s->to[s->direction], data, len);
}

static bool reset(struct stream *s, char *data, size_t len, size_t offset)
{
    (void)data, (void)len, (void)offset;
    proxy_linger_not(s->from[UP]);
    proxy_linger_not(s->from[DOWN]);
    return false;
}

/* An end that TLS knows nothing of. */
static bool cut(struct stream *s, char *data, size_t len, size_t offset)
{
    (void)len;
    pass(s, data, offset);
    return false;
}

static bool stall(struct stream *s, char *data, size_t len, size_t offset)
{
    (void)len;
    if (pass(s, data, offset))
        proxy_wait_for_end(s->from[UP]);
    return false;
}

static bool flip(struct stream *s, char *data, size_t len, size_t offset)
{
    data[offset] ^= (char)(1 << s->chance % 8);
    return pass(s, data, len);
}

static bool trickle(struct stream *s, char *data, size_t len, size_t offset)
{
    size_t piece = (len - offset) / TRICKLE_PIECES + 1, some;

    if (!pass(s, data, offset))
        return false;
    for (size_t at = offset; at < len; at += some) {
        some = len - at < piece ? len - at : piece;
        if (!pass(s, data + at, some))
            return false;
        proxy_rest(TRICKLE);
    }
    return true;
}

static const struct {
    const char *name;
    strike *strike;
} faults[] = {
    {"reset", reset}, {"cut", cut}, {"stall", stall}, {"flip", flip}, {"trickle", trickle},
};

static const char *name(size_t index)
{
    return index < sizeof(faults) / sizeof(faults[0]) ? faults[index].name : NULL;
}

/* ---- connections ----------------------------------------------------------------------------- */

/* Takes what has come in one direction to the other side; sets *STRUCK where the fault did. Returns
 * whether the connection goes on. */
static bool relay(struct stream *s, int direction, int *struck)
{
    char data[16384];
    ssize_t n = recv(s->from[direction], data, sizeof(data), 0);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n < 0)
        return false;
    if (n == 0) {
        s->ended[direction] = true;
        shutdown(s->to[direction], SHUT_WR);
        return !s->ended[!direction];
    }
    if (s->fault >= 0 && direction == s->direction && s->passed[direction] + (size_t)n > s->at) {
        *struck = s->fault;
        s->fault = -1;
        return faults[*struck].strike(s, data, (size_t)n, s->at - s->passed[direction]);
    }
    s->passed[direction] += (size_t)n;
    return send_all(s->to[direction], data, (size_t)n);
}

/* Returns the fault that struck, or -1. */
static int relay_all(struct stream *s)
{
    int struck = -1;
    bool on = true;

    while (on) {
        struct pollfd fds[2] = {{.fd = s->ended[UP] ? -1 : s->from[UP], .events = POLLIN},
                                {.fd = s->ended[DOWN] ? -1 : s->from[DOWN], .events = POLLIN}};

        if (poll(fds, 2, PROXY_PATIENCE * 1000) <= 0)
            break;
        for (int i = UP; i <= DOWN && on; i++)
            if (fds[i].revents)
                on = relay(s, i, &struck);
    }
    return struck;
}

static void tell(const struct stream *s, unsigned number, int struck)
{
    char line[256];
    int len = snprintf(line, sizeof(line), "%u %s %llu %s %llu %llu\n", number,
                       struck < 0 ? "none" : name((size_t)struck), (unsigned long long)s->at,
                       s->direction == UP ? "up" : "down", (unsigned long long)s->passed[UP],
                       (unsigned long long)s->passed[DOWN]);

    if (write(plan.log_fd, line, (size_t)len) != len)
        fprintf(stderr, "faultstream: connection %u is not in the log\n", number);
}

/* Where the fault strikes: in each doubling of the bytes that passed with the same chance. */
static void aim(struct stream *s, unsigned number)
{
    uint64_t chance;
    unsigned bits;

    s->fault = proxy_pick(&plan, number, &chance);
    bits = FIRST_BITS + (unsigned)(chance % (LAST_BITS - FIRST_BITS));
    s->direction = chance >> 32 & 1 ? DOWN : UP;
    chance = proxy_mix(chance);
    s->at = (UINT64_C(1) << bits) + (chance & ((UINT64_C(1) << bits) - 1));
    s->chance = proxy_mix(chance);
}

static void *serve(void *arg)
{
    int client = (int)(intptr_t)arg, server = proxy_connect(plan.server_port);
    struct stream s = {.from = {client, server}, .to = {server, client}};
    unsigned number = atomic_fetch_add(&connections, 1) + 1;

    proxy_no_delay(client);
    aim(&s, number);
    if (server >= 0)
        tell(&s, number, relay_all(&s));
    close(client);
    if (server >= 0)
        close(server);
    return NULL;
}

int main(int argc, char **argv)
{
    if (!proxy_parse(&plan, name, sizeof(faults) / sizeof(faults[0]), argc, argv))
        return 2;
    proxy_run("https://localhost", serve);
    return 1;
}
