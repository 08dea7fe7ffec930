/* SPDX-License-Identifier: Apache-2.0 */
/* The comparison where a stored image is broken, where either side has holes, and its limits. */
#include "tests/fixtures/comparison.h"

/* What only a broken image has, by bytes of it. */
static void expect_twisted(struct twist by, const char *entries, const char *want)
{
    struct stack stored = {0}, layers = {0};

    for (int i = 0; i < 2; i++) {
        struct li_buffer *tar = stack_layer(i ? &layers : &stored);

        tar_entries(tar, entries);
        tar_put(tar, &(struct tar_entry){.path = "t", .mtime = 0x5a5b5c5d});
    }
    twist = by;
    check(&stored, &layers, want);
    twist = (struct twist){0};
}

#define twisted(bytes, at, value) ((struct twist){bytes, sizeof(bytes) - 1, at, value})

static void test_broken_directories(void **state)
{
    (void)state;
    expect_twisted(twisted("\006\001file-a", 1, 2), "file-a=1 b*file-a",
                   "/file-a: type in its directory: directory, file\n");
    expect_twisted(twisted("\006\001link-b", 1, 0), "a=1 link-b*a",
                   "/link-b: type in its directory: unknown, file\n");
    expect_twisted(twisted("\002\0\0\0\014\0\001\002.\0", 0, 11), "a=1", "/: inode of .: 11, 2\n");
    expect_twisted(twisted("\002\0\0\0\014\0\002\002..", 0, 11), "a=1", "/: inode of ..: 11, 2\n");
    expect_twisted(twisted("\002..\0", 1, 'x'), "a=1",
                   "/: inode of ..: 0, 2\n/x.: path: directory, none\n");
}

/* An index that leads to the first of its blocks only. */
static void test_broken_index(void **state)
{
    struct stack stored = {0}, layers = {0};
    struct li_error err = LI_ERROR_INIT;
    struct li_compare_result result = {0};
    struct li_buffer said = {0};
    char path[200];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct li_buffer *tar = stack_layer(i ? &layers : &stored);

        for (int j = 0; j < 60; j++) {
            snprintf(path, sizeof(path), "d/%0100d", j);
            tar_file(tar, path, "1");
        }
    }
    twist = twisted("..\0\0\0\0\0\0", 14, 1);
    assert_done(compare(&stored, &layers, &said, &result, &err), &err);
    twist = (struct twist){0};
    tar_append(&said, "", 1);
    assert_in_range(result.differences, 1, 59);
    assert_non_null(strstr((const char *)said.data, ": inode that a look-up gives: 0, "));
    li_buffer_free(&said);
}

static void test_other_times(void **state)
{
    static const char times[] = "\x5d\x5c\x5b\x5a\x5d\x5c\x5b\x5a\x5d\x5c\x5b\x5a";

    (void)state;
    expect_twisted(twisted(times, 0, 0x5c), "a=1",
                   "/t: atime beside its mtime: 1515936860.000000000, 1515936861.000000000\n");
    expect_twisted(twisted(times, 4, 0x5e), "a=1",
                   "/t: ctime beside its mtime: 1515936862.000000000, 1515936861.000000000\n");
}

/* TEXT at the end of 300,000 bytes, after a hole; or all of the bytes written out. */
static void put_holes(struct stack *s, bool sparse, const char *text, size_t size)
{
    enum { LAST = 200000 };
    size_t len = strlen(text);
    char map[60], *data = calloc(1, size);
    struct tar_entry entry = {.path = "f", .mode = 0644, .data = data, .length = size};
    struct li_buffer pax = {0};

    assert_non_null(data);
    memcpy(data + LAST, text, len);
    if (sparse) {
        snprintf(map, sizeof(map), "%d,%zu,%zu,0", LAST, len, size);
        tar_record_number(&pax, "GNU.sparse.size", size);
        tar_record_text(&pax, "GNU.sparse.numblocks", "2");
        tar_record_text(&pax, "GNU.sparse.map", map);
        entry.pax = &pax;
        entry.data = text;
        entry.length = len;
    }
    tar_put(stack_layer(s), &entry);
    li_buffer_free(&pax);
    free(data);
}

static void test_holes(void **state)
{
    (void)state;
    for (int forms = 0; forms < 4; forms++) {
        struct stack stored = {0}, layers = {0};

        put_holes(&stored, forms & 1, "data", 300000);
        put_holes(&layers, forms & 2, "data", 300000);
        check(&stored, &layers, "");
        put_holes(&stored, forms & 1, "data", 300000);
        put_holes(&layers, forms & 2, "dada", 300000);
        check(&stored, &layers, "/f: byte 200002: 74, 64\n");
    }
}

