/* SPDX-License-Identifier: Apache-2.0 */
/* The merge of layers: what whiteouts hide, what replaces what, which file a link means. */
#include "tests/fixtures/ext4_image.h"

#define expect_refusal(code, words, ...)                                                           \
    do {                                                                                           \
        struct stack refused = make_stack(__VA_ARGS__);                                            \
        expect_no_image(&refused, (code), (words));                                                \
    } while (0)

static void test_whiteouts(void **state)
{
    (void)state;
    expect_merge("a=1 d/ d/y=2", "a=1 d/ d/x=1 d/y=2", "d/.wh.x=");
    expect_merge("b=2", "d/ d/e/ d/e/x=1 b=2", ".wh.d=");
    expect_merge("t=1", "l>t t=1", ".wh.l=");
    expect_merge("a=1", "a=1", ".wh.b= none/.wh.c= a/.wh.d= none/.wh..wh..opq=");
    expect_merge("", "a=1 b/ b/c=1", ".wh.a= .wh.b=");
    expect_merge("a=3", "a=1", ".wh.a=", "a=3");
    expect_merge("a=1", "d/ d/x=1", "d/", "a=1 .wh.d=");
    expect_merge("a=1", "d/ d/x=1 d/y=1 d/z=1", "d/.wh.y=", "a=1 .wh.d=");
    /* A directory that is gone has nothing in it when it comes back. */
    expect_merge("d/ d/y=2", "d/ d/x=1", ".wh.d=", "d/y=2");
}

static void test_opaque(void **state)
{
    (void)state;
    expect_merge("a=1 d/", "a=1 d/ d/x=1 d/e/ d/e/y=1", "d/.wh..wh..opq=");
    expect_merge("", "a=1 d/ d/x=1", ".wh..wh..opq=");
    expect_merge("b=2", "a=1 d/ d/x=1", "./.wh..wh..opq= b=2");
    expect_merge("d/ d/x=2 d/y=2", "d/ d/x=1", "d/.wh..wh..opq=", "d/x=2 d/y=2");
    expect_merge("d/ d/e/ d/e/y=2", "d/ d/e/ d/e/x=1", "d/ d/.wh..wh..opq= d/e/ d/e/y=2");
}

/* Wherever they stand in their layer, and for lower layers only. */
static void test_whiteouts_and_their_layer(void **state)
{
    (void)state;
    expect_merge("a=2", "a=1", "a=2 .wh.a=");
    expect_merge("a=2", "a=1", ".wh.a= a=2");
    expect_merge("d/ d/n=2", "d/ d/x=1", "d/ d/n=2 .wh.d=");
    expect_merge("d/ d/n=2", "d/ d/x=1", ".wh.d= d/ d/n=2");
    expect_merge("d/ d/e/ d/e/n=2 d/n=2", "d/ d/x=1 d/e/ d/e/x=1",
                 "d/ d/n=2 d/e/ d/e/n=2 d/.wh..wh..opq=");
    expect_merge("d/ d/e/ d/e/n=2 d/n=2", "d/ d/x=1 d/e/ d/e/x=1",
                 "d/.wh..wh..opq= d/ d/n=2 d/e/ d/e/n=2");
    /* The lowest layer has nothing below it. */
    expect_merge("a=1 d/ d/x=1", "a=1 .wh.a= d/ d/x=1 d/.wh..wh..opq=");
}

static void test_names_like_whiteouts(void **state)
{
    (void)state;
    expect_merge(".wh=1 .whx=1 a=1 x.wh.a=1", "a=1 .wh=1 .whx=1 x.wh.a=1");
    expect_merge("a=1 b=2", "a=1", ".wh..wh.plnk/ .wh..wh.plnk/1.2=x .wh..wh.aufs= b=2");
    expect_merge("a=1 d/ d/x=1", "a=1 d/ d/x=1", "d/.wh..wh.orph/ d/.wh..wh.orph/.wh.x=");
    expect_refusal(LI_ECORRUPT, "whiteout that names nothing", "a=1", ".wh.=");
    expect_refusal(LI_ECORRUPT, "whiteout that names nothing", "a=1", "none/.wh.=");
    expect_refusal(LI_ECORRUPT, "whiteout that names nothing", ".wh.=");
    expect_refusal(LI_ECORRUPT, "whiteout that names nothing", "d/", "d/.wh..=");
    expect_refusal(LI_ECORRUPT, "whiteout that names nothing", "d/", "d/.wh...=");
    expect_refusal(LI_EUNSUPPORTED, "begins with .wh.", "a=1", ".wh.d/x=1");
}

