/* SPDX-License-Identifier: Apache-2.0 */
/* The comparison of a stored image with layers: each thing that can differ, and what must not. */
#include "tests/fixtures/comparison.h"

/* Two stacks of one layer each, whose descriptions differ. */
#define expect(stored, layers, want)                                                               \
    do {                                                                                           \
        struct stack expect_stored = make_stack(stored), expect_layers = make_stack(layers);       \
                                                                                                   \
        check(&expect_stored, &expect_layers, (want));                                             \
    } while (0)

/* The stack makes the tree of the one layer WANT, and nothing else; also by the other reading. */
#define same(want, ...)                                                                            \
    do {                                                                                           \
        struct stack same_one = make_stack(want), same_other = make_stack(__VA_ARGS__);            \
                                                                                                   \
        check(&same_one, &same_other, "");                                                         \
        same_one = make_stack(__VA_ARGS__), same_other = make_stack(want);                         \
        check(&same_one, &same_other, "");                                                         \
    } while (0)

/* ---- what differs ---- */

static void test_paths_and_types(void **state)
{
    (void)state;
    expect("a=1 b=2", "a=1", "/b: path: file, none\n");
    expect("a=1", "a=1 b>c", "/b: path: none, symbolic link\n");
    expect("a/ a/x=1", "a>x", "/: links: 3, 2\n/a: type: directory, symbolic link\n");
    expect("a=1", "a/ a/x=1", "/: links: 2, 3\n/a: type: file, directory\n");
    expect("a>b", "a>c", "/a: target: b, c\n");
    expect("a=1 b*a", "a=1 b=1",
           "/a: links: 2, 1\n/b: links: 2, 1\n/b: inode: /a, one of its own\n");
    expect("a=1 b=1", "a=1 b*a", "/a: links: 1, 2\n/b: inode: one of its own, /a\n");
    expect("a=1 b=1 c*a d*b", "a=1 b=1 c*b d*a",
           "/c: inode: one of its own, /b\n/d: inode: one of its own, /a\n");
}

static void test_contents(void **state)
{
    (void)state;
    expect("a=12345", "a=12745", "/a: byte 2: 33, 37\n");
    expect("a=12345", "a=1234", "/a: size: 5, 4\n");
    expect("a=1234", "a=1274x", "/a: size: 4, 5\n/a: byte 2: 33, 37\n");
    expect("a=1 b=2", "a=3 b=2", "/a: byte 0: 31, 33\n");
}

/* One byte in each of the places where a file's extents and chunks meet. */
static void test_each_piece(void **state)
{
    static const size_t sizes[] = {4096, 4097, 262144, 262145, 524288, 524289, 1572865};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int last = 0; last < 2; last++) {
            size_t at = last ? sizes[i] - 1 : sizes[i] / 2;
            struct stack stored = {0}, layers = {0};
            uint8_t *data = tar_bytes(5, sizes[i]);
            char want[100];

            tar_put(stack_layer(&stored),
                    &(struct tar_entry){.path = "f", .data = data, .length = sizes[i]});
            snprintf(want, sizeof(want), "/f: byte %zu: %02x, %02x\n", at, data[at], data[at] ^ 1);
            data[at] ^= 1;
            tar_put(stack_layer(&layers),
                    &(struct tar_entry){.path = "f", .data = data, .length = sizes[i]});
            check(&stored, &layers, want);
            free(data);
        }
    }
}

static void test_metadata(void **state)
{
    const struct tar_entry file = {.path = "f", .mode = 0644, .mtime = 5};
    const struct tar_entry device = {.path = "f", .type = '3', .major = 5, .minor = 300};
    struct tar_entry other = file;

    (void)state;
    other.mode = 04755;
    expect_entries(&file, &other, "/f: mode: 0644, 4755\n");
    other = file;
    other.uid = 70000;
    expect_entries(&file, &other, "/f: uid: 0, 70000\n");
    other = file;
    other.gid = UINT32_MAX - 1;
    expect_entries(&file, &other, "/f: gid: 0, 4294967294\n");
    other = file;
    other.mtime = -1;
    expect_entries(&file, &other, "/f: mtime: 5.000000000, -1.000000000\n");
    other = device;
    other.major = 6;
    expect_entries(&device, &other, "/f: major: 5, 6\n");
    other = device;
    other.minor = 301;
    expect_entries(&device, &other, "/f: minor: 300, 301\n");
    other = device;
    other.type = '4';
    expect_entries(&device, &other, "/f: type: character device, block device\n");
    other.type = '6';
    expect_entries(&device, &other, "/f: type: character device, FIFO\n");
}

