/* SPDX-License-Identifier: Apache-2.0 */
/* Names and paths: any bytes, in each of the ways a tar can store them, in any locale. */
#include "tests/fixtures/ext4_image.h"

#include <locale.h>

#define UTF8 "gr\xc3\xbc\xc3\x9f\x65-\xe2\x82\xac-\xf0\x9f\x90\xa7"
#define DECOMPOSED "a\xcc\x88" /* not the same bytes as the composed letter, so another name */
#define COMPOSED "\xc3\xa4"
#define INVALID "\xff\xfe-\xe9-\xc3\x28-\xc0\xaf"
#define CONTROL "\x01-\t-\n-\x7f-\\-\""

static const char *const odd_names[] = {UTF8, DECOMPOSED, COMPOSED, INVALID, CONTROL};

enum { ODD_NAMES = sizeof(odd_names) / sizeof(odd_names[0]) };

static void put(struct li_buffer *tar, enum tar_form form, char type, const char *path,
                const char *target)
{
    tar_put(tar, &(struct tar_entry){
                     .path = path, .target = target, .type = type, .form = form, .mode = 0755});
}

/* For each odd name a directory with a file, a symbolic and a hard link of it. */
static struct stack odd_stack(enum tar_form form)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char file[100], link[100];

    for (size_t i = 0; i < ODD_NAMES; i++) {
        const char *name = odd_names[i];

        put(tar, form, '5', name, NULL);
        snprintf(file, sizeof(file), "%s/%s", name, name);
        put(tar, form, '0', file, NULL);
        snprintf(link, sizeof(link), "%s/s", name);
        put(tar, form, '2', link, name);
        snprintf(link, sizeof(link), "%s/h", name);
        put(tar, form, '1', link, file);
    }
    tar_entries(stack_layer(&s), ".wh." DECOMPOSED "=");
    return s;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void expect_odd_tree(struct stack *s)
{
    const char *names[ODD_NAMES];
    char want[2000] = "";
    size_t at = 0;

    memcpy(names, odd_names, sizeof(names));
    qsort(names, ODD_NAMES, sizeof(names[0]), compare_names);
    for (size_t i = 0; i < ODD_NAMES; i++) {
        const char *n = names[i], *space = at ? " " : "";
        bool before = strcmp(n, "h")<0, after = strcmp(n, "s")> 0;
        char file[200];

        if (strcmp(n, DECOMPOSED) == 0)
            continue;
        snprintf(file, sizeof(file), " %s/%s=*2", n, n);
        at +=
            (size_t)sprintf(want + at, "%s%s/%s %s/h=*2%s %s/s>%s%s", space, n, before ? file : "",
                            n, before || after ? "" : file, n, n, after ? file : "");
    }
    expect_tree(s, want);
}

static void test_any_bytes(void **state)
{
    static const enum tar_form forms[] = {TAR_SHORT, TAR_PAX, TAR_GNU, TAR_USTAR};

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct stack s = odd_stack(forms[i]);

        expect_odd_tree(&s);
    }
}

static void test_any_locale(void **state)
{
    static const enum tar_form forms[] = {TAR_SHORT, TAR_PAX, TAR_GNU, TAR_USTAR};
    char plain[65], utf8[65];

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct stack s = odd_stack(forms[i]);

        assert_non_null(setlocale(LC_ALL, "C"));
        stack_digest(&s, false, plain);
        assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
        stack_digest(&s, false, utf8);
        assert_string_equal(plain, utf8);
        expect_odd_tree(&s);
        assert_non_null(setlocale(LC_ALL, "C"));
    }
}

/* PAX records may say that their bytes are in no character set. */
static void test_binary_pax_names(void **state)
{
    struct li_buffer pax = {0};
    struct stack s = {0};

    (void)state;
    tar_record_text(&pax, "hdrcharset", "BINARY");
    tar_record_text(&pax, "path", INVALID);
    tar_record_text(&pax, "linkpath", UTF8);
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "x", .type = '2', .pax = &pax});
    li_buffer_free(&pax);
    expect_tree(&s, INVALID ">" UTF8);
}

