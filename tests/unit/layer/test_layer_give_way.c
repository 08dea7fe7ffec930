/* SPDX-License-Identifier: Apache-2.0 */
/* Who works on what a stack has leaves the processor to those who verify its layers. */
#include "tests/fixtures/stack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

enum { THREADS = 3, PATIENCE = 30 * 1000 /* milliseconds */ };

static pthread_t tester;
static atomic_bool hold; /* reads of other threads wait */
static atomic_uint held;

/* The test's goes before libc's, for files of any length. */
ssize_t read_when_let(int fd, void *buf, size_t len, off_t offset) __asm__("pread64");

ssize_t read_when_let(int fd, void *buf, size_t len, off_t offset)
{
    if (atomic_load(&hold) && !pthread_equal(pthread_self(), tester)) {
        atomic_fetch_add(&held, 1);
        while (atomic_load(&hold))
            usleep(1000);
    }
    return syscall(SYS_pread64, fd, buf, len, offset);
}

/* A stack of one layer, which a worker has begun to verify. */
static struct stack begin(const struct li_env *env)
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = {0};

    tester = pthread_self();
    tar_random_file(stack_layer(&s), "file", 1, 100000);
    assert_done(stack_open(&s, &err), &err);
    li_layers_free(s.layers);
    s.layers = NULL;
    atomic_store(&held, 0);
    atomic_store(&hold, true);
    assert_done(li_layers_open(s.image, env, &s.layers, &err), &err);
    for (int i = 0; atomic_load(&held) == 0 && i < PATIENCE; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&held), 1);
    return s;
}

/* One thread of three is taken, and there is room for two more: workers 0 and 1. */
static void verifying_comes_first(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_env env = unit_env;
    struct stack s;
    uint64_t begun;

    (void)state;
    env.threads = THREADS;
    s = begin(&env);
    begun = unit_milliseconds();
    assert_true(li_layers_give_way(s.layers, THREADS - 1));
    assert_true(unit_milliseconds() - begun >= 10);
    assert_true(li_layers_give_way(s.layers, THREADS));
    for (unsigned worker = 0; worker < THREADS - 1; worker++)
        assert_false(li_layers_give_way(s.layers, worker));

    atomic_store(&hold, false);
    assert_done(li_layers_verified(s.layers, &err), &err);
    /* A worker may be seen at work a moment after its last layer was verified. */
    begun = unit_milliseconds();
    while (li_layers_give_way(s.layers, THREADS - 1))
        assert_true(unit_milliseconds() - begun < PATIENCE);
    assert_false(li_layers_give_way(s.layers, THREADS));
    stack_free(&s);
}

/* A team of one is never in anybody's way. */
static void the_first_worker_never_waits(void **state)
{
    struct li_env env = unit_env;
    struct stack s;

    (void)state;
    env.threads = 1;
    s = begin(&env);
    assert_false(li_layers_give_way(s.layers, 0));
    assert_true(li_layers_give_way(s.layers, 1));
    atomic_store(&hold, false);
    stack_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifying_comes_first),
        cmocka_unit_test(the_first_worker_never_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
