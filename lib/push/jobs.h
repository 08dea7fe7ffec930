/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of chunks between the readers of a push and its writers. Any thread at either end; what
 * is said to be for the end is for one thread.
 */
#ifndef LI_PUSH_JOBS_H
#define LI_PUSH_JOBS_H

#include <pthread.h>

#include "base/buffer.h"
#include "base/workers.h"
#include "push/item.h"

/* Buffers of chunks that were stored, kept for others. */
enum { LI_JOBS_SPARES = 32 };

struct li_job {
    struct li_push_item *item;
    struct li_buffer bytes; /* of the object, where SEALED; else of the chunk */
    bool sealed;
};

struct li_jobs {
    struct li_queue *queue;
    pthread_mutex_t lock;
    struct li_buffer spare[LI_JOBS_SPARES]; /* under lock, as SPARES */
    unsigned spares;
};

/* Initialises JOBS. LI_ENOMEM; li_jobs_free() is allowed all the same. */
int li_jobs_init(struct li_jobs *jobs, struct li_error *err);

/* For the end: frees all, and the jobs that are left in the queue. */
void li_jobs_free(struct li_jobs *jobs);

/* Makes a job for ITEM with an empty buffer. The caller's until it is put. LI_ENOMEM. */
int li_job_new(struct li_jobs *jobs, struct li_push_item *item, struct li_job **out,
               struct li_error *err);
void li_job_free(struct li_jobs *jobs, struct li_job *job); /* NULL is allowed; a chunk is wiped */

/* Takes JOB over, and waits for room. LI_ECANCELLED where the writers have closed the queue. */
int li_jobs_put(struct li_jobs *jobs, struct li_job *job, struct li_error *err);

/* Waits for a job, which is the caller's then. LI_END where the queue is closed and empty. */
int li_jobs_take(struct li_jobs *jobs, struct li_job **out);

/* Ends all waiting. No more puts; takes drain what is left. */
void li_jobs_close(struct li_jobs *jobs);

#endif
