/* SPDX-License-Identifier: Apache-2.0 */
/* File systems of other sizes than the default's: they hold what was asked for, and a larger one
 * costs next to nothing in chunks. */
#include "tests/fixtures/ext4_image.h"

enum { MIB = 1 << 20, GROUP = 128 * MIB, BLOCK = 4096, KERNEL_RESERVE = 16 * MIB };

#define TIB (UINT64_C(1) << 40)

static void fill(struct stack *s)
{
    struct li_buffer *tar = stack_layer(s);
    char name[32];

    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "d%u/f%u", i % 5, i);
        tar_random_file(tar, name, i, i * 997 % 40000);
    }
    tar_random_file(tar, "large", 1, 3 * MIB + 5);
}

/* The stack's image with that room; LI_EXT4_ROOM_SIZE and so on. */
static int plan(struct stack *s, enum li_ext4_sizing sizing, uint64_t amount, struct li_error *err)
{
    const struct li_ext4_room room = {sizing, amount};
    int rc = stack_build(s, err);

    return rc == 0 ? li_ext4_plan(s->tree, &room, &s->ext4, err) : rc;
}

static ext2_filsys open_sized(struct stack *s, enum li_ext4_sizing sizing, uint64_t amount)
{
    struct li_error err = LI_ERROR_INIT;

    fill(s);
    assert_done(plan(s, sizing, amount, &err), &err);
    return open_planned(s);
}

static uint64_t size_of(ext2_filsys fs)
{
    return ext2fs_blocks_count(fs->super) * BLOCK;
}

static uint64_t free_bytes(ext2_filsys fs)
{
    return ext2fs_free_blocks_count(fs->super) * BLOCK;
}

/* Any size, in groups and beside them; e2fsck says that the bitmaps agree with it. */
static void test_sizes(void **state)
{
    static const uint64_t sizes[] = {32 * MIB,          GROUP - LI_CHUNK_SIZE, GROUP,
                                     GROUP + 1,         GROUP + 5 * MIB,       3 * GROUP - MIB,
                                     UINT64_C(5) << 30, UINT64_C(100) << 30};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct stack s = {0};
        ext2_filsys fs = open_sized(&s, LI_EXT4_ROOM_SIZE, sizes[i]);
        uint64_t used = size_of(fs) - free_bytes(fs);

        assert_int_equal(size_of(fs),
                         (sizes[i] + LI_CHUNK_SIZE - 1) / LI_CHUNK_SIZE * LI_CHUNK_SIZE);
        assert_int_equal(size_of(fs), li_ext4_size(s.ext4));
        /* Metadata grows with the size, most of it inode tables, a 64th. */
        assert_true(used < 24 * MIB + sizes[i] / 60);
        close_ext4(&s, fs);
    }
}

static void test_free_space(void **state)
{
    static const uint64_t amounts[] = {0, 1, 64 * MIB, GROUP, UINT64_C(7) << 30};

    (void)state;
    for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
        struct stack s = {0};
        ext2_filsys fs = open_sized(&s, LI_EXT4_ROOM_FREE, amounts[i]);

        assert_int_equal(size_of(fs) % GROUP, 0);
        assert_in_range(free_bytes(fs), amounts[i] + KERNEL_RESERVE,
                        amounts[i] + amounts[i] / 60 + 2 * GROUP);
        close_ext4(&s, fs);
    }
}

static void test_percent(void **state)
{
    static const uint64_t percents[] = {0, 25, 5000, LI_EXT4_PERCENT_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        struct stack s = {0};
        ext2_filsys fs = open_sized(&s, LI_EXT4_ROOM_PERCENT, percents[i]);
        uint64_t least = 9 * MIB * percents[i] / 100; /* the files alone */

        assert_in_range(free_bytes(fs), least + KERNEL_RESERVE, 3 * least + 2 * GROUP);
        close_ext4(&s, fs);
    }
}

/* There are 16384 inodes for new files, and one for each 16 KiB that the default would not have. */
static void test_inodes(void **state)
{
    struct stack s = {0};
    ext2_filsys fs = open_sized(&s, LI_EXT4_ROOM_SIZE, GROUP + (UINT64_C(1) << 30));

    (void)state;
    assert_in_range(fs->super->s_free_inodes_count, 16384 + 65536, 16384 + 65536 + 1000);
    close_ext4(&s, fs);
    fs = open_sized(&s, LI_EXT4_ROOM_SIZE, 32 * MIB);
    assert_in_range(fs->super->s_free_inodes_count, 16384, 16384 + 1000);
    close_ext4(&s, fs);
}

static void plan_digest(struct stack *s, enum li_ext4_sizing sizing, uint64_t amount,
                        uint64_t *size, char hex[2 * LI_SHA256_SIZE + 1])
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t *image;
    struct li_chunk_source source;
    bool zeros;

    fill(s);
    assert_done(plan(s, sizing, amount, &err), &err);
    *size = li_ext4_size(s->ext4);
    source = li_ext4_source(s->ext4);
    image = calloc(source.count, LI_CHUNK_SIZE);
    assert_non_null(image);
    for (uint64_t i = 0; i < source.count; i++)
        assert_done(li_chunk_read(&source, i, image + i * LI_CHUNK_SIZE, &zeros, &err), &err);
    stack_sha256(image, source.count * LI_CHUNK_SIZE, hex);
    free(image);
    stack_free(s);
}

