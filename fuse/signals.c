/* SPDX-License-Identifier: Apache-2.0 */
/*
 * We wait for signals instead of handling them, because a report locks and prints, and must not run
 * in a handler. The mount's signals are blocked before the file system is mounted, so that an early
 * one does not kill the process and leave the mount behind.
 *
 * libfuse's loop notices fuse_session_exit() when its thread wakes from a semaphore, and only a
 * signal wakes it. So we send that thread a signal whose handler does nothing, again and again
 * until it has left the loop: a single one could come just before it sleeps.
 */
#include "fuse/internal.h"

#include <time.h>

enum { WAKE = SIGUSR2 };

void li_signals_block(struct li_signals *signals)
{
    static const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

    sigemptyset(&signals->taken);
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        sigaddset(&signals->taken, taken[i]);
    pthread_sigmask(SIG_BLOCK, &signals->taken, &signals->mask);
}

/* Signals that come too late are dropped, or they would end the process here. */
void li_signals_restore(struct li_signals *signals)
{
    static const struct timespec now = {0, 0};

    while (sigtimedwait(&signals->taken, NULL, &now) > 0)
        ;
    pthread_sigmask(SIG_SETMASK, &signals->mask, NULL);
}

static void wake(int number)
{
    (void)number;
}

static void end_loop(struct li_signals *signals)
{
    static const struct timespec nap = {0, 5000000};
    const struct li_mount_options *options = signals->options;

    if (options->ending)
        options->ending(options->ending_arg);
    fuse_session_exit(signals->session);
    while (!atomic_load(&signals->over)) {
        pthread_kill(signals->loop, WAKE);
        nanosleep(&nap, NULL);
    }
}

static void *take_signals(void *arg)
{
    struct li_signals *signals = arg;
    int number;

    while (!atomic_load(&signals->over)) {
        if (sigwait(&signals->taken, &number) != 0 || atomic_load(&signals->over))
            continue;
        if (number != SIGUSR1)
            end_loop(signals);
        else if (signals->options->report)
            signals->options->report(signals->options->report_arg);
    }
    return NULL;
}

int li_signals_start(struct li_signals *signals, struct fuse_session *session,
                     const struct li_mount_options *options, struct li_error *err)
{
    struct sigaction action = {.sa_handler = wake};
    sigset_t one;
    int sys;

    signals->session = session;
    signals->options = options;
    signals->loop = pthread_self();
    atomic_init(&signals->over, false);
    sys = pthread_create(&signals->thread, NULL, take_signals, signals);
    if (sys)
        return li_fail_errno(err, sys, "cannot start a thread");
    sigaction(WAKE, &action, &signals->action);
    sigemptyset(&one);
    sigaddset(&one, WAKE);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    return 0;
}

void li_signals_stop(struct li_signals *signals)
{
    atomic_store(&signals->over, true);
    pthread_kill(signals->thread, SIGTERM);
    pthread_join(signals->thread, NULL);
    sigaction(WAKE, &signals->action, NULL);
}
