/* SPDX-License-Identifier: Apache-2.0 */
/* OCI layouts: nested indexes, platforms, several images, and what is checked of each document. */
#include "tests/fixtures/oci_files.h"

#include "image/platform.h"

static void a_layout_opens(void **state)
{
    struct files f = {0};
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;

    (void)state;
    add_layout(&f, add_image(&f, "arm", OCI_LAYER, NAMED("docker.io/library/app:1")));
    expect_image(&f, NULL, NULL, "arm", "app:1");
    expect_image(&f, "app:1", "linux/arm", "arm", "app:1");
    expect_failure(&f, NULL, "linux/amd64", LI_EINVALID, "choose from: linux/arm");
    expect_failure(&f, "app:2", NULL, LI_EINVALID, "choose from: docker.io/library/app:1");
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    assert_true(li_image_layer(image, 0)->has_digest);
    li_image_free(image);
    remove_files(&f);
}

static void names_that_are_no_tags(void **state)
{
    struct files f = {0};

    (void)state;
    add_layout(&f, add_image(&f, "arm64", OCI_LAYER ".gzip", REF("stable")));
    expect_failure(&f, NULL, NULL, LI_EUNSUPPORTED, "layer 1: the media type");
    remove_files(&f);
    add_layout(&f, add_image(&f, "arm64", OCI_LAYER "+zstd", REF("stable")));
    expect_image(&f, "stable", NULL, "arm64", NULL);
    remove_files(&f);
    add_layout(&f, add_image(&f, "arm64", OCI_LAYER "+gzip", REF("quay.io/x/app:3")));
    expect_image(&f, NULL, NULL, "arm64", "quay.io/x/app:3");
    remove_files(&f);
}

/* An index within index.json, with two platforms and an attestation. */
static void add_two_platforms(struct files *f, const char *platform_1, const char *platform_2)
{
    char *one = add_image(f, "amd64", OCI_LAYER, platform_1);
    char *two = add_image(f, "arm64", OCI_LAYER, platform_2);
    char *seal = add_blob(f, OCI_MANIFEST, strdup("{}"),
                          ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}");
    char *both = format("%s,%s,%s", one, two, seal);

    add_layout(f, add_blob(f, OCI_INDEX, make_index(both), NAMED("docker.io/library/app:1")));
    free(one);
    free(two);
    free(seal);
    free(both);
}

static void platforms_are_chosen(void **state)
{
    struct li_image_platform host;
    struct files f = {0};

    (void)state;
    add_two_platforms(&f, PLATFORM("amd64"), PLATFORM("arm64"));
    expect_image(&f, NULL, "linux/amd64", "amd64", "app:1");
    expect_image(&f, "app:1", "linux/arm64/v8", "arm64", "app:1");
    expect_failure(&f, NULL, "linux/s390x", LI_EINVALID, "choose from: linux/amd64, linux/arm64");
    expect_failure(&f, NULL, "windows/amd64", LI_EINVALID, "linux/amd64");
    li_image_platform_host(&host);
    assert_string_equal(host.os, "linux");
    if (!strcmp(host.architecture, "amd64") || !strcmp(host.architecture, "arm64"))
        expect_image(&f, NULL, NULL, host.architecture, "app:1");
    else
        expect_failure(&f, NULL, NULL, LI_EINVALID, "choose from: linux/amd64, linux/arm64");
    remove_files(&f);
}

static void platforms_come_from_configs_where_need_be(void **state)
{
    struct files f = {0};

    (void)state;
    add_two_platforms(&f, "", "");
    expect_image(&f, NULL, "linux/arm64", "arm64", "app:1");
    remove_files(&f);
}

static void manifests_left_out_are_passed_over(void **state)
{
    char *arm = make_config("arm64");
    char *digest = format("sha256:%s", text_hex(arm).text);
    struct files f = {0};

    (void)state;
    add_two_platforms(&f, PLATFORM("amd64"), PLATFORM("arm64"));
    for (size_t i = 0; i < f.count; i++)
        if (strstr(f.list[i].data, "\"layers\":[") && !strstr(f.list[i].data, digest))
            strcpy(f.list[i].name, "left-out");
    expect_image(&f, NULL, NULL, "arm64", "app:1");
    expect_image(&f, digest, NULL, "arm64", "app:1");
    free(arm);
    free(digest);
    remove_files(&f);
}

static void variants_are_told_apart(void **state)
{
    struct files f = {0};
    char *six = add_image(&f, "arm", OCI_LAYER,
                          ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\","
                          "\"variant\":\"v6\"}");
    char *five = add_image(&f, "arm", OCI_LAYER "+gzip",
                           ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\","
                           "\"variant\":\"v5\"}");

    (void)state;
    add_layout(&f, format("%s,%s", six, five));
    expect_image(&f, NULL, "linux/arm/v6", "arm", NULL);
    expect_image(&f, NULL, "linux/arm/v7", "arm", NULL);
    expect_failure(&f, NULL, "linux/arm/v4", LI_EINVALID, "linux/arm/v6, linux/arm/v5");
    free(six);
    free(five);
    remove_files(&f);
}

