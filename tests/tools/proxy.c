/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- chances --------------------------------------------------------------------------------- */

uint64_t proxy_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

int proxy_pick(const struct proxy_plan *plan, unsigned number, uint64_t *chance)
{
    uint64_t x = proxy_mix(proxy_mix(plan->seed) ^ number);

    *chance = proxy_mix(x);
    if (plan->seed == 0 || x % 100 >= plan->percent)
        return -1;
    return (int)plan->chosen[(x >> 32) % plan->chosen_count];
}

/* Whether all of WANTED are faults; without any, the first COMMON are meant. */
static bool choose(struct proxy_plan *plan, proxy_fault_name *name, size_t common, char **wanted,
                   int count)
{
    for (int i = 0; i < count; i++) {
        size_t j = 0;

        while (name(j) && strcmp(name(j), wanted[i]) != 0)
            j++;
        if (!name(j) || plan->chosen_count == PROXY_FAULTS_MAX)
            return false;
        plan->chosen[plan->chosen_count++] = j;
    }
    for (size_t j = 0; count == 0 && j < common && j < PROXY_FAULTS_MAX; j++)
        plan->chosen[plan->chosen_count++] = j;
    return true;
}

bool proxy_parse(struct proxy_plan *plan, proxy_fault_name *name, size_t common, int argc,
                 char **argv)
{
    *plan = (struct proxy_plan){.log_fd = -1};
    if (argc < 5 || !choose(plan, name, common, argv + 5, argc - 5)) {
        fprintf(stderr, "usage: %s PORT LOG SEED PERCENT [FAULT...]; faults:", argv[0]);
        for (size_t i = 0; name(i); i++)
            fprintf(stderr, " %s", name(i));
        fprintf(stderr, "\n");
        return false;
    }
    plan->server_port = (unsigned)strtoul(argv[1], NULL, 10);
    plan->log_fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    plan->seed = strtoull(argv[3], NULL, 10);
    plan->percent = (unsigned)strtoul(argv[4], NULL, 10);
    if (plan->log_fd < 0)
        perror(argv[2]);
    return plan->log_fd >= 0;
}

/* ---- sockets --------------------------------------------------------------------------------- */

void proxy_rest(unsigned milliseconds)
{
    struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

    nanosleep(&t, NULL);
}

void proxy_no_delay(int fd)
{
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void proxy_linger_not(int fd)
{
    struct linger now = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void proxy_wait_for_end(int client)
{
    struct pollfd poll_for = {.fd = client, .events = POLLRDHUP};

    poll(&poll_for, 1, PROXY_PATIENCE * 1000);
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

int proxy_connect(unsigned port)
{
    struct sockaddr_in address = loopback(port);
    struct timeval patience = {PROXY_PATIENCE, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    proxy_no_delay(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static int listen_somewhere(const char *host)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return -1;
    printf("%s:%u\n", host, ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

void proxy_run(const char *host, void *(*serve)(void *))
{
    pthread_attr_t detached;
    pthread_t thread;
    int listener, client;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    listener = listen_somewhere(host);
    if (listener < 0) {
        perror("listen");
        return;
    }
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == ECONNABORTED)
        if (client >= 0 && pthread_create(&thread, &detached, serve, (void *)(intptr_t)client) != 0)
            close(client);
    perror("accept");
}