/* A whiteout is never made as a file, so the name that it hides may be as long as any. */
static void test_whiteouts_of_long_names(void **state)
{
    char name[300], one[400], two[400];

    (void)state;
    memset(name, 'n', 256);
    name[256] = '\0';
    snprintf(one, sizeof(one), "a=1 %.255s=1", name);
    snprintf(two, sizeof(two), ".wh.%.255s=", name);
    expect_merge("a=1", one, two);
    snprintf(two, sizeof(two), ".wh.%.256s=", name);
    expect_refusal(LI_EINVALID, "name of 260 bytes", one, two);
}

/* Overlay file systems mark a directory that took a link's place as opaque. What the link led to
 * must stay. */
static void test_whiteouts_through_links(void **state)
{
    (void)state;
    expect_merge("e/ e/y=1 l>e", "e/ e/x=1 e/y=1 l>e", "l/.wh.x=");
    expect_merge("e/ l>e", "e/ e/x=1 l>e", "l/.wh..wh..opq=");
    expect_merge("e/ e/x=1 l/ l/y=2", "e/ e/x=1 l>e", "l/ l/.wh..wh..opq= l/y=2");
    expect_merge("e/ e/x=1 l/ l/y=2", "e/ e/x=1 l>e", "l/.wh..wh..opq= l/ l/y=2");
    expect_merge("e/ e/x=1 l/", "e/ e/x=1 l>e", "l/.wh.x= l/");
    expect_merge("d/ d/l/ e/ e/x=1", "e/ e/x=1 d/ d/l>/e", "d/l/.wh.x= d/ d/l/");
    expect_merge("e/ e/x=1", "e/ e/x=1 l>e", ".wh.l= l/.wh.x=");
    expect_merge("e/ e/x=1", "e/ e/x=1 l>e", "l/.wh.x= .wh.l=");
    expect_merge("e/ e/x=1 f/ l>f", "e/ e/x=1 f/ l>e", "l/.wh.x= l>f");
    /* Only that name is replaced: another link to the same place still leads there. */
    expect_merge("e/ k>e l/", "e/ e/x=1 k>e l>e", "l/.wh.x= l/ k/.wh.x=");
}

static void test_replacement(void **state)
{
    (void)state;
    expect_merge("a=2", "a=1", "a=2");
    expect_merge("d=2", "d/ d/x=1 d/e/ d/e/y=1", "d=2");
    expect_merge("a/ a/x=2", "a=1", "a/ a/x=2");
    expect_merge("l/ l/y=2 t/ t/x=1", "t/ t/x=1 l>t", "l/ l/y=2");
    expect_merge("d>a", "d/ d/x=1", "d>a");
    expect_merge("l=2 t=1", "t=1 l>t", "l=2");
    expect_merge("d/ d/x=1 d/y=2", "d/ d/x=1", "d/ d/y=2");
    expect_merge("a=3", "a=1 a=2 a=3");
    expect_merge("a/ a/b=1", "a=1 a/ a/b=1");
    expect_refusal(LI_EINVALID, "which is a file", "a=1", "a/b=2");
}

static void test_directory_over_directory(void **state)
{
    struct stack s = make_stack("d/ d/x=1");
    struct tar_entry e = {.path = "d", .type = '5', .mode = 01711, .uid = 7, .gid = 8, .mtime = 99};
    struct raw_inode d;
    ext2_filsys fs;

    (void)state;
    tar_put(stack_layer(&s), &e);
    fs = open_ext4(&s);
    d = inode_at(fs, "d");
    assert_int_equal(d.large.i_mode, LINUX_S_IFDIR | 01711);
    assert_int_equal(d.large.i_uid, 7);
    assert_int_equal(d.large.i_gid, 8);
    assert_int_equal(d.large.i_mtime, 99);
    assert_int_equal(d.large.i_links_count, 2);
    expect_content(fs, "d/x", "1", 1);
    close_ext4(&s, fs);
}

