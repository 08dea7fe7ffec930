/* SPDX-License-Identifier: Apache-2.0 */
/* Layers' bytes: any part, from any thread; and files that change. */
#include "tests/fixtures/stack.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/io.h"
#include "layer/state.h"
#include "layer/tags.h"

enum { BIG = 5 * LI_LAYER_PIECE + 12345, THREADS = 4, READS = 400 };

static struct stack make_big(void)
{
    struct stack s = {0};

    tar_random_file(stack_layer(&s), "big", 1, BIG);
    tar_random_file(&s.layer[0].tar, "small", 2, 100);
    tar_random_file(stack_layer(&s), "other", 3, 2 * LI_LAYER_PIECE);
    return s;
}

struct reader {
    struct stack *stack;
    uint32_t seed;
    bool ok;
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 4;
}

/* Ends at a boundary of pieces now and then. */
static size_t choose(uint32_t *seed, size_t below)
{
    size_t n = next_random(seed) % (below + 1);

    return next_random(seed) % 4 == 0 ? n - n % LI_LAYER_PIECE : n;
}

static void *read_parts(void *arg)
{
    struct reader *r = arg;
    struct li_error err = LI_ERROR_INIT;

    r->ok = true;
    for (int i = 0; i < READS && r->ok; i++) {
        size_t index = next_random(&r->seed) % r->stack->count;
        const struct li_buffer *tar = &r->stack->layer[index].tar;
        size_t from = choose(&r->seed, tar->len), len = choose(&r->seed, tar->len - from);
        uint8_t *got = malloc(len + 1);

        if (next_random(&r->seed) % 2)
            len = len % 1000;
        got[len] = 0xa5;
        r->ok = li_layers_read(r->stack->layers, index, got, len, from, &err) == 0 &&
                memcmp(got, tar->data + from, len) == 0 && got[len] == 0xa5;
        free(got);
    }
    return NULL;
}

