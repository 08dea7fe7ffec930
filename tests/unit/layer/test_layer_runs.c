/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files of many runs: what is found is right, and takes no longer than it has to. */
#include "tests/fixtures/sparse.h"

#include <time.h>

#include "layer/scan.h"

/* COUNT runs of a byte, each STEP behind the other. The caller frees the runs. */
static struct sparse dots(size_t count, uint64_t step)
{
    struct li_sparse_run *runs = calloc(count, sizeof(*runs));

    assert_non_null(runs);
    for (size_t i = 0; i < count; i++)
        runs[i] = (struct li_sparse_run){i * step, 1};
    return (struct sparse){(count - 1) * step + 1, runs, count, 0};
}

/* As many runs as there may be, thousands of them in a block. */
static void test_runs_that_share_blocks(void **state)
{
    struct sparse f = dots(LI_SCAN_MAX_RUNS, 2);
    uint8_t *data = tar_bytes(19, f.count);
    struct stack s = {0};
    ext2_filsys fs;

    (void)state;
    put_sparse(stack_layer(&s), "f", &f, data, PAX_1_0);
    fs = open_ext4(&s);
    check_file(fs, "f", &f, data, 0);
    close_ext4(&s, fs);
    free((void *)(uintptr_t)f.runs);
    free(data);
}

/* The next of the blocks that have one byte, their first. */
static size_t check_dots(const uint8_t *chunk, const uint8_t *data, size_t next, size_t count)
{
    static const uint8_t zeros[4096];

    for (size_t at = 0; at < LI_CHUNK_SIZE; at += 4096) {
        assert_int_equal(chunk[at], next < count ? data[next] : 0);
        assert_memory_equal(chunk + at + 1, zeros, sizeof(zeros) - 1);
        next += next < count;
    }
    return next;
}

/* As many as there may be, each in a block of its own: time does not grow with their square. By
 * walks from the first run for each chunk it took 14 s of a processor, where it now takes one. */
static void test_most_runs(void **state)
{
    enum { SECONDS = SANITIZED ? 60 : 6 };
    struct sparse f = dots(LI_SCAN_MAX_RUNS, 8192);
    uint8_t *data = tar_bytes(23, f.count), *chunk = malloc(LI_CHUNK_SIZE), recipe[LI_SHA256_SIZE];
    struct li_error err = LI_ERROR_INIT;
    struct li_chunk_source source;
    bool zeros;
    clock_t begun = clock();
    struct stack s = {0};
    size_t seen = 0, layer;

    (void)state;
    assert_non_null(chunk);
    put_sparse(stack_layer(&s), "f", &f, data, PAX_1_0);
    assert_done(stack_plan(&s, &err), &err);
    source = li_ext4_source(s.ext4);
    for (uint64_t i = 0; i < source.count; i++) {
        int made_of = source.recipe(source.self, i, &layer, recipe, &err);

        assert_done(made_of, &err);
        assert_done(li_chunk_read(&source, i, chunk, &zeros, &err), &err);
        if (made_of == 0)
            seen = check_dots(chunk, data, seen, f.count);
    }
    assert_int_equal(seen, f.count);
    assert_true(clock() - begun < (clock_t)SECONDS * CLOCKS_PER_SEC);
    stack_free(&s);
    free((void *)(uintptr_t)f.runs);
    free(data);
    free(chunk);
}

static void test_too_many_runs(void **state)
{
    struct sparse f = dots(LI_SCAN_MAX_RUNS + 1, 2);
    uint8_t *data = tar_bytes(29, f.count);
    struct stack s = {0};

    (void)state;
    put_sparse(stack_layer(&s), "f", &f, data, PAX_1_0);
    expect_no_image(&s, LI_ELIMIT, "more than 400000 runs of data between holes");
    free((void *)(uintptr_t)f.runs);
    free(data);
}

/* A mark of a run is for the file that has it, wherever the runs of others end. */
static void test_runs_of_many_files(void **state)
{
    enum { MANY = 40 };
    uint8_t *data = tar_bytes(31, 700);
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[32];
    ext2_filsys fs;

    (void)state;
    for (size_t i = 1; i <= MANY; i++) {
        struct sparse f = dots(i * 17, 3000);

        snprintf(name, sizeof(name), "f%zu", i);
        put_sparse(tar, name, &f, data, PAX_1_0);
        free((void *)(uintptr_t)f.runs);
    }
    fs = open_ext4(&s);
    for (size_t i = 1; i <= MANY; i++) {
        struct sparse f = dots(i * 17, 3000);

        snprintf(name, sizeof(name), "f%zu", i);
        check_file(fs, name, &f, data, 0);
        free((void *)(uintptr_t)f.runs);
    }
    close_ext4(&s, fs);
    free(data);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_that_share_blocks),
        cmocka_unit_test(test_most_runs),
        cmocka_unit_test(test_too_many_runs),
        cmocka_unit_test(test_runs_of_many_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
