/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that are cut, damaged or not what the image says, and the forms that they may come in. */
#include "tests/fixtures/ext4_image.h"

/* One of most things. */
static void make_sample(struct li_buffer *tar)
{
    uint8_t *data = tar_bytes(3, 1300);
    struct li_buffer pax = {0};

    tar_dir(tar, "dir/");
    tar_put(tar, &(struct tar_entry){.path = "dir/file", .data = data, .length = 1300});
    tar_symlink(tar, "link", "dir");
    tar_link(tar, "hard", "dir/file");
    tar_record_text(&pax, "path", "a-name-from-a-record");
    tar_record_text(&pax, "SCHILY.xattr.user.name", "value");
    tar_put(tar, &(struct tar_entry){.path = "x", .data = data, .length = 512, .pax = &pax});
    tar_put(tar, &(struct tar_entry){.path = "gnu", .form = TAR_GNU, .data = "text"});
    tar_put(tar, &(struct tar_entry){.path = "device", .type = '3', .major = 1, .minor = 3});
    li_buffer_free(&pax);
    free(data);
}

/* Whether TAR is all there when it is cut at CUT, as container engines see it: nothing is missing
 * but whole entries, the padding of the last contents, or blocks that mark the end. */
static bool is_whole(const struct li_buffer *tar, size_t cut)
{
    size_t at = 0, end = 0;

    while (cut > at && at + TAR_BLOCK <= tar->len && tar->data[at] != 0) {
        end = at + TAR_BLOCK + strtoul((const char *)tar->data + at + 124, NULL, 8);
        at = (end + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    }
    if (cut <= at)
        return cut == 0 || cut >= end;
    return cut == at + TAR_BLOCK || cut >= at + 2 * (size_t)TAR_BLOCK;
}

/* What is missing at the end is told, unless nobody can know but by the digest, which says
 * something else here. */
static void test_cut_tars(void **state)
{
    struct li_buffer sample = {0};

    (void)state;
    make_sample(&sample);
    tar_end(&sample);
    for (size_t cut = 0; cut <= sample.len; cut += cut % 512 == 511 ? 1 : 73) {
        struct li_error err = LI_ERROR_INIT;
        struct stack s = {0};
        int rc;

        tar_append(stack_layer(&s), sample.data, cut);
        s.layer[0].no_end = true;
        rc = stack_plan(&s, &err);
        if (rc != (is_whole(&sample, cut) ? 0 : LI_ECORRUPT))
            fail_msg("cut at %zu: %d, \"%s\"", cut, rc, err.text);
        stack_free(&s);
    }
    li_buffer_free(&sample);
}

/* Any byte may be any other: nothing but an error or a tree comes of it. */
static void test_damaged_tars(void **state)
{
    struct li_buffer sample = {0};
    uint32_t random = 1;

    (void)state;
    make_sample(&sample);
    for (int i = 0; i < 600; i++) {
        struct li_error err = LI_ERROR_INIT;
        struct stack s = {0};
        struct li_buffer *tar = stack_layer(&s);
        size_t at;

        tar_append(tar, sample.data, sample.len);
        random = random * 1664525 + 1013904223;
        at = (random >> 8) % (uint32_t)tar->len;
        tar->data[at] = (uint8_t)(random >> 3);
        /* Half of them with checksums that hold. */
        for (size_t block = 0; i % 2 && block + 512 <= tar->len; block += 512)
            if (memcmp(tar->data + block + 257, "ustar", 5) == 0)
                tar_checksum(tar->data + block);
        if (stack_plan(&s, &err) < 0)
            assert_string_not_equal(err.text, "");
        stack_free(&s);
    }
    li_buffer_free(&sample);
}

static void test_no_tars(void **state)
{
    static const size_t lengths[] = {1, 511, 512, 513, 100000};
    uint8_t *garbage = tar_bytes(5, 100000);

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct stack s = {0};

        tar_append(stack_layer(&s), garbage, lengths[i]);
        s.layer[0].no_end = true;
        expect_no_image(&s, LI_ECORRUPT, "layer l0/layer.tar: not a tar that can be read");
    }
    free(garbage);
}

