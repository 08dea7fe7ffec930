/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of `docker save`, and of podman, buildah, skopeo and others: manifest.json, an array
 * with the paths of config and layers for each image. The paths are used as they are, so it does
 * not matter whether layers are ID/layer.tar, DIGEST.tar or blobs/sha256/DIGEST.
 *
 * The format states no digests. Writers usually name a config by its digest, but tools that edit a
 * config keep the name, so a name guarantees nothing. A note reports one that differs. The diff IDs
 * in the config are checked.
 *
 * Docker 25 and later write an OCI layout as well. An image that both name is the one with that
 * config: its tags are added to what the index says about it.
 */
#include "image/choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"

struct entry {
    struct li_image_json object;
    const char *config; /* the path */
    struct li_image_json tags;
    size_t tag_count;
};

static int read_entry(const struct li_image_json *list, size_t index, struct entry *out,
                      struct li_error *err)
{
    struct li_image_json config;
    struct entry e = {0};
    int rc;

    rc = li_image_json_item(list, index, JSON_OBJECT, &e.object, err);
    if (rc == 0)
        rc = li_image_json_need(&e.object, "Config", JSON_STRING, &config, err);
    if (rc == 0)
        rc = li_image_json_get(&e.object, "RepoTags", JSON_ARRAY, &e.tags, err);
    if (rc < 0)
        return rc;
    e.tag_count = rc == LI_END ? 0 : li_image_json_length(&e.tags);
    e.config = li_image_json_text(&config);
    *out = e;
    return 0;
}

/* Whether WANT names the config: by its path, by the digest in the path, or by its digest. */
static bool is_wanted(const struct entry *e, const uint8_t digest[32], const char *want)
{
    uint8_t shown[32];

    return !strcmp(e->config, want) || li_image_digest_match(digest, want) ||
           (li_image_name_digest(e->config, shown) && li_image_digest_match(shown, want));
}

/* Whether the config is a blob that the index lists as a config: then the index states its digest,
 * which is checked when that image is read. */
static bool is_of_index(const struct li_image_choice *choice, const char *path, uint8_t digest[32])
{
    static const char blobs[] = "blobs/sha256/";
    char name[LI_IMAGE_MAX_NAME];
    struct li_error ignored;

    if (li_image_name("", li_image_relative(path), name, &ignored) < 0 ||
        strncmp(name, blobs, sizeof(blobs) - 1) != 0 || !li_image_name_digest(name, digest))
        return false;
    for (size_t i = 0; i < choice->count; i++)
        if (!choice->list[i].docker && !memcmp(choice->list[i].config, digest, 32))
            return true;
    return false;
}

/* Reads the config. A missing one is known by its path. */
static int look_at_config(struct li_image_choice *choice, const struct entry *e,
                          struct li_image_candidate *c, struct li_error *err)
{
    const char *want = choice->options->image;
    struct li_buffer text = {0};
    int rc;

    if (is_of_index(choice, e->config, c->config))
        return 0;
    rc = li_image_read(choice->image->container, e->config, LI_IMAGE_MAX_JSON, &text, err);

    c->incomplete = rc == LI_END;
    if (rc == LI_END)
        rc = li_sha256(e->config, strlen(e->config), c->config, err);
    else if (rc == 0)
        rc = li_sha256(text.data, text.len, c->config, err);
    if (rc == 0)
        rc = li_image_choice_count(choice, &text, err);
    if (rc == 0 && !c->incomplete)
        (void)li_image_reads_as_config(&text, 0, &c->platform);
    memcpy(c->group, c->config, sizeof(c->group));
    c->by_digest = want && is_wanted(e, c->config, want);
    li_buffer_wipe_free(&text);
    return rc;
}

/* How a candidate of the list relates to another candidate with the same config. */
struct twins {
    const struct li_image_candidate *image; /* the first; NULL: none */
    bool artifact;
};

/* Finds the images in the index that have the config of C. Those whose blobs are missing become
 * candidates of the entry, because its layers may be elsewhere. */
static struct twins find_twins(struct li_image_choice *choice, const struct li_image_candidate *c)
{
    struct twins twins = {NULL, false};

