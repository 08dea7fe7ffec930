/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX ACLs, in both of their forms, from a tar's records to what others read in the image. */
#include "tests/fixtures/xattrs.h"

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
static void expect_acl(ext2_filsys fs, const char *path, const char *name,
                       const struct acl_entry *want)
{
    uint8_t value[200];
    size_t len = make_acl(want, value);

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
            put_attributed(tar, name, '5', 01700, &pax);
        }
        li_buffer_free(&pax);
        stack_digest(&s, true, digest[text]);
        fs = open_ext4(&s);
        f = inode_at(fs, "a");
        assert_int_equal(f.large.i_mode, LINUX_S_IFDIR | 01664);
        expect_acl(fs, "a", "system.posix_acl_access", extended);
        assert_int_equal(count_xattrs(fs, "a"), 1);
        assert_int_equal(inode_at(fs, "b").large.i_mode, LINUX_S_IFDIR | 01700);
        expect_acl(fs, "b", "system.posix_acl_default", extended);
        expect_acl(fs, "c", "system.posix_acl_access", extended);
        expect_acl(fs, "c", "system.posix_acl_default", extended);
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
    put_attributed(stack_layer(&s), "f", '5', 01700, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    expect_acl(fs, "\xc3\xa9", "system.posix_acl_access", extended);
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
    put_attributed(tar, "binary", '0', 04600, &pax);
    tar_record_text(&pax, "SCHILY.acl.access", "user::rwx,group::r-x,other::--x");
    put_attributed(tar, "text", '0', 04600, &pax);
    add_xattr(&pax, "system.posix_acl_access", value, make_acl(none, value));
    put_attributed(tar, "none", '0', 04600, &pax);
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

/* What an access ACL as text lacks of the three is as in the mode. */
static void test_incomplete_text_acls(void **state)
{
    static const struct {
        const char *path, *text;
        unsigned mode;
        struct acl_entry want[6]; /* none: what there is is the mode */
    } acls[] = {
        {"a", "user::r--", 0451, {{0, 0, 0}}},
        {"b", "group::-w-", 0721, {{0, 0, 0}}},
        {"c", "other::r--", 0754, {{0, 0, 0}}},
        {"d", "mask::rw-", 0761, {{UO, 7, NO_ID}, {GO, 5, NO_ID}, {M, 6, NO_ID}, {O, 1, NO_ID}}},
        {"e",
         "mask::r--,user:1000:rwx",
         0741,
         {{UO, 7, NO_ID}, {U, 7, 1000}, {GO, 5, NO_ID}, {M, 4, NO_ID}, {O, 1, NO_ID}}},
        {"f", " # nothing", 0751, {{0, 0, 0}}},
        {"g", "\n,", 0751, {{0, 0, 0}}},
    };
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s), pax = {0};
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < sizeof(acls) / sizeof(acls[0]); i++) {
        tar_record_text(&pax, "SCHILY.acl.access", acls[i].text);
        put_attributed(tar, acls[i].path, '0', 02751, &pax);
    }
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    for (size_t i = 0; i < sizeof(acls) / sizeof(acls[0]); i++) {
        bool kept = acls[i].want[0].tag != 0;

        assert_int_equal(inode_at(fs, acls[i].path).large.i_mode,
                         LINUX_S_IFREG | 02000 | acls[i].mode);
        assert_int_equal(count_xattrs(fs, acls[i].path), kept);
        if (kept)
            expect_acl(fs, acls[i].path, "system.posix_acl_access", acls[i].want);
    }
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
}

/* ACLs where Linux has none: on links, and default ones on all but directories. In whatever layout,
 * since none took them. */
