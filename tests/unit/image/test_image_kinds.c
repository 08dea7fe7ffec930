/* SPDX-License-Identifier: Apache-2.0 */
/* What is an image, among other artifacts and by types that were lost. */
#include "tests/fixtures/oci_files.h"

#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"

/* A manifest with this config and one layer, both as text; returns its descriptor. */
static char *add_other(struct files *f, const char *config_type, const char *config,
                       const char *layer_type, const char *more)
{
    char *c = add_blob(f, config_type, strdup(config), "");
    char *layer = add_blob(f, layer_type, strdup("{\"a\":1}"), "");
    char *text = format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", c, layer);

    free(c);
    free(layer);
    return add_blob(f, OCI_MANIFEST, text, more);
}

static const struct {
    const char *config_type, *config, *layer_type;
} artifacts[] = {
    {"application/vnd.oci.empty.v1+json", "{}", "application/spdx+json"},
    {"application/vnd.cncf.helm.config.v1+json", "{}", OCI_LAYER "+gzip"},
    {OCI_CONFIG, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"\"]}}",
     "application/vnd.dev.cosign.simplesigning.v1+json"},
    {OCI_CONFIG, "{\"os\":\"linux\",\"architecture\":\"amd64\"}", "application/vnd.in-toto+json"},
    {"application/json", "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}", OCI_LAYER},
    {"", "{\"os\":\"linux\"}", OCI_LAYER},
    {"application/octet-stream", "not JSON", OCI_LAYER},
};

static void artifacts_are_no_choice(void **state)
{
    static const char *const platforms[] = {"", PLATFORM("amd64"), REF("latest"),
                                            ",\"artifactType\":\"application/spdx+json\""};

    (void)state;
    for (size_t i = 0; i < sizeof(artifacts) / sizeof(artifacts[0]); i++) {
        for (size_t k = 0; k < 4; k++) {
            struct files f = {0};
            char *image = add_image(&f, "amd64", OCI_LAYER, platforms[k % 3]);
            char *other = add_other(&f, artifacts[i].config_type, artifacts[i].config,
                                    artifacts[i].layer_type, platforms[k]);

            add_layout(&f, format("%s,%s", other, image));
            expect_image(&f, NULL, NULL, "amd64", NULL);
            expect_image(&f, NULL, "linux/amd64", "amd64", NULL);
            remove_files(&f);
            free(image);
            add_layout(&f, add_other(&f, artifacts[i].config_type, artifacts[i].config,
                                     artifacts[i].layer_type, platforms[k]));
            expect_failure(&f, NULL, NULL, LI_EUNSUPPORTED, "holds no container image, only ");
            free(other);
            remove_files(&f);
        }
    }
}

static void an_image_may_state_an_artifact_type(void **state)
{
    struct files f = {0};

    (void)state;
    add_layout(&f, add_image(&f, "one", OCI_LAYER, ",\"artifactType\":\"" OCI_CONFIG "\""));
    expect_image(&f, NULL, NULL, "one", NULL);
    remove_files(&f);
}

/* An image's manifest with the config's type as old registries have it; returns its descriptor. */
static char *add_old(struct files *f, const char *config_type, const char *own_type,
                     const char *more)
{
    char *config = add_blob(f, config_type ? config_type : "", make_config("amd64"), "");
    char *a = add_blob(f, DOCKER_LAYER, strdup(LAYER_A), "");
    char *b = add_blob(f, DOCKER_LAYER, strdup(LAYER_B), "");
    char *text, *manifest;

    if (!config_type) /* without the member */
        memmove(config + 1, config + strlen("{\"mediaType\":\"\","),
                strlen(config + strlen("{\"mediaType\":\"\",")) + 1);
    text = format("{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s,%s]}",
                  own_type, config, a, b);
    manifest = add_blob(f, DOCKER_MANIFEST, text, more);
    free(config);
    free(a);
    free(b);
    return manifest;
}

static void configs_whose_type_was_lost(void **state)
{
    static const char *const types[] = {
        DOCKER_CONFIG, "application/octet-stream", "application/json",
        "text/html",   "text/html; charset=utf-8", "",
        NULL};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct files f = {0};

        add_layout(&f, add_old(&f, types[i], DOCKER_MANIFEST, NAMED("app:1")));
        expect_image(&f, NULL, NULL, "amd64", "app:1");
        remove_files(&f);
    }
}

static void expect_note(struct files *f, const char *words)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;

    spread(f);
    assert_done(open_files(f, NULL, NULL, &image, &err), &err);
    assert_int_equal(li_image_notes(image), 1);
    assert_non_null(strstr(li_image_note(image, 0), words));
    li_image_free(image);
}

