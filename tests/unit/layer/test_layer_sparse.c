/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files in the four ways that tars have them, and the extent trees that they become. */
#include "tests/fixtures/sparse.h"

#include "base/io.h"
#include "tests/fixtures/tree.h"

static const struct li_sparse_run hole[] = {{10000, 0}};
static const struct li_sparse_run hole_first[] = {{8192, 4096}, {12288, 0}};
static const struct li_sparse_run hole_last[] = {{0, 4096}, {20000, 0}};
static const struct li_sparse_run no_hole[] = {{0, 5000}};
static const struct li_sparse_run unaligned[] = {{100, 50},  {4095, 2},   {8190, 1},
                                                 {12289, 1}, {12291, 30}, {30000, 1}};
static const struct li_sparse_run one_block[] = {{0, 1}, {2, 1}, {4, 1}, {4094, 2}, {8192, 0}};
static const struct li_sparse_run neighbours[] = {{0, 4096}, {4096, 4096}, {8193, 4095}};
static const struct li_sparse_run large[] = {{4096, 300000}, {700000, 400000}, {5000000, 250001}};
static const struct li_sparse_run tail[] = {{4096, 524288}, {1000000, 100}};

static const struct sparse files[] = {
    SPARSE(10000, hole),       SPARSE(12288, hole_first), SPARSE(20000, hole_last),
    SPARSE(5000, no_hole),     SPARSE(30001, unaligned),  SPARSE(8192, one_block),
    SPARSE(12288, neighbours), SPARSE(5250001, large),    SPARSE(1100000, tail),
};

enum { FILES = sizeof(files) / sizeof(files[0]) };

static void test_forms(void **state)
{
    uint8_t *data = tar_bytes(7, 2000000);
    char name[32];

    (void)state;
    for (enum form form = OLD; form < FORMS; form++) {
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s);
        ext2_filsys fs;

        for (size_t i = 0; i < FILES; i++) {
            snprintf(name, sizeof(name), "f%zu", i);
            put_sparse(tar, name, &files[i], data, form);
        }
        tar_file(tar, "last", "last");
        fs = open_ext4(&s);
        for (size_t i = 0; i < FILES; i++) {
            snprintf(name, sizeof(name), "f%zu", i);
            check_file(fs, name, &files[i], data, 0);
        }
        /* Runs that touch are one extent. */
        assert_int_equal(small_inode(fs, find_ino(fs, "f6")).i_block[0] >> 16, 1);
        expect_content(fs, "last", "last", 4);
        close_ext4(&s, fs);
    }
    free(data);
}

/* COUNT blocks with a hole before each. */
static struct sparse comb(size_t count)
{
    struct li_sparse_run *runs = calloc(count, sizeof(*runs));

    assert_non_null(runs);
    for (size_t i = 0; i < count; i++)
        runs[i] = (struct li_sparse_run){i * 8192 + 4096, 1 + i % 4096};
    return (struct sparse){count * 8192 + 1, runs, count, 0};
}

/* Up to 4 extents lie in the inode, 340 in a block, and the inode lists up to 4 blocks. */
static void test_extent_trees(void **state)
{
    static const struct {
        size_t runs;
        unsigned depth;
        unsigned blocks;
    } cases[] = {{4, 0, 0},    {5, 1, 1},    {340, 1, 1},  {341, 1, 2},
                 {1360, 1, 4}, {1361, 2, 6}, {3000, 2, 10}};
    uint8_t *data = tar_bytes(9, 3000 * 4096);

    (void)state;
    for (enum form form = OLD; form < FORMS; form += PAX_1_0) {
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s);
        char name[32];
        ext2_filsys fs;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct sparse f = comb(cases[i].runs);

            snprintf(name, sizeof(name), "f%zu", cases[i].runs);
            put_sparse(tar, name, &f, data, form);
            free((void *)(uintptr_t)f.runs);
        }
        fs = open_ext4(&s);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct sparse f = comb(cases[i].runs);
            struct raw_inode inode;

            snprintf(name, sizeof(name), "f%zu", cases[i].runs);
            check_file(fs, name, &f, data, cases[i].blocks);
            inode = inode_at(fs, name);
            assert_int_equal(inode.large.i_block[1] >> 16, cases[i].depth);
            free((void *)(uintptr_t)f.runs);
        }
        close_ext4(&s, fs);
    }
    free(data);
}