static void test_acls_in_the_wrong_place(void **state)
{
    static const char *const forms[] = {"SCHILY.acl.access", "SCHILY.acl.default"};

    (void)state;
    for (uint32_t layout = 1; layout <= 3; layout++) {
        struct stack s = {.layout = layout};
        struct li_buffer pax = {0}, *tar = stack_layer(&s);
        const struct li_note *note;
        ext2_filsys fs;

        tar_record_text(&pax, forms[0], "user::rwx,user:joe:rwx:5,group::r--,mask::rwx,other::r--");
        put_attributed(tar, "l", '2', 0777, &pax);
        tar_record_text(&pax, forms[1], "user::rwx,group::r--,other::r--");
        put_attributed(tar, "f", '0', 0640, &pax);
        li_buffer_free(&pax);
        fs = open_ext4(&s);
        assert_int_equal(count_xattrs(fs, "l"), 0);
        assert_int_equal(count_xattrs(fs, "f"), 0);
        assert_int_equal(inode_at(fs, "l").large.i_mode & 07777, 0777);
        assert_int_equal(inode_at(fs, "f").large.i_mode & 07777, 0640);
        note = li_tree_note(s.tree, LI_NOTE_TYPE);
        assert_int_equal(note->entries, 2);
        assert_string_equal(note->path, "l");
        assert_string_equal(note->text, "system.posix_acl_access");
        close_ext4(&s, fs);
    }
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
        {"user::rw-,user:joe:rwx,garbage,group::r--,mask::rwx,other::r--", "SCHILY.acl.access",
         LI_ECORRUPT},
        {"user::rw-,user:4294967295:rwx,group::r--,mask::rwx,other::r--", "4294967294",
         LI_EUNSUPPORTED},
        {"user::rw-,user:99999999999999999999:rwx,group::r--,mask::rwx,other::r--", "4294967294",
         LI_EUNSUPPORTED},
        {"user::rw-,user:5:rwx,group::r--,other::r--", "is not valid", LI_ECORRUPT},
        {"user:5:rwx", "is not valid", LI_ECORRUPT},
        {"user::rw-,user::rw-", "is not valid", LI_ECORRUPT},
    };
    struct stack s = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct li_buffer pax = {0};

        tar_record_text(&pax, "SCHILY.acl.access", wrong[i].text);
        put_attributed(stack_layer(&s), "f", '0', 0644, &pax);
        expect_no_image(&s, wrong[i].code, wrong[i].words);
        li_buffer_free(&pax);
    }
    for (int directory = 0; directory < 2; directory++) {
        struct li_buffer pax = {0};

        /* No mode says what a default ACL lacks. */
        tar_record_text(&pax, "SCHILY.acl.default", "user::rwx,group::r-x");
        put_attributed(stack_layer(&s), "f", directory ? '5' : '0', 0755, &pax);
        if (directory)
            expect_no_image(&s, LI_ECORRUPT, "is not valid");
        else
            close_ext4(&s, open_ext4(&s));
        li_buffer_free(&pax);
    }
}

/* Whatever Linux would make of it elsewhere. */
static void test_text_acls_on_links(void **state)
{
    static const char *const texts[] = {"user::rwx,group::rwx,other::rwx", "user::rwx",
                                        "user:5:rwx", "user:joe:rwx", "#"};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s), pax = {0};
    ext2_filsys fs;
    char path[2] = "a";

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++, path[0]++) {
        tar_record_text(&pax, "SCHILY.acl.access", texts[i]);
        put_attributed(tar, path, '2', 0777, &pax);
    }
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    while (path[0]-- > 'a') {
        assert_int_equal(count_xattrs(fs, path), 0);
        assert_int_equal(inode_at(fs, path).large.i_mode, LINUX_S_IFLNK | 0777);
    }
    assert_int_equal(li_tree_note(s.tree, LI_NOTE_TYPE)->entries, 3);
    close_ext4(&s, fs);
}

