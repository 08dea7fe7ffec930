/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces that are kept packed: all come back, and nothing that is broken leads astray. */
#include "tests/fixtures/tar.h"

#include "base/packed.h"

/* A piece has its length, then its number in every byte. */
static void add(struct li_packed *packed, uint32_t number, size_t len)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t *piece;

    assert_done(li_packed_add(packed, 4 + len, &piece, &err), &err);
    li_put_le32(piece, (uint32_t)len);
    memset(piece + 4, (uint8_t)number, len);
}

static uint32_t check_block(struct li_cursor *pieces, uint32_t number)
{
    for (; pieces->left > 0; number++) {
        size_t len = li_cursor_le32(pieces);
        const uint8_t *bytes = li_cursor_take(pieces, len);

        assert_non_null(bytes);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(bytes[i], (uint8_t)number);
    }
    return number;
}

static uint32_t check(const struct li_packed *packed, unsigned *blocks)
{
    struct li_unpacking reading = li_unpacking_begin(&packed->blocks);
    struct li_error err = LI_ERROR_INIT;
    uint32_t number = 0;
    int rc;

    for (*blocks = 0; (rc = li_unpacking_next(&reading, &err)) == 0; ++*blocks)
        number = check_block(&reading.pieces, number);
    assert_int_equal(rc, LI_END);
    li_unpacking_end(&reading);
    return number;
}

static void test_pieces(void **state)
{
    static const size_t around[] = {0,
                                    1,
                                    LI_PACKED_BLOCK - 9,
                                    LI_PACKED_BLOCK - 8,
                                    LI_PACKED_BLOCK - 4,
                                    LI_PACKED_BLOCK - 3,
                                    3 * LI_PACKED_BLOCK,
                                    5};
    struct li_error err = LI_ERROR_INIT;
    struct li_packed packed = {0};
    unsigned blocks;

    (void)state;
    assert_done(li_packed_end(&packed, &err), &err);
    assert_int_equal(packed.blocks.len, 0);
    assert_int_equal(check(&packed, &blocks), 0);
    for (uint32_t i = 0; i < 100000; i++)
        add(&packed, i, i % 50);
    assert_done(li_packed_end(&packed, &err), &err);
    assert_int_equal(check(&packed, &blocks), 100000);
    assert_in_range(blocks, 100000 * 28 / LI_PACKED_BLOCK, 100000 * 28 / LI_PACKED_BLOCK + 2);
    assert_true(packed.blocks.len < 1000000);
    assert_null(packed.open.data);
    assert_null(packed.packer);
    li_packed_free(&packed);
    for (uint32_t i = 0; i < 64; i++)
        add(&packed, i, around[i % 8]);
    assert_done(li_packed_end(&packed, &err), &err);
    assert_int_equal(check(&packed, &blocks), 64);
    li_packed_free(&packed);
    assert_null(packed.blocks.data);
}

static void test_limit(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_packed packed = {0};
    uint8_t *piece = NULL;

    (void)state;
    assert_fails(li_packed_add(&packed, (size_t)LI_PACKED_PIECE_MAX + 1, &piece, &err), LI_ELIMIT,
                 "33554433 bytes", &err);
    assert_null(piece);
    /* What is over it is not written, so whoever reads it is lied to. */
    add(&packed, 1, 100);
    assert_done(li_packed_end(&packed, &err), &err);
    for (unsigned size = 0; size < 2; size++) {
        struct li_unpacking reading = li_unpacking_begin(&packed.blocks);

        li_put_le32(packed.blocks.data, size ? LI_PACKED_PIECE_MAX + 1 : 0);
        assert_fails(li_unpacking_next(&reading, &err), LI_ECORRUPT, "is broken", &err);
        assert_null(reading.block);
        li_unpacking_end(&reading);
    }
    li_packed_free(&packed);
}

/* Every bit and every length, without a check before it. */
static void test_damage(void **state)
{
    struct li_packed packed = {0};
    struct li_error err = LI_ERROR_INIT;
    uint8_t *noise = tar_bytes(3, 200);
    size_t refused = 0;

    (void)state;
    for (uint32_t i = 0; i < 100; i++)
        add(&packed, i, 40);
    memcpy(packed.open.data + 1000, noise, 200);
    assert_done(li_packed_end(&packed, &err), &err);
    for (size_t i = 0; i < packed.blocks.len * 8; i++) {
        struct li_unpacking reading = li_unpacking_begin(&packed.blocks);
        int rc;

        packed.blocks.data[i / 8] ^= (uint8_t)(1U << i % 8);
        rc = li_unpacking_next(&reading, &err);
        assert_true(rc == 0 || rc == LI_ECORRUPT);
        refused += rc < 0;
        li_unpacking_end(&reading);
        packed.blocks.data[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    assert_true(refused > 64);
    for (size_t len = 1; len < packed.blocks.len; len++) {
        /* On the heap and as long as it is said to be, so that a step too far is seen. */
        struct li_buffer cut_off = {.data = malloc(len), .len = len, .cap = len};
        struct li_unpacking reading;

        assert_non_null(cut_off.data);
        memcpy(cut_off.data, packed.blocks.data, len);
        reading = li_unpacking_begin(&cut_off);
        assert_fails(li_unpacking_next(&reading, &err), LI_ECORRUPT, "is broken", &err);
        li_unpacking_end(&reading);
        free(cut_off.data);
    }
    li_packed_free(&packed);
    free(noise);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
