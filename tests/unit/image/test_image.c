/* SPDX-License-Identifier: Apache-2.0 */
/* docker-save: choosing an image, finding its layers, and what is said of broken documents. */
#include "tests/fixtures/image_files.h"

#include <unistd.h>

static void docker_save_opens(void **state)
{
    struct files f = {0};

    (void)state;
    old_docker(&f);
    expect_image(&f, NULL, NULL, "amd64", "app:1");
    expect_image(&f, "docker.io/library/app:1", "linux/amd64", "amd64", "app:1");
    expect_failure(&f, NULL, "linux/arm64", LI_EINVALID, "choose from: linux/amd64");
    expect_failure(&f, NULL, "amd64", LI_EINVALID, "not a platform");
    expect_failure(&f, "app:2", NULL, LI_EINVALID, "choose from: app:1");
    remove_files(&f);
}

static void docker_layers_may_be_links(void **state)
{
    struct files f = {0};
    struct hex config = add_config(&f);

    (void)state;
    add_text(&f, "other/layer.tar", LAYER_A);
    add(&f, '2', "id1/layer.tar", "../third/layer.tar", 18);
    add(&f, '2', "third", "./other/", 8);
    add_text(&f, "plain.tar", LAYER_B);
    add(&f, '2', "id2/layer.tar", "../plain.tar", 12);
    add_manifest(&f, config, "null", OLD_LAYERS);
    expect_image(&f, NULL, NULL, "amd64", NULL);
    remove_files(&f);
}

static void docker_layers_may_be_hard_links(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    struct hex config = add_config(&f);

    (void)state;
    add_text(&f, "a.tar", LAYER_A);
    add_text(&f, "b.tar", LAYER_B);
    add(&f, '1', "id1/layer.tar", "./a.tar", 7);
    add(&f, '1', "id2/layer.tar", "b.tar", 5);
    add_manifest(&f, config, "[]", OLD_LAYERS);
    pack(&f);
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    check_image(image, "amd64", NULL);
    li_image_free(image);
    remove_files(&f);
}

static void one_layer_twice_has_one_descriptor(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    struct hex a = text_hex(LAYER_A);

    (void)state;
    add_made(&f, "c.json",
             format("{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\",\"sha256:%s\"]}}",
                    a.text, a.text));
    add_text(&f, "a.tar", LAYER_A);
    add_text(&f, "manifest.json", "[{\"Config\":\"c.json\",\"Layers\":[\"a.tar\",\"a.tar\"]}]");
    spread(&f);
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    assert_int_equal(li_image_layer(image, 0)->fd, li_image_layer(image, 1)->fd);
    check_layer(image, 1, LAYER_A);
    assert_string_equal(li_image_os(image), "");
    li_image_free(image);
    remove_files(&f);
}

static void an_image_without_layers_opens(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};

    (void)state;
    add_text(&f, "c.json", "{\"rootfs\":{\"type\":\"layers\"}}");
    add_text(&f, "manifest.json", "[{\"Config\":\"c.json\",\"Layers\":null}]");
    pack(&f);
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    assert_int_equal(li_image_layers(image), 0);
    li_image_free(image);
    remove_files(&f);
}

static void several_images_need_a_choice(void **state)
{
    char *other = format("{\"rootfs\":{\"type\":\"layers\"}}");
    struct files f = {0};
    struct hex config = add_config(&f);
    char *want = format("sha256:%s", config.text);

    (void)state;
    add_made(&f, "other.json", other);
    add_text(&f, "id1/layer.tar", LAYER_A);
    add_text(&f, "id2/layer.tar", LAYER_B);
    add_made(&f, "manifest.json",
             format("[{\"Config\":\"other.json\",\"RepoTags\":[\"x/other:1\"],\"Layers\":[]},"
                    "{\"Config\":\"%s.json\",\"RepoTags\":[\"app:latest\",\"app:1\"],"
                    "\"Layers\":" OLD_LAYERS "}]",
                    config.text));
    expect_failure(&f, NULL, NULL, LI_EINVALID, "--image: x/other:1, app:latest, app:1");
    expect_image(&f, "app", NULL, "amd64", "app:latest");
    expect_image(&f, "docker.io/library/app:1", NULL, "amd64", "app:1");
    expect_image(&f, want, NULL, "amd64", NULL);
    expect_failure(&f, "other:1", NULL, LI_EINVALID, "choose from");
    free(want);
    remove_files(&f);
}

