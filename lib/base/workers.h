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

/* The function of a worker; INDEX is 0 to count - 1. Long jobs call li_workers_stopped() now and
 * then. 0 means that it has done its part. Anything else is a failure; a positive value goes
 * through li_as_failure(). */
typedef int li_worker_run(void *arg, unsigned index, struct li_workers *team, struct li_error *err);

/* Starts COUNT threads of RUN. They block all signals, so that the program's own threads get them.
 */
int li_workers_start(unsigned count, li_worker_run *run, void *arg, struct li_workers **out,
                     struct li_error *err);

/* Whether a worker has failed, or li_workers_stop() was called. Any thread. */
bool li_workers_stopped(const struct li_workers *team);

/* Asks all workers to stop. Any thread. */
void li_workers_stop(struct li_workers *team);

/* Waits until all workers have ended, and frees the team. Returns the first failure, and
 * LI_ECANCELLED only if there is no other reason. NULL is allowed and returns 0. */
int li_workers_join(struct li_workers *team, struct li_error *err);

/* A queue of pointers. Any number of threads may use either end. */
struct li_queue;

/* The queue takes at most CAP items, and no further item while those in it weigh MOST or more. So
 * it never holds more than MOST and one item. The caller chooses the unit of weight; SIZE_MAX means
 * no bound. LI_ENOMEM. The caller frees OUT with li_queue_free(). */
int li_queue_new(size_t cap, size_t most, struct li_queue **out, struct li_error *err);

/* Waits for room. LI_ECANCELLED (without a text) if the queue was closed; the caller then still
 * owns ITEM. */
int li_queue_put(struct li_queue *queue, void *item, size_t weight);

/* Waits for an item. LI_END if the queue is closed and empty. */
int li_queue_take(struct li_queue *queue, void **item);

/* Ends all puts, including those that wait for room; takes get what is left. Any thread. */
void li_queue_close(struct li_queue *queue);

/* The queue must not be in use. Items left in it are not freed. NULL is allowed. */
void li_queue_free(struct li_queue *queue);

#endif
