/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The team keeps the first failure, because later ones are mostly consequences: a queue that was
 * closed, a neighbour that gave up.
 */
#include "base/workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct worker {
    struct li_workers *team;
    pthread_t thread;
    unsigned index;
};

struct li_workers {
    li_worker_run *run;
    void *arg;
    atomic_bool stopped;
    pthread_mutex_t lock;
    struct li_error first; /* under lock */
    bool abandoned;        /* under lock: not all threads could be started, so none may run */
    unsigned started;
    struct worker worker[];
};

static void record(struct li_workers *team, const struct li_error *err)
{
    pthread_mutex_lock(&team->lock);
    if (team->first.code == 0 || (team->first.code == LI_ECANCELLED && err->code != LI_ECANCELLED))
        team->first = *err;
    pthread_mutex_unlock(&team->lock);
    atomic_store(&team->stopped, true);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct li_error err = LI_ERROR_INIT;
    bool abandoned;
    int rc = 0;

    pthread_mutex_lock(&worker->team->lock);
    abandoned = worker->team->abandoned;
    pthread_mutex_unlock(&worker->team->lock);
    if (!abandoned)
        rc = worker->team->run(worker->team->arg, worker->index, worker->team, &err);
    /* A worker that ended early, although nobody told it to stop, has not done its part. */
    if (rc > 0)
        rc = li_as_failure(rc, &err);
    if (rc < 0) {
        err.code = rc;
        record(worker->team, &err);
    }
    return NULL;
}

static int start_thread(struct worker *worker, struct li_error *err)
{
    sigset_t all, before;
    int sys;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    sys = pthread_create(&worker->thread, NULL, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sys ? li_fail_errno(err, sys, "cannot start a thread") : 0;
}

int li_workers_start(unsigned count, li_worker_run *run, void *arg, struct li_workers **out,
                     struct li_error *err)
{
    struct li_workers *team = calloc(1, sizeof(*team) + count * sizeof(team->worker[0]));
    struct li_error ignored = LI_ERROR_INIT;
    int rc = 0;

    if (!team)
        return li_fail_memory(err);
    team->run = run;
    team->arg = arg;
    atomic_init(&team->stopped, false);
    pthread_mutex_init(&team->lock, NULL);
    /* The threads wait for the lock. So none begins, and waits for work without seeing a stop, if a
     * later one cannot be started. */
    pthread_mutex_lock(&team->lock);
    for (unsigned i = 0; i < count && rc == 0; i++) {
        team->worker[i].team = team;
        team->worker[i].index = i;
        rc = start_thread(&team->worker[i], err);
        if (rc == 0)
            team->started++;
    }
    team->abandoned = rc < 0;
    pthread_mutex_unlock(&team->lock);
    if (rc < 0) {
        li_workers_join(team, &ignored);
        return rc;
    }
    *out = team;
    return 0;
}

bool li_workers_stopped(const struct li_workers *team)
{
    return atomic_load(&team->stopped);
}

void li_workers_stop(struct li_workers *team)
{
    atomic_store(&team->stopped, true);
}

int li_workers_join(struct li_workers *team, struct li_error *err)
{
    int rc;

    if (!team)
        return 0;
    for (unsigned i = 0; i < team->started; i++)
        pthread_join(team->worker[i].thread, NULL);
    rc = team->first.code;
    if (rc < 0)
        *err = team->first;
    pthread_mutex_destroy(&team->lock);
    free(team);
    return rc;
}

struct entry {
    void *item;
    size_t weight;
};

struct li_queue {
    pthread_mutex_t lock;
    pthread_cond_t room;
    pthread_cond_t filled;
    bool closed;
    size_t weight; /* of all items */
    size_t most;
    size_t first;
    size_t used;
    size_t cap;
    struct entry entry[];
};

int li_queue_new(size_t cap, size_t most, struct li_queue **out, struct li_error *err)
{
    struct li_queue *queue = calloc(1, sizeof(*queue) + cap * sizeof(queue->entry[0]));

    if (!queue)
        return li_fail_memory(err);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->room, NULL);
    pthread_cond_init(&queue->filled, NULL);
    queue->cap = cap;
    queue->most = most;
    *out = queue;
    return 0;
}

static bool is_full(const struct li_queue *queue)
{
    return queue->used == queue->cap || queue->weight >= queue->most;
}

int li_queue_put(struct li_queue *queue, void *item, size_t weight)
{
    int rc = LI_ECANCELLED;

    pthread_mutex_lock(&queue->lock);
    while (is_full(queue) && !queue->closed)
        pthread_cond_wait(&queue->room, &queue->lock);
    if (!queue->closed) {
        queue->entry[(queue->first + queue->used++) % queue->cap] = (struct entry){item, weight};
        queue->weight += weight;
        pthread_cond_signal(&queue->filled);
        rc = 0;
    }
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

int li_queue_take(struct li_queue *queue, void **item)
{
    int rc = LI_END;

    pthread_mutex_lock(&queue->lock);
    while (queue->used == 0 && !queue->closed)
        pthread_cond_wait(&queue->filled, &queue->lock);
    if (queue->used > 0) {
        *item = queue->entry[queue->first].item;
        queue->weight -= queue->entry[queue->first].weight;
        queue->first = (queue->first + 1) % queue->cap;
        queue->used--;
        pthread_cond_signal(&queue->room);
        rc = 0;
    }
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

void li_queue_close(struct li_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->room);
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

void li_queue_free(struct li_queue *queue)
{
    if (!queue)
        return;
    pthread_cond_destroy(&queue->filled);
    pthread_cond_destroy(&queue->room);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}
