/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/exchange.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/tools/proxy.h"

static void note_server(struct exchange *x)
{
    size_t at = strlen(x->server_said);

    snprintf(x->server_said + at, sizeof(x->server_said) - at, "%s%d", at ? "," : "",
             message_status(&x->reply));
}

bool exchange_ask(struct exchange *x)
{
    int fd = proxy_connect(x->server_port);
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

bool exchange_pass_on(struct exchange *x)
{
    return message_read_body(x->client, &x->request) && exchange_ask(x);
}

bool exchange_deliver(struct exchange *x)
{
    x->client_got = message_status(&x->reply);
    return send_all(x->client, x->reply.data, x->reply.len);
}

bool exchange_deliver_half(struct exchange *x)
{
    size_t body = x->reply.len - x->reply.head;

    return send_all(x->client, x->reply.data, body ? x->reply.head + body / 2 : x->reply.head / 2);
}

void exchange_flip(struct exchange *x, struct message *message)
{
    size_t bits = 8 * (message->len - message->head);

    if (bits == 0)
        return;
    bits = x->chance % bits;
    message->data[message->head + bits / 8] ^= (char)(1 << bits % 8);
}

void exchange_free(struct exchange *x)
{
    message_free(&x->request);
    message_free(&x->reply);
}
