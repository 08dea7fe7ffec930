/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way through faultproxy, and what can be done with it. */
#ifndef LI_TESTS_EXCHANGE_H
#define LI_TESTS_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/tools/message.h"

struct exchange {
    int client;
    unsigned server_port, number;
    uint64_t chance; /* random bits, for whoever spoils it */
    bool is_head;
    struct message request, reply;
    char server_said[32]; /* the statuses, separated by commas */
    int client_got;       /* the status; 0: none */
};

/* Takes the request, of which all has come, to the server, and its answer from there. */
bool exchange_ask(struct exchange *x);

/* Takes the rest of the request from the client, and all of it to the server and back. */
bool exchange_pass_on(struct exchange *x);

/* Sends the answer. */
bool exchange_deliver(struct exchange *x);

/* Sends of the answer its head and half its body, or half its head where there is no body. */
bool exchange_deliver_half(struct exchange *x);

/* Changes a bit of the body of MESSAGE, where it has one. */
void exchange_flip(struct exchange *x, struct message *message);

void exchange_free(struct exchange *x);

#endif
