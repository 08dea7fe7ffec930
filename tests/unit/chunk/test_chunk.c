/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "chunk/source.h"
#include "tests/fixtures/tree.h"

enum { CHUNKS = 9 };

/* Chunks 0, 3 and 6 are zeros, 1, 4 and 7 are said to be; the others hold their index. */
static int read_thirds(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err)
{
    uint64_t *bad = self;

    if (bad && index == *bad)
        return li_fail(err, LI_EIO, "chunk %d cannot be read", (int)index);
    *zeros = index % 3 == 1;
    if (*zeros)
        return 0;
    memset(buf, 0, LI_CHUNK_SIZE);
    if (index % 3 == 2)
        buf[LI_CHUNK_SIZE - 1] = (uint8_t)index;
    return 0;
}

static void note_progress(void *arg, uint64_t done, uint64_t total)
{
    if (done <= total)
        atomic_fetch_add((atomic_int *)arg, 1);
}

static int refuse(void *arg, struct li_error *err)
{
    (void)arg;
    return li_fail(err, LI_EINVALID, "refused");
}

static int read_with_code(void *self, uint64_t index, uint8_t *buf, bool *zeros,
                          struct li_error *err)
{
    (void)zeros, (void)err;
    memset(buf, 1, LI_CHUNK_SIZE);
    return index == CHUNKS - 1 ? *(const int *)self : 0;
}

static int visit_with_code(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                           struct li_error *err)
{
    (void)worker, (void)index, (void)buf, (void)err;
    return *(const int *)arg;
}

/* A source's only success is 0, a visitor's too; whatever else is not 0 has not done its work. */
static void no_other_end_passes_for_zeros(void **state)
{
    struct li_chunk_source source = {.count = CHUNKS, .read = read_with_code};
    struct li_error err = LI_ERROR_INIT;
    int read = LI_END, visit = 0;

    (void)state;
    source.self = &read;
    assert_fails(li_chunk_walk(&source, 2, visit_with_code, &visit, NULL, &err), LI_EIO, "ended",
                 &err);
    read = 2;
    assert_fails(li_chunk_walk(&source, 2, visit_with_code, &visit, NULL, &err), LI_EIO, "ended",
                 &err);
    read = LI_EIO;
    assert_int_equal(li_chunk_walk(&source, 2, visit_with_code, &visit, NULL, &err), LI_EIO);
    source.read = read_thirds;
    source.self = NULL;
    visit = LI_END;
    assert_fails(li_chunk_walk(&source, 2, visit_with_code, &visit, NULL, &err), LI_EIO, "ended",
                 &err);
}

static void sources_become_sparse_files(void **state)
{
    struct li_chunk_source source = {.count = CHUNKS, .read = read_thirds};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer out = {0};
    char dir[64];
    atomic_int reports = 0;
    struct li_progress progress = {note_progress, &reports};
    uint64_t bad = 5;
    struct stat st;
    char *path;
    struct li_chunk_file file = {.threads = 3, .progress = &progress};

    (void)state;
    tree_make(dir);
    path = tree_path(dir, "image");
    file.path = path;
    assert_done(li_chunk_write_file(&source, &file, &err), &err);
    assert_int_equal(reports, CHUNKS);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, CHUNKS * LI_CHUNK_SIZE);
    assert_true(st.st_blocks <= 4 * LI_CHUNK_SIZE / 512);
    assert_done(li_read_file(path, CHUNKS * LI_CHUNK_SIZE, &out, &err), &err);
    for (uint64_t i = 0; i < out.len; i++)
        if (out.data[i] !=
            (i % (3 * LI_CHUNK_SIZE) == 3 * LI_CHUNK_SIZE - 1 ? i / LI_CHUNK_SIZE : 0))
            fail_msg("byte %llu is wrong", (unsigned long long)i);
    unlink(path);

    file.progress = NULL;
    file.confirm = refuse;
    assert_fails(li_chunk_write_file(&source, &file, &err), LI_EINVALID, "refused", &err);
    source.self = &bad;
    file.confirm = NULL;
    assert_fails(li_chunk_write_file(&source, &file, &err), LI_EIO, "chunk 5", &err);
    assert_false(tree_has(dir, "image"));
    free(path);
    li_buffer_free(&out);
    tree_remove(dir);
}

/* ---- giving way ------------------------------------------------------------------------------ */

enum { TEAM = 3, PATIENCE = 30 * 1000 /* milliseconds */ };

/* A source that wants to be left alone by all workers but the first. */
struct crowd {
    atomic_bool crowded;
    atomic_int asked[TEAM], visited[TEAM];
    atomic_int early; /* visits of workers that should have waited */
    bool fails;       /* the first worker's first visit does */
};

static bool give_way(void *self, unsigned worker)
{
    struct crowd *c = self;

    if (atomic_fetch_add(&c->asked[worker], 1) > PATIENCE || worker == 0 ||
        !atomic_load(&c->crowded))
        return false;
    usleep(1000);
    return true;
}

