/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library gets from the outside world: randomness, the wall clock, a directory for
 * temporary files, the number of threads. The library reads none of these by itself, so a test can
 * fix them all. DESIGN.md lists the few other things that it takes from the process and the host.
 *
 * The program makes one `struct li_env`, which outlives everything it is passed to. Its functions
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
    /* Workers for work that the processor limits; at least 1. */
    unsigned threads;
};

enum { LI_ENV_THREADS_MAX = 256 };

/* What a program passes on that has nothing of its own to pass: the kernel's randomness, the
 * system's clock, TMPDIR or /var/tmp, and a thread for each processor, at most LI_ENV_THREADS_MAX.
 * It reads the environment, so no other thread may change that meanwhile. */
struct li_env li_env_system(void);

/* The progress of a long operation. Called from any thread, and often. DONE and TOTAL are bytes. */
struct li_progress {
    void (*report)(void *arg, uint64_t done, uint64_t total);
    void *arg;
};

#endif