static void lists_in_errors_are_bounded(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    struct li_buffer text = {0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char *entry =
            format("%c{\"Config\":\"c%d\",\"RepoTags\":[\"image-%d\"]}", i ? ',' : '[', i, i);

        assert_done(li_buffer_append(&text, entry, strlen(entry), &err), &err);
        free(entry);
    }
    assert_done(li_buffer_append(&text, "]", 1, &err), &err);
    add(&f, '0', "manifest.json", text.data, text.len);
    pack(&f);
    assert_fails(open_files(&f, NULL, NULL, &image, &err), LI_EINVALID, "image-0, image-1, ", &err);
    assert_non_null(strstr(err.text, " more"));
    assert_true(strlen(err.text) < 700);
    li_buffer_free(&text);
    remove_files(&f);
}

/* Some tools edit the config and keep its name, which promises nothing. */
static void an_edited_config_is_noted(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    char *name;

    (void)state;
    old_docker(&f);
    name = strstr(f.list[0].data, "linux");
    memcpy(name, "other", 5);
    pack(&f);
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    assert_string_equal(li_image_os(image), "other");
    check_layer(image, 0, LAYER_A);
    check_layer(image, 1, LAYER_B);
    assert_int_equal(li_image_notes(image), 1);
    assert_non_null(strstr(li_image_note(image, 0), ".json was changed"));
    li_image_free(image);

    memcpy(name, "linux", 5);
    pack(&f);
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    assert_int_equal(li_image_notes(image), 0);
    li_image_free(image);
    remove_files(&f);
}

/* A file of a docker-save archive is what its path says, digits or not. */
static void names_of_layers_promise_nothing(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    struct hex config = add_config(&f), wrong = text_hex("something else");
    char *a = format("blobs/sha256/%s", wrong.text), *b = format("/%s.tar", wrong.text);
    char *layers = format("[\"/%s\",\".%s\"]", a, b);

    (void)state;
    add_text(&f, a, LAYER_A);
    add_text(&f, b, LAYER_B);
    add_manifest(&f, config, "[\"app:1\"]", layers);
    expect_image(&f, NULL, NULL, "amd64", "app:1");
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    assert_false(li_image_layer(image, 0)->has_digest);
    li_image_free(image);
    free(a);
    free(b);
    free(layers);
    remove_files(&f);
}

/* Jib before 2.3.0 wrote manifest.json so. */
static void keys_come_in_any_case(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};

    (void)state;
    add_made(
        &f, "c.json",
        format("{\"OS\":\"linux\",\"rootFS\":{\"Type\":\"layers\",\"DIFF_IDS\":[\"sha256:%s\"]}}",
               text_hex(LAYER_A).text));
    add_text(&f, "a.tar", LAYER_A);
    add_text(&f, "manifest.json",
             "[{\"config\":\"c.json\",\"repoTags\":[\"app:1\"],\"layers\":[\"a.tar\"]}]");
    spread(&f);
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    check_layer(image, 0, LAYER_A);
    assert_string_equal(li_image_os(image), "linux");
    assert_string_equal(li_image_tag(image), "app:1");
    li_image_free(image);
    remove_files(&f);
}

static void a_missing_config_is_refused(void **state)
{
    struct files f = {0};

    (void)state;
    add_text(&f, "manifest.json", "[{\"Config\":\"a.json\"},{\"Config\":\"b.json\"}]");
    expect_failure(&f, NULL, NULL, LI_EINVALID, "choose with --image: a.json, b.json");
    expect_failure(&f, "b.json", NULL, LI_ECORRUPT, "b.json is missing");
    remove_files(&f);
}

static void a_missing_layer_is_refused(void **state)
{
    struct files f = {0};

    (void)state;
    old_docker(&f);
    strcpy(f.list[2].name, "id3/layer.tar");
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "layer 2: id2/layer.tar is missing");
    remove_files(&f);
}

