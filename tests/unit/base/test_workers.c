/* SPDX-License-Identifier: Apache-2.0 */
/* Threads and the queues between them. */
#include "tests/fixtures/unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/workers.h"

static int count_or_fail(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    atomic_int *count = arg;

    if (index == 1)
        return li_fail(err, LI_EIO, "worker 1 failed");
    while (!li_workers_stopped(team))
        usleep(100);
    atomic_fetch_add(count, 1);
    return li_fail(err, LI_ECANCELLED, "cancelled");
}

static void workers_tell_the_reason_not_its_echo(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_workers *team = NULL;
    atomic_int count = 0;

    (void)state;
    assert_done(li_workers_start(4, count_or_fail, &count, &team, &err), &err);
    assert_fails(li_workers_join(team, &err), LI_EIO, "worker 1 failed", &err);
    assert_int_equal(count, 3);
}

static int consume(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_queue *queue = arg;
    void *item;

    (void)index, (void)team, (void)err;
    while (li_queue_take(queue, &item) == 0)
        atomic_fetch_add((atomic_int *)item, 1);
    return 0;
}

static void queue_loses_nothing(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_workers *team = NULL;
    struct li_queue *queue = NULL;
    atomic_int count = 0;

    (void)state;
    assert_done(li_queue_new(3, SIZE_MAX, &queue, &err), &err);
    assert_done(li_workers_start(3, consume, queue, &team, &err), &err);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(li_queue_put(queue, &count, 1), 0);
    li_queue_close(queue);
    assert_int_equal(li_queue_put(queue, &count, 1), LI_ECANCELLED);
    assert_done(li_workers_join(team, &err), &err);
    assert_int_equal(count, 1000);
    li_queue_free(queue);
}

struct weighed {
    struct li_queue *queue;
    atomic_size_t waiting; /* taken out of the producer's hands and not yet taken by the test */
    atomic_int ended;      /* what the last put returned */
};

static int produce(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct weighed *w = arg;
    int rc = 0;

    (void)index, (void)team, (void)err;
    while (rc == 0) {
        atomic_fetch_add(&w->waiting, 1);
        rc = li_queue_put(w->queue, w, 40);
    }
    atomic_store(&w->ended, rc);
    return 0;
}

/* Of 100 there are 3 times 40 in it when it is full, and a fourth is in the producer's hands. */
static void queue_is_bounded_by_weight(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_workers *team = NULL;
    struct weighed w = {.ended = 0};
    void *item;

    (void)state;
    assert_done(li_queue_new(1000, 100, &w.queue, &err), &err);
    assert_done(li_workers_start(1, produce, &w, &team, &err), &err);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(li_queue_take(w.queue, &item), 0);
        assert_ptr_equal(item, &w);
        assert_true(atomic_fetch_sub(&w.waiting, 1) <= 5);
    }
    while (atomic_load(&w.waiting) < 4)
        sched_yield();
    li_queue_close(w.queue);
    assert_done(li_workers_join(team, &err), &err);
    assert_int_equal(w.ended, LI_ECANCELLED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(li_queue_take(w.queue, &item), 0);
    assert_int_equal(li_queue_take(w.queue, &item), LI_END);
    li_queue_free(w.queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_tell_the_reason_not_its_echo),
        cmocka_unit_test(queue_loses_nothing),
        cmocka_unit_test(queue_is_bounded_by_weight),
    };

    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