static void read_by_all(struct stack *s)
{
    struct reader reader[THREADS];
    pthread_t thread[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        reader[i] = (struct reader){s, i * 77 + 5, false};
        assert_int_equal(pthread_create(&thread[i], NULL, read_parts, &reader[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_true(reader[i].ok);
    }
}

static void any_part_can_be_read_by_any_thread(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = make_big();

    (void)state;
    assert_done(stack_open(&s, &err), &err);
    read_by_all(&s);
    assert_done(li_layers_verified(s.layers, &err), &err);
    read_by_all(&s);
    stack_close(&s);
    stack_compress(&s, archive_write_add_filter_gzip);
    assert_done(stack_open(&s, &err), &err);
    read_by_all(&s);
    assert_done(li_layers_verified(s.layers, &err), &err);
    stack_free(&s);
}

static void nothing_is_read_behind_the_end(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = make_big();
    size_t len = 0;
    uint8_t buf[2];

    (void)state;
    assert_done(stack_open(&s, &err), &err);
    len = s.layer[0].tar.len;
    assert_done(li_layers_read(s.layers, 0, buf, 0, len, &err), &err);
    assert_done(li_layers_read(s.layers, 0, buf, 1, len - 1, &err), &err);
    assert_fails(li_layers_read(s.layers, 0, buf, 2, len - 1, &err), LI_ECORRUPT, "cut short",
                 &err);
    assert_fails(li_layers_read(s.layers, 0, buf, 1, len, &err), LI_ECORRUPT, "cut short", &err);
    assert_fails(li_layers_read(s.layers, 0, buf, 1, UINT64_MAX, &err), LI_ECORRUPT, "cut short",
                 &err);
    stack_free(&s);
}

/* ---- files that change ---- */

struct changing {
    char path[40];
    int fd;
    struct stat before;
};

static struct changing make_file(void)
{
    struct changing c = {.path = "/tmp/unit-changing-XXXXXX"};
    struct timespec old[2] = {{1000000000, 5}, {1000000000, 5}};

    c.fd = mkstemp(c.path);
    assert_true(c.fd >= 0);
    assert_int_equal(write(c.fd, "contents", 8), 8);
    assert_int_equal(futimens(c.fd, old), 0);
    c.before = li_file_state(c.fd);
    return c;
}

static void end_file(struct changing *c)
{
    unlink(c->path);
    close(c->fd);
}

/* The clock of a file's times ticks a few hundred times in a second. */
static void wait_for_tick(const struct changing *c)
{
    for (struct stat now = c->before; now.st_ctim.tv_sec == c->before.st_ctim.tv_sec &&
                                      now.st_ctim.tv_nsec == c->before.st_ctim.tv_nsec;
         now = li_file_state(c->fd))
        assert_int_equal(fchmod(c->fd, 0600), 0);
}

static void a_file_shows_that_it_was_changed(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct changing c = make_file();

    (void)state;
    assert_done(li_file_unchanged(c.fd, &c.before, &err), &err);
    assert_int_equal(pwrite(c.fd, "C", 1, 0), 1);
    assert_fails(li_file_unchanged(c.fd, &c.before, &err), LI_ECORRUPT, "was changed while", &err);
    end_file(&c);
    c = make_file();
    assert_int_equal(ftruncate(c.fd, 5), 0);
    assert_fails(li_file_unchanged(c.fd, &c.before, &err), LI_ECORRUPT, "had 8 bytes and has 5",
                 &err);
    end_file(&c);
    c = make_file();
    assert_int_equal(ftruncate(c.fd, 5), 0);
    assert_fails(li_file_untouched(c.fd, &c.before, &err), LI_ECORRUPT, "had 8 bytes and has 5",
                 &err);
    end_file(&c);
    /* Who sets the time of modification back cannot set that of the change. */
    c = make_file();
    wait_for_tick(&c);
    assert_fails(li_file_untouched(c.fd, &c.before, &err), LI_ECORRUPT, "was changed while", &err);
    assert_done(li_file_unchanged(c.fd, &c.before, &err), &err);
    end_file(&c);
}

static void a_file_may_get_and_lose_names(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct changing c = make_file();
    char second[50];

    (void)state;
    sprintf(second, "%s.2", c.path);
    usleep(20000);
    assert_int_equal(link(c.path, second), 0);
    assert_done(li_file_untouched(c.fd, &c.before, &err), &err);
    assert_int_equal(unlink(second), 0);
    assert_int_equal(unlink(c.path), 0);
    assert_done(li_file_untouched(c.fd, &c.before, &err), &err);
    close(c.fd);
}

static void what_cannot_be_looked_at_shows_nothing(void **state)
{
    struct stat before = li_file_state(-1);
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_int_equal(before.st_size, 0);
    assert_done(li_file_untouched(-1, &before, &err), &err);
}

/* Digests hold, and so it is not the layers that say it. */
static void a_layer_in_a_file_that_grows_is_not_verified(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = make_big();
    struct stat st;
    int fd;

    (void)state;
    assert_done(stack_open(&s, &err), &err);
    assert_done(li_layers_verified(s.layers, &err), &err);
    fd = li_image_layer(s.image, 0)->fd;
    assert_int_equal(fstat(fd, &st), 0);
    {
        char self[64];
        int again;

        sprintf(self, "/proc/self/fd/%d", fd);
        again = open(self, O_WRONLY | O_APPEND);
        assert_true(again >= 0);
        assert_int_equal(write(again, "more", 4), 4);
        close(again);
    }
    assert_fails(li_layers_verified(s.layers, &err), LI_ECORRUPT,
                 "layer l0/layer.tar: the file that holds it was changed", &err);
    li_fail(&err, LI_ECORRUPT, "something else");
    li_layers_blame(s.layers, &err);
    assert_non_null(strstr(err.text, "was changed while it was read"));
    li_fail(&err, LI_ENOMEM, "no memory");
    li_layers_blame(s.layers, &err);
    assert_string_equal(err.text, "no memory");
    stack_free(&s);
}

/* As by a rename, which moves no other time than this. */
static void a_layer_in_a_file_that_is_touched_is_verified(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = make_big();
    struct changing file;

    (void)state;
    assert_done(stack_open(&s, &err), &err);
    file.fd = li_image_layer(s.image, 0)->fd;
    file.before = li_file_state(file.fd);
    wait_for_tick(&file);
    assert_done(li_layers_verified(s.layers, &err), &err);
    stack_free(&s);
}

/* A byte that was read before and after it was changed: the second read fails, and so do all that
 * ask whether the layers are what they should be. */
static void a_byte_that_changes_is_not_read_twice(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = make_big();
    uint8_t *buf = malloc(BIG), byte;
    const struct li_blob *blob;
    char self[64];
    int fd;

    (void)state;
    assert_non_null(buf);
    assert_done(stack_open(&s, &err), &err);
    blob = li_image_layer(s.image, 1);
    assert_done(li_layers_read(s.layers, 1, buf, 2 * LI_LAYER_PIECE, 0, &err), &err);
    sprintf(self, "/proc/self/fd/%d", blob->fd);
    fd = open(self, O_WRONLY);
    assert_true(fd >= 0);
    byte = buf[LI_LAYER_PIECE + 5] ^ 1;
    assert_done(li_pwrite_all(fd, &byte, 1, blob->offset + LI_LAYER_PIECE + 5, &err), &err);
    close(fd);
    assert_done(li_layers_read(s.layers, 1, buf, LI_LAYER_PIECE, 0, &err), &err);
    /* Nor is it there for who asks again. */
    for (int i = 0; i < 2; i++)
        assert_fails(li_layers_read(s.layers, 1, buf, 1, LI_LAYER_PIECE, &err), LI_ECORRUPT,
                     "was changed while it was read", &err);
    assert_fails(li_layers_read(s.layers, 1, buf, LI_LAYER_PIECE, LI_LAYER_PIECE, &err),
                 LI_ECORRUPT, "was changed while it was read", &err);
    assert_fails(li_layers_verified(s.layers, &err), LI_ECORRUPT, "was changed while it was read",
                 &err);
    free(buf);
    stack_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_part_can_be_read_by_any_thread),
        cmocka_unit_test(nothing_is_read_behind_the_end),
        cmocka_unit_test(a_file_shows_that_it_was_changed),
        cmocka_unit_test(a_file_may_get_and_lose_names),
        cmocka_unit_test(what_cannot_be_looked_at_shows_nothing),
        cmocka_unit_test(a_layer_in_a_file_that_grows_is_not_verified),
        cmocka_unit_test(a_layer_in_a_file_that_is_touched_is_verified),
        cmocka_unit_test(a_byte_that_changes_is_not_read_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
