/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers at the limits of what is allowed, or of what is patient: only where SOAK is set in the
 * environment. Memory is measured in the first test, as the most that the process ever had.
 */
#include "tests/fixtures/ext4_image.h"

#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/io.h"
#include "layer/account.h"
#include "layer/layout.h"
#include "layer/scan.h"

enum { MILLION = SANITIZED ? 100000 : 1000000 };

static bool is_soak(void)
{
    const char *soak = getenv("SOAK");

    return soak && *soak;
}

/* An image with layers that are too large for memory, written as they are made. */
struct big {
    int fd;
    char path[64];
    uint64_t at;          /* of the file, bytes */
    uint64_t begin;       /* of the open layer's tar */
    struct li_buffer tar; /* of the layer, what is not written yet */
    struct li_sha256 *hash;
    struct li_buffer diff_ids;
    struct li_buffer names;
    size_t layers;
};

static void big_write(struct big *b, const void *data, size_t len)
{
    struct li_error err = LI_ERROR_INIT;

    assert_done(li_pwrite_all(b->fd, data, len, b->at, &err), &err);
    b->at += len;
}

static void big_flush(struct big *b)
{
    struct li_error err = LI_ERROR_INIT;

    big_write(b, b->tar.data, b->tar.len);
    assert_done(li_sha256_update(b->hash, b->tar.data, b->tar.len, &err), &err);
    b->tar.len = 0;
}

static void big_open(struct big *b)
{
    *b = (struct big){.path = "/tmp/unit-soak-XXXXXX"};
    b->fd = mkstemp(b->path);
    assert_true(b->fd >= 0);
}

static struct li_buffer *big_layer(struct big *b)
{
    struct li_error err = LI_ERROR_INIT;

    b->at += TAR_BLOCK; /* its header, when the size is known */
    b->begin = b->at;
    assert_done(li_sha256_new(&b->hash, &err), &err);
    return &b->tar;
}

/* To be called between entries. */
static void big_next(struct big *b)
{
    if (b->tar.len > 1 << 20)
        big_flush(b);
}

static void big_end_layer(struct big *b)
{
    char name[32], hex[65], text[128];
    struct tar_entry e = {.path = name, .type = '0', .mode = 0644};
    struct li_error err = LI_ERROR_INIT;
    uint8_t header[TAR_BLOCK], digest[32];

    tar_end(&b->tar);
    big_flush(b);
    assert_done(li_sha256_final(b->hash, digest, &err), &err);
    li_sha256_free(b->hash);
    li_hex_encode(digest, 32, hex);
    snprintf(name, sizeof(name), "l%zu/layer.tar", b->layers);
    e.size = b->at - b->begin;
    tar_make_header(&e, header);
    assert_done(li_pwrite_all(b->fd, header, sizeof(header), b->begin - TAR_BLOCK, &err), &err);
    tar_append(&b->diff_ids, text,
               (size_t)sprintf(text, "%s\"sha256:%s\"", b->layers ? "," : "", hex));
    tar_append(&b->names, text, (size_t)sprintf(text, "%s\"%s\"", b->layers ? "," : "", name));
    b->layers++;
}

static void big_close(struct big *b)
{
    struct li_buffer tar = {0};
    char text[2000];

    snprintf(text, sizeof(text),
             "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
             "\"diff_ids\":[%.*s]}}",
             (int)b->diff_ids.len, (char *)b->diff_ids.data);
    tar_file(&tar, "config.json", text);
    snprintf(text, sizeof(text),
             "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[%.*s]}]",
             (int)b->names.len, (char *)b->names.data);
    tar_file(&tar, "manifest.json", text);
    tar_end(&tar);
    big_write(b, tar.data, tar.len);
    li_buffer_free(&tar);
    li_buffer_free(&b->tar);
    li_buffer_free(&b->diff_ids);
    li_buffer_free(&b->names);
    close(b->fd);
}

/* Opens what was written, up to the plan, and removes the file. */
static int big_plan(struct big *b, struct stack *s, struct li_error *err)
{
    const struct li_image_options options = {NULL, "linux/amd64"};
    int rc;

    big_close(b);
    rc = li_image_open(b->path, &options, &unit_env, &s->image, err);
    assert_int_equal(unlink(b->path), 0);
    if (rc == 0)
        rc = li_layers_open(s->image, &unit_env, &s->layers, err);
    if (rc == 0)
        rc = li_tree_build(s->layers, LI_LAYOUT_LATEST, &s->tree, err);
    return rc == 0 ? li_ext4_plan(s->tree, NULL, &s->ext4, err) : rc;
}

