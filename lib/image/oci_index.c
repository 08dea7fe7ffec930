/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexes: image-spec 1.1, "OCI Image Index Specification", and Docker's manifest list, which has
 * the same members. An index may name indexes, and one blob may be named many times, so a small
 * layout can describe a walk that never ends. So depth, number of descriptors and bytes read are
 * each bounded. An index is freed before the indexes that it names are read, so that only one is in
 * memory at a time.
 *
 * The outermost annotation names an image: the name that index.json gives an index is the name of
 * all its manifests. Descriptors of other media types are ignored, as the spec asks, and so are
 * build attestations, which are beside images in the same index. Other artifacts show only in their
 * manifests (oci_look.c): a descriptor's artifactType is the config's type, which for an image is
 * the image type.
 */
#include "image/oci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/sha256.h"

void li_image_blob_name(const uint8_t digest[32], char *out)
{
    strcpy(out, "blobs/sha256/");
    li_hex_encode(digest, 32, out + strlen(out));
}

int li_image_oci_there(const struct li_image_choice *choice, const uint8_t digest[32], bool *out,
                       struct li_error *err)
{
    char name[LI_IMAGE_BLOB_NAME];
    struct li_image_extent extent;
    int rc;

    li_image_blob_name(digest, name);
    rc = li_image_find(choice->image->container, name, &extent, err);
    *out = rc == 0;
    if (rc == 0)
        li_image_close(&extent);
    return rc < 0 ? rc : 0;
}

int li_image_descriptor_read(const struct li_image_json *object, struct li_image_descriptor *out,
                             struct li_error *err)
{
    struct li_image_json digest = {0}, size = {0};
    int rc;

    rc = li_image_json_string(object, "mediaType", &out->media_type, err);
    if (rc == 0)
        rc = li_image_json_need(object, "digest", JSON_STRING, &digest, err);
    if (rc == 0)
        rc = li_image_json_digest(&digest, out->digest, err);
    if (rc == 0)
        rc = li_image_json_need(object, "size", JSON_INTEGER, &size, err);
    if (rc == 0 && json_integer_value(size.value) < 0)
        rc = li_fail(err, LI_ECORRUPT, "%s is negative", size.where);
    if (rc < 0)
        return rc;
    out->size = (uint64_t)json_integer_value(size.value);
    return 0;
}

const char *li_image_index_type(const char *media_type)
{
    static const char *const types[] = {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcmp(media_type, types[i]))
            return types[i];
    return NULL;
}

/* Docker's types and OCI's mean the same document. */
static bool same_kind(const char *a, const char *b)
{
    return (li_image_index_type(a) && li_image_index_type(b)) ||
           (li_image_manifest_type(a) && li_image_manifest_type(b));
}

/* Sets *says if the document states another media type than MEDIA_TYPE, but of the same kind. */
static int check_versions(const struct li_image_json *root, const char *media_type,
                          const char *foreign, const char **says, struct li_error *err)
{
    struct li_image_json node;
    bool there;
    int rc;

    rc = li_image_json_need(root, "schemaVersion", JSON_INTEGER, &node, err);
    if (rc == 0 && json_integer_value(node.value) != 2)
        rc = li_fail(err, LI_EUNSUPPORTED, "%s is not 2", node.where);
    if (rc == 0)
        rc = li_image_json_has(root, foreign, &there, err);
    if (rc == 0 && there)
        rc = li_fail(err, LI_ECORRUPT, "%s has a member \"%s\", which does not belong there",
                     root->where, foreign);
    if (rc == 0)
        rc = li_image_json_get(root, "mediaType", JSON_STRING, &node, err);
    if (rc < 0 || rc == LI_END || !strcmp(li_image_json_text(&node), media_type))
        return rc < 0 ? rc : 0;
    *says = li_image_json_text(&node);
    if (!same_kind(*says, media_type))
        return li_fail(err, LI_ECORRUPT, "%s is %.100s, but its descriptor says %.100s", node.where,
                       *says, media_type);
    return 0;
}

void li_image_oci_note(struct li_image *image, const struct li_image_oci_document *doc,
                       const char *media_type)
{
    if (doc->says)
        li_image_add_note(image, "%s: mediaType is %.100s, but its descriptor says %.100s",
                          doc->root.where, doc->says, media_type);
}