/* Broken configs, and what is said of each. */
static void configs_are_checked(void **state)
{
    static const struct {
        const char *config, *words;
        int code;
    } cases[] = {
        {"[]", "config is not an object", LI_ECORRUPT},
        {"", "config is not valid JSON", LI_ECORRUPT},
        {"{} x", "config is not valid JSON", LI_ECORRUPT},
        {"{\"os\":1}", "config: os is not a string", LI_ECORRUPT},
        {"{\"os\":\"a\\u0000b\"}", "config: os has a NUL in it", LI_ECORRUPT},
        {"{\"os\":\"a\",\"os\":\"b\"}", "config has \"os\" twice", LI_ECORRUPT},
        {"{}", "config has no \"rootfs\"", LI_ECORRUPT},
        {"{\"rootfs\":{}}", "config: rootfs has no \"type\"", LI_ECORRUPT},
        {"{\"rootfs\":{\"type\":\"disk\"}}", "config: rootfs.type is \"disk\"", LI_EUNSUPPORTED},
        {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}", "has 0 entries for 2 layers",
         LI_ECORRUPT},
        {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1,2]}}",
         "config: rootfs.diff_ids[0] is not a string", LI_ECORRUPT},
        {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:12\",\"\"]}}",
         "config: rootfs.diff_ids[0] is not a digest", LI_ECORRUPT},
        {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"md5:12\",\"\"]}}", "only sha256",
         LI_EUNSUPPORTED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct files f = {0};

        add_text(&f, "config", cases[i].config);
        add_text(&f, "a", LAYER_A);
        add_text(&f, "b", LAYER_B);
        add_text(&f, "manifest.json", "[{\"Config\":\"config\",\"Layers\":[\"a\",\"b\"]}]");
        expect_failure(&f, NULL, NULL, cases[i].code, cases[i].words);
        remove_files(&f);
    }
}

static void manifests_are_checked(void **state)
{
    static const struct {
        const char *manifest, *words;
    } cases[] = {
        {"\"x\"", "manifest.json is not valid JSON"},
        {"[1]", "manifest.json: [0] is not an object"},
        {"[{}]", "manifest.json: [0] has no \"Config\""},
        {"[{\"Config\":\"c\",\"Layers\":{}}]", "manifest.json: [0].Layers is not an array"},
        {"[{\"Config\":\"c\"}]", "c is missing"},
        {"[{\"Config\":\"d\"}]", "d is not a regular file"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_error err = LI_ERROR_INIT;
        struct li_image *image = NULL;
        struct files f = {0};

        add_text(&f, "manifest.json", cases[i].manifest);
        add_text(&f, "d/x", "");
        spread(&f);
        assert_fails(open_files(&f, NULL, NULL, &image, &err), LI_ECORRUPT, cases[i].words, &err);
        remove_files(&f);
    }
}

static void deep_json_is_refused(void **state)
{
    enum { DEEP = 100000 };
    struct files f = {0};
    char *deep = malloc(DEEP);

    (void)state;
    assert_non_null(deep);
    memset(deep, '[', DEEP);
    add(&f, '0', "manifest.json", deep, DEEP);
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "depth");
    free(deep);
    remove_files(&f);
}

static void large_json_is_refused(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    char path[100];

    (void)state;
    add_text(&f, "manifest.json", "[]");
    spread(&f);
    snprintf(path, sizeof(path), "%s/manifest.json", f.where);
    assert_int_equal(truncate(path, LI_IMAGE_MAX_JSON + 1), 0);
    assert_fails(open_files(&f, NULL, NULL, &image, &err), LI_ELIMIT, "limit", &err);
    remove_files(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docker_save_opens),
        cmocka_unit_test(docker_layers_may_be_links),
        cmocka_unit_test(docker_layers_may_be_hard_links),
        cmocka_unit_test(one_layer_twice_has_one_descriptor),
        cmocka_unit_test(an_image_without_layers_opens),
        cmocka_unit_test(several_images_need_a_choice),
        cmocka_unit_test(lists_in_errors_are_bounded),
        cmocka_unit_test(an_edited_config_is_noted),
        cmocka_unit_test(names_of_layers_promise_nothing),
        cmocka_unit_test(keys_come_in_any_case),
        cmocka_unit_test(a_missing_config_is_refused),
        cmocka_unit_test(a_missing_layer_is_refused),
        cmocka_unit_test(configs_are_checked),
        cmocka_unit_test(manifests_are_checked),
        cmocka_unit_test(deep_json_is_refused),
        cmocka_unit_test(large_json_is_refused),
    };

    return cmocka_run_group_tests(tests, note_descriptors, check_descriptors);
}
