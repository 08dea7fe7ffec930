/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a command whose store hangs.
 *
 * A directory may be on a network, or be served by a program that has stopped. Then a system call
 * does not return, and nothing in this process can make it return. So a thread watches the store,
 * and ends the process, with a message and EXIT_FAILED, if operations are under way and nothing has
 * moved for the time that --timeout gives (D6p). A process may be killed at any moment without harm
 * to the repository or to an output file, so it may end like this, too.
 */
#ifndef LI_CMD_WATCHDOG_H
#define LI_CMD_WATCHDOG_H

#include "store/store.h"

struct watchdog;

/* Starts to watch the opening of the store at ADDRESS. TIMEOUT is in seconds. */
int watchdog_start(const char *address, unsigned timeout, struct watchdog **out,
                   struct li_error *err);

/* STORE is open, and must stay so until the next call; with NULL it is being closed. DOG may be
 * NULL here and below. */
void watchdog_watch(struct watchdog *dog, struct li_store *store);

/* Ends the process with CODE, from any thread, and does not lose what was printed so far. */
_Noreturn void exit_at_once(int code);

/* Ends the watch, and frees DOG. */
void watchdog_stop(struct watchdog *dog);

#endif
