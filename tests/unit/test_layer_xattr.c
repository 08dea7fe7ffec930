/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes and POSIX ACLs, from a tar's records to what others read in the image. */
#include "ext4_image.h"

#include "base/bytes.h"

/* Attributes for one entry: PAX records. */
static void add_xattr(struct li_buffer *pax, const char *name, const void *value, size_t len)
{
    char key[400];

    snprintf(key, sizeof(key), "SCHILY.xattr.%s", name);
    tar_record(pax, key, value, len);
}

static void put(struct li_buffer *tar, const char *path, char type, unsigned mode,
                struct li_buffer *pax)
{
    tar_put(tar, &(struct tar_entry){.path = path,
                                     .type = type,
                                     .mode = mode,
                                     .target = type == '2' ? "t" : NULL,
                                     .pax = pax});
    pax->len = 0;
}

/* A file with one attribute. */
static void put_one(struct li_buffer *tar, const char *path, const char *name, const void *value,
                    size_t len)
{
    struct li_buffer pax = {0};

    add_xattr(&pax, name, value, len);
    put(tar, path, '0', 0644, &pax);
    li_buffer_free(&pax);
}

static struct ext2_xattr_handle *open_xattrs(ext2_filsys fs, const char *path, size_t *count)
{
    struct ext2_xattr_handle *handle;

    assert_int_equal(ext2fs_xattrs_open(fs, find_ino(fs, path), &handle), 0);
    assert_int_equal(ext2fs_xattrs_read(handle), 0);
    assert_int_equal(ext2fs_xattrs_count(handle, count), 0);
    return handle;
}

static size_t count_xattrs(ext2_filsys fs, const char *path)
{
    size_t count;
    struct ext2_xattr_handle *handle = open_xattrs(fs, path, &count);

    ext2fs_xattrs_close(&handle);
    return count;
}

static void expect_xattr(ext2_filsys fs, const char *path, const char *name, const void *value,
                         size_t len)
{
    size_t count, got_len;
    struct ext2_xattr_handle *handle = open_xattrs(fs, path, &count);
    void *got = NULL;

    if (ext2fs_xattr_get(handle, name, &got, &got_len) != 0)
        fail_msg("%s has no %s", path, name);
    assert_int_equal(got_len, len);
    assert_memory_equal(got, value, len);
    ext2fs_free_mem(&got);
    ext2fs_xattrs_close(&handle);
}

