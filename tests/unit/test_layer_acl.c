/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX ACLs, in both of their forms, from a tar's records to what others read in the image. */
#include "xattrs.h"

#include "base/bytes.h"

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

/* A name for people, which is not used, may have any letters. */
static void test_names_in_acls(void **state)
{
    struct li_buffer pax = {0};
    struct stack s = {0};
    ext2_filsys fs;

    (void)state;
    tar_record_text(&pax, "SCHILY.acl.access",
                    "user::rw-,user:m\xc3\xbcller:r--:1000,user:2000:rwx,group::r-x,"
                    "group:\xff:rw-:50,mask::rw-,other::r--");
    tar_record_text(&pax, "path", "\xc3\xa9");
    put(stack_layer(&s), "f", '5', 01700, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    expect_acl(fs, "\xc3\xa9", "system.posix_acl_access");
    close_ext4(&s, fs);
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
        expect_no_image(&s, wrong[i].code, wrong[i].words);
        /* With a name that is not ASCII, too. */
        tar_record_text(&pax, "SCHILY.acl.access", wrong[i].text);
        tar_record_text(&pax, "path", "\xc3\xa9");
        put(stack_layer(&s), "f", '0', 0644, &pax);
        li_buffer_free(&pax);
        expect_no_image(&s, wrong[i].code, wrong[i].words);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acls),
        cmocka_unit_test(test_names_in_acls),
        cmocka_unit_test(test_acls_that_are_modes),
        cmocka_unit_test(test_wrong_acls),
        cmocka_unit_test(test_wrong_text_acls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
