/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/common/watchdog.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/workers.h"
#include "cmd/common/command.h"

enum { TICK = 200 /* milliseconds between two looks */ };

struct watchdog {
    char *address;
    unsigned timeout; /* seconds */
    struct li_workers *thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stopping;          /* under lock, like the fields below */
    struct li_store *store; /* NULL: it is being opened or closed */
    uint64_t steps;         /* at the last look */
    uint64_t idle;          /* milliseconds without progress */
};

/* Another thread may be blocked while it prints, and must not stop this one. */
void exit_at_once(int code)
{
    if (ftrylockfile(stdout) == 0) {
        fflush(stdout);
        funlockfile(stdout);
    }
    _exit(code);
}

static void give_up(const struct watchdog *dog)
{
    struct li_error err = LI_ERROR_INIT;

    li_fail(&err, LI_EIO,
            "%s: the file system has not answered for %u second%s; --timeout sets how long to wait",
            dog->address, dog->timeout, li_text_s(dog->timeout));
    dprintf(2, "%slambdaimg: %s\n", isatty(2) ? "\r\033[K" : "", err.text);
    exit_at_once(EXIT_FAILED);
}

static bool has_moved(struct watchdog *dog)
{
    uint64_t running = 1, steps = dog->steps;
    bool moved;

    if (dog->store)
        li_store_activity(dog->store, &running, &steps);
    moved = running == 0 || steps != dog->steps;
    dog->steps = steps;
    return moved;
}

static uint64_t milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Waits for a tick, or less if the watch ends. Returns the milliseconds that passed, but not those
 * in which the process itself was stopped. */
static uint64_t wait_for_tick(struct watchdog *dog)
{
    uint64_t start = milliseconds(), end = start + TICK, passed;
    const struct timespec until = {(time_t)(end / 1000), (long)(end % 1000) * 1000000};

    pthread_cond_timedwait(&dog->stopped, &dog->lock, &until);
    passed = milliseconds() - start;
    return passed < 2 * TICK ? passed : 2 * TICK;
}

static int watch(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct watchdog *dog = arg;

    (void)index, (void)team, (void)err;
    pthread_mutex_lock(&dog->lock);
    while (!dog->stopping) {
        uint64_t passed = wait_for_tick(dog);

        dog->idle = has_moved(dog) ? 0 : dog->idle + passed;
        if (!dog->stopping && dog->idle >= dog->timeout * UINT64_C(1000))
            give_up(dog);
    }
    pthread_mutex_unlock(&dog->lock);
    return 0;
}

int watchdog_start(const char *address, unsigned timeout, struct watchdog **out,
                   struct li_error *err)
{
    struct watchdog *dog = calloc(1, sizeof(*dog));
    pthread_condattr_t attr;
    int rc = 0;

    if (!dog)
        return li_fail_memory(err);
    dog->timeout = timeout;
    dog->address = strdup(address);
    pthread_mutex_init(&dog->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&dog->stopped, &attr);
    pthread_condattr_destroy(&attr);
    rc = dog->address ? li_workers_start(1, watch, dog, &dog->thread, err) : li_fail_memory(err);
    if (rc < 0)
        watchdog_stop(dog);
    else
        *out = dog;
    return rc;
}

void watchdog_watch(struct watchdog *dog, struct li_store *store)
{
    if (!dog)
        return;
    pthread_mutex_lock(&dog->lock);
    dog->store = store;
    dog->idle = 0;
    pthread_mutex_unlock(&dog->lock);
}

void watchdog_stop(struct watchdog *dog)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (!dog)
        return;
    pthread_mutex_lock(&dog->lock);
    dog->stopping = true;
    pthread_cond_signal(&dog->stopped);
    pthread_mutex_unlock(&dog->lock);
    li_workers_join(dog->thread, &ignored);
    pthread_cond_destroy(&dog->stopped);
    pthread_mutex_destroy(&dog->lock);
    free(dog->address);
    free(dog);
}
