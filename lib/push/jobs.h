/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of chunks between the readers of a push and its writers. Any thread may use either end;
 * functions marked "for the end" are for one thread.
 */
#ifndef LI_PUSH_JOBS_H
#define LI_PUSH_JOBS_H

#include <pthread.h>

#include "base/buffer.h"
#include "base/workers.h"
#include "push/item.h"

/* Free buffers, kept for reuse. */
enum { LI_JOBS_SPARES = 32 };

struct li_job {
    struct li_push_item *item;
    struct li_buffer bytes; /* of the object if SEALED, else of the chunk */
    bool sealed;
};

struct li_jobs {
    struct li_queue *queue;
    pthread_mutex_t lock;
    struct li_buffer spare[LI_JOBS_SPARES]; /* under lock, like SPARES */
    unsigned spares;
};

/* Initialises JOBS. LI_ENOMEM; li_jobs_free() is allowed in any case. */
int li_jobs_init(struct li_jobs *jobs, struct li_error *err);

/* For the end: frees everything, including jobs left in the queue. */
void li_jobs_free(struct li_jobs *jobs);

/* Makes a job for ITEM with an empty buffer. The caller owns it until it is put. LI_ENOMEM. */
int li_job_new(struct li_jobs *jobs, struct li_push_item *item, struct li_job **out,
               struct li_error *err);
void li_job_free(struct li_jobs *jobs,
                 struct li_job *job); /* NULL is allowed. A chunk in it is wiped. */

/* Takes ownership of JOB, and waits for room. LI_ECANCELLED if the writers have closed the queue.
 */
int li_jobs_put(struct li_jobs *jobs, struct li_job *job, struct li_error *err);

/* Waits for a job, which the caller then owns. LI_END if the queue is closed and empty. */
int li_jobs_take(struct li_jobs *jobs, struct li_job **out);

/* Ends all waiting and all puts; takes get what is left. */
void li_jobs_close(struct li_jobs *jobs);

#endif
