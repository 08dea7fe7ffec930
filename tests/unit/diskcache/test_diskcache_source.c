/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk cache in front of a source: what it has is not asked for, what is bad is fetched afresh,
 * and of several processes that miss a chunk one fetches it.
 */
#include "tests/fixtures/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chunk/chunk.h"
#include "diskcache/internal.h"
#include "sealed/opener.h"

/* A source that has one chunk, and counts what it is asked for in a file, so that all processes
 * count together. */
struct origin {
    struct li_sealed sealed;
    struct li_buffer object;
    int log;
    int code;          /* what get() returns, if not 0 */
    unsigned slowness; /* milliseconds that a get() takes */
    unsigned used;     /* how often it was told of a chunk's fate */
};

static struct {
    char top[32];
    struct origin origin;
    struct li_diskcache *cache;
    struct li_sealed *source;
    struct li_opener *opener;
    struct li_manifest_chunk chunk;
    unsigned deadline; /* of reads, in seconds */
    uint8_t *plain, *got;
    struct li_error err;
} t;

static const uint8_t root[LI_ID_SIZE] = {1};

static void nap(unsigned milliseconds)
{
    const struct timespec time = {.tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

static int origin_get(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                      struct li_sealed_object *out, struct li_error *err)
{
    struct origin *origin = (struct origin *)sealed;

    (void)chunk;
    assert_int_equal(write(origin->log, "x", 1), 1);
    nap(origin->slowness);
    if (origin->code)
        return li_fail(err, origin->code, "the origin fails");
    out->there = true;
    memcpy(out->root, root, LI_ID_SIZE);
    return li_buffer_append(&out->bytes, origin->object.data, origin->object.len, err);
}

static void origin_used(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                        const struct li_sealed_object *object,
                        const struct li_sealed_finding *finding)
{
    (void)chunk;
    (void)finding;
    assert_false(object->copy);
    ((struct origin *)sealed)->used++;
}

static const struct li_sealed_operations operations = {.get = origin_get, .used = origin_used};

static void open_source(void)
{
    li_opener_free(t.opener);
    li_sealed_free(t.source);
    li_diskcache_free(t.cache);
    assert_done(li_diskcache_open(t.top, LI_DISKCACHE_LEAST, &t.cache, &t.err), &t.err);
    assert_done(li_sealed_diskcache_new(&t.origin.sealed, t.cache, t.deadline, &t.source, &t.err),
                &t.err);
    assert_done(li_opener_new(t.source, &t.opener, &t.err), &t.err);
}

static void seal(void)
{
    static const struct li_seal_policy policy = {LI_CODEC_ZSTD, 3, 0};
    struct li_sealer *sealer = NULL;

    assert_done(li_sealer_new(&sealer, &t.err), &t.err);
    for (size_t i = 0; i < LI_CHUNK_SIZE; i++)
        t.plain[i] = (uint8_t)(i * i >> 8);
    memset(&t.chunk.prk, 7, sizeof(t.chunk.prk));
    assert_done(li_sha256(t.plain, LI_CHUNK_SIZE, t.chunk.digest, &t.err), &t.err);
    assert_done(li_crypto_name(&t.chunk.prk, t.chunk.name, &t.err), &t.err);
    assert_done(li_seal_chunk(sealer, &policy, &t.chunk.prk, t.plain, &t.origin.object, &t.err),
                &t.err);
    li_sealer_free(sealer);
}

static int setup(void **state)
{
    char path[64];

    (void)state;
    memset(&t, 0, sizeof(t));
    strcpy(t.top, "/tmp/li-diskcache-XXXXXX");
    assert_non_null(mkdtemp(t.top));
    t.plain = malloc(LI_CHUNK_SIZE);
    t.got = malloc(LI_CHUNK_SIZE);
    assert_true(t.plain && t.got);
    snprintf(path, sizeof(path), "%s/log", t.top);
    t.origin.sealed = (struct li_sealed){&operations, "memory"};
    t.origin.log = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(t.origin.log >= 0);
    seal();
    open_source();
    return 0;
}

static int teardown(void **state)
{
    char command[100];

    (void)state;
    li_opener_free(t.opener);
    li_sealed_free(t.source);
    li_diskcache_free(t.cache);
    li_buffer_free(&t.origin.object);
    close(t.origin.log);
    free(t.plain);
    free(t.got);
    snprintf(command, sizeof(command), "rm -rf %s", t.top);
    return system(command);
}

/* How often the origin was asked, by all processes. */
static unsigned asked(void)
{
    return (unsigned)lseek(t.origin.log, 0, SEEK_END);
}

static void read_chunk(void)
{
    memset(t.got, 0, LI_CHUNK_SIZE);
    assert_done(li_opener_open(t.opener, root, &t.chunk, t.got, &t.err), &t.err);
    assert_memory_equal(t.got, t.plain, LI_CHUNK_SIZE);
}

static struct li_diskcache_counts counts(void)
{
    struct li_diskcache_counts out;

    li_diskcache_counts(t.cache, &out);
    return out;
}

static const char *copy_path(void)
{
    static char path[200];
    char rest[LI_SHARD_PATH];

    li_shard_path(t.chunk.name, rest);
    snprintf(path, sizeof(path), "%s/sealed-1/%s", t.top, rest);
    return path;
}

static void test_second_read(void **state)
{
    (void)state;
    read_chunk();
    assert_int_equal(asked(), 1);
    read_chunk();
    open_source();
    read_chunk();
    assert_int_equal(asked(), 1);
    assert_int_equal(counts().hits, 1);
    assert_int_equal(t.origin.used, 1);
}

/* Every byte of the copy, changed or cut off: the chunk comes from the origin, whole. */
static void test_damaged_copy(void **state)
{
    unsigned wanted = 1;

    (void)state;
    read_chunk();
    for (size_t at = 0; at < t.origin.object.len; at += 1 + t.origin.object.len / 40) {
        int fd = open(copy_path(), O_WRONLY);
        uint8_t byte = t.origin.object.data[at] ^ 1;

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
        close(fd);
        read_chunk();
        assert_int_equal(asked(), ++wanted);
        assert_int_equal(truncate(copy_path(), (off_t)at), 0);
        read_chunk();
        assert_int_equal(asked(), ++wanted);
    }
    assert_int_equal(counts().damaged, wanted - 1);
    assert_int_equal(counts().stored, wanted);
}

/* A copy that is bad and cannot be removed is not read in a circle. */
static void test_damaged_copy_stays(void **state)
{
    (void)state;
    read_chunk();
    assert_int_equal(unlink(copy_path()), 0);
    assert_int_equal(mkdir(copy_path(), 0700), 0);
    read_chunk();
    read_chunk();
    assert_int_equal(asked(), 3);
    assert_int_equal(rmdir(copy_path()), 0);
}

/* Nothing that failed its checks is kept, and the failure is the origin's. */
static void test_bad_origin(void **state)
{
    (void)state;
    t.origin.object.data[50] ^= 1;
    assert_int_equal(li_opener_open(t.opener, root, &t.chunk, t.got, &t.err), LI_ECORRUPT);
    assert_int_equal(access(copy_path(), F_OK), -1);
    assert_int_equal(counts().stored, 0);
    t.origin.object.data[50] ^= 1;
    t.origin.code = LI_ENETWORK;
    assert_int_equal(li_opener_open(t.opener, root, &t.chunk, t.got, &t.err), LI_ENETWORK);
    t.origin.code = 0;
    read_chunk();
}

/* A bad copy while the origin fails: the origin's failure is told, not the copy's. */
static void test_bad_copy_and_no_origin(void **state)
{
    (void)state;
    read_chunk();
    assert_int_equal(truncate(copy_path(), 10), 0);
    t.origin.code = LI_ENETWORK;
    assert_fails(li_opener_open(t.opener, root, &t.chunk, t.got, &t.err), LI_ENETWORK,
                 "the origin fails", &t.err);
}

/* ---- several processes ---- */

/* A process that reads the chunk once. */
static pid_t reader(unsigned slowness)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    t.origin.slowness = slowness;
    open_source();
    read_chunk();
    _exit(0);
}

static void join(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void await_question(void)
{
    while (asked() == 0)
        nap(1);
}

static void test_one_fetch_for_all(void **state)
{
    pid_t pids[8];

    (void)state;
    for (int i = 0; i < 8; i++)
        pids[i] = reader(300);
    for (int i = 0; i < 8; i++)
        join(pids[i]);
    assert_int_equal(asked(), 1);
}

/* Who waits for a fetch goes on by itself when the one who fetches has died. */
static void test_dead_fetcher(void **state)
{
    pid_t pid = reader(60000);

    (void)state;
    await_question();
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    read_chunk();
    assert_int_equal(asked(), 2);
}

/* ... and when it does not come to an end. */
static void test_stopped_fetcher(void **state)
{
    pid_t pid = reader(60000);
    uint64_t before;

    (void)state;
    await_question();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    before = unit_milliseconds();
    read_chunk();
    assert_true(unit_milliseconds() - before >= 1000);
    assert_int_equal(asked(), 2);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Nobody waits so long that the chunk then comes too late. */
static void test_stopped_fetcher_and_a_deadline(void **state)
{
    pid_t pid = reader(60000);
    struct li_flight_turn turn = {.patience = 250};
    uint64_t before;

    (void)state;
    await_question();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    t.deadline = 1;
    open_source();
    before = unit_milliseconds();
    while (li_flight_wait(t.cache, t.chunk.name, &turn))
        ;
    assert_true(turn.count < 20);
    assert_true(unit_milliseconds() - before >= 250);
    read_chunk();
    assert_int_equal(asked(), 2);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A fetch that failed is over: the next one does not wait for it. */
static void test_failed_fetch_is_over(void **state)
{
    (void)state;
    t.origin.code = LI_ENETWORK;
    for (int i = 0; i < 2 * LI_FLIGHTS; i++)
        assert_int_equal(li_opener_open(t.opener, root, &t.chunk, t.got, &t.err), LI_ENETWORK);
    for (int i = 0; i < LI_FLIGHTS; i++)
        assert_int_equal(t.cache->flights[i].fd, -1);
    t.origin.code = 0;
    join(reader(0));
    assert_int_equal(asked(), 2 * LI_FLIGHTS + 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_second_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_copy_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_origin, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_copy_and_no_origin, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_fetch_for_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_fetcher, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopped_fetcher, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopped_fetcher_and_a_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_fetch_is_over, setup, teardown),
    };

    return cmocka_run_group_tests_name("the disk cache in front of a source", tests, NULL, NULL);
}