    for (size_t i = 0; i < choice->count; i++) {
        struct li_image_candidate *other = &choice->list[i];

        if (!li_image_same_image(other, c))
            continue;
        twins.artifact |= other->artifact;
        if (other->dropped)
            continue;
        if (other->incomplete) {
            other->docker = true;
            other->entry = c->entry;
            other->incomplete = c->incomplete;
        }
        other->by_digest |= c->by_digest;
        if (!twins.image)
            twins.image = other;
    }
    return twins;
}

static void mark_alone(struct li_image_choice *choice, const struct li_image_candidate *twin)
{
    uint8_t group[32];

    memcpy(group, twin->group, sizeof(group));
    for (size_t i = 0; i < choice->count; i++)
        if (!memcmp(choice->list[i].group, group, sizeof(group)))
            choice->list[i].alone = true;
}

/* A name in the index that is the tag in another form gets this form. Sets whether IMAGE has such a
 * name. */
static int respell(struct li_image_choice *choice, const struct li_image_candidate *image,
                   const char *tag, bool *named, struct li_error *err)
{
    uint64_t hash = li_image_name_hash(tag);
    int rc = 0;

    *named = false;
    for (size_t i = 0; rc == 0 && i < choice->count; i++) {
        struct li_image_candidate *c = &choice->list[i];

        if (c->dropped || !li_image_candidate_is(c, tag, hash))
            continue;
        *named |= li_image_same_image(c, image);
        if (c->docker)
            continue;
        c->is_tag = true;
        rc = li_image_candidate_name(choice, c, tag, err);
    }
    return rc;
}

/* Gives the image TAG, and with it everything in the same index, because an index is one image for
 * several platforms. */
static int add_tag(struct li_image_choice *choice, const struct li_image_candidate *image,
                   const char *tag, struct li_error *err)
{
    const struct li_image_candidate first = *image;
    size_t count = choice->count;
    bool named;
    int rc = respell(choice, image, tag, &named, err);

    for (size_t i = 0; rc == 0 && !named && i < count; i++) {
        struct li_image_candidate *c = &choice->list[i], copy = *c;

        if (c->dropped || !li_image_same_group(c, &first) || !li_image_same_name(c, &first))
            continue;
        copy.match = LI_IMAGE_MATCH_NONE;
        copy.is_tag = true;
        if (c->name) {
            rc = li_image_candidate_add(choice, &copy, tag, err);
        } else {
            c->is_tag = true;
            rc = li_image_candidate_name(choice, c, tag, err);
        }
    }
    return rc;
}

static int count_names(struct li_image_choice *choice, const struct entry *e, struct li_error *err)
{
    choice->names += 1 + e->tag_count;
    if (choice->names <= LI_IMAGE_MAX_MANIFESTS)
        return 0;
    return li_fail(err, LI_ELIMIT, "manifest.json names more than %d images and tags",
                   LI_IMAGE_MAX_MANIFESTS);
}

/* Gives the image the entry's tags; *count is their number. */
static int add_tags(struct li_image_choice *choice, const struct li_image_candidate *image,
                    const struct entry *e, size_t *count, struct li_error *err)
{
    struct li_image_json node;
    int rc = 0;

    *count = 0;
    for (size_t i = 0; rc == 0 && i < e->tag_count; i++) {
        rc = li_image_json_item(&e->tags, i, JSON_STRING, &node, err);
        if (rc < 0 || !*li_image_json_text(&node))
            continue;
        rc = add_tag(choice, image, li_image_json_text(&node), err);
        ++*count;
    }
    return rc;
}

/* A candidate to which tags can be added. One without tag and config is known by its path. */
static int add_image(struct li_image_choice *choice, const struct li_image_candidate *c,
                     const struct entry *e, const struct li_image_candidate **out,
                     struct li_error *err)
{
    const char *name = c->incomplete && e->tag_count == 0 ? e->config : NULL;
    int rc = li_image_candidate_add(choice, c, name, err);

    if (rc == 0)
        *out = &choice->list[choice->count - 1];
    return rc;
}

