/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the proxies of the tests share: sockets on loopback, and chances that a seed decides.
 *
 * A proxy is started as PROGRAM PORT LOG SEED PERCENT [FAULT...]. It spoils PERCENT of what passes,
 * each in one of the ways that are named, or of all that are common; what happens to what depends
 * on SEED and on its number alone, and seed 0 spoils nothing.
 */
#ifndef LI_TESTS_PROXY_H
#define LI_TESTS_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROXY_FAULTS_MAX = 32,
    PROXY_PATIENCE = 60, /* seconds that a stall lasts, where the client does not end it */
};

struct proxy_plan {
    unsigned server_port, percent;
    uint64_t seed;
    int log_fd;
    size_t chosen[PROXY_FAULTS_MAX]; /* indexes of faults */
    size_t chosen_count;
};

/* The name of the fault INDEX; NULL behind the last. */
typedef const char *proxy_fault_name(size_t index);

/* Reads the command line, of which no fault means the first COMMON of them, and opens the log;
 * false, having said why, where it makes no sense. */
bool proxy_parse(struct proxy_plan *plan, proxy_fault_name *name, size_t common, int argc,
                 char **argv);

/* The fault for number NUMBER, or -1 for none; *CHANCE is random bits for whoever spoils it. */
int proxy_pick(const struct proxy_plan *plan, unsigned number, uint64_t *chance);

/* Listens, prints the URL of that, HOST with its scheme and the port, and runs SERVE in a thread
 * for each connection, whose socket is its argument's value; until the process is killed, or
 * whoever started it ends. Returns, having said why, only where it fails. */
void proxy_run(const char *host, void *(*serve)(void *));

/* A connection to PORT, or -1; a read that waits longer than PROXY_PATIENCE fails. */
int proxy_connect(unsigned port);

/* Closed so, the other side's next read or write says "connection reset", not "end". */
void proxy_linger_not(int fd);

/* Waits until the client has had enough. */
void proxy_wait_for_end(int client);

void proxy_no_delay(int fd);
void proxy_rest(unsigned milliseconds);

/* Vigna, "splitmix64": well mixed, from any number. */
uint64_t proxy_mix(uint64_t x);

#endif
