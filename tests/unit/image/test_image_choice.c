/* SPDX-License-Identifier: Apache-2.0 */
/* Which images an archive has: of two lists that disagree, among other artifacts, and among
 * variants for one platform. */
#include "tests/fixtures/oci_files.h"

/* "sha256:..." of a descriptor. */
static char *digest_of(const char *descriptor)
{
    return strndup(strstr(descriptor, "sha256:"), 71);
}

static char *config_digest(const char *architecture)
{
    char *config = make_config(architecture), *digest = format("sha256:%s", text_hex(config).text);

    free(config);
    return digest;
}

/* An entry of manifest.json for the image that add_image() makes; TAGS is "null" or an array. */
static char *entry(const char *architecture, const char *tags)
{
    char *config = config_digest(architecture);
    char *text = format("{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":%s,"
                        "\"Layers\":[\"blobs/sha256/%s\",\"blobs/sha256/%s\"]}",
                        config + 7, tags, text_hex(LAYER_A).text, text_hex(LAYER_B).text);

    free(config);
    return text;
}

/* manifest.json of one or two entries, which are freed. */
static void add_entries(struct files *f, char *one, char *two)
{
    add_made(f, "manifest.json", format("[%s%s%s]", one, two ? "," : "", two ? two : ""));
    free(one);
    free(two);
}

static void both_lists_count(void **state)
{
    struct files f = {0};
    char *one = add_image(&f, "one", OCI_LAYER, ""), *two = add_image(&f, "two", OCI_LAYER, "");
    char *first = digest_of(one), *second = config_digest("two"), *config = config_digest("one");
    char *list = format("%s, %s", first, second);

    (void)state;
    free(two);
    add_layout(&f, one);
    add_entries(&f, entry("one", "null"), entry("two", "null"));
    expect_failure(&f, NULL, NULL, LI_EINVALID, list);
    expect_failure(&f, NULL, "linux/one", LI_EINVALID, list);
    expect_failure(&f, "app:1", NULL, LI_EINVALID, list);
    expect_image(&f, first, NULL, "one", NULL);
    expect_image(&f, config, "linux/one", "one", NULL);
    expect_image(&f, second, NULL, "two", NULL);
    expect_failure(&f, second, "linux/one", LI_EINVALID, "choose from: linux/two");
    free(list);
    free(first);
    free(second);
    free(config);
    remove_files(&f);
}

static void an_index_without_manifests_hides_nothing(void **state)
{
    static const char *const indexes[] = {"{\"schemaVersion\":2,\"manifests\":null}",
                                          "{\"schemaVersion\":2}",
                                          "{\"schemaVersion\":2,\"manifests\":[]}"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *config = config_digest("amd64");
        struct files f = {0};

        free(add_image(&f, "amd64", OCI_LAYER, ""));
        add_text(&f, "index.json", indexes[i]);
        add_text(&f, "oci-layout", LAYOUT);
        add_entries(&f, entry("amd64", "[\"app:1\"]"), NULL);
        expect_image(&f, NULL, NULL, "amd64", "app:1");
        expect_image(&f, config, "linux/amd64", "amd64", "app:1");
        expect_image(&f, "app:1", "linux/amd64/v3", "amd64", "app:1");
        free(config);
        remove_files(&f);
    }
}

/* containerd's form of a name and Docker's, in two lists: one image and one tag. */
static void names_of_both_lists_are_one(void **state)
{
    struct files f = {0};

    (void)state;
    add_layout(&f, add_image(&f, "one", OCI_LAYER, NAMED("docker.io/x/app:1")));
    add_entries(&f, entry("one", "[\"x/app:1\"]"), NULL);
    expect_image(&f, NULL, NULL, "one", "x/app:1");
    expect_image(&f, "docker.io/x/app:1", NULL, "one", "x/app:1");
    expect_failure(&f, "x/app:2", NULL, LI_EINVALID, "choose from: x/app:1");
    remove_files(&f);

    /* A word that is no tag, and the tag. */
    add_layout(&f, add_image(&f, "one", OCI_LAYER, REF("1")));
    add_entries(&f, entry("one", "[\"x/app:1\"]"), NULL);
    expect_image(&f, NULL, NULL, "one", "x/app:1");
    expect_image(&f, "1", NULL, "one", NULL);
    remove_files(&f);

    /* No name, and two. */
    add_layout(&f, add_image(&f, "one", OCI_LAYER, ""));
    add_entries(&f, entry("one", "[\"app:1\",\"\",\"app:2\"]"), NULL);
    expect_image(&f, NULL, NULL, "one", NULL);
    expect_image(&f, "app:2", NULL, "one", "app:2");
    expect_failure(&f, "app:3", NULL, LI_EINVALID, "choose from: app:1, app:2");
    remove_files(&f);
}

/* An image of the index in whose place the archive has the layers as manifest.json says. */
static void layers_may_lie_elsewhere(void **state)
{
    struct files f = {0};
    char *config = config_digest("one");

    (void)state;
    add_layout(&f, add_image(&f, "one", OCI_LAYER, NAMED("app:1")));
    strcpy(find_blob(&f, LAYER_A)->name, "id1/layer.tar");
    strcpy(find_blob(&f, LAYER_B)->name, "id2/layer.tar");
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "layer 1: blobs/sha256/");
    add_made(
        &f, "manifest.json",
        format("[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"app:1\"],\"Layers\":" OLD_LAYERS
               "}]",
               config + 7));
    expect_image(&f, NULL, NULL, "one", "app:1");
    free(config);
    remove_files(&f);
}