static int list_entry(struct li_image_choice *choice, size_t index, struct li_error *err)
{
    struct li_image_candidate c = {
        .docker = true, .entry = index, .alone = true, .has_platform = true};
    struct twins twins = {NULL, false};
    struct entry e = {0};
    size_t tags = 0;
    int rc = read_entry(&choice->manifest_json, index, &e, err);

    if (rc == 0)
        rc = count_names(choice, &e, err);
    if (rc == 0)
        rc = look_at_config(choice, &e, &c, err);
    if (rc < 0)
        return rc;
    twins = find_twins(choice, &c);
    if (!twins.image && twins.artifact)
        return 0;
    if (!twins.image)
        rc = add_image(choice, &c, &e, &twins.image, err);
    if (rc == 0)
        rc = add_tags(choice, twins.image, &e, &tags, err);
    if (rc == 0 && tags == 0)
        mark_alone(choice, twins.image);
    return rc;
}

static int fail_object(struct li_image_choice *choice, struct li_error *err)
{
    struct li_image_container *c = choice->image->container;

    if (c->has_root_files(c))
        return li_image_fail_root(err);
    return li_fail(err, LI_EUNSUPPORTED,
                   "manifest.json is one image's manifest, as in what skopeo calls dir:, and not a "
                   "list of images; copy it with skopeo to docker-archive: or oci:");
}

int li_image_docker_list(struct li_image_choice *choice, struct li_error *err)
{
    static const char name[] = "manifest.json";
    struct li_image_json *list = &choice->manifest_json, object;
    struct li_buffer text = {0};
    struct li_error ignored;
    int rc;

    rc = li_image_read_document(choice->image->container, name, NULL, UINT64_MAX, &text, err);
    if (rc == 0)
        rc = li_image_json_parse(name, text.data, text.len, JSON_ARRAY, list, err);
    if (rc == LI_ECORRUPT &&
        li_image_json_parse(name, text.data, text.len, JSON_OBJECT, &object, &ignored) == 0) {
        li_image_json_free(&object);
        rc = fail_object(choice, err);
    }
    for (size_t i = 0; rc == 0 && i < li_image_json_length(list); i++)
        rc = list_entry(choice, i, err);
    li_buffer_free(&text);
    return rc;
}

static int take_layers(struct li_image *image, const struct li_image_json *layers, size_t count,
                       struct li_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct li_image_json node;
        int rc = li_image_json_item(layers, i, JSON_STRING, &node, err);

        if (rc < 0)
            return rc;
        rc = li_image_take_layer(image, i, li_image_json_text(&node), NULL, err);
        if (rc == LI_END)
            rc = li_fail(err, LI_ECORRUPT, "%.200s is missing; the image is not complete",
                         li_image_json_text(&node));
        if (rc < 0)
            return li_context(err, "layer %zu", i + 1);
    }
    return 0;
}

static void check_name(struct li_image *image, const char *path)
{
    uint8_t shown[32];

    if (li_image_name_digest(path, shown) && memcmp(shown, image->config_digest, 32) != 0)
        li_image_add_note(
            image, "the config %.200s was changed: it does not have the digest in its name", path);
}

int li_image_docker_load(struct li_image_choice *choice, const struct li_image_candidate *c,
                         struct li_error *err)
{
    struct li_image *image = choice->image;
    struct li_image_json layers;
    struct li_buffer config = {0};
    struct entry e = {0};
    size_t count = 0;
    int rc = read_entry(&choice->manifest_json, c->entry, &e, err);

    if (rc == 0)
        rc = li_image_json_get(&e.object, "Layers", JSON_ARRAY, &layers, err);
    if (rc == 0)
        count = li_image_json_length(&layers);
    if (rc >= 0)
        rc = li_image_read_document(image->container, e.config, NULL, UINT64_MAX, &config, err);
    if (rc == 0)
        rc = li_image_take_config(image, &config, count, err);
    if (rc == 0) {
        check_name(image, e.config);
        rc = take_layers(image, &layers, count, err);
    }
    li_buffer_wipe_free(&config);
    return rc;
}