/* Sizes that a header may claim. */
static void test_claimed_sizes(void **state)
{
    static const char *const sizes[] = {"1024", "9223372036854775807", "9223372036854775808",
                                        "99999999999999999999", "-1"};
    struct stack s = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct li_error err = LI_ERROR_INIT;
        struct li_buffer pax = {0};

        tar_record_text(&pax, "size", sizes[i]);
        tar_put(stack_layer(&s), &(struct tar_entry){.path = "f", .data = "text", .pax = &pax});
        li_buffer_free(&pax);
        s.layer[0].no_end = true;
        if (stack_plan(&s, &err) != LI_ECORRUPT)
            fail_msg("size %s: \"%s\"", sizes[i], err.text);
        stack_free(&s);
    }
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "f", .size = INT64_MAX});
    expect_no_image(&s, LI_ECORRUPT, "");
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "f", .size = (uint64_t)-1});
    expect_no_image(&s, LI_ECORRUPT, "");
}

/* Records that cannot be understood are not passed over. */
static void test_wrong_records(void **state)
{
    static const char *const records[] = {
        "garbage\n", "9 a=b\n", "99999999999 a=b\n", "0 a=b\n", "5 ab\n", "6 =ab\n", "6 a=bcd"};

    (void)state;
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        struct li_buffer pax = {0};
        struct stack s = {0};

        tar_append(&pax, records[i], strlen(records[i]));
        tar_put(stack_layer(&s), &(struct tar_entry){.path = "f", .pax = &pax});
        li_buffer_free(&pax);
        expect_no_image(&s, LI_ECORRUPT, "");
    }
}

static int (*const filters[])(struct archive *) = {
    archive_write_add_filter_gzip, archive_write_add_filter_zstd, archive_write_add_filter_xz};

static void test_compression(void **state)
{
    char plain[65], packed[65];
    struct stack s = make_stack("a=1 d/ d/b=2", ".wh.a= d/c=3", "");

    (void)state;
    make_sample(&s.layer[0].tar);
    tar_random_file(&s.layer[1].tar, "large", 7, 1500000);
    stack_digest(&s, false, plain);
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        stack_compress(&s, filters[i]);
        stack_digest(&s, false, packed);
        assert_string_equal(packed, plain);
    }
    stack_free(&s);
}

static void test_broken_compression(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        struct stack s = {0};
        struct li_buffer *stored, whole;

        tar_random_file(stack_layer(&s), "f", 9, 100000);
        stack_compress(&s, filters[i]);
        stored = &s.layer[0].stored;
        whole = *stored;
        for (size_t cut = 6; cut < whole.len; cut += 7919) {
            struct li_error err = LI_ERROR_INIT;

            stored->len = cut;
            if (stack_plan(&s, &err) != LI_ECORRUPT)
                fail_msg("filter %zu, cut at %zu: \"%s\"", i, cut, err.text);
            stack_close(&s);
        }
        stored->len = whole.len;
        for (size_t at = 10; at < whole.len; at += 9973) {
            struct li_error err = LI_ERROR_INIT;

            stored->data[at] ^= 1;
            if (stack_plan(&s, &err) != LI_ECORRUPT)
                fail_msg("filter %zu, damage at %zu: \"%s\"", i, at, err.text);
            stored->data[at] ^= 1;
            stack_close(&s);
        }
        stack_free(&s);
    }
}