static void test_hard_links(void **state)
{
    (void)state;
    expect_merge("a=1*3 b=1*3 d/ d/c=1*3", "a=1 b*a d/ d/c*/b");
    expect_merge("a=1*2 b=1*2", "a=1", "b*a");
    expect_merge("a=2 b=1*2 c=1*2", "a=1 b*a c*a", "a=2");
    expect_merge("a=2*2 b=1 c=2*2", "a=1 b*a", "a=2 c*a");
    expect_merge("b=1", "a=1 b*a", ".wh.a=");
    expect_merge("a=1", "a=1 b*a", ".wh.a= .wh.b=", "a=1");
    expect_merge("a=1*2 b=1*2", "a=1 b=2", "b*a");
    expect_merge("a=1*2 b=1*2", "a=1 b*a", "b*a a*b");
    expect_merge("a=1", "a=1 a*a");
    expect_merge("a=1*2 d=1*2", "a=1 d/ d/x=1", "d*a");
    expect_merge("a=1*2 e/ e/b=1*2 l>e", "a=1 e/ l>e", "l/b*a");
    expect_merge("c=1*2 e/ e/b=1*2 l>e", "e/ e/b=1 l>e", "c*l/b");
    expect_merge("k>t*2 l>t*2", "l>t k*l");
}

/* AUFS's targets of hard links serve in their own layer, and are not files of the image. */
static void test_plinks(void **state)
{
    static const char plink[] = ".wh..wh.plnk/1.2=x";
    char many[200], name[300];

    (void)state;
    snprintf(many, sizeof(many), "%s a*.wh..wh.plnk/1.2 b*./.wh..wh.plnk/1.2 c*a", plink);
    expect_merge("a=x*3 b=x*3 c=x*3", many);
    expect_merge("a=x*3 b=x*3 c=x*3", ".wh..wh.plnk/ .wh..wh.aufs= k=1", ".wh.k=", many);
    expect_merge("a=x d/ d/b=y", ".wh..wh.plnk/1=x a*/.wh..wh.plnk/1 .wh..wh.plnk/1=y "
                                 "d/ d/b*.wh..wh.plnk/1");
    /* The last part of the path tells them apart. */
    expect_merge("a=x", ".wh..wh.plnk/d/1=x a*.wh..wh.plnk/1");
    /* The links live on when one of them goes, or the layer's files do. */
    expect_merge("b=x", many, ".wh.a= .wh.c=");
    expect_merge("a=2 b=x*2 c=x*2", many, "a=2");
    expect_merge("k=2", many, ".wh..wh..opq= k=2");
    expect_refusal(LI_ECORRUPT, "hard link to .wh..wh.plnk/1.2, which does not exist", "k=1",
                   "a*.wh..wh.plnk/1.2 .wh..wh.plnk/1.2=x");
    expect_refusal(LI_ECORRUPT, "hard link to .wh..wh.plnk/1.2, which does not exist", plink,
                   "a*.wh..wh.plnk/1.2");
    expect_refusal(LI_ECORRUPT, "which does not exist", ".wh..wh.plnk/1>x a*.wh..wh.plnk/1");
    expect_refusal(LI_ECORRUPT, "which does not exist", "k=1 .wh..wh.plnk/1*k a*.wh..wh.plnk/1");
    expect_refusal(LI_ECORRUPT, "which does not exist", "a*.wh..wh.plnk/1");
    memset(name, 'n', 256);
    name[256] = '\0';
    snprintf(many, sizeof(many), ".wh..wh.plnk/.wh.%.80s=x a*.wh..wh.plnk/.wh.%.80s", name, name);
    expect_merge("a=x", many);
}

