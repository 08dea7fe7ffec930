/* SPDX-License-Identifier: Apache-2.0 */
/* The memo's files: how many there may be, who may read them, and what they are not relied on for.
 */
#include "tests/fixtures/memo_fixture.h"

#include <fcntl.h>

/* A layer that is known and has to be read, in a file that looks as it did when it was pushed. */
static void bytes_that_lie_where_they_lay_are_hashed_again(void **state)
{
    struct timespec times[2] = {{0, UTIME_OMIT}, {0, 0}};
    struct fixture *f = *state;
    uint8_t byte;
    char *path = image_path(f);
    struct stat st;

    make_layers(f);
    write_and_push(f);
    assert_int_equal(stat(path, &st), 0);
    change_byte(path, offset_of_a(f));
    times[1] = st.st_mtim;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_done(begin_push(f), &f->err);
    assert_done(li_layers_verified(f->stack.layers, &f->err), &f->err);
    assert_done(li_layers_read(f->stack.layers, 0, &byte, 1, 0, &f->err), &f->err);
    assert_fails(li_layers_verified(f->stack.layers, &f->err), LI_ECORRUPT, "diff ID", &f->err);
    free(path);
}

static void set_age(const char *path, int64_t days)
{
    struct timespec times[2] = {{later() - days * LI_MEMO_DAY, 0},
                                {later() - days * LI_MEMO_DAY, 0}};

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void use_makes_young_again(struct fixture *f, const char *path)
{
    struct stat st;

    push_once(f);
    set_age(path, 9);
    push_once(f);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_mtime > later() - LI_MEMO_DAY);
}

static void what_was_used_longest_ago_goes_first(void **state)
{
    struct fixture *f = *state;
    char *path[3], *left, *fresh;
    uint64_t size = 0;

    make_layers(f);
    write_and_push(f);
    for (size_t i = 0; i < 3; i++) {
        path[i] = file_of(f, i);
        free(f->stack.layer[i].stored.data);
        f->stack.layer[i].stored = (struct li_buffer){0};
        size += size_of(path[i]);
    }
    set_age(path[0], 9);
    set_age(path[1], 11);
    set_age(path[2], 10);
    left = tree_path(path[0], "");
    strcpy(strrchr(left, '/') - 64, ".tmp-1");
    fresh = strdup(left);
    assert_non_null(fresh);
    fresh[strlen(fresh) - 1] = '2';
    close(open(left, O_CREAT | O_WRONLY, 0600));
    close(open(fresh, O_CREAT | O_WRONLY, 0600));
    set_age(left, 2);
    set_age(fresh, 0);
    assert_done(li_memo_open(f->dir, &f->salt, f->made_by, &f->env, &f->memo, &f->err), &f->err);
    li_memo_limit(f->memo, size);
    assert_false(exists(left));
    assert_true(exists(fresh));
    assert_true(exists(strdup(path[1])));
    li_memo_limit(f->memo, size - 1);
    assert_false(exists(strdup(path[1])));
    assert_true(exists(strdup(path[2])));
    li_memo_limit(f->memo, size_of(path[0]));
    assert_false(exists(strdup(path[2])));
    assert_true(exists(strdup(path[0])));
    li_memo_free(f->memo);
    f->memo = NULL;
    use_makes_young_again(f, path[0]);
    for (size_t i = 0; i < 3; i++)
        free(path[i]);
}

static void only_its_owner_sees_it(void **state)
{
    struct fixture *f = *state;
    char *path, *memo = tree_path(f->dir, "memo");
    mode_t mask = umask(0);
    struct stat st;

    make_layers(f);
    write_and_push(f);
    umask(mask);
    path = file_of(f, 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(memo, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    free(path);
    free(memo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MEMO(bytes_that_lie_where_they_lay_are_hashed_again),
        WITH_MEMO(what_was_used_longest_ago_goes_first),
        WITH_MEMO(only_its_owner_sees_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
