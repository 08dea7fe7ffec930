/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/workers.h"
#include "cache/cache.h"
#include "chunk/chunk.h"

enum { CHUNKS = 64 };

/* An origin whose chunk I is filled with the byte I, and that can be told to fail or to stall. */
struct origin {
    atomic_int fetched[CHUNKS];
    atomic_int running;
    atomic_int most;    /* fetches at once */
    atomic_int failing; /* 1, or more: by that value without a reason */
    atomic_bool stalled;
    unsigned nap; /* microseconds a fetch takes */
};

static int origin_fetch(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                        struct li_error *err)
{
    struct origin *origin = arg;
    int running = atomic_fetch_add(&origin->running, 1) + 1;
    int most = atomic_load(&origin->most);

    (void)worker;
    while (running > most && !atomic_compare_exchange_weak(&origin->most, &most, running))
        ;
    while (atomic_load(&origin->stalled))
        usleep(1000);
    usleep(origin->nap);
    atomic_fetch_add(&origin->fetched[index], 1);
    memset(buf, (int)index, LI_CHUNK_SIZE);
    atomic_fetch_sub(&origin->running, 1);
    if (atomic_load(&origin->failing) > 1)
        return atomic_load(&origin->failing);
    if (atomic_load(&origin->failing))
        return li_fail(err, LI_ECORRUPT, "the origin fails for chunk %d", (int)index);
    return 0;
}

enum { DEADLINE = 60 }; /* seconds; no test gets there */

static struct li_cache *new_impatient_cache(struct origin *origin, uint64_t chunks,
                                            unsigned workers, unsigned deadline)
{
    struct li_cache_options options = {
        .chunks = CHUNKS,
        .memory = chunks * LI_CHUNK_SIZE,
        .workers = workers,
        .deadline = deadline,
        .fetch = origin_fetch,
        .arg = origin,
    };
    struct li_error err = LI_ERROR_INIT;
    struct li_cache *cache = NULL;

    assert_done(li_cache_new(&options, &cache, &err), &err);
    return cache;
}

static struct li_cache *new_cache(struct origin *origin, uint64_t chunks, unsigned workers)
{
    return new_impatient_cache(origin, chunks, workers, DEADLINE);
}

static void check_chunk(struct li_cache *cache, uint64_t index)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t buf[64];

    assert_done(li_cache_read(cache, index, LI_CHUNK_SIZE - 64, 64, buf, &err), &err);
    for (size_t i = 0; i < sizeof(buf); i++)
        assert_int_equal(buf[i], index);
}

static void the_least_recently_used_goes_first(void **state)
{
    struct origin origin = {0};
    struct li_cache *cache = new_cache(&origin, 5, 2);

    (void)state;
    for (uint64_t i = 0; i < 5; i++)
        check_chunk(cache, i);
    check_chunk(cache, 0);
    check_chunk(cache, 5);
    check_chunk(cache, 0);
    check_chunk(cache, 2);
    assert_int_equal(origin.fetched[0], 1);
    assert_int_equal(origin.fetched[2], 1);
    check_chunk(cache, 1);
    assert_int_equal(origin.fetched[1], 2);
    li_cache_free(cache);
}

static void a_fetch_that_ends_early_has_no_bytes(void **state)
{
    struct origin origin = {.failing = 2};
    struct li_cache *cache = new_cache(&origin, 4, 1);
    struct li_error err = LI_ERROR_INIT;
    uint8_t buf[8] = {77};

    (void)state;
    assert_fails(li_cache_read(cache, 3, 0, sizeof(buf), buf, &err), LI_EIO, "ended", &err);
    assert_int_equal(buf[0], 77);
    origin.failing = 0;
    check_chunk(cache, 3);
    li_cache_free(cache);
}

static void reads_outside_a_chunk_are_refused(void **state)
{
    struct origin origin = {0};
    struct li_cache *cache = new_cache(&origin, 4, 1);
    struct li_error err = LI_ERROR_INIT;
    uint8_t buf[8];

    (void)state;
    assert_fails(li_cache_read(cache, CHUNKS, 0, 1, buf, &err), LI_EINVALID, "chunk 64", &err);
    assert_fails(li_cache_read(cache, 0, LI_CHUNK_SIZE - 4, 8, buf, &err), LI_EINVALID, "bytes",
                 &err);
    assert_int_equal(origin.fetched[0], 0);
    li_cache_free(cache);
}

struct crowd {
    struct li_cache *cache;
    unsigned rounds;
    bool same; /* all read chunk 0 */
};

static int crowd_read(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct crowd *crowd = arg;
    uint32_t seed = index * 7919 + 1;
    uint8_t buf[4096];

    (void)team;
    for (unsigned i = 0; i < crowd->rounds; i++) {
        uint64_t chunk = crowd->same ? 0 : (seed = seed * 1664525 + 1013904223) >> 26;
        int rc = li_cache_read(crowd->cache, chunk, 4096 * (i % 128), sizeof(buf), buf, err);

        if (rc < 0)
            return rc;
        if (buf[0] != chunk || buf[sizeof(buf) - 1] != chunk)
            return li_fail(err, LI_ECORRUPT, "chunk %d read as %d", (int)chunk, buf[0]);
    }
    return 0;
}