static void expect_pax(const char *key, const char *stored, const char *layers, const char *want)
{
    struct li_buffer one = {0}, other = {0};

    if (stored)
        tar_record_text(&one, key, stored);
    if (layers)
        tar_record_text(&other, key, layers);
    expect_entries(&(struct tar_entry){.path = "f", .mode = 0640, .pax = &one},
                   &(struct tar_entry){.path = "f", .mode = 0640, .pax = &other}, want);
    li_buffer_free(&one);
    li_buffer_free(&other);
}

static void test_attributes(void **state)
{
    (void)state;
    expect_pax("SCHILY.xattr.user.a", "1", "2", "/f: attribute user.a: 1 byte 31, 1 byte 32\n");
    expect_pax("SCHILY.xattr.user.a", "1", NULL, "/f: attribute user.a: 1 byte 31, none\n");
    expect_pax("SCHILY.xattr.user.a", NULL, "11", "/f: attribute user.a: none, 2 bytes 3131\n");
    expect_pax("SCHILY.xattr.user.a", NULL, "", "/f: attribute user.a: none, 0 bytes\n");
    expect_pax("SCHILY.xattr.user.a", "", "", "");
    expect_pax("SCHILY.xattr.system.posix_acl_access", NULL, "", "");
    expect_pax("LIBARCHIVE.xattr.user.a", "MQ==", "MQ==", "");
    expect_pax("SCHILY.xattr.com.apple.quarantine", "1", "2", "");
    expect_pax("LIBARCHIVE.xattr.com.apple.provenance", NULL, "MQ==", "");
    expect_pax("SCHILY.xattr.system.other", "1", NULL, "");
    expect_pax("SCHILY.xattr.security.a", "1", NULL, "/f: attribute security.a: 1 byte 31, none\n");
    expect_pax("SCHILY.xattr.trusted.a", NULL, "1", "/f: attribute trusted.a: none, 1 byte 31\n");
    expect_pax("SCHILY.acl.access", "user::rwx,group::r-x,other::---",
               "user::rw-,group::r-x,other::---", "/f: mode: 0750, 0650\n");
    expect_pax("SCHILY.acl.access", "user::rw-,user:a:r--:1000,group::r-x,mask::rwx,other::---",
               "user::rw-,user:a:r--:1000,group::r-x,mask::rwx,other::---", "");
    expect_pax("SCHILY.acl.access", "user::rwx", "user::rwx", "");
    expect_pax("SCHILY.acl.access", "mask::rwx,user:5:rwx", "user:5:rwx,mask::rwx", "");
    expect_pax("SCHILY.acl.access", "other::rwx", "other::r--", "/f: mode: 0647, 0644\n");
    expect_pax("mtime", "-1.25", "-1.5", "/f: mtime: -2.750000000, -2.500000000\n");
    expect_pax("mtime", "-0.25", "-0.25", "");
    expect_pax("mtime", "0.25", "-0.5", "/f: mtime: 0.250000000, 0.500000000\n");
    expect_pax("mtime", "-0.75", "-0.5", "/f: mtime: -1.250000000, 0.500000000\n");
    expect_pax("mtime", "0.000000001", "0.000000002", "/f: mtime: 0.000000001, 0.000000002\n");
}

/* Attributes and times by the rules of the image's layout, and what is left out. */
static void test_layouts(void **state)
{
    static const char *const keys[] = {"SCHILY.xattr.user.a", "SCHILY.xattr.trusted.a", "mtime",
                                       "SCHILY.xattr.user.empty", "SCHILY.acl.access"};
    static const char *const values[] = {"1", "2", "-6795364579", "",
                                         "user::rwx,user:lisa:rwx,group::r-x,mask::rwx,other::---"};

    (void)state;
    for (uint32_t layout = 1; layout <= 3; layout++) {
        struct stack one = {.layout = layout}, other = {0};
        struct li_buffer pax = {0};

        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            tar_record_text(&pax, keys[i], values[i]);
        for (int i = 0; i < 2; i++) {
            struct li_buffer *tar = stack_layer(i ? &other : &one);

            for (const char *type = "023456"; *type; type++)
                tar_put(tar, &(struct tar_entry){.path = (char[]){*type, '\0'},
                                                 .type = *type,
                                                 .target = *type == '2' ? "t" : NULL,
                                                 .mode = 0750,
                                                 .pax = &pax});
        }
        li_buffer_free(&pax);
        check(&one, &other, "");
    }
}

