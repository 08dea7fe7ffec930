/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of layers that are odd in form or place, through to the image. */
#include "tests/fixtures/ext4_image.h"

/* A header whose fields are MODE, OWNER and SIZE as they stand, with "text" as its contents. */
static void put_fields(struct li_buffer *tar, const char *mode, const char *owner, const char *size)
{
    uint8_t header[TAR_BLOCK];

    tar_make_header(&(struct tar_entry){.path = "f", .type = '0'}, header);
    memcpy(header + 100, mode, 8);
    memcpy(header + 108, owner, 8);
    memcpy(header + 124, size, 12);
    tar_put_header(tar, header, "text", 4);
}

/* AIX's tar has NULs before the digits, V7's blanks. What is not a number is not root's. */
static void test_odd_numbers(void **state)
{
    static const struct {
        const char *mode, *owner, *size;
    } good[] = {{"\0\0\0\0"
                 "640",
                 "\0\0\0\0"
                 "1750",
                 "\0\0\0\0\0\0\0\0\0\0"
                 "4"},
                {"   640 ", "  1750 ", "          4 "},
                {"0000640", "0001750", "00000000004"}};
    struct stack s = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct raw_inode f;
        ext2_filsys fs;

        put_fields(stack_layer(&s), good[i].mode, good[i].owner, good[i].size);
        tar_file(&s.layer[0].tar, "next", "");
        fs = open_ext4(&s);
        f = inode_at(fs, "f");
        assert_int_equal(f.large.i_mode, LINUX_S_IFREG | 0640);
        assert_int_equal(f.large.i_uid, 1000);
        expect_content(fs, "f", "text", 4);
        assert_int_not_equal(find_ino(fs, "next"), 0);
        close_ext4(&s, fs);
    }
    put_fields(stack_layer(&s), "0000640", "xxxxxxx", "00000000004");
    expect_no_image(&s, LI_ECORRUPT, "f: its header does not have a number in the field \"uid\"");
}

/* A size of what has no data hides nothing; where two readings would do, there is no image. */
static void test_sizes_without_data(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    static const char zeros[1024];

    (void)state;
    tar_file(tar, "orig", "text");
    tar_put(tar, &(struct tar_entry){.path = "link", .target = "orig", .type = '1', .size = 1024});
    tar_put(tar, &(struct tar_entry){.path = "d", .type = '5', .size = 4096, .mode = 0755});
    tar_file(tar, "lost", "here");
    tar_file(tar, "after", "2");
    tar_put(tar,
            &(struct tar_entry){.path = "data", .target = "orig", .type = '1', .data = "text"});
    tar_file(tar, "last", "3");
    expect_tree(&s, "after=2 d/ data=text*3 last=3 link=text*3 lost=here orig=text*3");
    tar = stack_layer(&s);
    tar_file(tar, "orig", "text");
    tar_put(tar, &(struct tar_entry){
                     .path = "l", .target = "orig", .type = '1', .data = zeros, .length = 1024});
    tar_file(tar, "hidden", "here");
    expect_no_image(&s, LI_ECORRUPT, "layer l0/layer.tar: the tar can be read in two ways");
}

/* Headers of all lengths begin anywhere in the windows by which a layer is read. */
static void test_headers_across_windows(void **state)
{
    static const size_t sizes[] = {400, 60000, 65536, 200000, 900000};
    uint8_t *bytes = tar_bytes(3, 900000);

    (void)state;
    for (size_t before = 0; before < 70000; before += 65536 - 1024) {
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s), want = {0};

        tar_random_file(tar, "0", 7, before);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct li_buffer pax = {0};
            char path[16], mark[32];

            snprintf(path, sizeof(path), "%zu", i + 1);
            snprintf(mark, sizeof(mark), "%zu=%zu", i + 1, sizes[i]);
            tar_record(&pax, "comment", bytes, sizes[i]);
            tar_record_text(&pax, "path", path);
            tar_put(tar,
                    &(struct tar_entry){
                        .path = "x", .data = strchr(mark, '=') + 1, .mode = 0644, .pax = &pax});
            tar_append(&want, " ", i > 0);
            tar_append(&want, mark, strlen(mark));
            li_buffer_free(&pax);
        }
        tar_file(stack_layer(&s), ".wh.0", "");
        tar_append(&want, "", 1);
        expect_tree(&s, (char *)want.data);
        li_buffer_free(&want);
    }
    free(bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_numbers),
        cmocka_unit_test(test_sizes_without_data),
        cmocka_unit_test(test_headers_across_windows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
