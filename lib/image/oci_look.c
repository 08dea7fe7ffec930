/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The media type of a manifest's config decides whether the manifest is an image's. There are two
 * exceptions. Attestations and signatures (BuildKit's in-toto statements, cosign's "simplesigning")
 * have an image's config, but layers of other types. And old registries stored Docker's manifests
 * without the config's type: engines accept them as images, and so does this file if the config can
 * be read as an image's.
 *
 * This file also checks whether the config and all layers exist, because an index may name
 * platforms that were never pulled.
 */
#include "image/oci.h"

#include <stdio.h>
#include <string.h>

/* What a candidate's manifest says, while it is examined. */
struct look {
    struct li_image_oci_document manifest;
    struct li_image_descriptor config;
    size_t layers, of_image; /* all layers, and those that have an image layer's type */
    const char *other;       /* the type of a layer that has another type; NULL: there is none */
    bool incomplete, unread; /* UNREAD: the digest of the config is not a sha256 */
};

static bool is_config(const char *media_type)
{
    return !strcmp(media_type, "application/vnd.oci.image.config.v1+json") ||
           !strcmp(media_type, "application/vnd.docker.container.image.v1+json");
}

/* Types that old registries gave to configs. */
static bool may_be_config(const char *media_type)
{
    static const char *const types[] = {"", "application/octet-stream", "application/json",
                                        "text/html", "text/html; charset=utf-8"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcmp(media_type, types[i]))
            return true;
    return false;
}

/* Types that cannot be read count, too: they fail only if their image is chosen. */
static bool is_layer(const char *media_type)
{
    static const char *const stems[] = {"application/vnd.oci.image.layer.",
                                        "application/vnd.docker.image.rootfs."};

    for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++)
        if (!strncmp(media_type, stems[i], strlen(stems[i])))
            return true;
    return false;
}

/* Sets *out to whether the blob that OBJECT describes exists. A blob whose digest is not a sha256
 * counts as missing: if its image is chosen, an error names the type of the digest. */
static int find_blob(struct li_image_choice *choice, const struct li_image_json *object, bool *out,
                     struct li_error *err)
{
    struct li_image_descriptor d;
    int rc = li_image_descriptor_read(object, &d, err);

    *out = false;
    if (rc == LI_EUNSUPPORTED)
        return 0;
    return rc < 0 ? rc : li_image_oci_there(choice, d.digest, out, err);
}

static int look_at_layers(struct li_image_choice *choice, struct look *look, struct li_error *err)
{
    struct li_image_json layers, object;
    const char *type = "";
    bool there = false;
    int rc = li_image_json_get(&look->manifest.root, "layers", JSON_ARRAY, &layers, err);

    if (rc != 0)
        return rc == LI_END ? 0 : rc;
    look->layers = li_image_json_length(&layers);
    for (size_t i = 0; i < look->layers; i++) {
        rc = li_image_json_item(&layers, i, JSON_OBJECT, &object, err);
        if (rc == 0)
            rc = li_image_json_string(&object, "mediaType", &type, err);
        if (rc == 0)
            rc = find_blob(choice, &object, &there, err);
        if (rc < 0)
            return li_context(err, "layer %zu", i + 1);
        look->incomplete |= !there;
        look->of_image += is_layer(type);
        if (!is_layer(type))
            look->other = type;
    }
    return 0;
}

/* Reads the config if its contents make a difference. */
static int look_at_config(struct li_image_choice *choice, struct li_image_candidate *c,
                          struct look *look, struct li_error *err)
{
    struct li_image_platform platform;
    struct li_buffer text = {0};
    char name[LI_IMAGE_BLOB_NAME];
    bool sure = is_config(look->config.media_type), there = false, reads;
    int rc = look->unread ? 0 : li_image_oci_there(choice, look->config.digest, &there, err);

    if (rc < 0)
        return rc;
    look->incomplete |= !there;
    if (!there || (sure && c->has_platform))
        return 0;
    li_image_blob_name(look->config.digest, name);
    rc = li_image_read_document(choice->image->container, name, look->config.digest,
                                look->config.size, &text, err);
    if (rc < 0)
        return li_context(err, "config");
    rc = li_image_choice_count(choice, &text, err);
    if (rc == 0) {
        reads = li_image_reads_as_config(&text, look->layers, &platform);
        c->artifact = !sure && !reads;
        if (!c->has_platform)
            c->platform = platform;
        c->has_platform = true;
    }
    li_buffer_wipe_free(&text);
    return rc;
}

static void skip(struct li_image_choice *choice, struct li_image_candidate *c, const char *type)
{
    c->artifact = true;
    snprintf(choice->skipped, sizeof(choice->skipped), "%.100s", type);
}

/* Reads the config's descriptor; LI_END if there is none. */
static int find_config(struct look *look, struct li_error *err)
{
    struct li_image_json node;
    int rc = li_image_json_get(&look->manifest.root, "config", JSON_OBJECT, &node, err);

    if (rc == 0)
        rc = li_image_json_string(&node, "mediaType", &look->config.media_type, err);
    if (rc == 0)
        rc = li_image_descriptor_read(&node, &look->config, err);
    look->unread = rc == LI_EUNSUPPORTED;
    return look->unread ? 0 : rc;
}

static int look_inside(struct li_image_choice *choice, struct li_image_candidate *c,
                       struct look *look, struct li_error *err)
{
    const char *want = choice->options->image, *type;
    int rc = find_config(look, err);

    if (rc == LI_END)
        skip(choice, c, "a manifest without a config");
    if (rc != 0)
        return rc < 0 ? rc : 0;
    type = look->config.media_type;
    memcpy(c->config, look->unread ? c->digest : look->config.digest, sizeof(c->config));
    if (want && li_image_digest_match(c->config, want))
        c->by_digest = true;
    if (!is_config(type) && !may_be_config(type)) {
        skip(choice, c, type);
        return 0;
    }
    rc = look_at_layers(choice, look, err);
    if (rc == 0 && look->other && look->of_image == 0)
        skip(choice, c, look->other);
    if (rc == 0 && !c->artifact)
        rc = look_at_config(choice, c, look, err);
    if (rc == 0 && c->artifact && !choice->skipped[0])
        skip(choice, c, type[0] ? type : "a manifest whose config has no media type");
    c->incomplete = look->incomplete;
    return rc;
}

int li_image_oci_look(struct li_image_choice *choice, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < choice->count; i++) {
        struct li_image_candidate *c = &choice->list[i];
        struct look look = {.incomplete = false};
        bool there = false;

        if (c->unread[0])
            continue;
        rc = li_image_oci_there(choice, c->digest, &there, err);
        if (rc == 0 && there)
            rc = li_image_oci_manifest(choice, c, &look.manifest, err);
        if (rc == 0 && !there)
            li_image_choice_miss(choice, c->digest);
        if (rc == 0 && there) {
            rc = look_inside(choice, c, &look, err);
            li_image_oci_close(&look.manifest);
        }
        c->dropped = !there || c->artifact;
    }
    return rc;
}
