/* SPDX-License-Identifier: Apache-2.0 */
/* The disk cache's files: what is there, what leaves, and that nothing that is wrong with them is
 * an error. */
#include "tests/fixtures/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/io.h"
#include "confine/confine.h"
#include "crypto/seal.h"
#include "diskcache/internal.h"

enum { LEN = 4096, SIXTEENTH = 32 };

static struct {
    char top[32], path[200];
    struct li_diskcache *cache;
    struct li_buffer bytes;
    struct li_error err;
} t;

/* The path of NAME in the cache. */
static const char *in_cache(const char *name)
{
    snprintf(t.path, sizeof(t.path), "%s/sealed-1/%s", t.top, name);
    return t.path;
}

static void open_cache(uint64_t chunks)
{
    li_diskcache_free(t.cache);
    t.cache = NULL;
    assert_done(li_diskcache_open(t.top, chunks * LI_SHARDS * LEN, &t.cache, &t.err), &t.err);
}

static int setup(void **state)
{
    (void)state;
    strcpy(t.top, "/tmp/li-diskcache-XXXXXX");
    assert_non_null(mkdtemp(t.top));
    open_cache(SIXTEENTH);
    return 0;
}

static int teardown(void **state)
{
    char command[100];

    (void)state;
    li_diskcache_free(t.cache);
    t.cache = NULL;
    li_buffer_free(&t.bytes);
    snprintf(command, sizeof(command), "rm -rf %s", t.top);
    return system(command);
}

/* Chunk N of the first sixteenth; its bytes are all N. */
static void name_of(unsigned n, uint8_t name[LI_NAME_SIZE])
{
    memset(name, 0, LI_NAME_SIZE);
    li_put_le32(name + 1, n);
    li_put_le32(name + 8, n);
}

static void add(unsigned n)
{
    uint8_t name[LI_NAME_SIZE];

    name_of(n, name);
    t.bytes.len = 0;
    assert_done(li_buffer_reserve(&t.bytes, LEN, &t.err), &t.err);
    memset(t.bytes.data, (int)n, LEN);
    t.bytes.len = LEN;
    li_copy_add(t.cache, name, &t.bytes);
}

static bool has(unsigned n)
{
    uint8_t name[LI_NAME_SIZE];
    bool got;

    name_of(n, name);
    got = li_copy_read(t.cache, name, &t.bytes);
    if (got) {
        assert_int_equal(t.bytes.len, LEN);
        assert_int_equal(t.bytes.data[0], (uint8_t)n);
        assert_int_equal(t.bytes.data[LEN - 1], (uint8_t)n);
    }
    return got;
}

static const char *file_of(unsigned n)
{
    char path[LI_SHARD_PATH];
    uint8_t name[LI_NAME_SIZE];

    name_of(n, name);
    li_shard_path(name, path);
    return in_cache(path);
}

static bool in_main(unsigned n)
{
    struct stat st;

    assert_int_equal(stat(file_of(n), &st), 0);
    return (st.st_mode & S_IWUSR) == 0;
}

static void usage(struct li_diskcache_usage *out)
{
    assert_done(li_diskcache_usage(t.cache, out, &t.err), &t.err);
}

static struct li_diskcache_counts counts(void)
{
    struct li_diskcache_counts out;

    li_diskcache_counts(t.cache, &out);
    return out;
}

static void test_added_is_there(void **state)
{
    struct li_diskcache_usage used;

    (void)state;
    assert_false(has(1));
    add(1);
    add(2);
    assert_true(has(1));
    assert_true(has(2));
    assert_false(has(3));
    usage(&used);
    assert_int_equal(used.chunks, 2);
    assert_int_equal(used.bytes, 2 * LEN);
    assert_int_equal(used.main_chunks, 0);
    open_cache(SIXTEENTH);
    assert_true(has(1));
    assert_int_equal(li_diskcache_size(t.cache), SIXTEENTH * LI_SHARDS * LEN);
}

/* Two that add the same chunk: the second finds it there, and leaves nothing behind. */
static void test_added_twice(void **state)
{
    struct li_diskcache_usage used;

    (void)state;
    add(1);
    add(1);
    usage(&used);
    assert_int_equal(used.chunks, 1);
    assert_int_equal(counts().stored, 1);
    assert_int_equal(counts().unstored, 0);
}