static void run_crowd(struct crowd *crowd, unsigned readers)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_workers *team = NULL;

    assert_done(li_workers_start(readers, crowd_read, crowd, &team, &err), &err);
    assert_done(li_workers_join(team, &err), &err);
}

static void a_chunk_wanted_by_many_is_fetched_once(void **state)
{
    struct origin origin = {.nap = 20000};
    struct crowd crowd = {new_cache(&origin, 8, 4), 1, true};

    (void)state;
    run_crowd(&crowd, 16);
    assert_int_equal(origin.fetched[0], 1);
    li_cache_free(crowd.cache);
}

/* More workers than buffers, more readers than either. */
static void a_crowd_reads_right_in_little_memory(void **state)
{
    struct origin origin = {.nap = 10};
    struct crowd crowd = {new_cache(&origin, 4, 8), 1500, false};

    (void)state;
    run_crowd(&crowd, 8);
    assert_in_range(origin.most, 1, 4);
    li_cache_free(crowd.cache);
}

static void a_failure_is_told_and_forgotten(void **state)
{
    struct origin origin = {.failing = 1};
    struct li_cache *cache = new_cache(&origin, 4, 2);
    struct li_error err = LI_ERROR_INIT;
    uint8_t byte;

    (void)state;
    for (int i = 1; i <= 10; i++) {
        assert_fails(li_cache_read(cache, 3, 0, 1, &byte, &err), LI_ECORRUPT, "chunk 3", &err);
        assert_int_equal(origin.fetched[3], i);
    }
    origin.failing = 0;
    check_chunk(cache, 3);
    li_cache_free(cache);
}

static void a_failure_is_told_to_all_who_wait(void **state)
{
    struct origin origin = {.failing = 1, .nap = 100000};
    struct crowd crowd = {new_cache(&origin, 4, 1), 1, true};
    struct li_workers *team[4];
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_done(li_workers_start(1, crowd_read, &crowd, &team[i], &err), &err);
    for (int i = 0; i < 4; i++)
        assert_fails(li_workers_join(team[i], &err), LI_ECORRUPT, "the origin fails", &err);
    li_cache_free(crowd.cache);
}

static void a_reader_waits_no_longer_than_its_deadline(void **state)
{
    struct origin origin = {.stalled = true};
    struct li_cache *cache = new_impatient_cache(&origin, 4, 1, 2);
    struct li_error err = LI_ERROR_INIT;
    struct timespec before, after;
    uint8_t byte;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_fails(li_cache_read(cache, 1, 0, 1, &byte, &err), LI_ENETWORK, "chunk 1", &err);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(err.sys, ETIMEDOUT);
    assert_in_range((after.tv_sec - before.tv_sec) * 1000 +
                        (after.tv_nsec - before.tv_nsec) / 1000000,
                    1999, 4000);
    /* The worker still hangs in chunk 1, so chunk 2 is never begun, and is not when it is over. */
    assert_fails(li_cache_read(cache, 2, 0, 1, &byte, &err), LI_ENETWORK, "chunk 2", &err);
    atomic_store(&origin.stalled, false);
    check_chunk(cache, 1);
    check_chunk(cache, 3);
    assert_int_equal(origin.fetched[1], 1);
    assert_int_equal(origin.fetched[2], 0);
    li_cache_free(cache);
}

static int read_two(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    uint8_t byte;

    (void)index, (void)team;
    return li_cache_read(arg, 2, 0, 1, &byte, err);
}

static void a_stop_ends_all_waiting(void **state)
{
    struct origin origin = {0};
    struct li_cache *cache = new_cache(&origin, 4, 1);
    struct li_workers *reader = NULL;
    struct li_error err = LI_ERROR_INIT;
    uint8_t byte;

    (void)state;
    check_chunk(cache, 1);
    atomic_store(&origin.stalled, true);
    assert_done(li_workers_start(1, read_two, cache, &reader, &err), &err);
    while (atomic_load(&origin.running) == 0)
        usleep(1000);
    assert_false(li_cache_stop(cache, 0));
    assert_fails(li_workers_join(reader, &err), LI_ECANCELLED, "closed", &err);
    check_chunk(cache, 1);
    assert_fails(li_cache_read(cache, 3, 0, 1, &byte, &err), LI_ECANCELLED, "closed", &err);
    atomic_store(&origin.stalled, false);
    assert_true(li_cache_stop(cache, 30));
    assert_int_equal(origin.fetched[3], 0);
    li_cache_free(cache);
}

/* Waits until chunk INDEX was fetched. */
static void await_fetch(struct origin *origin, uint64_t index)
{
    while (atomic_load(&origin->fetched[index]) == 0)
        usleep(1000);
}