static void the_plain_variant_goes_first(void **state)
{
    struct files f = {0};
    char *third = add_image(&f, "other", OCI_LAYER,
                            ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\","
                            "\"variant\":\"v3\"}");
    char *plain = add_image(&f, "amd64", OCI_LAYER, PLATFORM("amd64"));

    (void)state;
    add_layout(&f, format("%s,%s", third, plain));
    expect_image(&f, NULL, "linux/amd64", "amd64", NULL);
    expect_image(&f, NULL, "linux/amd64/v3", "other", NULL);
    free(third);
    free(plain);
    remove_files(&f);
}

static void several_images_need_a_choice(void **state)
{
    struct files f = {0};
    char *one = add_image(&f, "amd64", OCI_LAYER, NAMED("docker.io/library/app:1"));
    char *two = add_image(&f, "arm64", OCI_LAYER, REF("other"));
    char *nameless = add_image(&f, "riscv64", OCI_LAYER, "");
    char *digest = strndup(strstr(nameless, "sha256:"), 71);

    (void)state;
    add_layout(&f, format("%s,%s,%s", one, two, nameless));
    expect_failure(&f, NULL, NULL, LI_EINVALID, "--image: docker.io/library/app:1, other, sha256:");
    expect_failure(&f, NULL, "linux/amd64", LI_EINVALID, "--image");
    expect_image(&f, "app:1", NULL, "amd64", "app:1");
    expect_image(&f, "other", NULL, "arm64", NULL);
    expect_image(&f, digest, NULL, "riscv64", NULL);
    free(one);
    free(two);
    free(nameless);
    free(digest);
    remove_files(&f);
}

static void two_names_of_one_image_are_one(void **state)
{
    struct files f = {0};
    char *one = add_image(&f, "amd64", OCI_LAYER, REF("app:1"));
    char *two = add_image(&f, "amd64", OCI_LAYER, REF("app:2"));

    (void)state;
    add_layout(&f, format("%s,%s", one, two));
    expect_image(&f, NULL, NULL, "amd64", NULL);
    expect_image(&f, "app:2", NULL, "amd64", "app:2");
    free(one);
    free(two);
    remove_files(&f);
}

/* Docker 25 and later: manifest.json beside the layout. */
static void new_docker_archives_open(void **state)
{
    struct files f = {0};
    char *config = make_config("amd64");
    char *manifest;

    (void)state;
    add_two_platforms(&f, PLATFORM("amd64"), PLATFORM("arm64"));
    manifest = format("[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"app:docker\"],"
                      "\"Layers\":[\"blobs/sha256/%s\",\"blobs/sha256/%s\"]}]",
                      text_hex(config).text, text_hex(LAYER_A).text, text_hex(LAYER_B).text);
    add_made(&f, "manifest.json", manifest);
    expect_image(&f, "app:docker", "linux/amd64", "amd64", "app:docker");
    expect_image(&f, "app:docker", "linux/arm64", "arm64", "app:docker");
    expect_image(&f, "app:1", "linux/amd64", "amd64", "app:1");
    expect_image(&f, NULL, "linux/amd64", "amd64", NULL);
    find_blob(&f, "\"amd64\",\"rootfs\"")->data[7] ^= 1;
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "wrong digest");
    free(config);
    remove_files(&f);
}

/* Turns over bits of, and cuts bytes off, all blobs that contain WORDS. */
static void change_blobs(struct files *f, const char *words, char bits, size_t cut)
{
    for (size_t i = 0; i < f->count; i++) {
        struct file *blob = &f->list[i];

        if (strncmp(blob->name, "blobs", 5) != 0 || !strstr(blob->data, words))
            continue;
        blob->data[2] ^= bits;
        blob->len -= cut;
    }
}

static void digests_and_sizes_are_checked(void **state)
{
    static const struct {
        const char *blob, *words;
    } cases[] = {
        {"\"rootfs\"", "config: blobs/sha256/"},
        {"\"layers\":[", "manifest: blobs/sha256/"},
        {"\"manifests\":[", "index: blobs/sha256/"},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct files f = {0};

        add_two_platforms(&f, PLATFORM("amd64"), "");
        change_blobs(&f, cases[i].blob, 1, 0);
        expect_failure(&f, NULL, "linux/amd64", LI_ECORRUPT, cases[i].words);
        expect_failure(&f, NULL, "linux/amd64", LI_ECORRUPT, "wrong digest");
        change_blobs(&f, cases[i].blob, 0, 1);
        expect_failure(&f, NULL, "linux/amd64", LI_ECORRUPT, "but should have");
        remove_files(&f);
    }
}