/* ---- the layer rules, read for the second time ---- */

static void test_whiteouts(void **state)
{
    (void)state;
    same("a=1 d/ d/y=2", "a=1 d/ d/x=1 d/y=2", "d/.wh.x=");
    same("a=1 d/", "a=1 d/ d/x=1 d/e/ d/e/y=1", "d/.wh..wh..opq=");
    same("d/ d/n=2", "d/ d/x=1", "d/ d/n=2 .wh.d=");
    same("a=1 d/ d/x=1", "a=1 .wh.a= d/ d/x=1 d/.wh..wh..opq=");
    same("a=1 b=2", "a=1", ".wh..wh.plnk/ .wh..wh.plnk/1.2=x .wh..wh.aufs= b=2");
    same("p=x q*p", ".wh..wh.plnk/1.2=x p*.wh..wh.plnk/1.2 q*./.wh..wh.plnk/1.2");
    same("p=x q=y", ".wh..wh.plnk/1.2=x p*.wh..wh.plnk/1.2 .wh..wh.plnk/1.2=y q*.wh..wh.plnk/1.2");
    same("q=2", ".wh..wh.plnk/1.2=x p*.wh..wh.plnk/1.2 q*p", ".wh.p= q=2");
    same("r/ l>r", "r/ r/x=1 l>r", "l/.wh.x=");
    same("r/ r/x=1 l/", "r/ r/x=1 l>r", "l/ l/.wh..wh..opq=");
    same("r/ r/x=1 l/ l/n=2", "r/ r/x=1 l>r", "l/.wh.x= l/ l/n=2");
}

static void test_merge(void **state)
{
    (void)state;
    same("a=2", "a=1", "a=2");
    same("d/ d/x=1 d/y=2", "d/ d/x=1", "d/ d/y=2");
    same("d=2", "d/ d/x=1", "d=2");
    same("d/ d/y=2", "d=1", "d/ d/y=2");
    same("a=2 b=1", "a=1 b*a", "a=2");
    same("b=1", "a=1", "b*a", ".wh.a=");
    same("d=1", "d/ d/x=1", "d*d/x");
    same("a=1 b*a", "a=1 b*a", "b*a");
    same("r/ r/x=1 l>r", "r/ l>r", "l/x=1");
    same("r/ r/x=1 l>/../r", "r/ l>/../r l/x=1");
    same("u/ u/b/ l>u/b/../b u/b/x=1 y*u/b/x", "u/ u/b/ l>u/b/../b l/x=1", "y*l/x");
    same("m/ m/n/ l>m/n m/n/x=1", "m/ m/n/ l>m/n", "l/z/../x=1");
    same("b=1", "./a/../b=1");
    same("r/ r/x=1 d/ d/l>/r", "r/ d/ d/l>/r d/l/x=1");
    same("r/ r/y=1 d/ d/l>/r", "r/ r/x=1 r/y=1 d/ d/l>/r", "d/l/.wh.x=");
}

/* Paths may lead through 40 links, as in Linux, and through no more. */
static void test_chains(void **state)
{
    (void)state;
    for (int links = 40; links < 42; links++) {
        struct stack one = make_stack("r/ r/x=1"), other = make_stack("r/");
        char from[60], to[20] = "r";

        for (int i = 0; i < links; i++) {
            snprintf(from, sizeof(from), "l%d", i);
            tar_symlink(&one.layer[0].tar, from, to);
            tar_symlink(&other.layer[0].tar, from, to);
            snprintf(to, sizeof(to), "l%d", i);
        }
        snprintf(from, sizeof(from), "%s/x", to);
        tar_file(&other.layer[0].tar, from, "1");
        if (links > 40) {
            stack_free(&one);
            expect_failed(&other, LI_EINVALID, "too many symbolic links");
        } else {
            check(&one, &other, "");
        }
    }
}

/* What is missing is made as a directory of root's, of 1970. */
static void test_missing_parents(void **state)
{
    (void)state;
    same("m/ m/n/ m/n/x=1", "m/n/x=1");
    same("l>m/n m/ m/n/ m/n/x=1", "l>m/n l/x=1");
}

/* ---- what the two readers read in two ways ---- */