static void big_expect_image(struct big *b, void (*check)(ext2_filsys fs))
{
    struct li_error err = LI_ERROR_INIT;
    struct stack s = {0};
    ext2_filsys fs;

    assert_done(big_plan(b, &s, &err), &err);
    fs = open_planned(&s);
    if (check)
        check(fs);
    close_ext4(&s, fs);
}

/* The most memory that the process has had, KiB. */
static long most_memory(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[200];
    long kib = -1;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    fclose(f);
    assert_true(kib > 0);
    return kib;
}

/* At most 160 bytes for an entry, and a fixed budget. */
static void test_memory(void **state)
{
    enum { BUDGET = 8 << 10 /* KiB */ };
    char name[64];
    struct big b;
    struct stack s = {0};
    struct li_error err = LI_ERROR_INIT;
    long before;

    (void)state;
    big_open(&b);
    big_layer(&b);
    for (unsigned i = 0; i < MILLION; i++) {
        snprintf(name, sizeof(name), "dir-%u/file-%u", i % 1000, i);
        tar_file(&b.tar, name, "text");
        big_next(&b);
    }
    big_end_layer(&b);
    before = most_memory();
    assert_done(big_plan(&b, &s, &err), &err);
    if (!SANITIZED)
        assert_in_range(most_memory() - before, 1, BUDGET + 160L * MILLION / 1024);
    stack_free(&s);
}

static void check_million(ext2_filsys fs)
{
    struct ext2_inode dir = small_inode(fs, find_ino(fs, "d"));

    assert_true(dir.i_flags & EXT2_INDEX_FL);
    assert_true(dir.i_size > MILLION * 12U);
    assert_true(fs->super->s_free_inodes_count >= MILLION / 4); /* for writable mounts */
}

static void test_one_directory(void **state)
{
    char name[64];
    struct big b;

    (void)state;
    big_open(&b);
    big_layer(&b);
    for (unsigned i = 0; i < MILLION; i++) {
        snprintf(name, sizeof(name), "d/file-%u", i * 2654435761U);
        tar_file(&b.tar, name, "");
        big_next(&b);
    }
    big_end_layer(&b);
    big_expect_image(&b, check_million);
}

static void check_subdirectories(ext2_filsys fs)
{
    assert_int_equal(small_inode(fs, find_ino(fs, "d")).i_links_count, 1);
    assert_int_equal(small_inode(fs, find_ino(fs, "/")).i_links_count, 3);
}

/* More than a directory's count of links can say. */
static void test_subdirectories(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[32];
    ext2_filsys fs;

    (void)state;
    for (int i = 0; i < 70000; i++) {
        snprintf(name, sizeof(name), "d/%d/", i);
        tar_dir(tar, name);
    }
    fs = open_ext4(&s);
    check_subdirectories(fs);
    close_ext4(&s, fs);
}

static void test_hard_links(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[32];
    ext2_filsys fs;

    (void)state;
    tar_file(tar, "f", "text");
    for (int i = 1; i < 65000; i++) {
        snprintf(name, sizeof(name), "l%d", i);
        tar_link(tar, name, "f");
    }
    fs = open_ext4(&s);
    assert_int_equal(small_inode(fs, find_ino(fs, "f")).i_links_count, 65000);
    assert_int_equal(ext2fs_close(fs), 0);
    stack_close(&s);
    tar->len -= 2 * TAR_BLOCK; /* the end */
    tar_link(tar, "one-more", "f");
    expect_no_image(&s, LI_EUNSUPPORTED, "one-more: hard link to f, which has 65000 links");
}

/* What would take hours if each entry's cost grew with the number of those before it. */
static void expect_quick(clock_t begin)
{
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 60);
}

static void test_one_name(void **state)
{
    clock_t begin = clock();
    struct big b;

    (void)state;
    big_open(&b);
    big_layer(&b);
    for (int i = 0; i < MILLION; i++) {
        tar_file(&b.tar, "d/same", "");
        big_next(&b);
    }
    big_end_layer(&b);
    big_expect_image(&b, NULL);
    expect_quick(begin);
}

static void test_whiteouts(void **state)
{
    static const char *const parents[] = {"d/", "d/.wh.", "d/", "l/.wh."};
    clock_t begin = clock();
    char name[32];
    struct big b;

    (void)state;
    big_open(&b);
    for (size_t layer = 0; layer < 4; layer++) {
        big_layer(&b);
        if (layer == 0)
            tar_symlink(&b.tar, "l", "d");
        for (int i = 0; i < MILLION / 4; i++) {
            snprintf(name, sizeof(name), "%s%d", parents[layer], i);
            tar_file(&b.tar, name, "");
            big_next(&b);
        }
        big_end_layer(&b);
    }
    big_expect_image(&b, NULL);
    expect_quick(begin);
}