/* What the size came from does not matter: who has a size can make the image again. */
static void test_one_size_one_image(void **state)
{
    static const struct li_ext4_room rooms[] = {
        {LI_EXT4_ROOM_DEFAULT, 0}, {LI_EXT4_ROOM_FREE, 200 * MIB}, {LI_EXT4_ROOM_PERCENT, 3000}};

    (void)state;
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        char first[2 * LI_SHA256_SIZE + 1], again[2 * LI_SHA256_SIZE + 1];
        struct stack s = {0};
        uint64_t size = 0, same = 0;

        plan_digest(&s, rooms[i].sizing, rooms[i].amount, &size, first);
        plan_digest(&s, LI_EXT4_ROOM_SIZE, size, &same, again);
        assert_int_equal(size, same);
        assert_string_equal(first, again);
    }
}

struct chunks {
    unsigned metadata, data;
    uint64_t data_hash; /* of the bytes of all data chunks, in order */
};

/* Chunks that are stored, by what is in them. */
static struct chunks count_chunks(enum li_ext4_sizing sizing, uint64_t amount)
{
    struct chunks c = {0};
    struct li_error err = LI_ERROR_INIT;
    struct li_chunk_source source;
    struct stack s = {0};
    uint8_t *chunk = malloc(LI_CHUNK_SIZE), *large = tar_bytes(1, 3 * MIB + 5);
    bool in_data = false;

    assert_non_null(chunk);
    fill(&s);
    assert_done(plan(&s, sizing, amount, &err), &err);
    source = li_ext4_source(s.ext4);
    for (uint64_t i = 0; i < source.count; i++) {
        bool zeros = false;

        chunk[0] = chunk[LI_CHUNK_SIZE - 1] = 0xa5;
        assert_done(li_chunk_read(&source, i, chunk, &zeros, &err), &err);
        /* A terabyte of nothing is not to be written, be it to memory. */
        if (zeros)
            assert_true(chunk[0] == 0xa5 && chunk[LI_CHUNK_SIZE - 1] == 0xa5);
        if (zeros || li_chunk_is_zero(chunk))
            continue;
        /* The first data chunk has the file d1/f1, which is of seed 1 as the large one is. */
        in_data = in_data || memmem(chunk, LI_CHUNK_SIZE, large, 500);
        if (in_data)
            c.data++;
        else
            c.metadata++;
        for (size_t at = 0; in_data && at < LI_CHUNK_SIZE; at += sizeof(uint64_t)) {
            uint64_t word;

            memcpy(&word, chunk + at, sizeof(word));
            c.data_hash = (c.data_hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        }
    }
    free(chunk);
    free(large);
    stack_free(&s);
    return c;
}

/* Data lies in the same chunks whatever the size. Metadata takes 64 bytes of descriptor for each
 * group and 4 KiB of bitmap for each 128 MiB of inode tables, all in all 1 MiB for 1 TiB; and what
 * lay in one chunk is spread over four: superblock, inode bitmaps, inodes, directories. */
static void test_cost(void **state)
{
    static const uint64_t sizes[] = {UINT64_C(1) << 30, UINT64_C(16) << 30, UINT64_C(300) << 30,
                                     TIB};
    struct chunks usual = count_chunks(LI_EXT4_ROOM_DEFAULT, 0);

    (void)state;
    assert_in_range(usual.data, 15, 40);
    assert_in_range(usual.metadata, 1, 2);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct chunks c = count_chunks(LI_EXT4_ROOM_SIZE, sizes[i]);

        assert_int_equal(c.data, usual.data);
        assert_true(c.data_hash == usual.data_hash);
        assert_in_range(c.metadata, usual.metadata, usual.metadata + (sizes[i] == TIB ? 5 : 3));
    }
}

static void expect_no_plan(enum li_ext4_sizing sizing, uint64_t amount, int code, const char *words)
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = {0};

    fill(&s);
    assert_fails(plan(&s, sizing, amount, &err), code, words, &err);
    stack_free(&s);
}

static void test_limits(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = {0};
    unsigned needed;

    (void)state;
    expect_no_plan(LI_EXT4_ROOM_SIZE, 0, LI_EINVALID, "0 bytes are too few");
    expect_no_plan(LI_EXT4_ROOM_SIZE, TIB + 1, LI_ELIMIT, "larger than 1 TiB");
    expect_no_plan(LI_EXT4_ROOM_SIZE, UINT64_MAX, LI_ELIMIT, "larger than 1 TiB");
    expect_no_plan(LI_EXT4_ROOM_FREE, TIB, LI_ELIMIT, "larger than 1 TiB");
    expect_no_plan(LI_EXT4_ROOM_FREE, UINT64_MAX, LI_ELIMIT, "larger than 1 TiB");
    expect_no_plan(LI_EXT4_ROOM_PERCENT, LI_EXT4_PERCENT_MAX + 1, LI_ELIMIT, "larger than 1 TiB");
    /* The size that the error tells is enough, and no more than that. */
    fill(&s);
    assert_fails(plan(&s, LI_EXT4_ROOM_SIZE, MIB, &err), LI_EINVALID, "a size of ", &err);
    assert_int_equal(sscanf(strstr(err.text, "a size of "), "a size of %uM", &needed), 1);
    stack_close(&s);
    assert_done(plan(&s, LI_EXT4_ROOM_SIZE, (uint64_t)needed * MIB, &err), &err);
    stack_close(&s);
    assert_int_equal(plan(&s, LI_EXT4_ROOM_SIZE, (uint64_t)(needed - 1) * MIB, &err), LI_EINVALID);
    stack_free(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_free_space),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_inodes),
        cmocka_unit_test(test_one_size_one_image),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