static void layers_must_be_there_and_whole(void **state)
{
    struct files f = {0};

    (void)state;
    add_layout(&f, add_image(&f, "amd64", OCI_LAYER, ""));
    find_blob(&f, LAYER_B)->len--;
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "layer 2: blobs/sha256/");
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "but should have 39");
    strcpy(find_blob(&f, LAYER_B)->name, "elsewhere");
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "is missing");
    remove_files(&f);

    add_layout(&f, add_image(&f, "amd64",
                             "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", ""));
    strcpy(find_blob(&f, LAYER_A)->name, "elsewhere");
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "not for distribution");
    remove_files(&f);
}

static void documents_are_checked(void **state)
{
    static const struct {
        const char *layout, *index, *words;
        int code;
    } cases[] = {
        {"[]", "{}", "oci-layout is not an object", LI_ECORRUPT},
        {"{\"imageLayoutVersion\":\"2\"}", "{}", "only 1.0.0", LI_EUNSUPPORTED},
        {LAYOUT, "{}", "index.json has no \"schemaVersion\"", LI_ECORRUPT},
        {LAYOUT, "{\"schemaVersion\":1}", "is not 2", LI_EUNSUPPORTED},
        {LAYOUT, "{\"schemaVersion\":2}", "names no image", LI_EINVALID},
        {LAYOUT, "{\"schemaVersion\":2,\"manifests\":null}", "names no image", LI_EINVALID},
        {LAYOUT, "{\"schemaVersion\":2,\"manifests\":[]}", "names no image", LI_EINVALID},
        {LAYOUT, "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", "does not belong",
         LI_ECORRUPT},
        {LAYOUT, "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST "\",\"manifests\":[]}",
         "its descriptor says", LI_ECORRUPT},
        {LAYOUT, "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI_MANIFEST "\"}]}",
         "index.json: manifests[0] has no \"digest\"", LI_ECORRUPT},
        {LAYOUT, "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x/signature\"}]}",
         "only x/signature", LI_EUNSUPPORTED},
        {LAYOUT,
         "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI_MANIFEST
         "\",\"digest\":\"sha512:00\",\"size\":1}]}",
         "only sha256", LI_EUNSUPPORTED},
        {LAYOUT,
         "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x/signature\",\"digest\":\"sha256:"
         "0000000000000000000000000000000000000000000000000000000000000000\",\"size\":1}]}",
         "only x/signature", LI_EUNSUPPORTED},
        {LAYOUT,
         "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI_MANIFEST
         "\",\"digest\":\"sha256:"
         "0000000000000000000000000000000000000000000000000000000000000000\",\"size\":1}]}",
         "the manifest or index blobs/sha256/0000", LI_ECORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct files f = {0};

        add_text(&f, "oci-layout", cases[i].layout);
        add_text(&f, "index.json", cases[i].index);
        expect_failure(&f, NULL, NULL, cases[i].code, cases[i].words);
        remove_files(&f);
    }
}

/* Indexes one within the other, once in depth, and once thirty at each level. */
static void nesting_is_bounded(void **state)
{
    for (int wide = 0; wide < 2; wide++) {
        struct files f = {0};
        char *inner = add_image(&f, "amd64", OCI_LAYER, "");

        for (int depth = 0; depth < (wide ? 4 : 9); depth++) {
            char *many = strdup(inner);

            for (int i = 1; wide && i < 30; i++) {
                char *more = format("%s,%s", many, inner);

                free(many);
                many = more;
            }
            free(inner);
            inner = add_blob(&f, OCI_INDEX, make_index(many), "");
            free(many);
        }
        add_layout(&f, inner);
        expect_failure(&f, NULL, NULL, LI_ELIMIT, wide ? "4096 manifests" : "indexes are nested");
        remove_files(&f);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layout_opens),
        cmocka_unit_test(names_that_are_no_tags),
        cmocka_unit_test(platforms_are_chosen),
        cmocka_unit_test(platforms_come_from_configs_where_need_be),
        cmocka_unit_test(manifests_left_out_are_passed_over),
        cmocka_unit_test(variants_are_told_apart),
        cmocka_unit_test(the_plain_variant_goes_first),
        cmocka_unit_test(several_images_need_a_choice),
        cmocka_unit_test(two_names_of_one_image_are_one),
        cmocka_unit_test(new_docker_archives_open),
        cmocka_unit_test(digests_and_sizes_are_checked),
        cmocka_unit_test(layers_must_be_there_and_whole),
        cmocka_unit_test(documents_are_checked),
        cmocka_unit_test(nesting_is_bounded),
    };

    return cmocka_run_group_tests(tests, note_descriptors, check_descriptors);
}
