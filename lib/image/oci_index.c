/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexes: image-spec 1.1, "OCI Image Index Specification", and Docker's manifest list, which has
 * the same members. An index may name indexes, and one blob may be named many times, so a small
 * layout can describe a walk that never ends; depth, the number of descriptors and the bytes read
 * are each bounded.
 *
 * The name of an image is the outermost annotation: what index.json calls an index is what all
 * manifests in it are called. Descriptors of other media types are passed over, as the spec asks,
 * and so are build attestations and other artifacts, which stand beside images in the same index.
 */
#include "image/oci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

struct context {
    const char *name; /* of the index that is being read; NULL: none */
    enum li_image_match match;
    int depth;
};

static int walk_index(struct li_image_oci *oci, const struct li_image_json *index,
                      const struct context *in, struct li_error *err);

void li_image_blob_name(const uint8_t digest[32], char *out)
{
    strcpy(out, "blobs/sha256/");
    li_hex_encode(digest, 32, out + strlen(out));
}

int li_image_descriptor_read(const struct li_image_json *object, struct li_image_descriptor *out,
                             struct li_error *err)
{
    struct li_image_json type = {0}, digest = {0}, size = {0};
    int rc;

    rc = li_image_json_need(object, "mediaType", JSON_STRING, &type, err);
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
    out->media_type = li_image_json_text(&type);
    out->size = (uint64_t)json_integer_value(size.value);
    return 0;
}