/* Go's writer leaves what is not ASCII out of the header, and then there may be nothing left. */
static void test_targets_in_pax_only(void **state)
{
    static const char types[] = {'2', '1'};
    static const char *const want[] = {UTF8 "= l>" UTF8, UTF8 "=*2 l=*2"};

    (void)state;
    for (size_t i = 0; i < sizeof(types); i++) {
        struct stack s = {0};
        struct li_buffer pax = {0}, *tar = stack_layer(&s);

        tar_record_text(&pax, "linkpath", UTF8);
        put(tar, TAR_SHORT, '0', UTF8, NULL);
        tar_put(tar, &(struct tar_entry){.path = "l", .type = types[i], .pax = &pax});
        li_buffer_free(&pax);
        expect_tree(&s, want[i]);
    }
}

/* What is before the NUL must not be taken for the name. */
static void test_nul_in_names(void **state)
{
    static const char *const keys[] = {"path", "linkpath", "GNU.sparse.name"};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct stack s = {0};
        struct li_buffer pax = {0};

        tar_record(&pax, keys[i], "a\0b", 3);
        tar_put(stack_layer(&s),
                &(struct tar_entry){
                    .path = "l", .target = "t", .type = i == 2 ? '0' : '2', .pax = &pax});
        expect_no_image(&s, LI_ECORRUPT, "has a NUL");
        /* The same with a name that is not ASCII. */
        tar_record_text(&pax, "path", UTF8);
        tar_put(stack_layer(&s),
                &(struct tar_entry){
                    .path = UTF8, .target = "t", .type = i == 2 ? '0' : '2', .pax = &pax});
        li_buffer_free(&pax);
        expect_no_image(&s, LI_ECORRUPT, "has a NUL");
    }
}

static void test_clean_paths(void **state)
{
    (void)state;
    expect_merge("a=1 b/ b/c=2", "./a=1 .//b/ ././b//c=2 ./");
    expect_merge("b=1", "a/../b=1");
    expect_merge("a/ a/b=1 c=2", "/a/b=1 //c=2");
    expect_merge("a/ a/b=1", "a/ a/b/../c/.././b=1");
    expect_merge("a/ a/b=1*2 c=1*2", "a/b=1 c*./a//x/../b");
    expect_merge("d=2", "d/ d/x=1", "./.wh.d=", "./x/../d=2");
    for (int i = 0; i < 2; i++) {
        static const char *const paths[] = {"../x=1", "a/../../x=1"};
        struct stack s = make_stack(paths[i]);

        expect_no_image(&s, LI_EINVALID, "leads out of the image");
    }
}

static void test_long_names(void **state)
{
    static const enum tar_form forms[] = {TAR_SHORT, TAR_PAX, TAR_GNU};
    char name[300], want[600];

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct stack s = {0};

        memset(name, 'n', 255);
        name[255] = '\0';
        put(stack_layer(&s), forms[i], '0', name, NULL);
        snprintf(want, sizeof(want), "%s=", name);
        expect_tree(&s, want);
        strcpy(name + 255, "n");
        put(stack_layer(&s), forms[i], '0', name, NULL);
        expect_no_image(&s, LI_EINVALID, "name of 256 bytes");
        strcat(name, "/x");
        put(stack_layer(&s), forms[i], '0', name, NULL);
        expect_no_image(&s, LI_EINVALID, "name of 256 bytes");
    }
    memset(name, 'p', 140);
    strcpy(name + 140, "/q");
    for (int i = 0; i < 2; i++) {
        struct stack s = {0};

        put(stack_layer(&s), TAR_USTAR, '0', name, NULL);
        snprintf(want, sizeof(want), "%.140s/ %s=", name, name);
        expect_tree(&s, want);
        memset(name + 142, 'r', 90);
        name[232] = '\0';
    }
}

/* The target's names may be longer than any file's, but not those that are walked. */
static void test_long_names_in_links(void **state)
{
    char target[300];
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);

    (void)state;
    memset(target, 'n', 256);
    target[256] = '\0';
    tar_symlink(tar, "l", target);
    tar_file(tar, "l/x", "1");
    expect_no_image(&s, LI_EINVALID, "link with a name of 256 bytes");
}

/* A path of LI_TREE_PATH_MAX bytes, whose last component is "file", and MORE bytes before it. */
static void fill_path(char path[LI_TREE_PATH_MAX + 2], int more)
{
    size_t at = 0;

    for (; at + 15 < LI_TREE_PATH_MAX; at += 10)
        memcpy(path + at, "directory/", 10);
    memset(path + at, 'x', LI_TREE_PATH_MAX - 5 - at + (size_t)more);
    strcpy(path + LI_TREE_PATH_MAX - 5 + more, "/file");
}