static void test_deep_paths(void **state)
{
    enum { LEVELS = 2000 };
    char path[2 * LEVELS + 32];
    clock_t begin = clock();
    struct big b;

    (void)state;
    for (int i = 0; i < LEVELS; i++)
        memcpy(path + 2 * (size_t)i, "a/", 2);
    big_open(&b);
    big_layer(&b);
    for (int i = 0; i < MILLION / 10; i++) {
        sprintf(path + 2 * (size_t)LEVELS, "%d", i);
        tar_file(&b.tar, path, "text");
        big_next(&b);
    }
    big_end_layer(&b);
    big_expect_image(&b, NULL);
    expect_quick(begin);
}

/* Files over 512 MiB need more extents than an inode holds. */
static void check_large(ext2_filsys fs)
{
    struct ext2_inode inode = small_inode(fs, find_ino(fs, "large"));

    assert_true(ext2fs_free_blocks_count(fs->super) >= (150 << 20) / 4096);
    assert_int_equal(inode.i_block[0] >> 16, 1); /* one row in the inode ... */
    assert_int_equal(inode.i_block[1] >> 16, 1); /* ... of a tree of depth 1 */
}

static void test_large_file(void **state)
{
    static const uint64_t size = (UINT64_C(600) << 20) + 5000;
    static uint8_t some[1 << 20] = {1}; /* zeros alone would be a hole */
    struct tar_entry e = {.path = "large", .type = '0', .mode = 0644, .size = size};
    uint8_t header[TAR_BLOCK];
    struct big b;

    (void)state;
    big_open(&b);
    big_layer(&b);
    tar_make_header(&e, header);
    tar_append(&b.tar, header, sizeof(header));
    for (uint64_t left = size; left > 0;) {
        size_t len = left < sizeof(some) ? (size_t)left : sizeof(some);

        tar_append(&b.tar, some, len);
        big_next(&b);
        left -= len;
    }
    tar_pad(&b.tar, size);
    big_end_layer(&b);
    big_expect_image(&b, check_large);
}

/* A sparse file with COUNT runs of a byte. */
static void put_comb(struct li_buffer *tar, unsigned count)
{
    struct li_buffer map = {0}, pax = {0};
    char text[64];

    tar_append(&map, text, (size_t)sprintf(text, "%u\n", count));
    for (unsigned i = 0; i < count; i++)
        tar_append(&map, text, (size_t)sprintf(text, "%u\n1\n", i * 8192));
    tar_pad(&map, map.len);
    for (unsigned i = 0; i < count; i++)
        tar_append(&map, "x", 1);
    tar_record_text(&pax, "GNU.sparse.major", "1");
    tar_record_text(&pax, "GNU.sparse.minor", "0");
    tar_record_text(&pax, "GNU.sparse.name", "comb");
    tar_record_number(&pax, "GNU.sparse.realsize", UINT64_C(8192) * count);
    tar_put(tar,
            &(struct tar_entry){.path = "x", .data = map.data, .length = map.len, .pax = &pax});
    li_buffer_free(&map);
    li_buffer_free(&pax);
}

static void test_many_runs(void **state)
{
    enum { MOST = LI_SCAN_MAX_RUNS };
    clock_t begin = clock();
    struct stack s = {0};
    ext2_filsys fs;

    (void)state;
    put_comb(stack_layer(&s), MOST);
    fs = open_ext4(&s);
    assert_int_equal(small_inode(fs, find_ino(fs, "comb")).i_block[1] >> 16, 2);
    close_ext4(&s, fs);
    expect_quick(begin);
    put_comb(stack_layer(&s), MOST + 1);
    expect_no_image(&s, LI_ELIMIT, "more than 400000 runs of data between holes");
}

/* Few files with as many runs as they may have are as many as all together may have. */
static void test_many_runs_in_all(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);

    (void)state;
    for (unsigned i = 0; i <= LI_ACCOUNT_KEPT / 16 / LI_SCAN_MAX_RUNS; i++)
        put_comb(tar, LI_SCAN_MAX_RUNS);
    expect_no_image(&s, LI_ELIMIT, "take more than 128 MiB");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),         cmocka_unit_test(test_one_directory),
        cmocka_unit_test(test_subdirectories), cmocka_unit_test(test_hard_links),
        cmocka_unit_test(test_one_name),       cmocka_unit_test(test_whiteouts),
        cmocka_unit_test(test_deep_paths),     cmocka_unit_test(test_large_file),
        cmocka_unit_test(test_many_runs),      cmocka_unit_test(test_many_runs_in_all),
    };

    /* A plan of no tests: what cmocka says of tests that it skips, prove takes for failures. */
    if (!is_soak()) {
        printf("1..0 # SKIP only where SOAK is set\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
