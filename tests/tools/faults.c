/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/faults.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/tools/proxy.h"

enum {
    TRICKLE = 100, /* milliseconds between the pieces of a slow answer */
    TRICKLE_PIECES = 16,
    NEXT = 500,          /* milliseconds to wait for another request */
    LATE = 40,           /* milliseconds that an answer is held back */
    HOURS_OFF = 5,       /* of the clock of a server whose clock is wrong */
    DENIED = 8,          /* which of the chunks that are put is refused for good */
    DENIED_AFTER = 1000, /* milliseconds */
};

static bool none(struct exchange *x)
{
    return exchange_pass_on(x) && exchange_deliver(x);
}

/* The next read or write of the other side says "connection reset", not "end". */
static bool reset(struct exchange *x)
{
    proxy_linger_not(x->client);
    return false;
}

static bool stall(struct exchange *x)
{
    proxy_wait_for_end(x->client);
    return false;
}

/* Half of the body comes to the server, and no more. */
static bool cut_request(struct exchange *x)
{
    int fd;

    if (!message_read_body(x->client, &x->request) || (fd = proxy_connect(x->server_port)) < 0)
        return reset(x);
    send_all(fd, x->request.data, x->request.head + (x->request.len - x->request.head) / 2);
    close(fd);
    return reset(x);
}

/* The server has done what it was asked for, and nobody hears of it. */
static bool lose(struct exchange *x)
{
    exchange_pass_on(x);
    return reset(x);
}

static bool cut(struct exchange *x)
{
    if (exchange_pass_on(x))
        exchange_deliver_half(x);
    return reset(x);
}

/* As cut, but for an orderly end. */
static bool shorten(struct exchange *x)
{
    if (exchange_pass_on(x))
        exchange_deliver_half(x);
    return false;
}

static bool stall_reply(struct exchange *x)
{
    return exchange_pass_on(x) && exchange_deliver_half(x) && stall(x);
}

static bool flip_reply(struct exchange *x)
{
    if (!exchange_pass_on(x))
        return false;
    exchange_flip(x, &x->reply);
    return exchange_deliver(x);
}

static bool flip_request(struct exchange *x)
{
    if (!message_read_body(x->client, &x->request))
        return false;
    exchange_flip(x, &x->request);
    return exchange_ask(x) && exchange_deliver(x);
}

static bool trickle(struct exchange *x)
{
    bool done = exchange_pass_on(x);
    size_t piece, len;

    piece = x->reply.len / TRICKLE_PIECES + 1;
    for (size_t at = 0; done && at < x->reply.len; at += len) {
        len = x->reply.len - at < piece ? x->reply.len - at : piece;
        done = send_all(x->client, x->reply.data + at, len);
        proxy_rest(TRICKLE);
    }
    x->client_got = message_status(&x->reply);
    return done;
}

static bool late(struct exchange *x)
{
    bool done = exchange_pass_on(x);

    proxy_rest(LATE);
    return done && exchange_deliver(x);
}

/* What a proxy does that takes an answer that is late for one that is lost. */
static bool ask_twice(struct exchange *x)
{
    return exchange_pass_on(x) && exchange_ask(x) && exchange_deliver(x);
}

/* The second answer is to nothing, or to what the client asks next. */
static bool answer_twice(struct exchange *x)
{
    struct pollfd poll_for = {.fd = x->client, .events = POLLIN};

    if (exchange_pass_on(x) && exchange_deliver(x)) {
        if (x->chance & 1)
            poll(&poll_for, 1, NEXT);
        exchange_deliver(x);
    }
    return false;
}

static bool interim(struct exchange *x)
{
    static const char replies[] = "HTTP/1.1 100 Continue\r\n\r\n"
                                  "HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n"
                                  "ETag: \"early\"\r\n\r\n";

    return send_all(x->client, replies, sizeof(replies) - 1) && exchange_pass_on(x) &&
           exchange_deliver(x);
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

/* One of the first chunks that are put is refused for good, while others hang, or are asked to come
 * back later than anybody wants to wait. */
static bool deny(struct exchange *x)
{
    static atomic_uint chunks;
    const char *chunk = strstr(x->request.data, "/chunks/");
    const char *end = strchr(x->request.data, '\n');
    unsigned number;

    if (strncmp(x->request.data, "PUT ", 4) != 0 || !chunk || !end || chunk > end)
        return none(x);
    number = atomic_fetch_add(&chunks, 1) + 1;
    proxy_rest(number == DENIED ? DENIED_AFTER : DENIED_AFTER / 2);
    if (number == DENIED)
        return answer(x, 403, "AccessDenied", 0, "");
    return number % 2 ? stall(x) : answer(x, 503, "SlowDown", 0, "Retry-After: 20\r\n");
}

static bool skewed(struct exchange *x)
{
    return answer(x, 403, "RequestTimeTooSkewed", x->chance & 1 ? HOURS_OFF : -HOURS_OFF, "");
}

/* Each returns whether the connection with the client goes on. */
static const struct {
    const char *name;
    bool (*spoil)(struct exchange *x);
} faults[] = {
    {"reset", reset},
    {"cut-request", cut_request},
    {"lost", lose},
    {"cut", cut},
    {"short", shorten},
    {"stall", stall},
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
    {"deny", deny}, /* only where it is named */
};

size_t fault_common(void)
{
    return sizeof(faults) / sizeof(faults[0]) - 1;
}

const char *fault_name(size_t index)
{
    return index < sizeof(faults) / sizeof(faults[0]) ? faults[index].name : NULL;
}

bool fault_spoil(int index, struct exchange *x)
{
    return index < 0 ? none(x) : faults[index].spoil(x);
}
