/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes, from a tar's records to what others read in the image. */
#include "tests/fixtures/xattrs.h"

#include "base/bytes.h"

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
    put_attributed(tar, "f", '0', 0644, &pax);
    add_xattr(&pax, "security.capability", capability, sizeof(capability));
    put_attributed(tar, "ping", '0', 0755, &pax);
    add_xattr(&pax, "user.d", "directory", 9);
    put_attributed(tar, "d", '5', 0755, &pax);
    add_xattr(&pax, "trusted.l", "link", 4);
    put_attributed(tar, "l", '2', 0777, &pax);
    add_xattr(&pax, "user.\xc3\xa9.\xff", "odd", 3);
    put_attributed(tar, "odd", '0', 0644, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    assert_int_equal(count_xattrs(fs, "f"), 5);
    expect_xattr(fs, "f", "user.empty", "", 0);
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
    static const char *const names[] = {"user.", "trusted.", "security."};
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

/* What other systems keep with files is left out, and counted, whatever its size; what Linux has a
 * place for stays. */
static void test_other_systems(void **state)
{
    static const char *const names[] = {
        "com.apple.quarantine",  "other.x", "system.nfs4_acl", "userx", ".user.x",
        "system.posix_acl_acces"};
    struct li_buffer pax = {0};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    uint8_t *value = tar_bytes(1, 70000);
    const struct li_note *left_out;
    char name[32];
    ext2_filsys fs;

    (void)state;
    tar_file(tar, "plain", "text");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(name, sizeof(name), "f%zu", i);
        add_xattr(&pax, names[i], value, i ? 3 : 70000);
        add_xattr(&pax, "user.kept", "yes", 3);
        if (i == 0)
            tar_record_text(&pax, "LIBARCHIVE.xattr.com.apple.lastuseddate%23PS", "MQ==");
        put_attributed(tar, name, '0', 0644, &pax);
    }
    add_xattr(&pax, "com.apple.macl", "1", 1);
    put_attributed(tar, "d", '5', 0755, &pax);
    add_xattr(&pax, "com.apple.empty", "", 0);
    put_attributed(tar, "empty", '0', 0644, &pax);
    /* An entry that is replaced counts; a whiteout and a further name of a file are none. */
    tar = stack_layer(&s);
    add_xattr(&pax, "com.apple.macl", "1", 1);
    put_attributed(tar, "f1", '2', 0777, &pax);
    add_xattr(&pax, "com.apple.macl", "1", 1);
    put_attributed(tar, ".wh.f2", '0', 0644, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    left_out = li_tree_note(s.tree, LI_NOTE_NAME_SPACE);
    assert_int_equal(left_out->entries, sizeof(names) / sizeof(names[0]) + 3);
    assert_string_equal(left_out->path, "f0");
    assert_string_equal(left_out->text, "com.apple.lastuseddate#PS");
    assert_int_equal(count_xattrs(fs, "f0"), 1);
    expect_xattr(fs, "f0", "user.kept", "yes", 3);
    expect_xattr(fs, "f5", "user.kept", "yes", 3);
    assert_int_equal(count_xattrs(fs, "d"), 0);
    close_ext4(&s, fs);
    free(value);
}

/* A file of TYPE, whose name that is, with attributes of all kinds. */
static void put_type(struct li_buffer *tar, char type)
{
    static const uint8_t acl[] = {2,    0,    0, 0, 1,    0,    6,    0,    0xff, 0xff,
                                  0xff, 0xff, 4, 0, 0,    0,    0xff, 0xff, 0xff, 0xff,
                                  0x20, 0,    0, 0, 0xff, 0xff, 0xff, 0xff};
    const char path[] = {type, '\0'};
    struct li_buffer pax = {0};

    add_xattr(&pax, "user.b", "1", 1);
    add_xattr(&pax, "user.a", "", 0);
    add_xattr(&pax, "trusted.a", "2", 1);
    add_xattr(&pax, "security.a", "3", 1);
    add_xattr(&pax, "system.posix_acl_access", acl, sizeof(acl));
    add_xattr(&pax, "system.posix_acl_default", acl, sizeof(acl));
    tar_put(tar, &(struct tar_entry){.path = path,
                                     .type = type,
                                     .target = type == '1' || type == '2' ? "t" : NULL,
                                     .mode = 0777,
                                     .pax = &pax});
    li_buffer_free(&pax);
}

/* What the kernel refuses on a file of that type is left out, whatever else the file has. */
static void test_types(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    const struct li_note *note;
    char path[2] = "0";
    ext2_filsys fs;

    (void)state;
    tar_file(tar, "t", "text");
    for (char type = '0'; type <= '6'; type++)
        put_type(tar, type);
    fs = open_ext4(&s);
    for (const char *type = "02346"; *type; type++) {
        path[0] = *type;
        assert_int_equal(count_xattrs(fs, path), *type == '0' ? 4 : 2);
        expect_xattr(fs, path, "trusted.a", "2", 1);
        expect_xattr(fs, path, "security.a", "3", 1);
        assert_int_equal(inode_at(fs, path).large.i_mode & 0777, *type == '2' ? 0777 : 0600);
    }
    assert_int_equal(count_xattrs(fs, "5"), 5);
    note = li_tree_note(s.tree, LI_NOTE_TYPE);
    assert_int_equal(note->entries, 5);
    assert_string_equal(note->path, "0");
    assert_string_equal(note->text, "system.posix_acl_default");
    close_ext4(&s, fs);
}

/* Layouts before 3 had user attributes on all types, and none that is empty. */
static void test_older_layouts(void **state)
{
    (void)state;
    for (uint32_t layout = 1; layout < 3; layout++) {
        struct stack s = {.layout = layout};
        struct li_buffer pax = {0}, *tar = stack_layer(&s);
        ext2_filsys fs;

        for (const char *type = "0236"; *type; type++) {
            char path[2] = {*type};

            add_xattr(&pax, "user.empty", "", 0);
            add_xattr(&pax, "user.full", "1", 1);
            put_attributed(tar, path, *type, 0700, &pax);
        }
        li_buffer_free(&pax);
        fs = open_ext4(&s);
        for (const char *type = "0236"; *type; type++) {
            char path[2] = {*type};

            assert_int_equal(count_xattrs(fs, path), 1);
            expect_xattr(fs, path, "user.full", "1", 1);
        }
        assert_int_equal(li_tree_note(s.tree, LI_NOTE_TYPE)->entries, 0);
        close_ext4(&s, fs);
    }
}

/* Empty values, in the inode and in a block, alone and beside others. */
static void test_empty_values(void **state)
{
    struct li_buffer pax = {0};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    uint8_t *value = tar_bytes(1, 500);
    ext2_filsys fs;

    (void)state;
    put_one(tar, "one", "user.a", "", 0);
    tar_record_text(&pax, "LIBARCHIVE.xattr.user.a", "");
    put_attributed(tar, "two", '0', 0644, &pax);
    add_xattr(&pax, "user.a", "", 0);
    add_xattr(&pax, "user.b", value, 500);
    add_xattr(&pax, "user.c", "", 0);
    put_attributed(tar, "block", '5', 0755, &pax);
    add_xattr(&pax, "system.posix_acl_access", "", 0);
    add_xattr(&pax, "system.posix_acl_default", "", 0);
    put_attributed(tar, "acl", '5', 0755, &pax);
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    expect_xattr(fs, "one", "user.a", "", 0);
    expect_xattr(fs, "two", "user.a", "", 0);
    assert_int_equal(small_inode(fs, find_ino(fs, "one")).i_file_acl, 0);
    assert_int_equal(count_xattrs(fs, "block"), 3);
    assert_int_not_equal(small_inode(fs, find_ino(fs, "block")).i_file_acl, 0);
    expect_xattr(fs, "block", "user.a", "", 0);
    expect_xattr(fs, "block", "user.b", value, 500);
    expect_xattr(fs, "block", "user.c", "", 0);
    assert_int_equal(count_xattrs(fs, "acl"), 0);
    close_ext4(&s, fs);
    free(value);
}

/* As libarchive's own writer has it: each attribute in two forms. Of one record that comes twice
 * the last counts. */
static void test_twice(void **state)
{
    struct li_buffer pax = {0};
    struct stack s = {0};
    ext2_filsys fs;

    (void)state;
    add_xattr(&pax, "user.a", "one", 3);
    tar_record_text(&pax, "LIBARCHIVE.xattr.user.a", "b25l");
    put_attributed(stack_layer(&s), "f", '0', 0644, &pax);
    fs = open_ext4(&s);
    assert_int_equal(count_xattrs(fs, "f"), 1);
    expect_xattr(fs, "f", "user.a", "one", 3);
    close_ext4(&s, fs);
    add_xattr(&pax, "user.a", "one", 3);
    add_xattr(&pax, "user.a", "two", 3);
    put_attributed(stack_layer(&s), "f", '0', 0644, &pax);
    fs = open_ext4(&s);
    expect_xattr(fs, "f", "user.a", "two", 3);
    close_ext4(&s, fs);
    li_buffer_free(&pax);
}

static void expect_spelt(const char *const *records, const char *name, const void *value,
                         size_t len)
{
    for (int backwards = 0; backwards < 2; backwards++) {
        size_t count = 0;
        struct li_buffer pax = {0};
        struct stack s = {0};
        ext2_filsys fs;

        while (records[count])
            count += 2;
        for (size_t i = 0; i < count; i += 2) {
            size_t at = backwards ? count - 2 - i : i;
            const char *text = records[at + 1];

            /* "$" stands for a NUL. */
            if (strchr(text, '$'))
                tar_record(&pax, records[at], (char[]){text[0], '\0'}, 2);
            else
                tar_record_text(&pax, records[at], text);
        }
        put_attributed(stack_layer(&s), "f", '0', 0644, &pax);
        li_buffer_free(&pax);
        fs = open_ext4(&s);
        assert_int_equal(count_xattrs(fs, "f"), 1);
        expect_xattr(fs, "f", name, value, len);
        close_ext4(&s, fs);
    }
}

#define expect_one(name, value, len, ...)                                                          \
    expect_spelt((const char *const[]){__VA_ARGS__, NULL}, (name), (value), (len))

/* Of several spellings SCHILY's counts, as it is, in whatever order they come. */
static void test_spellings(void **state)
{
    static const char label[] = "security.selinux", rht[] = "RHT.security.selinux",
                      schily[] = "SCHILY.xattr.security.selinux",
                      libarchive[] = "LIBARCHIVE.xattr.security.selinux";

    (void)state;
    expect_one(label, "a", 1, rht, "a");
    expect_one(label, "a", 2, schily, "a$");
    expect_one(label, "a", 2, rht, "a", schily, "a$");
    expect_one(label, "a", 1, rht, "a", schily, "a");
    expect_one(label, "b", 2, rht, "a", schily, "b$");
    expect_one(label, "b", 1, rht, "a", libarchive, "Yg==");
    expect_one(label, "c", 1, rht, "a", libarchive, "Yg==", schily, "c");
    expect_one(label, "", 0, rht, "a", schily, "");
    expect_one(label, "b", 1, rht, "", libarchive, "Yg==");
    expect_one("user.a", "two", 3, "SCHILY.xattr.user.a", "two", "LIBARCHIVE.xattr.user.a", "b25l");
    expect_one("user.a", "two", 3, "SCHILY.xattr.user.a", "two", "LIBARCHIVE.xattr.user%2Ea",
               "b25l");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_spaces),   cmocka_unit_test(test_wrong_names),
        cmocka_unit_test(test_other_systems), cmocka_unit_test(test_twice),
        cmocka_unit_test(test_spellings),     cmocka_unit_test(test_types),
        cmocka_unit_test(test_older_layouts), cmocka_unit_test(test_empty_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