static void test_name_spaces(void **state)
{
    static const uint8_t capability[] = {1, 0, 0, 2, 0, 4, 0, 0, 0, 0,
                                         0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t bytes[] = {0, '\n', '=', 0xff, 0};
    struct li_buffer pax = {0};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    ext2_filsys fs;

    (void)state;
    add_xattr(&pax, "user.name", "value", 5);
    add_xattr(&pax, "user.empty", "", 0);
    add_xattr(&pax, "user.bytes", bytes, sizeof(bytes));
    add_xattr(&pax, "trusted.overlay.opaque", "y", 1);
    add_xattr(&pax, "security.selinux", "system_u:object_r:bin_t:s0", 27);
    put(tar, "f", '0', 0644, &pax);
    add_xattr(&pax, "security.capability", capability, sizeof(capability));
    put(tar, "ping", '0', 0755, &pax);
    add_xattr(&pax, "user.d", "directory", 9);
    put(tar, "d", '5', 0755, &pax);
    add_xattr(&pax, "trusted.l", "link", 4);
    put(tar, "l", '2', 0777, &pax);
    add_xattr(&pax, "user.\xc3\xa9.\xff", "odd", 3);
    put(tar, "odd", '0', 0644, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    assert_int_equal(count_xattrs(fs, "f"), 4); /* an empty value in PAX means that there is none */
    expect_xattr(fs, "f", "user.name", "value", 5);
    expect_xattr(fs, "f", "user.bytes", bytes, sizeof(bytes));
    expect_xattr(fs, "f", "trusted.overlay.opaque", "y", 1);
    expect_xattr(fs, "f", "security.selinux", "system_u:object_r:bin_t:s0", 27);
    expect_xattr(fs, "ping", "security.capability", capability, sizeof(capability));
    expect_xattr(fs, "d", "user.d", "directory", 9);
    expect_xattr(fs, "l", "trusted.l", "link", 4);
    expect_xattr(fs, "odd", "user.\xc3\xa9.\xff", "odd", 3);
    close_ext4(&s, fs);
}

static void test_wrong_names(void **state)
{
    static const char *const names[] = {"other.x", "user.", "system.x", "userx", "security."};
    char name[300] = "user.";
    struct stack s = {0};
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        put_one(stack_layer(&s), "f", names[i], "v", 1);
        expect_no_image(&s, LI_EUNSUPPORTED, "extended attribute");
    }
    memset(name + 5, 'n', 250);
    put_one(stack_layer(&s), "f", name, "v", 1);
    fs = open_ext4(&s);
    expect_xattr(fs, "f", name, "v", 1);
    close_ext4(&s, fs);
    strcat(name, "n");
    put_one(stack_layer(&s), "f", name, "v", 1);
    expect_no_image(&s, LI_EUNSUPPORTED, "extended attribute");
}

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
    put(stack_layer(&s), "f", '0', 0644, &pax);
    fs = open_ext4(&s);
    assert_int_equal(count_xattrs(fs, "f"), MOST);
    check_order(fs, "f");
    for (int i = 0; i < MOST; i++) {
        snprintf(name, sizeof(name), "%s.n%d", i % 2 ? "user" : "trusted", 1000 - i);
        expect_xattr(fs, "f", name, "v", 1);
    }
    close_ext4(&s, fs);
    for (int i = 0; i < 1025; i++) {
        snprintf(name, sizeof(name), "user.n%d", i);
        add_xattr(&pax, name, "v", 1);
    }
    put(stack_layer(&s), "f", '0', 0644, &pax);
    expect_no_image(&s, LI_ELIMIT, "more than 1024 extended attributes");
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
    put(tar, "f", '0', 0644, &pax);
    for (int i = 3; i > 0; i--)
        add_xattr(&pax, names[i - 1], value, 100);
    put(tar, "g", '0', 0644, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    assert_int_equal(small_inode(fs, find_ino(fs, "f")).i_file_acl,
                     small_inode(fs, find_ino(fs, "g")).i_file_acl);
    check_order(fs, "f");
    close_ext4(&s, fs);
    free(value);
}

/* As libarchive's own writer has it: each attribute in two forms. */
static void test_twice(void **state)
{
    struct li_buffer pax = {0};
    struct stack s = {0};
    ext2_filsys fs;

    (void)state;
    add_xattr(&pax, "user.a", "one", 3);
    tar_record_text(&pax, "LIBARCHIVE.xattr.user.a", "b25l");
    put(stack_layer(&s), "f", '0', 0644, &pax);
    fs = open_ext4(&s);
    assert_int_equal(count_xattrs(fs, "f"), 1);
    expect_xattr(fs, "f", "user.a", "one", 3);
    close_ext4(&s, fs);
    add_xattr(&pax, "user.a", "one", 3);
    add_xattr(&pax, "user.a", "two", 3);
    put(stack_layer(&s), "f", '0', 0644, &pax);
    expect_no_image(&s, LI_ECORRUPT, "\"user.a\" twice");
    li_buffer_free(&pax);
}

/* ---- ACLs ---- */

enum { UO = 1, U = 2, GO = 4, G = 8, M = 16, O = 32 };
enum { NO_ID = -1 };

struct acl_entry {
    int tag;
    int perm;
    int id;
};

/* The kernel's external form of the entries up to one without a tag. */
static size_t make_acl(const struct acl_entry *list, uint8_t value[200])
{
    size_t len = 4;

    li_put_le32(value, 2);
    for (; list->tag; list++, len += 8) {
        li_put_le16(value + len, (uint16_t)list->tag);
        li_put_le16(value + len + 2, (uint16_t)list->perm);
        li_put_le32(value + len + 4, (uint32_t)list->id);
    }
    return len;
}

static const struct acl_entry extended[] = {{UO, 6, NO_ID}, {U, 4, 1000}, {U, 7, 2000},
                                            {GO, 5, NO_ID}, {G, 6, 50},   {M, 6, NO_ID},
                                            {O, 4, NO_ID},  {0, 0, 0}};

#define EXTENDED_TEXT                                                                              \
    "user::rw-,user:name:r--:1000,user:2000:rwx,group::r-x,group:staff:rw-:50,mask::rw-,other::r-" \
    "-"

/* libext2fs has 0 where the kernel has -1, for entries that name nobody. */
static void expect_acl(ext2_filsys fs, const char *path, const char *name)
{
    uint8_t value[200];
    size_t len = make_acl(extended, value);

    for (size_t at = 4; at < len; at += 8)
        if (li_get_le32(value + at + 4) == UINT32_MAX)
            li_put_le32(value + at + 4, 0);
    expect_xattr(fs, path, name, value, len);
}

static void test_acls(void **state)
{
    static const char *const keys[] = {"SCHILY.acl.access", "SCHILY.acl.default"};
    char digest[2][65];
    uint8_t value[200];
    size_t len = make_acl(extended, value);

    (void)state;
    for (int text = 0; text < 2; text++) {
        struct li_buffer pax = {0};
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s);
        struct raw_inode f;
        ext2_filsys fs;

        for (int i = 0; i < 3; i++) {
            char name[2] = {(char)('a' + i), '\0'};

            for (int j = 0; j < 2; j++) {
                if (((i + 1) & (1 << j)) == 0)
                    continue;
                if (text)
                    tar_record_text(&pax, keys[j], EXTENDED_TEXT);
                else
                    add_xattr(&pax, j ? "system.posix_acl_default" : "system.posix_acl_access",
                              value, len);
            }
            put(tar, name, '5', 01700, &pax);
        }
        li_buffer_free(&pax);
        stack_digest(&s, true, digest[text]);
        fs = open_ext4(&s);
        f = inode_at(fs, "a");
        assert_int_equal(f.large.i_mode, LINUX_S_IFDIR | 01664);
        expect_acl(fs, "a", "system.posix_acl_access");
        assert_int_equal(count_xattrs(fs, "a"), 1);
        assert_int_equal(inode_at(fs, "b").large.i_mode, LINUX_S_IFDIR | 01700);
        expect_acl(fs, "b", "system.posix_acl_default");
        expect_acl(fs, "c", "system.posix_acl_access");
        expect_acl(fs, "c", "system.posix_acl_default");
        close_ext4(&s, fs);
    }
    assert_string_equal(digest[0], digest[1]);
}

