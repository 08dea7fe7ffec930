/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faultproxy PORT LOG SEED PERCENT [FAULT...]: an HTTP proxy on loopback in front of a server at
 * 127.0.0.1:PORT, which spoils PERCENT of the requests that pass, each in one of the ways of
 * faults.c (see proxy.h). LOG gets a line for each request when it is over:
 *
 *     NUMBER FAULT METHOD TARGET SERVER CLIENT
 *
 * with the statuses that the server answered, separated by commas, and the one that the client was
 * sent, or "-" for none. What the server did is in there even where the client has not been told.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/tools/faults.h"
#include "tests/tools/proxy.h"

static struct proxy_plan plan;
static atomic_uint requests;

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
    if (len >= (int)sizeof(line) || write(plan.log_fd, line, (size_t)len) != len)
        fprintf(stderr, "faultproxy: request %u is not in the log\n", x->number);
}

static bool serve(int client)
{
    struct exchange x = {.client = client, .server_port = plan.server_port};
    int fault;
    bool on;

    if (!message_read_head(client, &x.request)) {
        exchange_free(&x);
        return false;
    }
    x.number = atomic_fetch_add(&requests, 1) + 1;
    x.is_head = strncmp(x.request.data, "HEAD ", 5) == 0;
    fault = proxy_pick(&plan, x.number, &x.chance);
    on = fault_spoil(fault, &x);
    tell(&x, fault < 0 ? "none" : fault_name((size_t)fault));
    exchange_free(&x);
    return on;
}

static void *run(void *arg)
{
    int client = (int)(intptr_t)arg;

    proxy_no_delay(client);
    while (serve(client))
        ;
    close(client);
    return NULL;
}

int main(int argc, char **argv)
{
    if (!proxy_parse(&plan, fault_name, fault_common(), argc, argv))
        return 2;
    proxy_run("http://127.0.0.1", run);
    return 1;
}