static int read_ones(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err)
{
    (void)zeros, (void)self, (void)index, (void)err;
    memset(buf, 1, LI_CHUNK_SIZE);
    return 0;
}

static bool all_have_asked(const struct crowd *c)
{
    return atomic_load(&c->asked[1]) > 2 && atomic_load(&c->asked[2]) > 2;
}

static bool another_has_visited(const struct crowd *c)
{
    return atomic_load(&c->visited[1]) + atomic_load(&c->visited[2]) > 0;
}

static void await(bool (*done)(const struct crowd *c), const struct crowd *c)
{
    for (int i = 0; i < PATIENCE && !done(c); i++)
        usleep(1000);
}

/* The first worker's first visit takes until the others were asked to wait, and then until one of
 * them has visited, too. */
static int visit_in_crowd(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                          struct li_error *err)
{
    struct crowd *c = arg;

    (void)index, (void)buf;
    if (worker > 0 && atomic_load(&c->crowded))
        atomic_fetch_add(&c->early, 1);
    if (atomic_fetch_add(&c->visited[worker], 1) > 0 || worker > 0)
        return 0;
    await(all_have_asked, c);
    if (c->fails)
        return li_fail(err, LI_EIO, "the first visit fails");
    atomic_store(&c->crowded, false);
    await(another_has_visited, c);
    return 0;
}

static struct li_chunk_source source_of(struct crowd *c)
{
    return (struct li_chunk_source){
        .self = c, .count = 50, .read = read_ones, .give_way = give_way};
}

static void workers_give_way_and_come_back(void **state)
{
    struct crowd c = {.crowded = true};
    struct li_chunk_source source = source_of(&c);
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_done(li_chunk_walk(&source, TEAM, visit_in_crowd, &c, NULL, &err), &err);
    assert_true(all_have_asked(&c));
    assert_int_equal(c.early, 0);
    assert_true(another_has_visited(&c));
    assert_int_equal(c.visited[0] + c.visited[1] + c.visited[2], source.count);
}

static void who_gives_way_sees_the_end(void **state)
{
    struct crowd c = {.crowded = true, .fails = true};
    struct li_chunk_source source = source_of(&c);
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_fails(li_chunk_walk(&source, TEAM, visit_in_crowd, &c, NULL, &err), LI_EIO,
                 "the first visit fails", &err);
    assert_true(c.asked[1] <= PATIENCE && c.asked[2] <= PATIENCE);
    assert_int_equal(c.visited[0], 1);
    assert_false(another_has_visited(&c));
}

/* ---- zeros ----------------------------------------------------------------------------------- */

/* A file that ends in its chunk's first bytes takes no more of the disk than these. */
static int read_begun(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err)
{
    (void)zeros, (void)self, (void)err;
    memset(buf, 0, LI_CHUNK_SIZE);
    memset(buf, (int)index + 1, 5000);
    return 0;
}

static void ends_of_chunks_become_holes(void **state)
{
    struct li_chunk_source source = {.count = CHUNKS, .read = read_begun};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer out = {0};
    char dir[64];
    struct stat st;
    char *path;

    (void)state;
    tree_make(dir);
    path = tree_path(dir, "image");
    assert_done(
        li_chunk_write_file(&source, &(struct li_chunk_file){.path = path, .threads = 2}, &err),
        &err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, CHUNKS * LI_CHUNK_SIZE);
    assert_true(st.st_blocks <= CHUNKS * LI_CHUNK_SIZE / 2 / 512);
    assert_done(li_read_file(path, CHUNKS * LI_CHUNK_SIZE, &out, &err), &err);
    for (uint64_t i = 0; i < out.len; i++)
        if (out.data[i] != (i % LI_CHUNK_SIZE < 5000 ? i / LI_CHUNK_SIZE + 1 : 0))
            fail_msg("byte %llu is wrong", (unsigned long long)i);
    unlink(path);
    free(path);
    li_buffer_free(&out);
    tree_remove(dir);
}

static void zero_chunks_are_recognised(void **state)
{
    uint8_t *buf = calloc(1, LI_CHUNK_SIZE);
    static const size_t places[] = {0, 7, 8, 9, LI_CHUNK_SIZE / 2, LI_CHUNK_SIZE - 1};

    (void)state;
    assert_non_null(buf);
    assert_true(li_chunk_is_zero(buf));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        buf[places[i]] = 1;
        assert_false(li_chunk_is_zero(buf));
        buf[places[i]] = 0;
    }
    free(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_other_end_passes_for_zeros),
        cmocka_unit_test(sources_become_sparse_files),
        cmocka_unit_test(workers_give_way_and_come_back),
        cmocka_unit_test(who_gives_way_sees_the_end),
        cmocka_unit_test(ends_of_chunks_become_holes),
        cmocka_unit_test(zero_chunks_are_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