static void test_long_paths(void **state)
{
    enum { LEVELS = 408, RAW_LENGTH = 1 << 19 };
    static char path[RAW_LENGTH + 100];
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    struct ext2_inode inode;
    ext2_ino_t at = EXT2_ROOT_INO;
    ext2_filsys fs;

    (void)state;
    fill_path(path, 0);
    assert_int_equal(strlen(path), LI_TREE_PATH_MAX);
    tar_file(tar, path, "deep");
    fs = open_ext4(&s);
    for (int i = 0; i < LEVELS; i++)
        assert_int_equal(ext2fs_lookup(fs, at, "directory", 9, NULL, &at), 0);
    assert_int_equal(ext2fs_lookup(fs, at, "xxxxxxxxxx", 10, NULL, &at), 0);
    assert_int_equal(ext2fs_lookup(fs, at, "file", 4, NULL, &at), 0);
    assert_int_equal(ext2fs_read_inode(fs, at, &inode), 0);
    assert_int_equal(inode.i_size, 4);
    close_ext4(&s, fs);
    fill_path(path, 1);
    tar_file(stack_layer(&s), path, "deep");
    expect_no_image(&s, LI_EINVALID, "its path has 4096 bytes; Linux has paths of up to 4095");
    /* What counts is the path without "." and "..". */
    for (size_t i = 0; i < RAW_LENGTH / 2 - 2; i++)
        memcpy(path + 2 * i, "./", 2);
    strcpy(path + RAW_LENGTH - 4, "file");
    tar_file(stack_layer(&s), path, "text");
    fs = open_ext4(&s);
    assert_int_equal(ext2fs_lookup(fs, EXT2_ROOT_INO, "file", 4, NULL, &at), 0);
    close_ext4(&s, fs);
}

static void test_long_paths_in_messages(void **state)
{
    struct stack s = {0};
    char path[4001];

    (void)state;
    for (int i = 0; i < 400; i++)
        strcpy(path + (size_t)i * 10, "directory/");
    strcpy(path + 3990, "the-file");
    tar_put(stack_layer(&s), &(struct tar_entry){.path = path, .uid = UINT64_C(1) << 32});
    expect_no_image(&s, LI_EUNSUPPORTED, "/directory/the-file: its owner 4294967296:0");
    tar_link(stack_layer(&s), "link", path);
    expect_no_image(&s, LI_ECORRUPT, "/the-file, which does not exist");
}

static void test_empty_names(void **state)
{
    struct stack s = {0};

    (void)state;
    put(stack_layer(&s), TAR_SHORT, '0', "", NULL);
    expect_no_image(&s, LI_ECORRUPT, "no name");
    put(stack_layer(&s), TAR_SHORT, '2', "l", "");
    expect_no_image(&s, LI_ECORRUPT, "symbolic link without a target");
}

/* The root's own entry, in the ways that tars have it. */
static void test_root(void **state)
{
    static const char *const names[] = {"./", ".", "/", "a/..", ""};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct stack s = make_stack("a/ b=1");
        struct raw_inode root;
        ext2_filsys fs;

        tar_put(
            stack_layer(&s),
            &(struct tar_entry){
                .path = names[i], .type = '5', .mode = 01700, .uid = 5, .gid = 6, .mtime = 1234});
        fs = open_ext4(&s);
        root = inode_at(fs, "/");
        assert_int_equal(root.large.i_mode, LINUX_S_IFDIR | 01700);
        assert_int_equal(root.large.i_uid, 5);
        assert_int_equal(root.large.i_gid, 6);
        assert_int_equal(root.large.i_mtime, 1234);
        assert_int_equal(root.large.i_links_count, 3);
        close_ext4(&s, fs);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_bytes),        cmocka_unit_test(test_any_locale),
        cmocka_unit_test(test_binary_pax_names), cmocka_unit_test(test_targets_in_pax_only),
        cmocka_unit_test(test_nul_in_names),     cmocka_unit_test(test_clean_paths),
        cmocka_unit_test(test_long_names),       cmocka_unit_test(test_long_names_in_links),
        cmocka_unit_test(test_long_paths),       cmocka_unit_test(test_long_paths_in_messages),
        cmocka_unit_test(test_empty_names),      cmocka_unit_test(test_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