static void types_of_one_kind_may_differ(void **state)
{
    struct files f = {0};
    char *manifest;

    (void)state;
    add_layout(&f, add_old(&f, DOCKER_CONFIG, OCI_MANIFEST, NAMED("app:1")));
    expect_image(&f, NULL, NULL, "amd64", "app:1");
    expect_note(&f, "mediaType is " OCI_MANIFEST ", but its descriptor says " DOCKER_MANIFEST);
    remove_files(&f);

    manifest = add_old(&f, DOCKER_CONFIG, DOCKER_MANIFEST, "");
    add_made(&f, "index.json",
             format("{\"schemaVersion\":2,\"mediaType\":\"" DOCKER_LIST "\",\"manifests\":[%s]}",
                    manifest));
    add_text(&f, "oci-layout", LAYOUT);
    expect_image(&f, NULL, NULL, "amd64", NULL);
    expect_note(&f, "index.json: mediaType is " DOCKER_LIST);
    free(manifest);
    remove_files(&f);

    add_layout(&f, add_old(&f, DOCKER_CONFIG, DOCKER_LIST, ""));
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "but its descriptor says");
    remove_files(&f);
}

/* Makes TEXT's first digest one of another kind. */
static char *with_sha512(char *text)
{
    char *digest = strstr(text, "sha256:");

    assert_non_null(digest);
    memcpy(digest, "sha512", 6);
    return text;
}

/* An image of which config (0) or layer (1) has a digest that is not sha256; its descriptor. */
static char *add_unread(struct files *f, int which, const char *more)
{
    char *config = add_blob(f, OCI_CONFIG, make_config("unread"), "");
    char *first = add_blob(f, OCI_LAYER, strdup(LAYER_A), "");
    char *layer = add_blob(f, OCI_LAYER, strdup(LAYER_B), "");
    char *text;

    if (which < 2)
        with_sha512(which == 0 ? config : layer);
    text = format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s,%s]}", config, first, layer);
    free(config);
    free(first);
    free(layer);
    return add_blob(f, OCI_MANIFEST, text, more);
}

/* What is not asked for may have digests that are not sha256. */
static void other_digests_are_none_of_the_image(void **state)
{
    static const char *const words[] = {"manifest blobs/sha256/", "layer 2: manifest blobs/sha256/",
                                        "index.json names the image by a digest of type sha512"};

    (void)state;
    for (int which = 0; which < 3; which++) {
        struct files f = {0};
        char *image = add_image(&f, "amd64", OCI_LAYER, NAMED("app:1"));
        char *other = add_unread(&f, which, NAMED("other:1"));

        if (which == 2)
            with_sha512(other);
        add_layout(&f, format("%s,%s", other, image));
        expect_image(&f, "app:1", NULL, "amd64", "app:1");
        expect_failure(&f, NULL, NULL, LI_EINVALID, "choose with --image: other:1, app:1");
        expect_failure(&f, "other:1", NULL, LI_EUNSUPPORTED, words[which]);
        expect_failure(&f, "other:1", NULL, LI_EUNSUPPORTED, "only sha256 can be read");
        remove_files(&f);
        free(image);
        free(other);
    }
}

/* One platform of an image, one of its signatures, and an image without a name. */
static void other_digests_in_an_index(void **state)
{
    struct files f = {0};
    char *unread = add_unread(&f, 1, PLATFORM("arm64")), *image, *both, *other;

    (void)state;
    image = add_image(&f, "amd64", OCI_LAYER, PLATFORM("amd64"));
    with_sha512(unread);
    both = format("%s,%s,{\"mediaType\":\"x/signature\",\"digest\":\"sha512:1\"}", unread, image);
    add_layout(&f, add_blob(&f, OCI_INDEX, make_index(both), NAMED("app:1")));
    expect_image(&f, NULL, NULL, "amd64", "app:1");
    expect_image(&f, NULL, "linux/amd64", "amd64", "app:1");
    expect_failure(&f, NULL, "linux/arm64", LI_EUNSUPPORTED, "a digest of type sha512");
    remove_files(&f);
    free(unread);
    free(both);
    free(image);

    image = add_image(&f, "amd64", OCI_LAYER, "");
    other = format("{\"mediaType\":\"" OCI_INDEX "\",\"digest\":\"sha512:12\",\"size\":1}");
    add_layout(&f, format("%s,%s", image, other));
    expect_failure(&f, NULL, NULL, LI_EINVALID, "--image: sha256:");
    expect_failure(&f, NULL, NULL, LI_EINVALID, ", sha512:12");
    expect_failure(&f, "sha512:12", NULL, LI_EUNSUPPORTED, "a digest of type sha512");
    remove_files(&f);
    free(image);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(artifacts_are_no_choice),
        cmocka_unit_test(an_image_may_state_an_artifact_type),
        cmocka_unit_test(configs_whose_type_was_lost),
        cmocka_unit_test(other_digests_are_none_of_the_image),
        cmocka_unit_test(other_digests_in_an_index),
        cmocka_unit_test(types_of_one_kind_may_differ),
    };

    return cmocka_run_group_tests(tests, note_descriptors, check_descriptors);
}