static void test_bound(void **state)
{
    struct li_diskcache_usage used;

    (void)state;
    for (unsigned i = 0; i < 10 * SIXTEENTH; i++) {
        add(i);
        usage(&used);
        assert_true(used.bytes <= SIXTEENTH * LEN);
    }
    assert_true(used.bytes >= (SIXTEENTH - SIXTEENTH / 16 - 1) * LEN);
    assert_true(has(10 * SIXTEENTH - 1));
    assert_false(has(0));
}

/* What is used again stays while ten times the cache's size passes by once. */
static void test_scan(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIXTEENTH / 2; i++)
        add(i);
    for (unsigned i = 0; i < SIXTEENTH / 2; i++)
        assert_true(has(i));
    for (unsigned i = 1000; i < 1000 + 10 * SIXTEENTH; i++)
        add(i);
    for (unsigned i = 0; i < SIXTEENTH / 2; i++)
        assert_true(has(i));
    assert_true(in_main(0));
}

/* In a process that can do to files only what what parses can do. */
static void test_confined(void **state)
{
    const struct li_confine_path top = {t.top, true};
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        if (li_confine(&top, 1, &t.err) < 0)
            _exit(1);
        for (unsigned i = 0; i < SIXTEENTH / 2; i++)
            add(i);
        for (unsigned i = 0; i < SIXTEENTH / 2; i++)
            (void)has(i);
        for (unsigned i = 1000; i < 1000 + 2 * SIXTEENTH; i++)
            add(i);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    for (unsigned i = 0; i < SIXTEENTH / 2; i++)
        assert_true(has(i));
    assert_true(in_main(0));
}

/* What comes back soon after it left belongs to the main queue. */
static void test_ghost(void **state)
{
    unsigned gone = 0;

    (void)state;
    for (unsigned i = 0; i < SIXTEENTH + 1; i++)
        add(i);
    while (has(gone))
        gone++;
    add(gone);
    assert_true(in_main(gone));
    assert_false(in_main(SIXTEENTH));
}

static void test_uses_are_counted(void **state)
{
    struct stat st;

    (void)state;
    add(1);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(stat(file_of(1), &st), 0);
        assert_int_equal(li_copy_uses(&st), i < LI_USES_MOST ? i : LI_USES_MOST);
        assert_true(has(1));
    }
}

static void test_trim(void **state)
{
    struct li_diskcache_usage used;

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        add(i);
    assert_done(li_diskcache_trim(t.cache, (uint64_t)3 * LEN * LI_SHARDS, &t.err), &t.err);
    usage(&used);
    assert_int_equal(used.chunks, 3);
    assert_true(has(7));
    assert_false(has(0));
    assert_done(li_diskcache_trim(t.cache, 0, &t.err), &t.err);
    usage(&used);
    assert_int_equal(used.chunks, 0);
    assert_int_equal(used.bytes, 0);
    add(1);
    assert_true(has(1));
}

/* ---- what is wrong with files ---- */

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void test_left_behind(void **state)
{
    static const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

    (void)state;
    write_text(in_cache("0/.tmp-1-1"), "half");
    write_text(in_cache("0/.tmp-2-1"), "half");
    write_text(in_cache("0/notes"), "somebody's");
    assert_int_equal(utimensat(AT_FDCWD, in_cache("0/.tmp-1-1"), old, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, in_cache("0/notes"), old, 0), 0);
    add(1);
    assert_int_equal(utimensat(AT_FDCWD, in_cache("0/.state"), old, 0), 0);
    assert_done(li_diskcache_trim(t.cache, 0, &t.err), &t.err);
    assert_int_equal(access(in_cache("0/.tmp-1-1"), F_OK), -1);
    assert_int_equal(access(in_cache("0/.tmp-2-1"), F_OK), 0);
    assert_int_equal(access(in_cache("0/notes"), F_OK), 0);
}

