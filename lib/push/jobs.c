/* SPDX-License-Identifier: Apache-2.0 */
#include "push/jobs.h"

#include <stdlib.h>

/* Nothing is stored before the layers' digests are verified, and one thread for each layer hashes
 * them. So the queue is deep enough that the readers can continue to seal meanwhile. Its most jobs,
 * and their most bytes. */
enum { QUEUE = 4096, QUEUE_BYTES = 96 << 20 };

int li_jobs_init(struct li_jobs *jobs, struct li_error *err)
{
    *jobs = (struct li_jobs){.queue = NULL};
    pthread_mutex_init(&jobs->lock, NULL);
    return li_queue_new(QUEUE, QUEUE_BYTES, &jobs->queue, err);
}

void li_jobs_free(struct li_jobs *jobs)
{
    struct li_job *left;

    if (jobs->queue)
        li_queue_close(jobs->queue);
    while (jobs->queue && li_jobs_take(jobs, &left) == 0)
        li_job_free(jobs, left);
    while (jobs->spares > 0)
        li_buffer_free(&jobs->spare[--jobs->spares]);
    li_queue_free(jobs->queue);
    pthread_mutex_destroy(&jobs->lock);
}

int li_job_new(struct li_jobs *jobs, struct li_push_item *item, struct li_job **out,
               struct li_error *err)
{
    struct li_job *job = calloc(1, sizeof(*job));

    if (!job)
        return li_fail_memory(err);
    job->item = item;
    pthread_mutex_lock(&jobs->lock);
    if (jobs->spares > 0)
        job->bytes = jobs->spare[--jobs->spares];
    pthread_mutex_unlock(&jobs->lock);
    job->bytes.len = 0;
    *out = job;
    return 0;
}

/* Its buffer is kept for the next job, because the system clears memory that is freed and allocated
 * again for each chunk. */
void li_job_free(struct li_jobs *jobs, struct li_job *job)
{
    if (!job)
        return;
    if (!job->sealed)
        li_buffer_wipe_free(&job->bytes);
    pthread_mutex_lock(&jobs->lock);
    if (job->bytes.data && jobs->spares < LI_JOBS_SPARES) {
        jobs->spare[jobs->spares++] = job->bytes;
        job->bytes = (struct li_buffer){0};
    }
    pthread_mutex_unlock(&jobs->lock);
    li_buffer_free(&job->bytes);
    free(job);
}

int li_jobs_put(struct li_jobs *jobs, struct li_job *job, struct li_error *err)
{
    int rc = li_queue_put(jobs->queue, job, job->bytes.len);

    if (rc < 0) {
        li_job_free(jobs, job);
        li_fail(err, rc, "stopped, because a chunk could not be stored");
    }
    return rc;
}

int li_jobs_take(struct li_jobs *jobs, struct li_job **out)
{
    void *item = NULL;
    int rc = li_queue_take(jobs->queue, &item);

    *out = item;
    return rc;
}

void li_jobs_close(struct li_jobs *jobs)
{
    li_queue_close(jobs->queue);
}