/* What one side has in the other's hole, which is before its data or after it. */
static void test_data_in_holes(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        struct stack stored = {0}, layers = {0};
        size_t at = after ? 299999 : 100000;
        char *data = calloc(1, 300000), want[60];

        assert_non_null(data);
        memcpy(data + 200000, "data", 4);
        data[at] = 'x';
        tar_put(stack_layer(&stored),
                &(struct tar_entry){.path = "f", .mode = 0644, .data = data, .length = 300000});
        free(data);
        put_holes(&layers, true, "data", 300000);
        snprintf(want, sizeof(want), "/f: byte %zu: 78, 00\n", at);
        check(&stored, &layers, want);
    }
}

/* An ACL as the attribute's bytes, and as text. */
static void expect_same_acl(const char *text, const void *bytes, size_t size)
{
    struct li_buffer one = {0}, other = {0};

    tar_record_text(&one, "SCHILY.acl.access", text);
    tar_record(&other, "SCHILY.xattr.system.posix_acl_access", bytes, size);
    for (int i = 0; i < 2; i++)
        expect_entries(&(struct tar_entry){.path = "f", .mode = 0640, .pax = i ? &one : &other},
                       &(struct tar_entry){.path = "f", .mode = 0640, .pax = i ? &other : &one},
                       "");
    li_buffer_free(&one);
    li_buffer_free(&other);
}

static void test_acl_forms(void **state)
{
    static const char least[] = "\2\0\0\0\1\0\7\0\377\377\377\377\4\0\5\0\377\377\377\377"
                                "\40\0\0\0\377\377\377\377";
    static const char more[] = "\2\0\0\0\1\0\6\0\377\377\377\377\2\0\4\0\350\3\0\0"
                               "\4\0\5\0\377\377\377\377\20\0\7\0\377\377\377\377"
                               "\40\0\0\0\377\377\377\377";

    (void)state;
    expect_same_acl("user::rwx,group::r-x,other::---", least, sizeof(least) - 1);
    expect_same_acl("user::rw-,user:a:r--:1000,group::r-x,mask::rwx,other::---", more,
                    sizeof(more) - 1);
}

/* ---- limits ---- */

static void expect_entry_failed(const struct tar_entry *entry, int code, const char *words)
{
    struct stack layers = {0};

    tar_put(stack_layer(&layers), entry);
    expect_failed(&layers, code, words);
}

/* None is cut to something that could be stored. */
static void test_too_large(void **state)
{
    struct tar_entry device = {.path = "f", .type = '3', .minor = 1};
    struct li_buffer pax = {0};
    char target[4097] = "", key[40];

    (void)state;
    memset(target, 't', sizeof(target) - 1);
    expect_entry_failed(&(struct tar_entry){.path = "l", .type = '2', .target = target},
                        LI_EUNSUPPORTED, "4096 bytes");
    expect_entry_failed(&(struct tar_entry){.path = "l", .type = '2'}, LI_ECORRUPT, "no target");
    expect_entry_failed(&(struct tar_entry){.path = "f", .uid = UINT64_C(1) << 32}, LI_EUNSUPPORTED,
                        "uid is 4294967296");
    expect_entry_failed(&(struct tar_entry){.path = "f", .gid = (uint64_t)-1}, LI_EUNSUPPORTED,
                        "gid is -1");
    expect_entry_failed(&(struct tar_entry){.path = "f", .uid = UINT32_MAX}, LI_EUNSUPPORTED,
                        "an owner is 4294967295");
    tar_record_text(&pax, "SCHILY.devmajor", "4294967296");
    device.pax = &pax;
    expect_entry_failed(&device, LI_EUNSUPPORTED, "major is 4294967296");
    pax.len = 0;
    tar_record_text(&pax, "SCHILY.devminor", "-1");
    expect_entry_failed(&device, LI_EUNSUPPORTED, "minor is -1");
    pax.len = 0;
    for (int i = 0; i < 1025; i++) {
        snprintf(key, sizeof(key), "SCHILY.xattr.user.%d", i);
        tar_record_text(&pax, key, "1");
    }
    expect_entry_failed(&(struct tar_entry){.path = "f", .pax = &pax}, LI_ELIMIT,
                        "more than 1024 attributes");
    li_buffer_free(&pax);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_directories),
        cmocka_unit_test(test_broken_index),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_data_in_holes),
        cmocka_unit_test(test_acl_forms),
        cmocka_unit_test(test_other_times),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
