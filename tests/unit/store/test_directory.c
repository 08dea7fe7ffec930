/* SPDX-License-Identifier: Apache-2.0 */
/* What only the store in a directory does. */
#include "tests/fixtures/store_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/io.h"
#include "base/workers.h"
#include "store/directory.h"
#include "tests/fixtures/no_links.h"
#include "tests/fixtures/tree.h"

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
                 "not a regular file", &f->err);
    assert_fails(li_store_put_if_absent(f->store, "dir/new", "x", 1, &f->err), LI_EIO, "dir",
                 &f->err);
    assert_false(tree_has(f->dir, "new"));
    assert_fails(li_store_put_if_absent(f->store, "pipe", "x", 1, &f->err), LI_ECORRUPT,
                 "not a regular file", &f->err);
    free(inside);
    free(directory);
    free(pipe);
}

/* Nothing but a regular file is opened as a lock: a FIFO would be waited for. */
static void only_a_file_is_a_lock(void **state)
{
    struct fixture *f = *state;
    char *lock = tree_path(f->dir, "store/" LI_DIRECTORY_TEMPORARY "-lock");
    const struct li_buffer old = {.data = (uint8_t *)"old", .len = 3, .cap = 3};

    put(f, "key", "old");
    for (int kind = 0; kind < 4; kind++) {
        if (kind == 0)
            assert_int_equal(mkfifo(lock, 0666), 0);
        else if (kind == 1)
            assert_int_equal(mkdir(lock, 0777), 0);
        else if (kind == 2)
            assert_int_equal(symlink("key", lock), 0);
        else if (mknod(lock, S_IFCHR | 0666, makedev(1, 3)) < 0)
            continue; /* not root */
        assert_fails(li_store_replace_if(f->store, "key", &old, "new", 3, &f->err), LI_ECORRUPT,
                     "-lock is not a regular file: remove it", &f->err);
        expect(f, "key", "old");
        assert_int_equal(remove(lock), 0);
    }
    assert_done(li_store_replace_if(f->store, "key", &old, "new", 3, &f->err), &f->err);
    expect(f, "key", "new");
    free(lock);
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

static void without_links(void **state)
{
    struct fixture *f = *state;
    char *b = tree_path(f->dir, "store/a/b"), *c = tree_path(f->dir, "store/a/c");

    atomic_store(&((struct li_directory *)f->store)->named_only, true);
    no_links = true;
    links_refused = 0;
    put(f, "a/b", "text");
    tree_write(f->dir, "store/a/c", "first", 5);
    /* What appears between the look and the name is not replaced either. */
    assert_int_equal(li_move_where_absent(AT_FDCWD, b, AT_FDCWD, c, &f->err), LI_END);
    no_links = false;
    assert_int_equal(links_refused, 2);
    expect(f, "a/b", "text");
    expect(f, "a/c", "first");
    assert_int_equal(tree_count(f->dir), 5);
    free(b);
    free(c);
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
    open_directory(f);
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
        rc = li_store_replace_if(f->store, "counter", &old, text, strlen(text) + 1, err);
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
    return li_store_replace_if(arg, "a", unit_bytes("old"), "new", 3, err);
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

static void directories_of_what_was_removed(void **state)
{
    static const char *const keys[] = {"i/n/u", "a/b", "i/n/none"};
    struct fixture *f = *state;

    put(f, "i/n/t", "");
    put(f, "i/n/u", "");
    put(f, "a/b", "");
    assert_int_equal(li_store_remove(f->store, "i/n/t", &f->err), 0);
    assert_true(tree_has(f->dir, "store/i/n"));
    assert_done(li_store_remove_many(f->store, keys, 3, &f->err), &f->err);
    assert_false(tree_has(f->dir, "store/i/n"));
    assert_true(tree_has(f->dir, "store/i"));
}

static void who_does_not_go_is_named(void **state)
{
    static const char *const keys[] = {"a", "x/y", "x/z"};
    struct fixture *f = *state;

    put(f, "a", "");
    put(f, "x/y/z", "");
    put(f, "x/z", "");
    assert_fails(li_store_remove_many(f->store, keys, 3, &f->err), f->err.code,
                 "store: x/y: cannot remove it", &f->err);
    assert_true(f->err.code < 0);
    assert_false(tree_has(f->dir, "store/a"));
    expect(f, "x/z", "");
}

static int add_length(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)size, (void)err;
    *(size_t *)arg += strlen(key);
    return 0;
}

/* Others' files are seen, temporary ones are not. */
static void listing_of_what_others_put(void **state)
{
    struct fixture *f = *state;
    size_t sum = 0;

    tree_write(f->dir, "store/.tmp-12-0", "junk", 4);
    tree_write(f->dir, "store/not a key", "", 0);
    assert_done(li_store_list(f->store, "", add_length, &sum, &f->err), &f->err);
    assert_int_equal(sum, 9);
    sum = 0;
    assert_done(li_store_list_shallow(f->store, "", add_length, &sum, &f->err), &f->err);
    assert_int_equal(sum, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIRECTORY(links_and_pipes_are_not_followed),
        WITH_DIRECTORY(only_a_file_is_a_lock),
        WITH_DIRECTORY(without_unnamed_files),
        WITH_DIRECTORY(without_links),
        WITH_DIRECTORY(old_temporaries_are_swept),
        WITH_DIRECTORY(replace_if_loses_no_update),
        WITH_DIRECTORY(the_lock_is_waited_for),
        WITH_DIRECTORY(directories_of_what_was_removed),
        WITH_DIRECTORY(who_does_not_go_is_named),
        WITH_DIRECTORY(listing_of_what_others_put),
        WITH_DIRECTORY(directories_may_vanish_under_writers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