/* A state that lies makes chunks go early or late, until they are counted again. */
static void test_damaged_state(void **state)
{
    static const char *const states[] = {"", "x", "0123456789012345678901234567890123456789"};
    struct li_diskcache_usage used;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        write_text(in_cache("0/.state"), states[i]);
        add(2 * i);
        write_text(in_cache("0/.state"), states[i]);
        add(2 * i + 1);
        assert_true(has(2 * i + 1));
    }
    for (unsigned i = 100; i < 100 + 2 * SIXTEENTH; i++)
        add(i);
    usage(&used);
    assert_true(used.bytes <= SIXTEENTH * LEN);
    unlink(in_cache("0/.state"));
    assert_int_equal(mkdir(in_cache("0/.state"), 0700), 0);
    add(500);
    assert_false(has(500));
    assert_true(has(100 + 2 * SIXTEENTH - 1));
}

/* What cannot be a chunk is removed where it is in a chunk's place, and is never followed. */
static void test_odd_files(void **state)
{
    char target[64];

    (void)state;
    snprintf(target, sizeof(target), "%s/target", t.top);
    write_text(target, "mine");
    assert_int_equal(symlink(target, file_of(1)), 0);
    assert_false(has(1));
    add(1);
    assert_true(has(1));
    assert_int_equal(mkfifo(file_of(2), 0600), 0);
    assert_false(has(2));
    add(2);
    assert_true(has(2));
    write_text(file_of(3), "");
    assert_int_equal(truncate(file_of(3), LI_SEAL_MAX_SIZE + 1), 0);
    assert_false(has(3));
    add(3);
    assert_true(has(3));
    assert_int_equal(mkdir(file_of(4), 0700), 0);
    assert_false(has(4));
    add(4);
    assert_false(has(4));
    assert_done(li_diskcache_trim(t.cache, 0, &t.err), &t.err);
    assert_int_equal(access(target, F_OK), 0);
}

static void test_dropped(void **state)
{
    uint8_t name[LI_NAME_SIZE];

    (void)state;
    add(1);
    name_of(1, name);
    li_copy_drop(t.cache, name);
    assert_false(has(1));
    assert_int_equal(counts().damaged, 1);
    li_copy_drop(t.cache, name);
    assert_int_equal(counts().damaged, 1);
}

/* Someone who has stopped with the lock does not stop others: they do without adding. */
static void test_locked(void **state)
{
    struct li_diskcache *other = NULL;
    struct li_shard held;

    (void)state;
    assert_done(li_diskcache_open(t.top, 1 << 20, &other, &t.err), &t.err);
    add(1);
    assert_int_equal(li_shard_lock(other, 0, &held, &t.err), 0);
    add(2);
    assert_false(has(2));
    assert_true(has(1));
    assert_int_equal(counts().unstored, 1);
    assert_fails(li_diskcache_trim(t.cache, 0, &t.err), LI_EIO, "try again", &t.err);
    li_shard_unlock(&held);
    li_diskcache_free(other);
    add(2);
    assert_true(has(2));
}

static void test_vanished(void **state)
{
    struct li_diskcache_usage used;
    char command[100];

    (void)state;
    add(1);
    snprintf(command, sizeof(command), "rm -rf %s/sealed-1", t.top);
    assert_int_equal(system(command), 0);
    assert_false(has(1));
    add(1);
    assert_false(has(1));
    assert_fails(li_diskcache_usage(t.cache, &used, &t.err), LI_ENOTFOUND, "cannot list", &t.err);
}

/* ---- its directory ---- */

static void test_directory(void **state)
{
    struct li_diskcache *other = NULL;
    char path[64];
    struct stat st;

    (void)state;
    snprintf(path, sizeof(path), "%s/a/b", t.top);
    assert_done(li_diskcache_open(path, 1 << 20, &other, &t.err), &t.err);
    li_diskcache_free(other);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(chmod(path, 0770), 0);
    assert_fails(li_diskcache_open(path, 1 << 20, &other, &t.err), LI_EDENIED, "chmod go-w",
                 &t.err);
    snprintf(path, sizeof(path), "%s/file", t.top);
    write_text(path, "");
    assert_fails(li_diskcache_open(path, 1 << 20, &other, &t.err), LI_ENOTFOUND, path, &t.err);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_added_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_added_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan, setup, teardown),
        cmocka_unit_test_setup_teardown(test_confined, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ghost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_uses_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trim, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vanished, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory, setup, teardown),
    };

    return cmocka_run_group_tests_name("the disk cache's files", tests, NULL, NULL);
}
