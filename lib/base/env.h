/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library is given of the outside world: randomness, the wall clock, where temporary files
 * go, how many threads may run. The library reads none of these by itself, so a test can fix them
 * all. DESIGN.md lists the few other things that it takes from the process and the host.
 *
 * One `struct li_env` is made by the program and outlives everything it is passed to. Its functions
 * are called from any thread.
 */
#ifndef LI_BASE_ENV_H
#define LI_BASE_ENV_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_env {
    /* Fills BUF with LEN bytes fit for keys. */
    int (*random)(void *buf, size_t len, struct li_error *err);
    /* Seconds since 1970, UTC. */
    int64_t (*now)(void);
    /* A directory for unlinked temporary files. */
    const char *tmpdir;
    /* Workers for what is bound by the processor; at least 1. */
    unsigned threads;
};

/* How far a long operation is. Called from any thread, and often; DONE and TOTAL are bytes. */
struct li_progress {
    void (*report)(void *arg, uint64_t done, uint64_t total);
    void *arg;
};

#endif