/* An ACL that says what the mode says is the mode. */
static void test_acls_that_are_modes(void **state)
{
    static const struct acl_entry plain[] = {
        {UO, 7, NO_ID}, {GO, 5, NO_ID}, {O, 1, NO_ID}, {0, 0, 0}};
    static const struct acl_entry none[] = {{0, 0, 0}};
    struct li_buffer pax = {0};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    uint8_t value[200];
    ext2_filsys fs;

    (void)state;
    add_xattr(&pax, "system.posix_acl_access", value, make_acl(plain, value));
    put(tar, "binary", '0', 04600, &pax);
    tar_record_text(&pax, "SCHILY.acl.access", "user::rwx,group::r-x,other::--x");
    put(tar, "text", '0', 04600, &pax);
    add_xattr(&pax, "system.posix_acl_access", value, make_acl(none, value));
    put(tar, "none", '0', 04600, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    assert_int_equal(inode_at(fs, "binary").large.i_mode, LINUX_S_IFREG | 04751);
    assert_int_equal(inode_at(fs, "text").large.i_mode, LINUX_S_IFREG | 04751);
    assert_int_equal(inode_at(fs, "none").large.i_mode, LINUX_S_IFREG | 04600);
    assert_int_equal(count_xattrs(fs, "binary"), 0);
    assert_int_equal(count_xattrs(fs, "text"), 0);
    assert_int_equal(count_xattrs(fs, "none"), 0);
    close_ext4(&s, fs);
}

static void test_wrong_acls(void **state)
{
    static const struct acl_entry wrong[][6] = {
        {{UO, 6, NO_ID}},
        {{UO, 6, NO_ID}, {GO, 4, NO_ID}},
        {{UO, 8, NO_ID}, {GO, 4, NO_ID}, {O, 4, NO_ID}},
        {{GO, 4, NO_ID}, {UO, 6, NO_ID}, {O, 4, NO_ID}},
        {{UO, 6, NO_ID}, {U, 4, 1}, {GO, 4, NO_ID}, {O, 4, NO_ID}},
        {{UO, 6, NO_ID}, {UO, 6, NO_ID}, {GO, 4, NO_ID}, {O, 4, NO_ID}},
        {{UO, 6, NO_ID}, {3, 4, 1}, {GO, 4, NO_ID}, {O, 4, NO_ID}},
        {{UO, 6, NO_ID}, {GO, 4, NO_ID}, {O, 4, NO_ID}, {64, 4, NO_ID}},
        {{UO, 6, NO_ID}, {U, 4, NO_ID}, {GO, 4, NO_ID}, {M, 4, NO_ID}, {O, 4, NO_ID}},
    };
    uint8_t value[200];
    struct stack s = {0};
    struct li_buffer pax = {0};
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        len = make_acl(wrong[i], value);
        put_one(stack_layer(&s), "f", "system.posix_acl_access", value, len);
        expect_no_image(&s, LI_ECORRUPT, "is not valid");
    }
    len = make_acl(extended, value);
    put_one(stack_layer(&s), "f", "system.posix_acl_access", value, len - 1);
    expect_no_image(&s, LI_ECORRUPT, "is not valid");
    value[0] = 1;
    put_one(stack_layer(&s), "f", "system.posix_acl_access", value, len);
    expect_no_image(&s, LI_ECORRUPT, "is not valid");
    value[0] = 2;
    value[4] = 0; /* no tag */
    put_one(stack_layer(&s), "f", "system.posix_acl_access", value, len);
    expect_no_image(&s, LI_ECORRUPT, "is not valid");
    value[4] = UO;
    put_one(stack_layer(&s), "f", "system.posix_acl_default", value, len);
    expect_no_image(&s, LI_EUNSUPPORTED, "its type cannot have");
    add_xattr(&pax, "system.posix_acl_access", value, len);
    put(stack_layer(&s), "l", '2', 0777, &pax);
    expect_no_image(&s, LI_EUNSUPPORTED, "its type cannot have");
    li_buffer_free(&pax);
}