/* What a link gets is all of the file: contents, mode, owner, time, attributes. */
static void test_metadata_of_plinks(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s), pax = {0};
    struct raw_inode f;
    ext2_filsys fs;

    (void)state;
    tar_record_text(&pax, "SCHILY.xattr.user.a", "1");
    tar_put(tar, &(struct tar_entry){.path = ".wh..wh.plnk/1",
                                     .data = "text",
                                     .mode = 04711,
                                     .uid = 7,
                                     .gid = 8,
                                     .mtime = 9,
                                     .pax = &pax});
    tar_put(tar, &(struct tar_entry){.path = "a",
                                     .type = '1',
                                     .target = ".wh..wh.plnk/1",
                                     .mode = 0600,
                                     .uid = 1,
                                     .mtime = 1});
    li_buffer_free(&pax);
    fs = open_ext4(&s);
    f = inode_at(fs, "a");
    assert_int_equal(f.large.i_mode, LINUX_S_IFREG | 04711);
    assert_int_equal(f.large.i_uid, 7);
    assert_int_equal(f.large.i_gid, 8);
    assert_int_equal(f.large.i_mtime, 9);
    assert_int_equal(f.large.i_links_count, 1);
    expect_content(fs, "a", "text", 4);
    close_ext4(&s, fs);
}

static void test_wrong_hard_links(void **state)
{
    (void)state;
    expect_refusal(LI_ECORRUPT, "hard link to b, which does not exist", "a*b");
    expect_refusal(LI_ECORRUPT, "hard link to b, which does not exist", "a*b b=1");
    expect_refusal(LI_ECORRUPT, "hard link to b, which does not exist", "b=1", ".wh.b=", "a*b");
    expect_refusal(LI_ECORRUPT, "hard link to b, which does not exist", "b=1", "a*b .wh.b=");
    expect_refusal(LI_ECORRUPT, "hard link to d/b, which does not exist", "a*d/b");
    expect_refusal(LI_ECORRUPT, "hard link to d, which is a directory", "d/ a*d");
    expect_refusal(LI_ECORRUPT, "hard link to /, which does not exist", "a*/");
    expect_refusal(LI_EINVALID, "leads out of the image", "b=1 a*../b");
    expect_refusal(LI_ECORRUPT, "root of the image is not a directory", "b=1 .*b");
    expect_refusal(LI_ECORRUPT, "root of the image is not a directory", ".=1");
}

static void test_parents_that_are_links(void **state)
{
    (void)state;
    expect_merge("d/ d/x=1 l>d", "d/ l>d l/x=1");
    expect_merge("d/ d/x=2 l>d", "d/ d/x=1 l>d", "l/x=2");
    expect_merge("d/ d/e/ d/e/x=1 l>/d/e", "d/ d/e/ l>/d/e l/x=1");
    expect_merge("d/ d/e/ d/e/l>.. d/x=1", "d/ d/e/ d/e/l>.. d/e/l/x=1");
    expect_merge("d/ d/l>../../../e e/ e/x=1", "e/ d/ d/l>../../../e d/l/x=1");
    expect_merge("d/ d/e/ d/e/x=1 k>d l>./k//e/.", "d/ d/e/ k>d l>./k//e/. l/x=1");
    expect_merge("d/ d/l>/e e/ e/x=1", "e/ d/ d/l>/e d/l/x=1");
    expect_merge("l>n/m n/ n/m/ n/m/x=1", "l>n/m l/x=1");
    expect_merge("l>/n n/ n/x=1", "l>/n", "l/x=1");
    expect_merge("l>/ x=1", "l>/ l/x=1");
    /* A path leads elsewhere once something on it was replaced. */
    expect_merge("d/ d/x=1 e/ e/y=2 l>e", "d/ e/ l>d l/x=1 l>e l/y=2");
    expect_merge("d/ d/y=2", "d/ d/x=1 d=1 d/ d/y=2");
    expect_merge("e/ e/x=1 l/ l/y=2", "e/ l>e l/x=1 l/ l/y=2");
    expect_refusal(LI_EINVALID, "which is a file", "d/ d/x=1 d=1 d/y=2");
    expect_refusal(LI_EINVALID, "more than 40 symbolic links", "l>l l/x=1");
    expect_refusal(LI_EINVALID, "more than 40 symbolic links", "k>l l>k", "k/x=1");
    expect_refusal(LI_EINVALID, "which is a file", "f=1 l>f l/x=1");
}

