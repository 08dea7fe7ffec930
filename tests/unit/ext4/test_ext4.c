/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of files' contents, and digests of whole images that only a new layout may change. */
#include "tests/fixtures/ext4_image.h"

#include "layer/layout.h"

/* The block of the image that the file's block LOGICAL is in. */
static blk64_t block_of(ext2_filsys fs, const char *path, blk64_t logical)
{
    ext2_ino_t ino = find_ino(fs, path);
    blk64_t block = 0;

    assert_int_equal(ext2fs_bmap2(fs, ino, NULL, NULL, 0, logical, NULL, &block), 0);
    assert_int_not_equal(block, 0);
    return block;
}

static void expect_random(ext2_filsys fs, const char *path, uint32_t seed, size_t size)
{
    uint8_t *want = tar_bytes(seed, size);

    expect_content(fs, path, want, size);
    free(want);
}

enum { KIB = 1024, BLOCKS = 128 /* of a chunk */ };

static const size_t sizes[] = {0,
                               1,
                               4095,
                               4096,
                               4097,
                               256 * KIB - 1,
                               256 * KIB,
                               384 * KIB,
                               512 * KIB,
                               512 * KIB + 1,
                               900 * KIB,
                               1024 * KIB,
                               1024 * KIB + 384 * KIB - 1,
                               1024 * KIB + 384 * KIB,
                               3000 * KIB + 5};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* The order of the files must not matter to any. */
static void test_sizes(void **state)
{
    (void)state;
    for (int backwards = 0; backwards < 2; backwards++) {
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s);
        char name[32];
        ext2_filsys fs;

        for (size_t i = 0; i < SIZES; i++) {
            size_t j = backwards ? SIZES - 1 - i : i;

            snprintf(name, sizeof(name), "f%zu", j);
            tar_random_file(tar, name, (uint32_t)j, sizes[j]);
        }
        fs = open_ext4(&s);
        for (size_t i = 0; i < SIZES; i++) {
            snprintf(name, sizeof(name), "f%zu", i);
            expect_random(fs, name, (uint32_t)i, sizes[i]);
            assert_int_equal(small_inode(fs, find_ino(fs, name)).i_blocks,
                             (sizes[i] + 4095) / 4096 * 8);
        }
        close_ext4(&s, fs);
    }
}

/* Files of 256 KiB and more begin a chunk; of what is over whole chunks, less than 256 KiB goes to
 * the small files, which never lie across a chunk's end. */
static void test_alignment(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    ext2_filsys fs;

    (void)state;
    tar_random_file(tar, "small", 1, 5000);
    tar_random_file(tar, "aligned", 2, 256 * KIB);
    tar_random_file(tar, "tail", 3, 512 * KIB + 4096);
    tar_random_file(tar, "whole", 4, 512 * KIB + 256 * KIB);
    tar_random_file(tar, "parts", 7, 512 * KIB + 256 * KIB - 1);
    tar_random_file(tar, "under", 5, 256 * KIB - 1);
    tar_random_file(tar, "over", 6, 256 * KIB - 1);
    fs = open_ext4(&s);
    assert_int_equal(block_of(fs, "small", 0) % BLOCKS, 0);
    assert_int_equal(block_of(fs, "aligned", 0) % BLOCKS, 0);
    assert_int_equal(block_of(fs, "tail", 0) % BLOCKS, 0);
    assert_int_equal(block_of(fs, "tail", 127), block_of(fs, "tail", 0) + 127);
    assert_int_equal(block_of(fs, "tail", 128), block_of(fs, "small", 1) + 1);
    assert_int_equal(block_of(fs, "whole", 0) % BLOCKS, 0);
    assert_int_equal(block_of(fs, "whole", 191), block_of(fs, "whole", 0) + 191);
    assert_int_equal(block_of(fs, "parts", 0) % BLOCKS, 0);
    assert_int_equal(block_of(fs, "parts", 127), block_of(fs, "parts", 0) + 127);
    assert_int_equal(block_of(fs, "parts", 128), block_of(fs, "tail", 128) + 1);
    assert_int_equal(block_of(fs, "under", 0) % BLOCKS, 0);
    assert_int_equal(block_of(fs, "over", 0), block_of(fs, "under", 0) + 64);
    close_ext4(&s, fs);
}