/* What containerd does, too. */
static void an_index_without_a_layout_is_none(void **state)
{
    struct files f = {0};

    (void)state;
    add_layout(&f, add_image(&f, "one", OCI_LAYER, NAMED("other:1")));
    add_entries(&f, entry("one", "[\"app:1\"]"), NULL);
    strcpy(f.list[f.count - 2].name, "no-layout");
    expect_image(&f, NULL, NULL, "one", "app:1");
    expect_failure(&f, "other:1", NULL, LI_EINVALID, "choose from: app:1");
    remove_files(&f);
}

/* All that the index lists without a name is one image. */
static void platforms_without_a_name_are_one_image(void **state)
{
    struct files f = {0};
    char *one = add_image(&f, "one", OCI_LAYER, PLATFORM("one"));
    char *two = add_image(&f, "two", OCI_LAYER, PLATFORM("two"));

    (void)state;
    add_layout(&f, format("%s,%s", one, two));
    expect_image(&f, NULL, "linux/one", "one", NULL);
    expect_image(&f, NULL, "linux/two", "two", NULL);
    expect_failure(&f, NULL, "linux/none", LI_EINVALID, "choose from: linux/one, linux/two");
    free(one);
    free(two);
    remove_files(&f);
}

/* Platforms of one image of which only one was pulled, with all manifests there. */
static void platforms_without_layers_are_passed_over(void **state)
{
    struct files f = {0};
    char *here = add_image(&f, "here", OCI_LAYER, PLATFORM("here"));
    char *gone = add_blob(&f, OCI_LAYER, strdup("never pulled"), "");
    char *config = add_blob(&f, OCI_CONFIG, strdup("{}"), "");
    char *there =
        add_blob(&f, OCI_MANIFEST,
                 format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, gone),
                 PLATFORM("there"));
    char *both = format("%s,%s", there, here);

    (void)state;
    strcpy(find_blob(&f, "never pulled")->name, "gone");
    add_layout(&f, add_blob(&f, OCI_INDEX, make_index(both), NAMED("app:1")));
    expect_image(&f, NULL, NULL, "here", "app:1");
    expect_image(&f, "app:1", NULL, "here", "app:1");
    expect_failure(&f, NULL, "linux/there", LI_ECORRUPT, "config");
    free(here);
    free(gone);
    free(both);
    free(config);
    free(there);
    remove_files(&f);
}

/* Two images, of one of which the archive has not even the index. */
static void indexes_left_out_are_passed_over(void **state)
{
    struct files f = {0};
    char *here = add_image(&f, "here", OCI_LAYER, NAMED("app:1"));
    char *gone = add_blob(&f, OCI_INDEX, make_index("\"gone\""), NAMED("app:2"));

    (void)state;
    strcpy(find_blob(&f, "gone")->name, "left-out");
    add_layout(&f, format("%s,%s", gone, here));
    expect_image(&f, NULL, NULL, "here", "app:1");
    expect_failure(&f, "app:2", NULL, LI_EINVALID, "choose from: app:1");
    remove_files(&f);
    add_layout(&f, gone);
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "is missing; the image is not complete");
    free(here);
    remove_files(&f);
}

/* manifest.json lists what the index says is an artifact. */
static void artifacts_are_none_in_either_list(void **state)
{
    struct files f = {0};
    char *config = add_blob(&f, "application/vnd.oci.empty.v1+json", strdup("{}"), "");
    char *other = add_blob(&f, OCI_MANIFEST,
                           format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}", config), "");
    char *image = add_image(&f, "one", OCI_LAYER, "");

    (void)state;
    add_layout(&f, format("%s,%s", other, image));
    add_entries(&f, entry("one", "null"),
                format("{\"Config\":\"blobs/sha256/%s\",\"Layers\":[]}", text_hex("{}").text));
    expect_image(&f, NULL, NULL, "one", NULL);
    free(config);
    free(other);
    free(image);
    remove_files(&f);
}

static void names_are_bounded(void **state)
{
    struct files f = {0};
    struct li_buffer text = {0};
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (int i = 0; i < 4096; i++)
        assert_done(li_buffer_append(&text, i ? ",\"a\"" : "[\"a\"", 4, &err), &err);
    assert_done(li_buffer_append(&text, "]", 2, &err), &err);
    free(add_image(&f, "one", OCI_LAYER, ""));
    add_entries(&f, entry("one", (char *)text.data), NULL);
    expect_failure(&f, NULL, NULL, LI_ELIMIT, "more than 4096 images and tags");
    li_buffer_free(&text);
    remove_files(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_lists_count),
        cmocka_unit_test(an_index_without_manifests_hides_nothing),
        cmocka_unit_test(names_of_both_lists_are_one),
        cmocka_unit_test(layers_may_lie_elsewhere),
        cmocka_unit_test(an_index_without_a_layout_is_none),
        cmocka_unit_test(platforms_without_a_name_are_one_image),
        cmocka_unit_test(platforms_without_layers_are_passed_over),
        cmocka_unit_test(indexes_left_out_are_passed_over),
        cmocka_unit_test(artifacts_are_none_in_either_list),
        cmocka_unit_test(names_are_bounded),
    };

    return cmocka_run_group_tests(tests, note_descriptors, check_descriptors);
}