/* As GNU tar writes them. Such an ACL is left out as a whole, and the mode stays as it is. */
static void test_acls_with_names(void **state)
{
    static const struct {
        const char *path, *key, *text;
    } acls[] = {
        {"a", "SCHILY.acl.access", "user::rwx,user:lisa:r-x,group::r--,mask::r-x,other::---"},
        {"b", "SCHILY.acl.access",
         "user::rwx\ngroup::r--\ngroup:wheel:rwx\nmask::rwx\nother::r--\n"},
        {"c", "SCHILY.acl.default",
         "user::rwx,user:1:r-x,u:joe:r-x,group::r--,mask::r-x,other::---"},
        {"d", "SCHILY.acl.access", "user::rwx,user:1x:r-x,group::r--,mask::r-x,other::---"},
    };
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s), pax = {0};
    const struct li_note *note;
    uint8_t value[200];
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < sizeof(acls) / sizeof(acls[0]); i++) {
        tar_record_text(&pax, acls[i].key, acls[i].text);
        put_attributed(tar, acls[i].path, '5', 01751, &pax);
    }
    /* The attribute's form is the one that counts; the other is not missed. */
    tar_record_text(&pax, acls[0].key, acls[0].text);
    add_xattr(&pax, "system.posix_acl_access", value, make_acl(extended, value));
    put_attributed(tar, "kept", '5', 01751, &pax);
    /* Numbers up to the last that Linux has. */
    tar_record_text(&pax, "SCHILY.acl.access",
                    "user::rwx,user:lisa:r-x:4294967294,group::r--,mask::r-x,other::---");
    put_attributed(tar, "last", '0', 0751, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    for (size_t i = 0; i < sizeof(acls) / sizeof(acls[0]); i++) {
        assert_int_equal(count_xattrs(fs, acls[i].path), 0);
        assert_int_equal(inode_at(fs, acls[i].path).large.i_mode, LINUX_S_IFDIR | 01751);
    }
    expect_acl(fs, "kept", "system.posix_acl_access", extended);
    assert_int_equal(count_xattrs(fs, "last"), 1);
    note = li_tree_note(s.tree, LI_NOTE_ACL_NAME);
    assert_int_equal(note->entries, 4);
    assert_string_equal(note->path, "a");
    assert_string_equal(note->text, "user:lisa");
    close_ext4(&s, fs);
}

/* An ACL costs what it is long, whatever is in it: the most entries that a record has room for. */
static void test_long_acls(void **state)
{
    struct li_buffer text = {0}, pax = {0};
    struct stack s = {0};
    char entry[32];

    (void)state;
    tar_append(&text, "user::rwx,group::r--,mask::r-x,other::---", 41);
    for (int i = 0; text.len < 1000000; i++) {
        snprintf(entry, sizeof(entry), ",user:n%d:r-x", i);
        tar_append(&text, entry, strlen(entry));
    }
    tar_record(&pax, "SCHILY.acl.access", text.data, text.len);
    put_attributed(stack_layer(&s), "f", '0', 0644, &pax);
    close_ext4(&s, open_ext4(&s));
    text.len = 41;
    for (int i = 0; i < 8192; i++) {
        snprintf(entry, sizeof(entry), ",user:%d:r-x", i);
        tar_append(&text, entry, strlen(entry));
    }
    tar_record(&pax, "SCHILY.acl.access", text.data, text.len);
    put_attributed(stack_layer(&s), "f", '0', 0644, &pax);
    expect_no_image(&s, LI_ELIMIT, "more than 8192 entries");
    li_buffer_free(&text);
    li_buffer_free(&pax);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acls),
        cmocka_unit_test(test_names_in_acls),
        cmocka_unit_test(test_acls_that_are_modes),
        cmocka_unit_test(test_incomplete_text_acls),
        cmocka_unit_test(test_wrong_acls),
        cmocka_unit_test(test_acls_in_the_wrong_place),
        cmocka_unit_test(test_wrong_text_acls),
        cmocka_unit_test(test_text_acls_on_links),
        cmocka_unit_test(test_acls_with_names),
        cmocka_unit_test(test_long_acls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