/* Whether any block of such a file is anywhere in the image. */
static bool is_in_image(const struct stack *s, uint32_t seed, size_t size)
{
    struct li_chunk_source source = li_ext4_source(s->ext4);
    uint8_t *data = tar_bytes(seed, size), *chunk = malloc(LI_CHUNK_SIZE);
    struct li_error err = LI_ERROR_INIT;
    bool found = false, zeros;

    assert_non_null(chunk);
    for (uint64_t i = 0; i < source.count && !found; i++)
        if (li_chunk_read(&source, i, chunk, &zeros, &err) == 0 && !zeros)
            found = memmem(chunk, LI_CHUNK_SIZE, data, 256) ||
                    memmem(chunk, LI_CHUNK_SIZE, data + size - 256, 256);
    free(chunk);
    free(data);
    return found;
}

/* What a layer puts into chunks does not depend on the layers above it, nor on those below. What
 * an upper layer replaces is not there at all. */
static void test_packs_end_with_layers(void **state)
{
    struct stack s = {0};
    ext2_filsys fs;

    (void)state;
    tar_random_file(stack_layer(&s), "a", 1, 5000);
    tar_random_file(stack_layer(&s), "b", 2, 5000);
    tar_random_file(stack_layer(&s), "a", 3, 5000);
    fs = open_ext4(&s);
    assert_int_equal(block_of(fs, "b", 0) % BLOCKS, 0);
    assert_int_equal(block_of(fs, "a", 0), block_of(fs, "b", 0) + BLOCKS);
    expect_random(fs, "a", 3, 5000);
    expect_random(fs, "b", 2, 5000);
    assert_false(is_in_image(&s, 1, 5000));
    assert_true(is_in_image(&s, 2, 5000));
    close_ext4(&s, fs);
}

static void test_many_small_files(void **state)
{
    enum { FILES = 3000 };
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[64];
    ext2_filsys fs;

    (void)state;
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "d%u/file-%u", i % 7, i);
        tar_random_file(tar, name, i, i * 37 % 9000);
    }
    fs = open_ext4(&s);
    for (unsigned i = 0; i < FILES; i++) {
        size_t size = i * 37 % 9000;

        snprintf(name, sizeof(name), "d%u/file-%u", i % 7, i);
        expect_random(fs, name, i, size);
        if (size > 4096)
            assert_int_equal(block_of(fs, name, 0) / BLOCKS,
                             block_of(fs, name, size / 4097) / BLOCKS);
    }
    close_ext4(&s, fs);
}

enum { POOL = 4000 };

/* Sorted digests of the image's chunks. */
static size_t chunk_digests(struct stack *s, uint8_t (*digests)[LI_SHA256_SIZE])
{
    uint8_t *chunk = malloc(LI_CHUNK_SIZE);
    struct li_error err = LI_ERROR_INIT;
    struct li_chunk_source source;
    size_t count = 0;

    assert_non_null(chunk);
    assert_done(stack_plan(s, &err), &err);
    source = li_ext4_source(s->ext4);
    for (uint64_t i = 0; i < source.count; i++) {
        struct li_sha256 *hash = NULL;
        bool zeros;

        assert_done(li_chunk_read(&source, i, chunk, &zeros, &err), &err);
        if (zeros)
            continue;
        assert_true(count < POOL);
        assert_done(li_sha256_new(&hash, &err), &err);
        assert_done(li_sha256_update(hash, chunk, LI_CHUNK_SIZE, &err), &err);
        assert_done(li_sha256_final(hash, digests[count++], &err), &err);
        li_sha256_free(hash);
    }
    free(chunk);
    stack_free(s);
    return count;
}

enum { SAME_SIZE = 8000 };

/* Files of one block, without one of them: all that follow move by a block. */
static size_t digests_without(unsigned left_out, uint8_t (*digests)[LI_SHA256_SIZE])
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[32];

    for (unsigned i = 0; i < SAME_SIZE; i++) {
        snprintf(name, sizeof(name), "d/file-%u", i);
        if (i != left_out)
            tar_random_file(tar, name, i, 4096);
    }
    return chunk_digests(&s, digests);
}