/* A layer that is one frame or member after another. */
static void test_concatenated_members(void **state)
{
    char plain[65], packed[65];

    (void)state;
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        struct stack s = make_stack("a=1 b=2"), parts = {0};
        struct li_buffer *tar = &s.layer[0].tar;

        stack_digest(&s, false, plain);
        for (size_t at = 0; at < tar->len; at += 512) {
            tar_append(stack_layer(&parts), tar->data + at, 512);
            parts.layer[parts.count - 1].no_end = true;
        }
        stack_compress(&parts, filters[i]);
        for (size_t j = 0; j < parts.count; j++)
            tar_append(&s.layer[0].stored, parts.layer[j].stored.data, parts.layer[j].stored.len);
        stack_digest(&s, false, packed);
        assert_string_equal(packed, plain);
        stack_free(&parts);
        stack_free(&s);
    }
}

/* A digest is of all bytes, also of those that decompression has no use for. */
static void test_bytes_behind(void **state)
{
    struct stack s = make_stack("a=1");
    struct li_buffer *stored = &s.layer[0].stored;

    (void)state;
    s.oci = true;
    stack_compress(&s, archive_write_add_filter_gzip);
    tar_append(stored, "more", 4);
    expect_tree(&s, "a=1");
}

static void test_wrong_digests(void **state)
{
    static char name[] = "blobs/sha256/"
                         "0000000000000000000000000000000000000000000000000000000000000000";

    (void)state;
    for (size_t which = 0; which < 3; which++) {
        struct stack s = make_stack("a=1", "b=2", "c=3");

        s.layer[which].wrong_diff_id = true;
        expect_no_image(&s, LI_ECORRUPT, "its diff ID");
        s = make_stack("a=1", "b=2", "c=3");
        s.layer[which].wrong_diff_id = true;
        stack_compress(&s, archive_write_add_filter_gzip);
        expect_no_image(&s, LI_ECORRUPT, "its diff ID");
        s = make_stack("a=1", "b=2", "c=3");
        s.oci = true;
        s.layer[which].name = name;
        expect_no_image(&s, LI_ECORRUPT, "its digest");
        s = make_stack("a=1", "b=2", "c=3");
        s.oci = true;
        s.layer[which].name = name;
        stack_compress(&s, archive_write_add_filter_zstd);
        expect_no_image(&s, LI_ECORRUPT, "its digest");
    }
}

/* Layers are hashed by twos; these end at all sorts of places of one another. The end of a tar may
 * be followed by anything, so lengths need not be whole blocks. */
static struct stack uneven_layers(void)
{
    static const size_t sizes[] = {300000, 1, 700000, 131072, 5, 262144, 2000000};
    static const size_t behind[] = {0, 1, 63, 64, 65, 0, 511};
    static const char zeros[TAR_BLOCK];
    struct stack s = {0};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct li_buffer *tar = stack_layer(&s);
        char path[16];

        snprintf(path, sizeof(path), "file%zu", i);
        tar_random_file(tar, path, (uint32_t)i + 1, sizes[i]);
        tar_end(tar);
        s.layer[i].no_end = true;
        tar_append(tar, zeros, behind[i]);
    }
    return s;
}

static void test_digests_of_uneven_layers(void **state)
{
    char hex[2 * LI_SHA256_SIZE + 1];
    struct stack s = uneven_layers();
    size_t count = s.count;

    (void)state;
    stack_digest(&s, false, hex);
    stack_free(&s);
    for (size_t which = 0; which < count; which++) {
        char words[64];

        snprintf(words, sizeof(words), "l%zu/layer.tar: its diff ID", which);
        s = uneven_layers();
        s.layer[which].wrong_diff_id = true;
        expect_no_image(&s, LI_ECORRUPT, words);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_tars),
        cmocka_unit_test(test_damaged_tars),
        cmocka_unit_test(test_no_tars),
        cmocka_unit_test(test_claimed_sizes),
        cmocka_unit_test(test_wrong_records),
        cmocka_unit_test(test_compression),
        cmocka_unit_test(test_broken_compression),
        cmocka_unit_test(test_concatenated_members),
        cmocka_unit_test(test_bytes_behind),
        cmocka_unit_test(test_wrong_digests),
        cmocka_unit_test(test_digests_of_uneven_layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