/* The readers disagree about a layer of one entry, and the rest is WANT. */
static void expect_readers(const struct tar_entry *entry, bool mend, const char *want)
{
    struct stack stored = {0}, layers = {0};

    for (int i = 0; i < 2; i++) {
        struct li_buffer *tar = stack_layer(i ? &layers : &stored);

        tar_put(tar, entry);
        if (!mend)
            continue;
        /* AIX's tar has a NUL before the digits. */
        memcpy(tar->data + 100, "\0  644 \0", 8);
        tar_checksum(tar->data);
    }
    check(&stored, &layers, want);
}

static void test_readers(void **state)
{
    const struct tar_entry file = {.path = "f", .mode = 0644};
    struct tar_entry other = {.path = "f/", .type = '0'};

    (void)state;
    expect_readers(&file, true,
                   "l0/layer.tar f: readers: mode: 0644, 0000\n/f: mode: 0644, 0000\n");
    expect_readers(&other, false,
                   "l0/layer.tar f/: readers: type: file, directory\n/: links: 2, 3\n"
                   "/f: type: file, directory\n");
}

/* A size that libarchive takes for 0, so that it takes the contents for a header. */
static void test_reader_that_gives_up(void **state)
{
    struct stack stored = make_stack("a=1"), layers = {0};
    struct li_error err = LI_ERROR_INIT;
    struct li_compare_result result = {0};
    struct li_buffer said = {0}, *tar = stack_layer(&layers);

    (void)state;
    tar_put(tar, &(struct tar_entry){.path = "f", .mode = 0644, .data = "text"});
    memcpy(tar->data + 124, "\0         4 ", 12);
    tar_checksum(tar->data);
    assert_fails(compare(&stored, &layers, &said, &result, &err), LI_ECORRUPT,
                 "the two readers of the layers disagree", &err);
    tar_append(&said, "", 1);
    assert_non_null(strstr((const char *)said.data, "l0/layer.tar f: readers: size: 4, 0\n"));
    assert_non_null(strstr((const char *)said.data,
                           "layer.tar f: readers: what is behind it: is at the end, "
                           "layer l0/layer.tar: Damaged tar archive\n"));
    li_buffer_free(&said);
}

/* Of a directory without a name both know that it is the root. */
static void test_no_name(void **state)
{
    const struct tar_entry one = {.path = "", .type = '5', .mode = 0750, .uid = 3};
    const struct tar_entry other = {.path = "", .type = '5', .mode = 0700, .uid = 3};

    (void)state;
    expect_entries(&one, &one, "");
    expect_entries(&one, &other, "/: mode: 0750, 0700\n");
}

/* Of the last file all contents are there, and of what fills their last block nothing or a part. */
static void test_cut_padding(void **state)
{
    (void)state;
    for (size_t left = 0; left < TAR_BLOCK - 4; left += 507) {
        struct stack stored = make_stack("a=1 b=text"), layers = make_stack("a=1 b=text");

        layers.layer[0].tar.len -= TAR_BLOCK - 4 - left;
        layers.layer[0].no_end = true;
        check(&stored, &layers, "");
        stored = make_stack("a=1 b=texx"), layers = make_stack("a=1 b=text");
        layers.layer[0].tar.len -= TAR_BLOCK - 4 - left;
        layers.layer[0].no_end = true;
        check(&stored, &layers, "/b: byte 3: 78, 74\n");
    }
}

/* ---- what is no difference, but a failure ---- */

static void test_failures(void **state)
{
    struct stack layers = make_stack("a=1");

    (void)state;
    layers.layer[0].wrong_diff_id = true;
    expect_failed(&layers, LI_ECORRUPT, "layer");
    layers = make_stack("a=1 b*c");
    expect_failed(&layers, LI_ECORRUPT, "hard link");
    layers = make_stack("d/ b*d");
    expect_failed(&layers, LI_ECORRUPT, "not a file");
    layers = make_stack("a=1", ".wh.a/ .wh.a/b=1");
    expect_failed(&layers, LI_EUNSUPPORTED, "the name of a whiteout");
    layers = make_stack("a=1 a/b=2");
    expect_failed(&layers, LI_EINVALID, "not a directory");
    layers = make_stack("l>l l/x=1");
    expect_failed(&layers, LI_EINVALID, "symbolic links");
    layers = make_stack("../x=1");
    expect_failed(&layers, LI_EINVALID, "out of the image");
    layers = make_stack("a=1", ".wh.=");
    expect_failed(&layers, LI_ECORRUPT, "whiteout that names nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_and_types),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_each_piece),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_whiteouts),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_missing_parents),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_reader_that_gives_up),
        cmocka_unit_test(test_no_name),
        cmocka_unit_test(test_cut_padding),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_chains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