/* Behind a file that is gone, chunks soon are what they were: few differ, besides metadata. */
static void test_falling_into_step(void **state)
{
    static uint8_t all[POOL][LI_SHA256_SIZE], fewer[POOL][LI_SHA256_SIZE];
    size_t count = digests_without(SAME_SIZE, all), fewer_count = digests_without(100, fewer),
           same = 0;

    (void)state;
    for (size_t i = 0; i < fewer_count; i++)
        for (size_t j = 0; j < count; j++)
            same += memcmp(fewer[i], all[j], LI_SHA256_SIZE) == 0;
    assert_in_range(count, SAME_SIZE / BLOCKS, 2 * SAME_SIZE / BLOCKS);
    assert_in_range(same, count * 3 / 4, count);
}

/* Any chunk, in any order, and twice, is the same bytes. */
static void test_chunks_in_any_order(void **state)
{
    struct stack s = {0};
    struct li_error err = LI_ERROR_INIT;
    struct li_chunk_source source;
    bool zeros;
    uint8_t *first, *again = malloc(LI_CHUNK_SIZE);
    struct li_buffer *tar = stack_layer(&s);

    (void)state;
    assert_non_null(again);
    for (size_t i = 0; i < SIZES; i++) {
        char name[32];

        snprintf(name, sizeof(name), "f%zu", i);
        tar_random_file(tar, name, (uint32_t)i, sizes[i]);
    }
    assert_done(stack_plan(&s, &err), &err);
    source = li_ext4_source(s.ext4);
    assert_int_equal(source.count * LI_CHUNK_SIZE, li_ext4_size(s.ext4));
    first = malloc(source.count * LI_CHUNK_SIZE);
    assert_non_null(first);
    for (uint64_t i = 0; i < source.count; i++) {
        memset(first + i * LI_CHUNK_SIZE, 0xaa, LI_CHUNK_SIZE);
        assert_done(li_chunk_read(&source, i, first + i * LI_CHUNK_SIZE, &zeros, &err), &err);
    }
    for (uint64_t i = source.count; i > 0; i--) {
        memset(again, 0xaa, LI_CHUNK_SIZE);
        assert_done(li_chunk_read(&source, i - 1, again, &zeros, &err), &err);
        assert_memory_equal(again, first + (i - 1) * LI_CHUNK_SIZE, LI_CHUNK_SIZE);
    }
    free(first);
    free(again);
    stack_free(&s);
}

/* A writable mount has room for a quarter more, and for 16384 files and 64 MiB at least. */
static void test_free_space(void **state)
{
    struct stack s = make_stack("a=1");
    ext2_filsys fs = open_ext4(&s);
    blk64_t used = ext2fs_blocks_count(fs->super) - ext2fs_free_blocks_count(fs->super);

    (void)state;
    assert_true(ext2fs_free_blocks_count(fs->super) >= 16384);
    assert_in_range(fs->super->s_free_inodes_count, 16384, 40000);
    assert_true(used < 2000);
    close_ext4(&s, fs);
}

/* The file system's identity comes from the layers. */
static void test_uuid(void **state)
{
    struct stack a = make_stack("a=1", "b=2"), b = make_stack("b=2", "a=1");
    ext2_filsys x = open_ext4(&a), y = open_ext4(&b);

    (void)state;
    assert_memory_not_equal(x->super->s_uuid, y->super->s_uuid, 16);
    assert_int_equal(x->super->s_uuid[6] >> 4, 8);
    assert_int_equal(x->super->s_uuid[8] >> 6, 2);
    assert_int_equal(x->super->s_mkfs_time, 0);
    assert_int_equal(x->super->s_lastcheck, 0);
    assert_int_equal(x->super->s_wtime, 0);
    close_ext4(&a, x);
    close_ext4(&b, y);
}

/* ---- golden digests ---- */

static void make_nothing(struct stack *s)
{
    (void)s;
}

static void make_two_layers(struct stack *s)
{
    tar_entries(stack_layer(s),
                "etc/ etc/passwd=root etc/mtab>../proc/mounts bin/ bin/a=a bin/b*bin/a");
    tar_entries(stack_layer(s), "etc/.wh.mtab= etc/passwd=nobody opt/x/y=z");
}

