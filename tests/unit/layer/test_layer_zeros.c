/* SPDX-License-Identifier: Apache-2.0 */
/* Files of nothing but zeros have no blocks, and one other byte anywhere gives them all of theirs.
 */
#include "tests/fixtures/ext4_image.h"

static const size_t sizes[] = {1,     511,    512,    4095,   4096,   4097,   8191,   65024,  65536,
                               65537, 131072, 262143, 262144, 300000, 524288, 700001, 1048577};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* A file of zeros but for the byte at AT, where that is within it. */
static void put_file(struct li_buffer *tar, const char *path, size_t size, size_t at)
{
    uint8_t *data = calloc(size, 1);

    assert_non_null(data);
    if (at < size)
        data[at] = 1;
    tar_put(tar, &(struct tar_entry){.path = path, .data = data, .length = size, .mode = 0644});
    free(data);
}

static void expect_file(ext2_filsys fs, const char *path, size_t size, size_t at)
{
    uint8_t *data = calloc(size, 1);

    assert_non_null(data);
    if (at < size)
        data[at] = 1;
    expect_content(fs, path, data, size);
    assert_int_equal(small_inode(fs, find_ino(fs, path)).i_blocks,
                     at < size ? (size + 4095) / 4096 * 8 : 0);
    free(data);
}

/* Where in the file the odd byte is: nowhere, first, last, in the middle, behind a few. */
static size_t odd_byte(size_t which, size_t size)
{
    const size_t places[] = {SIZE_MAX, 0, size - 1, size / 2, 5000 % size};

    return places[which];
}

enum { PLACES = 5 };

/* Every other file is shifted by a name in a record of its own, so that contents begin anywhere in
 * what the scan reads at a time. */
static void test_sizes(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[160];
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < SIZES * PLACES; i++) {
        size_t size = sizes[i / PLACES];

        snprintf(name, sizeof(name), "f%zu%0*d", i, i % 3 == 1 ? 120 : 1, 0);
        put_file(tar, name, size, odd_byte(i % PLACES, size));
    }
    fs = open_ext4(&s);
    for (size_t i = 0; i < SIZES * PLACES; i++) {
        size_t size = sizes[i / PLACES];

        snprintf(name, sizeof(name), "f%zu%0*d", i, i % 3 == 1 ? 120 : 1, 0);
        expect_file(fs, name, size, odd_byte(i % PLACES, size));
    }
    close_ext4(&s, fs);
}

static int compress_gzip(struct archive *a)
{
    return archive_write_add_filter_gzip(a);
}

/* Read from where the layer was inflated to. */
static void test_compressed(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    ext2_filsys fs;

    (void)state;
    put_file(tar, "zeros", 400000, SIZE_MAX);
    put_file(tar, "odd", 400000, 399999);
    stack_compress(&s, compress_gzip);
    fs = open_ext4(&s);
    expect_file(fs, "zeros", 400000, SIZE_MAX);
    expect_file(fs, "odd", 400000, 399999);
    close_ext4(&s, fs);
}

static blk64_t first_block(ext2_filsys fs, const char *path)
{
    blk64_t block = 0;

    assert_int_equal(ext2fs_bmap2(fs, find_ino(fs, path), NULL, NULL, 0, 0, NULL, &block), 0);
    return block;
}

/* Files of zeros have no place in the layout: those around them lie as if they were empty. */
static void test_no_place(void **state)
{
    static const size_t zeros[] = {0, 4000, 200000, 600000};
    blk64_t want = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++) {
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s);
        ext2_filsys fs;

        tar_random_file(tar, "before", 1, 5000);
        if (zeros[i])
            put_file(tar, "zeros", zeros[i], SIZE_MAX);
        else
            tar_file(tar, "zeros", "");
        tar_random_file(tar, "behind", 2, 5000);
        fs = open_ext4(&s);
        assert_int_equal(first_block(fs, "behind"), first_block(fs, "before") + 2);
        if (i == 0)
            want = first_block(fs, "behind");
        assert_int_equal(first_block(fs, "behind"), want);
        assert_int_equal(first_block(fs, "zeros"), 0);
        close_ext4(&s, fs);
    }
}

/* What an upper layer makes of a lower one's file, in either direction, and a second name. */
static void test_layers(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    ext2_filsys fs;

    (void)state;
    put_file(tar, "a", 9000, SIZE_MAX);
    put_file(tar, "b", 9000, 0);
    put_file(tar, "c", 9000, SIZE_MAX);
    tar = stack_layer(&s);
    put_file(tar, "a", 9000, 8999);
    put_file(tar, "b", 9000, SIZE_MAX);
    tar_link(tar, "d", "c");
    fs = open_ext4(&s);
    expect_file(fs, "a", 9000, 8999);
    expect_file(fs, "b", 9000, SIZE_MAX);
    expect_file(fs, "d", 9000, SIZE_MAX);
    assert_int_equal(find_ino(fs, "c"), find_ino(fs, "d"));
    close_ext4(&s, fs);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
