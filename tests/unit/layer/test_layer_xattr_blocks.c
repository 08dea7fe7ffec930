/* SPDX-License-Identifier: Apache-2.0 */
/* Where extended attributes go: into the inode, or into blocks, which files share. */
#include "tests/fixtures/xattrs.h"

#include "base/bytes.h"

/* In the inode up to 68 bytes of value for a name of one letter, in a block up to 4040. */
static void test_sizes(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 67, 68, 69, 1000, 4039, 4040};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    uint8_t *value = tar_bytes(1, 70000);
    char name[32];
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        snprintf(name, sizeof(name), "f%zu", sizes[i]);
        put_one(tar, name, "user.a", value, sizes[i]);
    }
    fs = open_ext4(&s);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct raw_inode f;

        snprintf(name, sizeof(name), "f%zu", sizes[i]);
        f = inode_at(fs, name);
        expect_xattr(fs, name, "user.a", value, sizes[i]);
        assert_int_equal(f.large.i_file_acl != 0, sizes[i] > 68);
        assert_int_equal(f.large.i_blocks, sizes[i] > 68 ? 8 : 0);
    }
    close_ext4(&s, fs);
    put_one(stack_layer(&s), "f", "user.a", value, 4041);
    expect_no_image(&s, LI_EUNSUPPORTED, "f: it has 4068 bytes of extended attributes");
    put_one(stack_layer(&s), "f", "user.a", value, 65537);
    expect_no_image(&s, LI_EUNSUPPORTED, "65537 bytes");
    free(value);
}

/* The kernel stops its search at the first attribute that is behind the one it looks for: by name
 * space, length, name. */
static void check_order(ext2_filsys fs, const char *path)
{
    uint8_t block[4096], *last = NULL;

    assert_int_equal(
        io_channel_read_blk64(fs->io, small_inode(fs, find_ino(fs, path)).i_file_acl, 1, block), 0);
    for (uint8_t *at = block + 32; li_get_le32(at); at += (16 + at[0] + 3) & ~3) {
        if (last)
            assert_true(
                last[1] < at[1] ||
                (last[1] == at[1] &&
                 (last[0] < at[0] || (last[0] == at[0] && memcmp(last + 16, at + 16, at[0]) < 0))));
        last = at;
    }
    assert_non_null(last);
}

static void test_many(void **state)
{
    enum { MOST = 169 }; /* of 24 bytes each */
    struct li_buffer pax = {0};
    struct stack s = {0};
    char name[32];
    ext2_filsys fs;

    (void)state;
    for (int i = 0; i < MOST; i++) {
        snprintf(name, sizeof(name), "%s.n%d", i % 2 ? "user" : "trusted", 1000 - i);
        add_xattr(&pax, name, "v", 1);
    }
    put_attributed(stack_layer(&s), "f", '0', 0644, &pax);
    fs = open_ext4(&s);
    assert_int_equal(count_xattrs(fs, "f"), MOST);
    check_order(fs, "f");
    for (int i = 0; i < MOST; i++) {
        snprintf(name, sizeof(name), "%s.n%d", i % 2 ? "user" : "trusted", 1000 - i);
        expect_xattr(fs, "f", name, "v", 1);
    }
    close_ext4(&s, fs);
    for (int i = 0; i < 257; i++) {
        snprintf(name, sizeof(name), "user.n%d", i);
        add_xattr(&pax, name, "v", 1);
    }
    put_attributed(stack_layer(&s), "f", '0', 0644, &pax);
    expect_no_image(&s, LI_ELIMIT, "more than 256 extended attributes");
    li_buffer_free(&pax);
}

static void test_shared_blocks(void **state)
{
    enum { FILES = 2500 };
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    uint8_t *value = tar_bytes(1, 500);
    uint32_t users[3] = {0}, last = 0, blocks = 0;
    char name[32];
    ext2_filsys fs;

    (void)state;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        put_one(tar, name, "user.a", value, 500);
    }
    put_one(tar, "other", "user.b", value, 500);
    fs = open_ext4(&s);
    for (int i = 0; i < FILES; i++) {
        uint32_t block;

        snprintf(name, sizeof(name), "f%d", i);
        block = small_inode(fs, find_ino(fs, name)).i_file_acl;
        blocks += block != last;
        assert_in_range(blocks, 1, 3);
        last = block;
        users[blocks - 1]++;
    }
    assert_int_equal(users[0], 1024);
    assert_int_equal(users[1], 1024);
    assert_int_equal(users[2], FILES - 2048);
    expect_xattr(fs, "f2499", "user.a", value, 500);
    expect_xattr(fs, "other", "user.b", value, 500);
    close_ext4(&s, fs);
    free(value);
}

/* Files share a block whatever the order of their records. */
static void test_any_order(void **state)
{
    static const char *const names[] = {"user.b", "trusted.a", "user.a"};
    uint8_t *value = tar_bytes(1, 100);
    struct li_buffer pax = {0};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    ext2_filsys fs;

    (void)state;
    for (int i = 0; i < 3; i++)
        add_xattr(&pax, names[i], value, 100);
    put_attributed(tar, "f", '0', 0644, &pax);
    for (int i = 3; i > 0; i--)
        add_xattr(&pax, names[i - 1], value, 100);
    put_attributed(tar, "g", '0', 0644, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    assert_int_equal(small_inode(fs, find_ino(fs, "f")).i_file_acl,
                     small_inode(fs, find_ino(fs, "g")).i_file_acl);
    check_order(fs, "f");
    close_ext4(&s, fs);
    free(value);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_shared_blocks),
        cmocka_unit_test(test_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
