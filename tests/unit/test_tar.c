/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of tars: types, names and what stands in their headers. */
#include "tar_reader.h"

static void test_entries(void **state)
{
    struct li_buffer tar = {0};
    struct tar_reading r;
    const struct li_tar_entry *e;

    (void)state;
    tar_dir(&tar, "dir/");
    tar_put(&tar, &(struct tar_entry){.path = "dir/file",
                                      .data = "text",
                                      .mode = 04755,
                                      .uid = 1000,
                                      .gid = UINT64_C(5000000000),
                                      .mtime = 1700000000});
    tar_symlink(&tar, "link", "dir");
    tar_link(&tar, "hard", "dir/file");
    tar_put(&tar, &(struct tar_entry){.path = "char", .type = '3', .major = 1, .minor = 3});
    tar_put(&tar, &(struct tar_entry){.path = "block", .type = '4', .major = 8, .minor = 1});
    tar_put(&tar, &(struct tar_entry){.path = "fifo", .type = '6'});
    tar_end(&tar);
    tar_open(&r, &tar);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_DIRECTORY);
    assert_string_equal(e->path, "dir/");
    assert_string_equal(e->link, "");
    assert_int_equal(e->mode, 0755);
    assert_int_equal(e->header, 0);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_FILE);
    assert_string_equal(e->path, "dir/file");
    assert_int_equal(e->mode, 04755);
    assert_int_equal(e->uid, 1000);
    assert_int_equal(e->gid, 5000000000);
    assert_int_equal(e->mtime, 1700000000);
    assert_int_equal(e->mtime_nsec, 0);
    assert_int_equal(e->size, 4);
    assert_int_equal(e->stored, 4);
    assert_int_equal(e->header, 512);
    assert_int_equal(e->data, 1024);
    assert_false(e->sparse);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_SYMLINK);
    assert_string_equal(e->link, "dir");
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_HARD_LINK);
    assert_string_equal(e->link, "dir/file");
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_CHARACTER);
    assert_int_equal(e->dev_major, 1);
    assert_int_equal(e->dev_minor, 3);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_BLOCK_DEVICE);
    assert_int_equal(e->dev_major, 8);
    e = tar_expect(&r);
    assert_int_equal(e->type, LI_TAR_FIFO);
    tar_expect_end(&r);
    li_buffer_free(&tar);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