static void a_chunk_fetched_ahead_is_there(void **state)
{
    struct origin origin = {0};
    struct li_cache *cache = new_cache(&origin, 8, 2);

    (void)state;
    li_cache_want(cache, 5);
    await_fetch(&origin, 5);
    li_cache_want(cache, 5);
    li_cache_want(cache, CHUNKS);
    check_chunk(cache, 5);
    assert_int_equal(origin.fetched[5], 1);
    li_cache_free(cache);
}

static void one_worker_fetches_nothing_ahead(void **state)
{
    struct origin origin = {0};
    struct li_cache *cache = new_cache(&origin, 8, 1);

    (void)state;
    li_cache_want(cache, 5);
    for (uint64_t i = 10; i < 40; i++)
        check_chunk(cache, i);
    assert_int_equal(origin.fetched[5], 0);
    check_chunk(cache, 5);
    assert_int_equal(origin.fetched[5], 1);
    li_cache_free(cache);
}

/* Of two workers one hangs in a chunk that nobody has asked for; the other serves readers. */
static void what_hangs_ahead_stops_no_reader(void **state)
{
    struct origin origin = {.stalled = true};
    struct li_cache *cache = new_cache(&origin, 8, 2);
    struct li_workers *reader = NULL;
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    li_cache_want(cache, 5);
    while (atomic_load(&origin.running) == 0)
        usleep(1000);
    li_cache_want(cache, 6);
    assert_done(li_workers_start(1, read_two, cache, &reader, &err), &err);
    while (atomic_load(&origin.running) < 2)
        usleep(1000);
    atomic_store(&origin.stalled, false);
    assert_done(li_workers_join(reader, &err), &err);
    check_chunk(cache, 5);
    check_chunk(cache, 6);
    assert_int_equal(origin.fetched[5], 1);
    assert_int_equal(origin.fetched[6], 1);
    li_cache_free(cache);
}

/* A reader takes over a chunk that is being fetched ahead, so another one can be. */
static void who_catches_up_makes_room_ahead(void **state)
{
    struct origin origin = {.stalled = true};
    struct li_cache *cache = new_cache(&origin, 8, 2);
    struct li_workers *reader = NULL;
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    li_cache_want(cache, 2);
    while (atomic_load(&origin.running) < 1)
        usleep(1000);
    li_cache_want(cache, 3);
    assert_done(li_workers_start(1, read_two, cache, &reader, &err), &err);
    while (atomic_load(&origin.running) < 2)
        usleep(1000);
    atomic_store(&origin.stalled, false);
    assert_done(li_workers_join(reader, &err), &err);
    await_fetch(&origin, 3);
    assert_int_equal(origin.fetched[2], 1);
    li_cache_free(cache);
}

static void a_failure_ahead_is_forgotten(void **state)
{
    struct origin origin = {.failing = 1};
    struct li_cache *cache = new_cache(&origin, 8, 2);

    (void)state;
    li_cache_want(cache, 5);
    await_fetch(&origin, 5);
    atomic_store(&origin.failing, 0);
    /* The failure may not be settled yet, so the first read may still be told of it. */
    for (int i = 0; i < 1000; i++) {
        struct li_error err = LI_ERROR_INIT;
        uint8_t byte;

        if (li_cache_read(cache, 5, 0, 1, &byte, &err) == 0)
            break;
        usleep(1000);
    }
    check_chunk(cache, 5);
    li_cache_free(cache);
}

static void no_more_is_fetched_ahead_than_there_is_room_for(void **state)
{
    struct origin origin = {.stalled = true};
    struct li_cache *cache = new_cache(&origin, 8, 8);
    unsigned fetched = 0;

    (void)state;
    for (uint64_t i = 0; i < CHUNKS; i++)
        li_cache_want(cache, i);
    atomic_store(&origin.stalled, false);
    assert_true(li_cache_stop(cache, 30));
    for (uint64_t i = 0; i < CHUNKS; i++)
        fetched += (unsigned)origin.fetched[i];
    /* Four workers, and two that wait. */
    assert_in_range(fetched, 0, 6);
    li_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_recently_used_goes_first),
        cmocka_unit_test(a_fetch_that_ends_early_has_no_bytes),
        cmocka_unit_test(reads_outside_a_chunk_are_refused),
        cmocka_unit_test(a_chunk_wanted_by_many_is_fetched_once),
        cmocka_unit_test(a_crowd_reads_right_in_little_memory),
        cmocka_unit_test(a_failure_is_told_and_forgotten),
        cmocka_unit_test(a_failure_is_told_to_all_who_wait),
        cmocka_unit_test(a_reader_waits_no_longer_than_its_deadline),
        cmocka_unit_test(a_stop_ends_all_waiting),
        cmocka_unit_test(a_chunk_fetched_ahead_is_there),
        cmocka_unit_test(one_worker_fetches_nothing_ahead),
        cmocka_unit_test(what_hangs_ahead_stops_no_reader),
        cmocka_unit_test(who_catches_up_makes_room_ahead),
        cmocka_unit_test(a_failure_ahead_is_forgotten),
        cmocka_unit_test(no_more_is_fetched_ahead_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
