/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `docker save` writes, and with it podman, buildah, skopeo and others: manifest.json, an
 * array with the paths of config and layers for each image. The paths are taken as they are, so
 * that it does not matter whether layers are ID/layer.tar, DIGEST.tar or blobs/sha256/DIGEST.
 *
 * The format states no digests, but two of its writers' habits do: the config is named by its
 * digest, and so are the files under blobs/. What a name states is checked.
 */
#include "image/parts.h"

#include <stdlib.h>
#include <string.h>

#include "image/names.h"

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

/* How well the entry answers to WANT, and in *tag the tag that does so best, or NULL. */
static int match_entry(const struct entry *e, const char *want, enum li_image_match *out,
                       const char **tag, struct li_error *err)
{
    enum li_image_match best = LI_IMAGE_MATCH_NONE;
    uint8_t digest[32];

    *tag = NULL;
    if (!strcmp(e->config, want))
        best = LI_IMAGE_MATCH_EXACT;
    if (li_image_path_digest(e->config, true, digest) && li_image_digest_match(digest, want))
        best = LI_IMAGE_MATCH_EXACT;
    for (size_t i = 0; i < e->tag_count; i++) {
        struct li_image_json node;
        enum li_image_match match;
        int rc = li_image_json_item(&e->tags, i, JSON_STRING, &node, err);

        if (rc < 0)
            return rc;
        match = li_image_name_match(li_image_json_text(&node), want);
        if (match <= best)
            continue;
        best = match;
        *tag = li_image_json_text(&node);
    }
    *out = best;
    return 0;
}

static int add_names(struct li_image_list *names, const struct entry *e, struct li_error *err)
{
    uint8_t digest[32];

    for (size_t i = 0; i < e->tag_count; i++) {
        struct li_image_json node;
        int rc = li_image_json_item(&e->tags, i, JSON_STRING, &node, err);

        if (rc < 0)
            return rc;
        li_image_list_add(names, li_image_json_text(&node));
    }
    if (e->tag_count)
        return 0;
    if (li_image_path_digest(e->config, true, digest))
        li_image_list_add_digest(names, digest);
    else
        li_image_list_add(names, e->config);
    return 0;
}

static int fail_choice(const struct li_image_json *list, const char *want, size_t matches,
                       struct li_error *err)
{
    struct li_image_list names = {0};
    struct entry e = {0};

    for (size_t i = 0; i < li_image_json_length(list); i++)
        if (read_entry(list, i, &e, err) < 0 || add_names(&names, &e, err) < 0)
            return err->code;
    if (!want)
        return li_fail(err, LI_EINVALID, "it holds several images; choose with --image: %s",
                       li_image_list_text(&names));
    return li_fail(err, LI_EINVALID, "%s is called \"%.150s\"; --image can choose from: %s",
                   matches ? "more than one image" : "no image in it", want,
                   li_image_list_text(&names));
}

/* The one entry that WANT, which may be NULL, asks for. */
static int choose(const struct li_image_json *list, const char *want, struct entry *out,
                  const char **tag, struct li_error *err)
{
    enum li_image_match best = LI_IMAGE_MATCH_NONE, match = LI_IMAGE_MATCH_SHORT;
    size_t count = li_image_json_length(list), matches = 0;
    const char *its_tag = NULL;
    struct entry e = {0};

    if (count == 0)
        return li_fail(err, LI_EINVALID, "manifest.json names no image");
    for (size_t i = 0; i < count; i++) {
        int rc = read_entry(list, i, &e, err);

        if (rc == 0 && want)
            rc = match_entry(&e, want, &match, &its_tag, err);
        if (rc < 0)
            return rc;
        if (match == LI_IMAGE_MATCH_NONE || match < best)
            continue;
        matches = match > best ? 1 : matches + 1;
        best = match;
        *out = e;
        *tag = its_tag;
    }
    return matches == 1 ? 0 : fail_choice(list, want, matches, err);
}

static int take_tag(struct li_image *image, const struct entry *e, const char *tag,
                    struct li_error *err)
{
    struct li_image_json node;
    int rc;

    if (!tag && e->tag_count == 1) {
        rc = li_image_json_item(&e->tags, 0, JSON_STRING, &node, err);
        if (rc < 0)
            return rc;
        tag = li_image_json_text(&node);
    }
    if (!tag || !tag[0])
        return 0;
    image->tag = strdup(li_image_name_short(tag));
    return image->tag ? 0 : li_fail_memory(err);
}

static int take_layers(struct li_image *image, const struct li_image_json *layers, size_t count,
                       struct li_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct li_image_json node;
        uint8_t digest[32];
        const char *path;
        bool stated;
        int rc = li_image_json_item(layers, i, JSON_STRING, &node, err);

        if (rc < 0)
            return rc;
        path = li_image_json_text(&node);
        stated = li_image_path_digest(path, false, digest);
        rc = li_image_take_layer(image, i, path, stated ? digest : NULL, err);
        if (rc == LI_END)
            rc = li_fail(err, LI_ECORRUPT, "%.200s is missing; the image is not complete", path);
        if (rc < 0)
            return li_context(err, "layer %zu", i + 1);
    }
    return 0;
}

static int check_platform(const struct li_image *image, const char *want, struct li_error *err)
{
    char have[LI_IMAGE_PLATFORM_TEXT];
    struct li_image_platform p;
    int rc;

    if (!want)
        return 0;
    rc = li_image_platform_parse(want, &p, err);
    if (rc < 0 || li_image_platform_serves(&image->platform, &p))
        return rc;
    return li_fail(err, LI_EINVALID, "the image is not for %.100s; there is: %s", want,
                   li_image_platform_text(&image->platform, have));
}

static int load_entry(struct li_image *image, const struct entry *e,
                      const struct li_image_options *options, struct li_error *err)
{
    struct li_image_json layers;
    struct li_buffer config = {0};
    uint8_t digest[32];
    size_t count;
    bool stated = li_image_path_digest(e->config, true, digest);
    int rc;

    rc = li_image_json_get(&e->object, "Layers", JSON_ARRAY, &layers, err);
    if (rc < 0)
        return rc;
    count = rc == LI_END ? 0 : li_image_json_length(&layers);
    rc = li_image_read_document(image->container, e->config, stated ? digest : NULL, UINT64_MAX,
                                &config, err);
    if (rc == 0)
        rc = li_image_take_config(image, &config, count, err);
    if (rc == 0)
        rc = check_platform(image, options->platform, err);
    if (rc == 0)
        rc = take_layers(image, &layers, count, err);
    li_buffer_free(&config);
    return rc;
}

int li_image_docker_load(struct li_image *image, const struct li_image_options *options,
                         struct li_error *err)
{
    struct li_image_json list = {0};
    struct li_buffer text = {0};
    const char *tag = NULL;
    struct entry e = {0};
    int rc;

    rc = li_image_read_document(image->container, "manifest.json", NULL, UINT64_MAX, &text, err);
    if (rc == 0)
        rc = li_image_json_parse("manifest.json", text.data, text.len, JSON_ARRAY, &list, err);
    if (rc == 0)
        rc = choose(&list, options->image, &e, &tag, err);
    if (rc == 0)
        rc = load_entry(image, &e, options, err);
    if (rc == 0)
        rc = take_tag(image, &e, tag, err);
    li_image_json_free(&list);
    li_buffer_free(&text);
    return rc;
}
