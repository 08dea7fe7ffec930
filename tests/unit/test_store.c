/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/workers.h"
#include "store/directory.h"
#include "store/fault.h"
#include "store/store.h"
#include "tree.h"

struct fixture {
    char dir[64];
    struct li_store *store;
    struct li_buffer out;
    struct li_error err;
};

static void open_store(struct fixture *f)
{
    char address[80];

    snprintf(address, sizeof(address), "dir:%s/store", f->dir);
    assert_done(li_store_open(address, true, &unit_env, &f->store, &f->err), &f->err);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    tree_make(f->dir);
    open_store(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    li_store_free(f->store);
    li_buffer_free(&f->out);
    tree_remove(f->dir);
    free(f);
    return 0;
}

static void put(struct fixture *f, const char *key, const char *text)
{
    int rc = li_store_put_if_absent(f->store, key, text, strlen(text), &f->err);

    assert_done(rc, &f->err);
    assert_int_equal(rc, 0);
}

static void expect(struct fixture *f, const char *key, const char *text)
{
    assert_done(li_store_get(f->store, key, 100, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, strlen(text));
    assert_memory_equal(f->out.data, text, f->out.len);
}

static void addresses(void **state)
{
    struct fixture *f = *state;
    struct li_store *store = NULL;
    struct li_error *err = &f->err;

    assert_fails(li_store_open("x", false, &unit_env, &store, err), LI_EINVALID, "dir:PATH", err);
    assert_fails(li_store_open("dir:", false, &unit_env, &store, err), LI_EINVALID, "dir:", err);
    assert_fails(li_store_open("s4://b/p", false, &unit_env, &store, err), LI_EINVALID, "s3://",
                 err);
    assert_fails(li_store_open("dir:/nonexistent/x", false, &unit_env, &store, err), LI_ENOTFOUND,
                 "/nonexistent/x", err);
    assert_null(store);
}

static void hostile_keys_are_refused(void **state)
{
    static const char *const keys[] = {"",       "../x",   "a/../b", "a//b", "/a",   "a/",  "a/.",
                                       ".tmp-x", "a/.tmp", "a b",    "a\nb", "a\\b", "a*b", "."};
    struct fixture *f = *state;
    char big[2001];
    bool present;

    memset(big, 'a', 2000);
    big[2000] = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_fails(li_store_put_if_absent(f->store, keys[i], "", 0, &f->err), LI_EINVALID,
                     "no key", &f->err);
        assert_fails(li_store_get(f->store, keys[i], 1, &f->out, &f->err), LI_EINVALID, "no key",
                     &f->err);
        assert_fails(li_store_exists(f->store, &keys[i], 1, &present, &f->err), LI_EINVALID,
                     "no key", &f->err);
        assert_fails(li_store_remove(f->store, keys[i], &f->err), LI_EINVALID, "no key", &f->err);
        assert_fails(li_store_copy(f->store, "a", keys[i], &f->err), LI_EINVALID, "no key",
                     &f->err);
    }
    assert_fails(li_store_put_if_absent(f->store, big, "", 0, &f->err), LI_EINVALID, "no key",
                 &f->err);
    assert_fails(li_store_list(f->store, "a", NULL, NULL, &f->err), LI_EINVALID, "no prefix",
                 &f->err);
    assert_fails(li_store_list(f->store, "../", NULL, NULL, &f->err), LI_EINVALID, "no prefix",
                 &f->err);
}

static void put_get_and_ranges(void **state)
{
    struct fixture *f = *state;

    put(f, "a/b/c", "0123456789");
    expect(f, "a/b/c", "0123456789");
    assert_int_equal(li_store_put_if_absent(f->store, "a/b/c", "x", 1, &f->err), LI_END);
    expect(f, "a/b/c", "0123456789");
    assert_fails(li_store_get(f->store, "a/b/c", 9, &f->out, &f->err), LI_ELIMIT, "10 bytes",
                 &f->err);
    assert_done(li_store_get_range(f->store, "a/b/c", 8, 5, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, 2);
    assert_memory_equal(f->out.data, "89", 2);
    assert_done(li_store_get_range(f->store, "a/b/c", 80, 5, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, 0);
    assert_fails(li_store_get(f->store, "a/b", 9, &f->out, &f->err), LI_ENOTFOUND, "a/b", &f->err);
    assert_fails(li_store_get(f->store, "a/x/c", 9, &f->out, &f->err), LI_ENOTFOUND, "a/x/c",
                 &f->err);
    put(f, "empty", "");
    expect(f, "empty", "");
    assert_done(li_store_flush(f->store, &f->err), &f->err);
}

static void replace_and_replace_if(void **state)
{
    struct fixture *f = *state;

    assert_fails(li_store_replace_if(f->store, "p/q", "", 0, "x", 1, &f->err), LI_ECHANGED,
                 "removed", &f->err);
    assert_false(tree_has(f->dir, "store/p"));
    assert_done(li_store_replace(f->store, "p/q", "one", 3, &f->err), &f->err);
    assert_fails(li_store_replace_if(f->store, "p/q", "on", 2, "x", 1, &f->err), LI_ECHANGED,
                 "changed", &f->err);
    assert_fails(li_store_replace_if(f->store, "p/q", "onE", 3, "x", 1, &f->err), LI_ECHANGED,
                 "changed", &f->err);
    assert_done(li_store_replace_if(f->store, "p/q", "one", 3, "two", 3, &f->err), &f->err);
    expect(f, "p/q", "two");
    assert_done(li_store_replace(f->store, "p/q", "three", 5, &f->err), &f->err);
    expect(f, "p/q", "three");
}

static void exists_remove_and_copy(void **state)
{
    static const char *const keys[] = {"i/n/t", "i/n/u", "i/x/y", "i/n"};
    struct fixture *f = *state;
    bool present[4];

    put(f, "i/n/t", "T");
    assert_int_equal(li_store_copy(f->store, "i/n/t", "i/n/u", &f->err), 0);
    assert_int_equal(li_store_copy(f->store, "i/n/t", "i/n/u", &f->err), LI_END);
    assert_fails(li_store_copy(f->store, "i/n/z", "i/n/v", &f->err), LI_ENOTFOUND, "i/n/z",
                 &f->err);
    expect(f, "i/n/u", "T");
    assert_done(li_store_exists(f->store, keys, 4, present, &f->err), &f->err);
    assert_true(present[0] && present[1] && !present[2] && !present[3]);

    assert_int_equal(li_store_remove(f->store, "i/n/t", &f->err), 0);
    assert_int_equal(li_store_remove(f->store, "i/n/t", &f->err), LI_END);
    assert_int_equal(li_store_remove(f->store, "i/nope/t", &f->err), LI_END);
    assert_true(tree_has(f->dir, "store/i/n"));
    assert_int_equal(li_store_remove(f->store, "i/n/u", &f->err), 0);
    assert_false(tree_has(f->dir, "store/i/n"));
    assert_true(tree_has(f->dir, "store/i"));
    assert_done(li_store_flush(f->store, &f->err), &f->err);
}

static int count_keys(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    if (strcmp(key, "stop") == 0)
        return li_fail(err, LI_ELIMIT, "enough");
    *(uint64_t *)arg += strlen(key) * 100 + size;
    return 0;
}

static void listing(void **state)
{
    struct fixture *f = *state;
    uint64_t sum = 0;

    put(f, "a/b/c", "12");
    put(f, "a/d", "345");
    put(f, "e", "6");
    tree_write(f->dir, "store/.tmp-12-0", "junk", 4);
    tree_write(f->dir, "store/not a key", "", 0);
    assert_done(li_store_list(f->store, "", count_keys, &sum, &f->err), &f->err);
    assert_int_equal(sum, 502 + 303 + 101 + 900);
    sum = 0;
    assert_done(li_store_list_shallow(f->store, "", count_keys, &sum, &f->err), &f->err);
    assert_int_equal(sum, 200 + 101 + 900);
    sum = 0;
    assert_done(li_store_list(f->store, "a/", count_keys, &sum, &f->err), &f->err);
    assert_int_equal(sum, 502 + 303);
    sum = 0;
    assert_done(li_store_list(f->store, "none/", count_keys, &sum, &f->err), &f->err);
    assert_int_equal(sum, 0);
    put(f, "stop", "");
    assert_fails(li_store_list(f->store, "", count_keys, &sum, &f->err), LI_ELIMIT, "enough",
                 &f->err);
}

/* Whoever can write into a store must not be able to lead others out of it. */
static void links_and_pipes_are_not_followed(void **state)
{
    struct fixture *f = *state;
    char *inside = tree_path(f->dir, "store/link");
    char *directory = tree_path(f->dir, "store/dir");
    char *pipe = tree_path(f->dir, "store/pipe");

    tree_write(f->dir, "secret", "s", 1);
    assert_int_equal(symlink("../secret", inside), 0);
    assert_int_equal(symlink("..", directory), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_fails(li_store_get(f->store, "link", 9, &f->out, &f->err), LI_ECORRUPT, "symbolic link",
                 &f->err);
    assert_fails(li_store_get(f->store, "dir/secret", 9, &f->out, &f->err), LI_ENOTFOUND, "dir",
                 &f->err);
    assert_fails(li_store_get(f->store, "pipe", 9, &f->out, &f->err), LI_ECORRUPT,
                 "no regular file", &f->err);
    assert_fails(li_store_put_if_absent(f->store, "dir/new", "x", 1, &f->err), LI_EIO, "dir",
                 &f->err);
    assert_false(tree_has(f->dir, "new"));
    assert_fails(li_store_put_if_absent(f->store, "pipe", "x", 1, &f->err), LI_ECORRUPT,
                 "no regular file", &f->err);
    free(inside);
    free(directory);
    free(pipe);
}

static void without_unnamed_files(void **state)
{
    struct fixture *f = *state;

    atomic_store(&((struct li_directory *)f->store)->named_only, true);
    put(f, "a/b", "text");
    assert_int_equal(li_store_put_if_absent(f->store, "a/b", "x", 1, &f->err), LI_END);
    assert_int_equal(li_store_copy(f->store, "a/b", "a/c", &f->err), 0);
    expect(f, "a/c", "text");
    assert_done(li_store_flush(f->store, &f->err), &f->err);
    /* The directory, a, b and c; no temporary file. */
    assert_int_equal(tree_count(f->dir), 5);
}

static int64_t in_two_days(void)
{
    return time(NULL) + 2 * 86400;
}

static void old_temporaries_are_swept(void **state)
{
    struct fixture *f = *state;
    struct li_env later = unit_env;

    later.now = in_two_days;
    tree_write(f->dir, "store/.tmp-12-0", "junk", 4);
    assert_done(li_store_flush(f->store, &f->err), &f->err);
    assert_true(tree_has(f->dir, "store/.tmp-12-0"));
    li_store_free(f->store);
    open_store(f);
    ((struct li_directory *)f->store)->env = &later;
    assert_done(li_store_replace(f->store, "x", "", 0, &f->err), &f->err);
    assert_done(li_store_flush(f->store, &f->err), &f->err);
    assert_false(tree_has(f->dir, "store/.tmp-12-0"));
    assert_true(tree_has(f->dir, "store/x"));
}

enum { COUNTERS = 8, STEPS = 25 };

static int count_up(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct fixture *f = arg;
    struct li_buffer old = {0};
    char text[16];
    int rc = 0;

    (void)index;
    for (int done = 0; done < STEPS && rc == 0 && !li_workers_stopped(team);) {
        rc = li_store_get(f->store, "counter", 16, &old, err);
        if (rc < 0)
            break;
        snprintf(text, sizeof(text), "%d", atoi((char *)old.data) + 1);
        rc = li_store_replace_if(f->store, "counter", old.data, old.len, text, strlen(text) + 1,
                                 err);
        done += rc == 0;
        if (rc == LI_ECHANGED)
            rc = 0;
    }
    li_buffer_free(&old);
    return rc;
}

static void replace_if_loses_no_update(void **state)
{
    struct fixture *f = *state;
    struct li_workers *team = NULL;

    assert_done(li_store_put_if_absent(f->store, "counter", "0", 2, &f->err), &f->err);
    assert_done(li_workers_start(COUNTERS, count_up, f, &team, &f->err), &f->err);
    assert_done(li_workers_join(team, &f->err), &f->err);
    assert_done(li_store_get(f->store, "counter", 16, &f->out, &f->err), &f->err);
    assert_int_equal(atoi((char *)f->out.data), COUNTERS * STEPS);
}

/* Puts and removals in one directory, which appears and disappears all the time. */
static int put_and_remove(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct fixture *f = arg;
    char key[32];
    int rc = 0;

    snprintf(key, sizeof(key), "images/n/%u", index);
    for (int i = 0; i < 100 && rc == 0 && !li_workers_stopped(team); i++) {
        rc = li_store_put_if_absent(f->store, key, key, strlen(key), err);
        if (rc == 0)
            rc = li_store_remove(f->store, key, err);
        if (rc == LI_END)
            rc = li_fail(err, LI_EIO, "nobody else touches this key");
    }
    return rc;
}

static int replace_old(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    (void)index, (void)team;
    return li_store_replace_if(arg, "a", "old", 3, "new", 3, err);
}

static void the_lock_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct li_workers *team = NULL;
    char *path = tree_path(f->dir, "store/.tmp-lock");
    int lock = open(path, O_RDWR | O_CREAT, 0600);

    put(f, "a", "old");
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_done(li_workers_start(1, replace_old, f->store, &team, &f->err), &f->err);
    usleep(50000);
    expect(f, "a", "old");
    close(lock);
    assert_done(li_workers_join(team, &f->err), &f->err);
    expect(f, "a", "new");
    free(path);
}

static void directories_may_vanish_under_writers(void **state)
{
    struct fixture *f = *state;
    struct li_workers *team = NULL;

    assert_done(li_workers_start(4, put_and_remove, f, &team, &f->err), &f->err);
    assert_done(li_workers_join(team, &f->err), &f->err);
    assert_done(li_store_flush(f->store, &f->err), &f->err);
}

static int put_same(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct fixture *f = arg;
    uint8_t data[1000];
    char key[32];
    int rc = 0;

    (void)team;
    memset(data, (int)index, sizeof(data));
    for (int i = 0; i < 50 && rc >= 0; i++) {
        snprintf(key, sizeof(key), "k/%d", i);
        rc = li_store_put_if_absent(f->store, key, data, sizeof(data), err);
    }
    return rc < 0 ? rc : 0;
}

static void one_of_many_writers_wins(void **state)
{
    struct fixture *f = *state;
    struct li_workers *team = NULL;

    assert_done(li_workers_start(4, put_same, f, &team, &f->err), &f->err);
    assert_done(li_workers_join(team, &f->err), &f->err);
    for (int i = 0; i < 50; i++) {
        char key[32];

        snprintf(key, sizeof(key), "k/%d", i);
        assert_done(li_store_get(f->store, key, 1000, &f->out, &f->err), &f->err);
        assert_int_equal(f->out.len, 1000);
        for (size_t j = 1; j < 1000; j++)
            assert_int_equal(f->out.data[j], f->out.data[0]);
    }
}

static void faults_happen_as_ordered(void **state)
{
    struct fixture *f = *state;
    struct li_store *s = NULL;
    struct li_error *err = &f->err;

    assert_done(li_fault_new(f->store, &s, err), err);
    li_fault_order(s, LI_FAULT_PUT, 2, LI_FAULT_BEFORE, LI_EIO);
    assert_int_equal(li_store_put_if_absent(s, "a", "", 0, err), 0);
    assert_false(li_fault_happened(s));
    assert_fails(li_store_put_if_absent(s, "b", "", 0, err), LI_EIO, "ordered", err);
    assert_true(li_fault_happened(s));
    assert_int_equal(li_store_put_if_absent(s, "b", "", 0, err), 0);

    li_fault_order(s, LI_FAULT_ANY, 1, LI_FAULT_AFTER, LI_ENETWORK);
    assert_fails(li_store_put_if_absent(s, "c", "", 0, err), LI_ENETWORK, "ordered", err);
    assert_int_equal(li_store_put_if_absent(s, "c", "", 0, err), LI_END);

    li_fault_order(s, LI_FAULT_WRITE, 2, LI_FAULT_STOP, LI_ENETWORK);
    assert_int_equal(li_store_remove(s, "a", err), 0);
    assert_done(li_store_flush(s, err), err);
    assert_fails(li_store_remove(s, "b", err), LI_ENETWORK, "ordered", err);
    assert_fails(li_store_flush(s, err), LI_ENETWORK, "ordered", err);
    li_fault_order(s, LI_FAULT_ANY, 0, LI_FAULT_BEFORE, 0);
    assert_int_equal(li_store_remove(s, "b", err), 0);
    assert_int_equal(li_fault_count(s, LI_FAULT_REMOVE), 3);
    assert_int_equal(li_fault_count(s, LI_FAULT_FLUSH), 2);
    li_store_free(s);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(addresses),
        WITH_STORE(hostile_keys_are_refused),
        WITH_STORE(put_get_and_ranges),
        WITH_STORE(replace_and_replace_if),
        WITH_STORE(exists_remove_and_copy),
        WITH_STORE(listing),
        WITH_STORE(links_and_pipes_are_not_followed),
        WITH_STORE(without_unnamed_files),
        WITH_STORE(old_temporaries_are_swept),
        WITH_STORE(replace_if_loses_no_update),
        WITH_STORE(the_lock_is_waited_for),
        WITH_STORE(directories_may_vanish_under_writers),
        WITH_STORE(one_of_many_writers_wins),
        WITH_STORE(faults_happen_as_ordered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