static void test_wrong_text_acls(void **state)
{
    static const struct {
        const char *text;
        const char *words;
        int code;
    } wrong[] = {
        {"user::rw-,group::r--,garbage", "SCHILY.acl.access", LI_ECORRUPT},
        {"garbage", "SCHILY.acl.access", LI_ECORRUPT},
        {"user::rw-,user:joe:rwx,group::r--,mask::rwx,other::r--", "\"joe\"", LI_EUNSUPPORTED},
        {"user::rw-,user:3000000000:rwx,group::r--,mask::rwx,other::r--", "2147483646",
         LI_EUNSUPPORTED},
        {"user::rw-,user:5:rwx,group::r--,other::r--", "is not valid", LI_ECORRUPT},
    };
    struct stack s = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct li_buffer pax = {0};

        tar_record_text(&pax, "SCHILY.acl.access", wrong[i].text);
        put(stack_layer(&s), "f", '0', 0644, &pax);
        li_buffer_free(&pax);
        expect_no_image(&s, wrong[i].code, wrong[i].words);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_spaces),
        cmocka_unit_test(test_wrong_names),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_shared_blocks),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_acls),
        cmocka_unit_test(test_acls_that_are_modes),
        cmocka_unit_test(test_wrong_acls),
        cmocka_unit_test(test_wrong_text_acls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