int li_image_oci_open(struct li_image_choice *choice, const char *what,
                      const struct li_image_descriptor *d, const char *foreign,
                      struct li_image_oci_document *out, struct li_error *err)
{
    struct li_image_oci_document doc = {0};
    char name[LI_IMAGE_BLOB_NAME], title[LI_IMAGE_BLOB_NAME + 20];
    int rc;

    li_image_blob_name(d->digest, name);
    snprintf(title, sizeof(title), "%s %s", what, name);
    rc =
        li_image_read_document(choice->image->container, name, d->digest, d->size, &doc.bytes, err);
    if (rc < 0)
        return li_context(err, "%s", what);
    rc = li_image_choice_count(choice, &doc.bytes, err);
    if (rc == 0)
        rc = li_image_json_parse(title, doc.bytes.data, doc.bytes.len, JSON_OBJECT, &doc.root, err);
    if (rc == 0)
        rc = check_versions(&doc.root, d->media_type, foreign, &doc.says, err);
    if (rc < 0)
        li_image_oci_close(&doc);
    else
        *out = doc;
    return rc;
}

void li_image_oci_close(struct li_image_oci_document *doc)
{
    li_image_json_free(&doc->root);
    li_buffer_free(&doc->bytes);
}

/* Adds what the index C names, which is at DEPTH below index.json. */
static int walk_within(struct li_image_choice *choice, struct li_image_candidate *c, int depth,
                       struct li_error *err);

/* Adds what the index DOC names, and frees it. IN is what names it, at DEPTH. */
static int walk_index(struct li_image_choice *choice, struct li_image_oci_document *doc,
                      const struct li_image_candidate *in, int depth, struct li_error *err)
{
    struct li_image_oci_list list = {NULL, 0, 0};
    int rc = li_image_oci_list_index(choice, &doc->root, in, &list, err);

    li_image_oci_close(doc);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        struct li_image_candidate *c = &list.items[i];

        if (depth == 0)
            memcpy(c->group, c->digest, sizeof(c->group));
        rc = c->media_type && li_image_index_type(c->media_type)
                 ? walk_within(choice, c, depth + 1, err)
                 : li_image_candidate_add(choice, c, c->name, err);
    }
    li_image_oci_list_free(&list);
    return rc;
}

static int walk_within(struct li_image_choice *choice, struct li_image_candidate *c, int depth,
                       struct li_error *err)
{
    struct li_image_descriptor d = {.media_type = c->media_type, .size = c->size};
    struct li_image_oci_document doc;
    bool there = false;
    int rc;

    if (depth > LI_IMAGE_MAX_INDEX_DEPTH)
        return li_fail(err, LI_ELIMIT, "more than %d indexes are nested", LI_IMAGE_MAX_INDEX_DEPTH);
    rc = li_image_oci_there(choice, c->digest, &there, err);
    if (rc == 0 && !there)
        li_image_choice_miss(choice, c->digest);
    if (rc < 0 || !there)
        return rc;
    memcpy(d.digest, c->digest, sizeof(d.digest));
    rc = li_image_oci_open(choice, "index", &d, "layers", &doc, err);
    if (rc < 0)
        return rc;
    li_image_oci_note(choice->image, &doc, d.media_type);
    return walk_index(choice, &doc, c, depth, err);
}

int li_image_oci_walk(struct li_image_choice *choice, struct li_error *err)
{
    static const char media_type[] = "application/vnd.oci.image.index.v1+json";
    const struct li_image_candidate outermost = {.name = NULL};
    struct li_image_oci_document doc = {0};
    int rc;

    rc = li_image_read_document(choice->image->container, "index.json", NULL, UINT64_MAX,
                                &doc.bytes, err);
    if (rc == 0)
        rc = li_image_json_parse("index.json", doc.bytes.data, doc.bytes.len, JSON_OBJECT,
                                 &doc.root, err);
    if (rc == 0)
        rc = check_versions(&doc.root, media_type, "layers", &doc.says, err);
    if (rc == 0) {
        li_image_oci_note(choice->image, &doc, media_type);
        rc = walk_index(choice, &doc, &outermost, 0, err);
    }
    li_image_oci_close(&doc);
    return rc;
}