bool li_image_is_index(const char *media_type)
{
    return !strcmp(media_type, "application/vnd.oci.image.index.v1+json") ||
           !strcmp(media_type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

static int check_versions(const struct li_image_json *root, const char *media_type,
                          const char *foreign, struct li_error *err)
{
    struct li_image_json node;
    bool there;
    int rc;

    rc = li_image_json_need(root, "schemaVersion", JSON_INTEGER, &node, err);
    if (rc == 0 && json_integer_value(node.value) != 2)
        rc = li_fail(err, LI_EUNSUPPORTED, "%s is not 2", node.where);
    if (rc < 0)
        return rc;
    rc = li_image_json_get(root, "mediaType", JSON_STRING, &node, err);
    if (rc < 0)
        return rc;
    if (rc == 0 && strcmp(li_image_json_text(&node), media_type) != 0)
        return li_fail(err, LI_ECORRUPT, "%s is %.100s, but its descriptor says %.100s", node.where,
                       li_image_json_text(&node), media_type);
    rc = li_image_json_has(root, foreign, &there, err);
    if (rc == 0 && there)
        return li_fail(err, LI_ECORRUPT, "%s has a member \"%s\", which does not belong there",
                       root->where, foreign);
    return rc;
}

int li_image_oci_open(struct li_image_oci *oci, const char *what, const uint8_t digest[32],
                      uint64_t size, const char *media_type, const char *foreign,
                      struct li_image_oci_document *out, struct li_error *err)
{
    struct li_image_oci_document doc = {0};
    char name[LI_IMAGE_BLOB_NAME], title[LI_IMAGE_BLOB_NAME + 20];
    int rc;

    li_image_blob_name(digest, name);
    snprintf(title, sizeof(title), "%s %s", what, name);
    rc = li_image_read_document(oci->container, name, digest, size, &doc.bytes, err);
    if (rc < 0)
        return li_context(err, "%s", what);
    oci->json_bytes += doc.bytes.len;
    if (oci->json_bytes > LI_IMAGE_MAX_JSON_TOTAL)
        rc = li_fail(err, LI_ELIMIT, "the indexes and manifests have over %d bytes in all",
                     LI_IMAGE_MAX_JSON_TOTAL);
    if (rc == 0)
        rc = li_image_json_parse(title, doc.bytes.data, doc.bytes.len, JSON_OBJECT, &doc.root, err);
    if (rc == 0)
        rc = check_versions(&doc.root, media_type, foreign, err);
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

/* Takes the names that the descriptor's annotations give into the context of what it describes. */
static int read_names(const struct li_image_oci *oci, const struct li_image_json *object,
                      struct context *c, struct li_error *err)
{
    static const char *const keys[] = {"io.containerd.image.name",
                                       "org.opencontainers.image.ref.name"};
    struct li_image_json annotations;
    const char *name;
    bool inherited = c->name != NULL;
    int rc = li_image_json_get(object, "annotations", JSON_OBJECT, &annotations, err);

    if (rc != 0)
        return rc == LI_END ? 0 : rc;
    for (size_t i = 0; i < 2; i++) {
        rc = li_image_json_entry(&annotations, keys[i], &name, err);
        if (rc < 0)
            return rc;
        if (!name[0] || strlen(name) > LI_IMAGE_MAX_REFERENCE || inherited)
            continue;
        if (!c->name)
            c->name = name;
        if (oci->options->image && li_image_name_match(name, oci->options->image) > c->match)
            c->match = li_image_name_match(name, oci->options->image);
    }
    return 0;
}

/* Whether it is a build attestation or another artifact rather than an image. */
static int is_artifact(const struct li_image_json *object, const struct li_image_platform *p,
                       bool *out, struct li_error *err)
{
    struct li_image_json annotations;
    const char *type, *reference = "";
    int rc = li_image_json_string(object, "artifactType", &type, err);

    if (rc == 0)
        rc = li_image_json_get(object, "annotations", JSON_OBJECT, &annotations, err);
    if (rc == 0)
        rc = li_image_json_entry(&annotations, "vnd.docker.reference.type", &reference, err);
    if (rc < 0)
        return rc;
    *out = type[0] || !strcmp(reference, "attestation-manifest") ||
           (!strcmp(p->os, "unknown") && !strcmp(p->architecture, "unknown"));
    return 0;
}

static int add_candidate(struct li_image_oci *oci, const struct li_image_descriptor *d,
                         const struct context *c, const struct li_image_platform *platform,
                         struct li_error *err)
{
    struct li_image_candidate *to;

    if (!oci->list)
        oci->list = calloc(LI_IMAGE_MAX_MANIFESTS, sizeof(*oci->list));
    if (!oci->list)
        return li_fail_memory(err);
    to = &oci->list[oci->count];
    memcpy(to->digest, d->digest, 32);
    to->size = d->size;
    to->media_type = li_image_manifest_type(d->media_type);
    to->match = c->match;
    to->platform = *platform;
    to->has_platform = platform->os[0] || platform->architecture[0];
    to->name = c->name ? strdup(c->name) : NULL;
    if (c->name && !to->name)
        return li_fail_memory(err);
    oci->count++;
    return 0;
}

static int walk_within(struct li_image_oci *oci, const struct li_image_descriptor *d,
                       struct context *c, struct li_error *err)
{
    struct li_image_oci_document doc;
    int rc;

    if (++c->depth > LI_IMAGE_MAX_INDEX_DEPTH)
        return li_fail(err, LI_ELIMIT, "more than %d indexes, one within the other",
                       LI_IMAGE_MAX_INDEX_DEPTH);
    rc = li_image_oci_open(oci, "index", d->digest, d->size, d->media_type, "layers", &doc, err);
    if (rc < 0)
        return rc;
    rc = walk_index(oci, &doc.root, c, err);
    li_image_oci_close(&doc);
    return rc;
}

static int walk_descriptor(struct li_image_oci *oci, const struct li_image_json *object,
                           const struct context *in, struct li_error *err)
{
    struct li_image_platform platform = {"", "", ""};
    struct li_image_descriptor d;
    struct li_image_json node;
    struct context c = *in;
    bool artifact = false;
    int rc;

    if (++oci->descriptors > LI_IMAGE_MAX_MANIFESTS)
        return li_fail(err, LI_ELIMIT, "the image's indexes name more than %d manifests",
                       LI_IMAGE_MAX_MANIFESTS);
    rc = li_image_json_get(object, "platform", JSON_OBJECT, &node, err);
    if (rc == 0)
        rc = li_image_platform_read(&node, &platform, err);
    if (rc >= 0)
        rc = is_artifact(object, &platform, &artifact, err);
    if (rc < 0 || artifact)
        return rc;
    rc = li_image_descriptor_read(object, &d, err);
    if (rc == 0)
        rc = read_names(oci, object, &c, err);
    if (rc < 0)
        return rc;
    if (oci->options->image && li_image_digest_match(d.digest, oci->options->image))
        c.match = LI_IMAGE_MATCH_EXACT;
    if (li_image_is_index(d.media_type))
        return walk_within(oci, &d, &c, err);
    if (li_image_manifest_type(d.media_type))
        return add_candidate(oci, &d, &c, &platform, err);
    snprintf(oci->skipped, sizeof(oci->skipped), "%.79s", d.media_type);
    return 0;
}

static int walk_index(struct li_image_oci *oci, const struct li_image_json *index,
                      const struct context *in, struct li_error *err)
{
    struct li_image_json manifests, object;
    int rc = li_image_json_need(index, "manifests", JSON_ARRAY, &manifests, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < li_image_json_length(&manifests); i++) {
        rc = li_image_json_item(&manifests, i, JSON_OBJECT, &object, err);
        if (rc == 0)
            rc = walk_descriptor(oci, &object, in, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int li_image_oci_walk(struct li_image_oci *oci, struct li_error *err)
{
    const struct context outermost = {NULL, LI_IMAGE_MATCH_NONE, 0};
    struct li_image_oci_document doc = {0};
    int rc;

    rc = li_image_read_document(oci->container, "index.json", NULL, UINT64_MAX, &doc.bytes, err);
    if (rc == 0)
        rc = li_image_json_parse("index.json", doc.bytes.data, doc.bytes.len, JSON_OBJECT,
                                 &doc.root, err);
    if (rc == 0)
        rc = check_versions(&doc.root, "application/vnd.oci.image.index.v1+json", "layers", err);
    if (rc == 0)
        rc = walk_index(oci, &doc.root, &outermost, err);
    li_image_oci_close(&doc);
    return rc;
}