/* As GNU tar makes them of a file that is sparse on disk. */
static void test_gnu_tar(void **state)
{
    static const char *const options[] = {"--format=gnu", "--format=posix --sparse-version=0.0",
                                          "--format=posix --sparse-version=0.1",
                                          "--format=posix --sparse-version=1.0"};
    static const struct li_sparse_run runs[] = {{100000, 5000}, {900000, 4096}};
    const struct sparse f = SPARSE(1500000, runs);
    uint8_t *data = tar_bytes(11, 20000), *bytes = expand(&f, data);
    char dir[64], command[400];

    (void)state;
    tree_make(dir);
    tree_write(dir, "sparse", bytes, f.size);
    tree_write(dir, "hole", "", 0);
    snprintf(command, sizeof(command), "cd %s && fallocate -d sparse && truncate -s 123456 hole",
             dir);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        struct li_error err = LI_ERROR_INIT;
        struct stack s = {0};
        char *path = tree_path(dir, "tar");
        ext2_filsys fs;

        snprintf(command, sizeof(command), "cd %s && tar --sparse %s -cf tar sparse hole", dir,
                 options[i]);
        assert_int_equal(system(command), 0);
        assert_done(li_read_file(path, 1 << 24, stack_layer(&s), &err), &err);
        fs = open_ext4(&s);
        expect_content(fs, "sparse", bytes, f.size);
        assert_true(small_inode(fs, find_ino(fs, "sparse")).i_blocks < 100);
        assert_int_equal(small_inode(fs, find_ino(fs, "hole")).i_size, 123456);
        assert_int_equal(small_inode(fs, find_ino(fs, "hole")).i_blocks, 0);
        close_ext4(&s, fs);
        free(path);
    }
    tree_remove(dir);
    free(bytes);
    free(data);
}

/* Runs of data that are zeros throughout: one hole. */
static void test_zero_runs(void **state)
{
    uint8_t *data = calloc(1, 1000000);

    (void)state;
    assert_non_null(data);
    for (enum form form = OLD; form < FORMS; form++) {
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s);
        const struct sparse f = SPARSE(5250001, large);
        ext2_filsys fs;

        put_sparse(tar, "zeros", &f, data, form);
        data[stored_size(&f) - 1] = 1;
        put_sparse(tar, "odd", &f, data, form);
        fs = open_ext4(&s);
        check_file(fs, "odd", &f, data, 0);
        data[stored_size(&f) - 1] = 0;
        assert_int_equal(small_inode(fs, find_ino(fs, "zeros")).i_size, f.size);
        assert_int_equal(small_inode(fs, find_ino(fs, "zeros")).i_blocks, 0);
        close_ext4(&s, fs);
    }
    free(data);
}

static void test_wrong_maps(void **state)
{
    static const struct li_sparse_run beyond[] = {{0, 1000}, {4990, 2000}};
    static const struct li_sparse_run overlap[] = {{0, 1000}, {500, 1000}};
    static const struct li_sparse_run descending[] = {{2000, 1000}, {0, 1000}};
    static const struct li_sparse_run huge[] = {{0, 1000}, {INT64_MAX, 1000}};
    static const struct sparse wrong[] = {SPARSE(5000, beyond), SPARSE(5000, overlap),
                                          SPARSE(5000, descending), SPARSE(5000, huge)};
    uint8_t *data = tar_bytes(13, 5000);
    struct stack s = {0};

    (void)state;
    for (enum form form = OLD; form < FORMS; form++)
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            struct li_error err = LI_ERROR_INIT;
            struct li_buffer *tar = stack_layer(&s);

            put_sparse(tar, "f", &wrong[i], data, form);
            tar_file(tar, "next", "next");
            if (stack_plan(&s, &err) != LI_ECORRUPT)
                fail_msg("form %d, map %zu: \"%s\"", form, i, err.text);
            stack_free(&s);
        }
    free(data);
}

/* A map that has more bytes than the tar, though none that would reach the next header. */
static void test_maps_beyond_the_contents(void **state)
{
    static const struct li_sparse_run runs[] = {{0, 1000}, {4000, 300}};
    static const uint64_t missing[] = {1, 12, 275, 300};
    uint8_t *data = tar_bytes(17, 1300);

    (void)state;
    for (enum form form = OLD; form < FORMS; form++)
        for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
            struct sparse f = SPARSE(5000, runs);
            struct stack s = {0};
            struct li_buffer *tar = stack_layer(&s);

            f.missing = missing[i];
            put_sparse(tar, "f", &f, data, form);
            tar_file(tar, "next", "next");
            expect_no_image(&s, LI_ECORRUPT, "f: its size or its sparse map does not match");
        }
    free(data);
}

/* Sizes that only a hole can have. ext4 holds 2^32 - 1 blocks. */
static void test_sizes(void **state)
{
    static const uint64_t most = UINT64_C(4096) * UINT32_MAX - 1;
    struct li_sparse_run run = {most, 0};
    struct sparse f = {most, &run, 1, 0};
    struct stack s = {0};
    struct raw_inode inode;
    ext2_filsys fs;

    (void)state;
    put_sparse(stack_layer(&s), "f", &f, NULL, PAX_1_0);
    fs = open_ext4(&s);
    inode = inode_at(fs, "f");
    assert_int_equal(EXT2_I_SIZE(&inode.large), most);
    close_ext4(&s, fs);
    for (int bits = 44; bits <= 62; bits += 6) {
        f.size = run.offset = UINT64_C(1) << bits;
        put_sparse(stack_layer(&s), "f", &f, NULL, PAX_1_0);
        expect_no_image(&s, LI_EUNSUPPORTED, "f: it has ");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),      cmocka_unit_test(test_extent_trees),
        cmocka_unit_test(test_gnu_tar),    cmocka_unit_test(test_zero_runs),
        cmocka_unit_test(test_wrong_maps), cmocka_unit_test(test_maps_beyond_the_contents),
        cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
