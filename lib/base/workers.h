/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A team of threads that does one job and stops at the first failure, and a bounded queue between
 * two teams.
 */
#ifndef LI_BASE_WORKERS_H
#define LI_BASE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct li_workers;

/* What a worker runs; INDEX is 0 to count - 1. Long jobs ask li_workers_stopped() now and then. 0
 * is that it has done its part; anything else is a failure, by li_as_failure() where it is
 * positive. */
typedef int li_worker_run(void *arg, unsigned index, struct li_workers *team, struct li_error *err);

/* Starts COUNT threads of RUN. All signals are blocked in them, so that the program's own threads
 * get those. */
int li_workers_start(unsigned count, li_worker_run *run, void *arg, struct li_workers **out,
                     struct li_error *err);

/* Whether a worker has failed, or li_workers_stop() was called. Any thread. */
bool li_workers_stopped(const struct li_workers *team);

/* Asks all workers to stop. Any thread. */
void li_workers_stop(struct li_workers *team);

/* Waits until all have ended and frees the team; returns the first failure in time, which is never
 * a mere LI_ECANCELLED where there is another reason. NULL is allowed and returns 0. */
int li_workers_join(struct li_workers *team, struct li_error *err);

/* A queue of pointers of at most CAP entries. Any number of threads at either end. */
struct li_queue;

/* Makes an empty queue. The caller frees *OUT. LI_ENOMEM. */
int li_queue_new(size_t cap, struct li_queue **out, struct li_error *err);

/* Waits for room. LI_ECANCELLED (without a text) when the queue was closed; ITEM is then still the
 * caller's. */
int li_queue_put(struct li_queue *queue, void *item);

/* Waits for an item. LI_END when the queue is closed and empty. */
int li_queue_take(struct li_queue *queue, void **item);

/* No more puts; takes drain what is left. */
void li_queue_close(struct li_queue *queue);

/* The queue must be out of use. Items left in it are not freed. NULL is allowed. */
void li_queue_free(struct li_queue *queue);

#endif