/* As many links on the way as Linux follows, and one more. */
static void test_chains_of_links(void **state)
{
    (void)state;
    for (int count = 40; count <= 41; count++) {
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s);
        char text[64];
        ext2_filsys fs;

        tar_dir(tar, "l0/");
        for (int i = 1; i <= count; i++) {
            snprintf(text, sizeof(text), "l%d>l%d", i, i - 1);
            tar_entries(tar, text);
        }
        snprintf(text, sizeof(text), "l%d/x=1", count);
        tar_entries(tar, text);
        if (count == 40) {
            fs = open_ext4(&s);
            expect_content(fs, "l0/x", "1", 1);
            close_ext4(&s, fs);
        } else {
            expect_no_image(&s, LI_EINVALID, "more than 40 symbolic links");
        }
    }
}

static void test_missing_parents(void **state)
{
    struct stack s = make_stack("a/b/c=1");
    struct raw_inode a;
    ext2_filsys fs;

    (void)state;
    fs = open_ext4(&s);
    a = inode_at(fs, "a/b");
    assert_int_equal(a.large.i_mode, LINUX_S_IFDIR | 0755);
    assert_int_equal(a.large.i_uid, 0);
    assert_int_equal(a.large.i_gid, 0);
    assert_int_equal(a.large.i_mtime, 0);
    assert_int_equal(a.large.i_mtime_extra, 0);
    a = inode_at(fs, "/");
    assert_int_equal(a.large.i_mode, LINUX_S_IFDIR | 0755);
    assert_int_equal(a.large.i_links_count, 3);
    close_ext4(&s, fs);
    expect_merge("a/ a/b/ a/b/c=1", "a/b/c=1", "a/b/");
}

static void test_link_counts_of_directories(void **state)
{
    struct stack s = make_stack("d/ d/a/ d/b/ d/c/ d/f=1", "d/.wh.a= d/b=2 d/e/");
    ext2_filsys fs = open_ext4(&s);

    (void)state;
    assert_int_equal(inode_at(fs, "d").large.i_links_count, 4);
    assert_int_equal(inode_at(fs, "d/e").large.i_links_count, 2);
    assert_int_equal(inode_at(fs, "/").large.i_links_count, 3);
    close_ext4(&s, fs);
}

static void test_many_layers(void **state)
{
    struct stack s = {0};
    char text[64];

    (void)state;
    for (int i = 0; i < 127; i++) {
        snprintf(text, sizeof(text), "last=%d f%03d=%d .wh.f%03d=", i, i, i, i - 2);
        tar_entries(stack_layer(&s), text);
    }
    expect_tree(&s, "f125=125 f126=126 last=126");
}

static void test_empty(void **state)
{
    struct stack s = {0};

    (void)state;
    expect_tree(&s, "");
    expect_merge("", "");
    expect_merge("a=1", "", "a=1", "");
    stack_layer(&s);
    s.layer[0].no_end = true; /* 0 bytes */
    expect_tree(&s, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whiteouts),
        cmocka_unit_test(test_opaque),
        cmocka_unit_test(test_whiteouts_and_their_layer),
        cmocka_unit_test(test_names_like_whiteouts),
        cmocka_unit_test(test_whiteouts_of_long_names),
        cmocka_unit_test(test_whiteouts_through_links),
        cmocka_unit_test(test_replacement),
        cmocka_unit_test(test_directory_over_directory),
        cmocka_unit_test(test_hard_links),
        cmocka_unit_test(test_plinks),
        cmocka_unit_test(test_metadata_of_plinks),
        cmocka_unit_test(test_wrong_hard_links),
        cmocka_unit_test(test_parents_that_are_links),
        cmocka_unit_test(test_chains_of_links),
        cmocka_unit_test(test_missing_parents),
        cmocka_unit_test(test_link_counts_of_directories),
        cmocka_unit_test(test_many_layers),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