/* One of everything that the image stores in a way of its own. */
static void make_everything(struct stack *s)
{
    static const uint8_t zeros[300 * KIB];
    struct li_buffer *tar = stack_layer(s), pax = {0};
    uint8_t *value = tar_bytes(1, 300);
    char name[300];

    for (size_t i = 0; i < SIZES; i++) {
        snprintf(name, sizeof(name), "files/%zu", sizes[i]);
        tar_random_file(tar, name, (uint32_t)i, sizes[i]);
    }
    tar_put(tar, &(struct tar_entry){.path = "zeros", .data = zeros, .length = sizeof(zeros)});
    tar_record(&pax, "SCHILY.xattr.user.small", "value", 5);
    tar_record_text(&pax, "mtime", "-5.25");
    tar_put(tar, &(struct tar_entry){.path = "inline", .uid = 70000, .mode = 04755, .pax = &pax});
    tar_record(&pax, "SCHILY.xattr.trusted.large", value, 300);
    tar_record_text(&pax, "SCHILY.acl.access",
                    "user::rwx,user:5:r-x,group::r-x,mask::rwx,other::---");
    tar_put(tar, &(struct tar_entry){.path = "block-1", .mtime = 5000000000, .pax = &pax});
    tar_put(tar, &(struct tar_entry){.path = "block-2", .gid = 70000, .pax = &pax});
    li_buffer_free(&pax);
    free(value);
    tar_put(tar, &(struct tar_entry){.path = "null", .type = '3', .major = 1, .minor = 3});
    tar_put(tar, &(struct tar_entry){.path = "disk", .type = '4', .major = 259, .minor = 70000});
    tar_put(tar, &(struct tar_entry){.path = "fifo", .type = '6', .mode = 0600});
    memset(name, 't', 200);
    name[200] = '\0';
    tar_symlink(tar, "long", name);
    tar_symlink(tar, "short", "target");
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "many/\xc3\xa9-%d", i);
        tar_file(tar, name, "");
    }
}

static void test_golden(void **state)
{
    static const struct {
        uint32_t layout;
        void (*make)(struct stack *s);
        const char *digest;
    } images[] = {
        {1, make_nothing, "78a4a99e83d56dfd9b2e0b212ff2ffec61c43f6fdf5cd20e5ee331cb21104663"},
        {1, make_two_layers, "5751ff2e5bb9c94943b7eefe35bf021e974ad475d5295041af622ecd1837e893"},
        {1, make_everything, "85bdc96d4e67eed004b317557f10acd352c23434722b8d7a80c903efa2bc41d9"},
        {2, make_nothing, "78a4a99e83d56dfd9b2e0b212ff2ffec61c43f6fdf5cd20e5ee331cb21104663"},
        {2, make_two_layers, "5751ff2e5bb9c94943b7eefe35bf021e974ad475d5295041af622ecd1837e893"},
        {2, make_everything, "492432dead61b12f5eca8d161ab7e2120a30ffc155e6567910d6f9ea0791f83a"},
        {3, make_nothing, "78a4a99e83d56dfd9b2e0b212ff2ffec61c43f6fdf5cd20e5ee331cb21104663"},
        {3, make_two_layers, "5751ff2e5bb9c94943b7eefe35bf021e974ad475d5295041af622ecd1837e893"},
        {3, make_everything, "492432dead61b12f5eca8d161ab7e2120a30ffc155e6567910d6f9ea0791f83a"},
    };

    (void)state;
    assert_int_equal(LI_LAYOUT_LATEST, 3);
    for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
        struct stack s = {.layout = images[i].layout};
        char digest[65];
        ext2_filsys fs;

        images[i].make(&s);
        stack_digest(&s, false, digest);
        if (strcmp(digest, images[i].digest) != 0)
            fail_msg("image %zu is %s: the same layers make other bytes than before. If that is "
                     "meant, it is another layout: add one to layer/layout.h, keep this one, and "
                     "put the digest here. What is stored is made again by its own layout.",
                     i, digest);
        fs = open_ext4(&s);
        close_ext4(&s, fs);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_packs_end_with_layers),
        cmocka_unit_test(test_many_small_files),
        cmocka_unit_test(test_falling_into_step),
        cmocka_unit_test(test_chunks_in_any_order),
        cmocka_unit_test(test_free_space),
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_golden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
