/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image in an OCI layout: image-spec 1.1, "Image Layout" and "Image Manifest Specification", and
 * Docker's image manifest version 2, schema 2, whose documents differ in media types only.
 *
 * A layer's media type decides whether it is a tar at all. Its compression is recognised by its
 * first bytes when it is read, because media types in existing images are sometimes wrong.
 */
#include "image/oci.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char docker_manifest[] = "application/vnd.docker.distribution.manifest.v2+json";
static const char oci_manifest[] = "application/vnd.oci.image.manifest.v1+json";

static const struct {
    const char *media_type;
    bool elsewhere; /* a layer of this type may be left out, to be fetched from a URL */
} layer_types[] = {
    {"application/vnd.oci.image.layer.v1.tar", false},
    {"application/vnd.oci.image.layer.v1.tar+gzip", false},
    {"application/vnd.oci.image.layer.v1.tar+zstd", false},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar", true},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", true},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", true},
    {"application/vnd.docker.image.rootfs.diff.tar", false},
    {"application/vnd.docker.image.rootfs.diff.tar.gzip", false},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", false},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", true},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true},
};

const char *li_image_manifest_type(const char *media_type)
{
    if (!strcmp(media_type, oci_manifest))
        return oci_manifest;
    return !strcmp(media_type, docker_manifest) ? docker_manifest : NULL;
}

static int check_layout(struct li_image_container *c, struct li_error *err)
{
    struct li_image_json root = {0}, version;
    struct li_buffer text = {0};
    int rc;

    rc = li_image_read_document(c, "oci-layout", NULL, UINT64_MAX, &text, err);
    if (rc == 0)
        rc = li_image_json_parse("oci-layout", text.data, text.len, JSON_OBJECT, &root, err);
    if (rc == 0)
        rc = li_image_json_need(&root, "imageLayoutVersion", JSON_STRING, &version, err);
    if (rc == 0 && strcmp(li_image_json_text(&version), "1.0.0") != 0)
        rc = li_fail(err, LI_EUNSUPPORTED, "%s is \"%.40s\"; only 1.0.0 can be read", version.where,
                     li_image_json_text(&version));
    li_image_json_free(&root);
    li_buffer_free(&text);
    return rc;
}

int li_image_oci_manifest(struct li_image_choice *choice, const struct li_image_candidate *c,
                          struct li_image_oci_document *out, struct li_error *err)
{
    struct li_image_descriptor d = {.media_type = c->media_type, .size = c->size};

    memcpy(d.digest, c->digest, sizeof(d.digest));
    return li_image_oci_open(choice, "manifest", &d, "manifests", out, err);
}

static int check_layer_type(const struct li_image_descriptor *d, bool *elsewhere,
                            struct li_error *err)
{
    for (size_t i = 0; i < sizeof(layer_types) / sizeof(layer_types[0]); i++) {
        if (strcmp(d->media_type, layer_types[i].media_type) != 0)
            continue;
        *elsewhere = layer_types[i].elsewhere;
        return 0;
    }
    return li_fail(err, LI_EUNSUPPORTED, "the media type %.100s cannot be read", d->media_type);
}

static int take_layer(struct li_image *image, const struct li_image_json *object, size_t index,
                      struct li_error *err)
{
    const struct li_blob *blob = &image->layers[index].blob;
    struct li_image_descriptor d;
    char name[LI_IMAGE_BLOB_NAME];
    bool elsewhere = false;
    int rc;

    rc = li_image_descriptor_read(object, &d, err);
    if (rc == 0)
        rc = check_layer_type(&d, &elsewhere, err);
    if (rc < 0)
        return rc;
    li_image_blob_name(d.digest, name);
    rc = li_image_take_layer(image, index, name, d.digest, err);
    if (rc == LI_END && elsewhere)
        return li_fail(err, LI_ECORRUPT,
                       "%s was left out, since its type (%s) is not for distribution; save the "
                       "image with all of its layers",
                       name, d.media_type);
    if (rc == LI_END)
        return li_fail(err, LI_ECORRUPT, "%s is missing; the image is not complete", name);
    if (rc == 0 && blob->length != d.size)
        rc = li_fail(err, LI_ECORRUPT, "%s has %llu byte%s, but should have %llu", name,
                     (unsigned long long)blob->length, li_text_s(blob->length),
                     (unsigned long long)d.size);
    return rc;
}

static int take_layers(struct li_image *image, const struct li_image_json *layers,
                       struct li_error *err)
{
    struct li_image_json object;
    int rc;

    for (size_t i = 0; i < image->count; i++) {
        rc = li_image_json_item(layers, i, JSON_OBJECT, &object, err);
        if (rc == 0)
            rc = take_layer(image, &object, i, err);
        if (rc < 0)
            return li_context(err, "layer %zu", i + 1);
    }
    return 0;
}

/* The config and the layers of a manifest; LAYERS is an empty array if it has none. */
static int read_parts(const struct li_image_json *manifest, struct li_image_descriptor *config,
                      struct li_image_json *layers, struct li_error *err)
{
    struct li_image_json node;
    int rc = li_image_json_need(manifest, "config", JSON_OBJECT, &node, err);

    if (rc == 0)
        rc = li_image_descriptor_read(&node, config, err);
    if (rc == 0)
        rc = li_image_json_get(manifest, "layers", JSON_ARRAY, layers, err);
    return rc == LI_END ? 0 : rc;
}

int li_image_oci_load(struct li_image_choice *choice, const struct li_image_candidate *c,
                      struct li_error *err)
{
    struct li_image *image = choice->image;
    struct li_image_oci_document doc = {0};
    struct li_image_descriptor config = {0};
    struct li_buffer text = {0};
    struct li_image_json layers = {0};
    char name[LI_IMAGE_BLOB_NAME];
    int rc;

    if (c->unread[0])
        return li_fail(err, LI_EUNSUPPORTED,
                       "index.json names the image by a digest of type %s; only sha256 can be read",
                       c->unread);
    rc = li_image_oci_manifest(choice, c, &doc, err);
    if (rc < 0)
        return rc;
    li_image_oci_note(image, &doc, c->media_type);
    rc = read_parts(&doc.root, &config, &layers, err);
    if (rc < 0)
        goto out;
    li_image_blob_name(config.digest, name);
    rc = li_image_read_document(image->container, name, config.digest, config.size, &text, err);
    if (rc < 0)
        li_context(err, "config");
    else
        rc = li_image_take_config(image, &text, li_image_json_length(&layers), err);
    if (rc == 0)
        rc = take_layers(image, &layers, err);
out:
    li_buffer_wipe_free(&text);
    li_image_oci_close(&doc);
    return rc;
}

int li_image_oci_list(struct li_image_choice *choice, struct li_error *err)
{
    int rc = check_layout(choice->image->container, err);

    if (rc == 0)
        rc = li_image_oci_walk(choice, err);
    if (rc == 0)
        rc = li_image_oci_look(choice, err);
    return rc;
}
