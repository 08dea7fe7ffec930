/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms: which serves which, and variants of an image for one. */
#include "tests/fixtures/oci_files.h"

#include "image/platform.h"

/* An index within index.json of two images. */
static void add_pair(struct files *f, const char *one, const char *one_layer, const char *one_more,
                     const char *two, const char *two_more)
{
    char *first = add_image(f, one, one_layer, one_more);
    char *second = add_image(f, two, OCI_LAYER "+zstd", two_more);
    char *both = format("%s,%s", first, second);

    add_layout(f, add_blob(f, OCI_INDEX, make_index(both), NAMED("app:1")));
    free(first);
    free(second);
    free(both);
}

static void one_platform_twice_is_the_first(void **state)
{
    struct files f = {0};
    char *one, *two;

    (void)state;
    add_pair(&f, "amd64", OCI_LAYER "+gzip", PLATFORM("amd64"), "amd64", PLATFORM("amd64"));
    expect_image(&f, NULL, NULL, "amd64", "app:1");
    expect_image(&f, NULL, "linux/amd64", "amd64", "app:1");
    remove_files(&f);

    add_pair(&f, "first", OCI_LAYER, PLATFORM("arm64"), "second",
             ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}");
    expect_image(&f, NULL, NULL, "first", "app:1");
    expect_image(&f, NULL, "linux/arm64", "first", "app:1");
    expect_image(&f, "app:1", "linux/arm64/v8", "first", "app:1");
    remove_files(&f);

    /* Side by side in index.json they are two images. */
    one = add_image(&f, "first", OCI_LAYER, PLATFORM("amd64"));
    two = add_image(&f, "second", OCI_LAYER, PLATFORM("amd64"));
    add_layout(&f, format("%s,%s", one, two));
    expect_failure(&f, NULL, NULL, LI_EINVALID, "several images");
    expect_failure(&f, NULL, "linux/amd64", LI_EINVALID, "several images");
    free(one);
    free(two);
    remove_files(&f);
}

static int rank(const char *have, const char *want)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image_platform h, w;

    assert_done(li_image_platform_parse(have, &h, &err), &err);
    assert_done(li_image_platform_parse(want, &w, &err), &err);
    return li_image_platform_rank(&h, &w);
}

/* As containerd's matching has it: each of a row is worse for the row's platform than the one
 * before it. */
static void platforms_fall_back(void **state)
{
    static const char *const rows[][7] = {
        {"linux/amd64/v3", "linux/amd64/v3", "linux/amd64/v2", "linux/amd64"},
        {"linux/amd64", "linux/amd64/v1", "linux/amd64/v2", "linux/amd64/v4"},
        {"linux/arm/v8", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"},
        {"linux/arm", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"},
        {"linux/arm64", "linux/arm64/v8", "linux/arm64/v8.2", "linux/arm64/v9"},
        {"linux/arm64/v8.2", "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64/v8"},
        {"linux/arm64/v9.1", "linux/arm64/v9.1", "linux/arm64/v9", "linux/arm64/v8.6",
         "linux/arm64/v8"},
        {"linux/ppc64le", "linux/ppc64le", "linux/ppc64le/power9"},
    };
    static const char *const none[][2] = {
        {"linux/amd64/v3", "linux/amd64/v2"},
        {"windows/amd64", "linux/amd64"},
        {"linux/386", "linux/amd64"},
        {"linux/arm/v7", "linux/arm64"},
        {"linux/arm/v4", "linux/arm/v7"},
        {"linux/arm/v8", "linux/arm"},
        {"linux/arm64/v8.7", "linux/arm64/v9.1"},
        {"linux/arm64/v9", "linux/arm64/v8.5"},
        {"linux/amd64/vx", "linux/amd64/v2"},
        {"linux/amd64", "linux/amd64/v2x"},
        {"linux/riscv64", "linux/riscv64/v2"},
        {"linux/amd64", "linux/amd64/v2.x"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int last = -1;

        for (size_t k = 1; rows[i][k]; k++) {
            int now = rank(rows[i][k], rows[i][0]);

            if (now <= last)
                fail_msg("%s is %d for %s", rows[i][k], now, rows[i][0]);
            last = now;
        }
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (rank(none[i][0], none[i][1]) >= 0)
            fail_msg("%s serves %s", none[i][0], none[i][1]);
}

static void platforms_have_several_names(void **state)
{
    static const char *const same[][2] = {
        {"linux/x86_64", "linux/amd64"},       {"linux/x86-64/v1", "linux/amd64"},
        {"Linux/AMD64/V3", "linux/amd64/v3"},  {"linux/x86_64/v2", "linux/amd64/v2"},
        {"linux/aarch64", "linux/arm64"},      {"linux/aarch64/v8", "linux/arm64/v8"},
        {"linux/arm64/8", "linux/arm64"},      {"linux/arm64/v8.0", "linux/arm64"},
        {"linux/arm64/9.0", "linux/arm64/v9"}, {"linux/i386/sse2", "linux/386"},
        {"linux/armhf", "linux/arm/v7"},       {"linux/armel", "linux/arm/v6"},
        {"linux/armel/v7", "linux/arm/v6"},    {"linux/arm/6", "linux/arm/v6"},
        {"macOS/arm64", "darwin/arm64"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (rank(same[i][0], same[i][1]) != 0 || rank(same[i][1], same[i][0]) != 0)
            fail_msg("%s is not %s", same[i][0], same[i][1]);
}

static void expect_architecture(const struct files *f, const char *platform, const char *is)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;

    assert_done(open_files(f, NULL, platform, &image, &err), &err);
    assert_string_equal(li_image_architecture(image), is);
    li_image_free(image);
}

/* Descriptors say it, or only configs do. */
static void images_may_use_other_names(void **state)
{
    struct files f = {0};

    (void)state;
    for (int configs = 0; configs < 2; configs++) {
        add_pair(&f, "x86_64", OCI_LAYER, configs ? "" : PLATFORM("x86_64"), "aarch64",
                 configs ? "" : PLATFORM("aarch64"));
        pack(&f);
        expect_architecture(&f, "linux/amd64", "amd64");
        expect_architecture(&f, "linux/x86_64", "amd64");
        expect_architecture(&f, "linux/arm64", "arm64");
        expect_architecture(&f, "linux/aarch64/v8", "arm64");
        remove_files(&f);
    }
}

static void the_best_platform_is_taken(void **state)
{
    struct files f = {0};

    (void)state;
    add_pair(&f, "plain", OCI_LAYER, PLATFORM("amd64"), "third",
             ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"v3\"}");
    expect_image(&f, NULL, "linux/amd64/v2", "plain", "app:1");
    expect_image(&f, NULL, "linux/amd64/v3", "third", "app:1");
    expect_image(&f, NULL, "linux/amd64/v4", "third", "app:1");
    remove_files(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_platform_twice_is_the_first),
        cmocka_unit_test(platforms_fall_back),
        cmocka_unit_test(platforms_have_several_names),
        cmocka_unit_test(images_may_use_other_names),
        cmocka_unit_test(the_best_platform_is_taken),
    };

    return cmocka_run_group_tests(tests, note_descriptors, check_descriptors);
}
