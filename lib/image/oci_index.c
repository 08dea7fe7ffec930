/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexes: image-spec 1.1, "OCI Image Index Specification", and Docker's manifest list, which has
 * the same members. An index may name indexes, and one blob may be named many times, so a small
 * layout can describe a walk that never ends. So depth, number of descriptors and bytes read are
 * each bounded.
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

struct context {
    const char *name; /* of the index that is being read; NULL: none */
    enum li_image_match match;
    bool by_digest;
    int depth;
    uint8_t group[32]; /* of the outermost index below index.json, if DEPTH is over 0 */
};

static int walk_index(struct li_image_choice *choice, const struct li_image_json *index,
                      const struct context *in, struct li_error *err);

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

bool li_image_is_index(const char *media_type)
{
    return !strcmp(media_type, "application/vnd.oci.image.index.v1+json") ||
           !strcmp(media_type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

/* Docker's types and OCI's mean the same document. */
static bool same_kind(const char *a, const char *b)
{
    return (li_image_is_index(a) && li_image_is_index(b)) ||
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
    rc = li_image_choice_count(choice, doc.bytes.len, err);
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

/* Copies the names in the descriptor's annotations to the context of the described document. */
static int read_names(const struct li_image_choice *choice, const struct li_image_json *object,
                      struct context *c, struct li_error *err)
{
    static const char *const keys[] = {"io.containerd.image.name",
                                       "org.opencontainers.image.ref.name"};
    const char *name, *want = choice->options->image;
    struct li_image_json annotations;
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
        if (want && li_image_name_match(name, want) > c->match)
            c->match = li_image_name_match(name, want);
    }
    return 0;
}

/* Whether it is an attestation of BuildKit, which stores them like images. */
static int is_attestation(const struct li_image_json *object, const struct li_image_platform *p,
                          bool *out, struct li_error *err)
{
    struct li_image_json annotations;
    const char *reference = "";
    int rc = li_image_json_get(object, "annotations", JSON_OBJECT, &annotations, err);

    if (rc == 0)
        rc = li_image_json_entry(&annotations, "vnd.docker.reference.type", &reference, err);
    if (rc < 0)
        return rc;
    *out = !strcmp(reference, "attestation-manifest") ||
           (!strcmp(p->os, "unknown") && !strcmp(p->architecture, "unknown"));
    return 0;
}

/* An annotation is a tag if it looks like one: ref.name may be any word. */
static bool is_tag(const char *name)
{
    return strchr(name, ':') && !strchr(name, '@');
}

static int add_candidate(struct li_image_choice *choice, const struct li_image_descriptor *d,
                         const struct context *in, const struct li_image_platform *platform,
                         struct li_error *err)
{
    struct li_image_candidate c = {.size = d->size,
                                   .media_type = li_image_manifest_type(d->media_type),
                                   .match = in->match,
                                   .by_digest = in->by_digest,
                                   .is_tag = in->name && is_tag(in->name),
                                   .platform = *platform};

    memcpy(c.digest, d->digest, sizeof(c.digest));
    memcpy(c.group, in->depth ? in->group : d->digest, sizeof(c.group));
    c.has_platform = platform->os[0] || platform->architecture[0];
    return li_image_candidate_add(choice, &c, in->name, err);
}

static int walk_within(struct li_image_choice *choice, const struct li_image_descriptor *d,
                       struct context *c, struct li_error *err)
{
    struct li_image_oci_document doc;
    bool there = false;
    int rc;

    if (c->depth == 0)
        memcpy(c->group, d->digest, sizeof(c->group));
    if (++c->depth > LI_IMAGE_MAX_INDEX_DEPTH)
        return li_fail(err, LI_ELIMIT, "more than %d indexes are nested", LI_IMAGE_MAX_INDEX_DEPTH);
    rc = li_image_oci_there(choice, d->digest, &there, err);
    if (rc == 0 && !there)
        li_image_choice_miss(choice, d->digest);
    if (rc < 0 || !there)
        return rc;
    rc = li_image_oci_open(choice, "index", d, "layers", &doc, err);
    if (rc < 0)
        return rc;
    li_image_oci_note(choice->image, &doc, d->media_type);
    rc = walk_index(choice, &doc.root, c, err);
    li_image_oci_close(&doc);
    return rc;
}

/* Adds a document whose digest is not a sha256, which is an error if it is chosen. Without a name
 * it goes by that digest. */
static int add_unread(struct li_image_choice *choice, const struct li_image_json *object,
                      const struct context *in, const struct li_image_platform *platform,
                      struct li_error *err)
{
    const char *want = choice->options->image, *text;
    struct li_image_candidate c = {.match = in->match,
                                   .is_tag = in->name && is_tag(in->name),
                                   .platform = *platform,
                                   .incomplete = true};
    int rc = li_image_json_string(object, "digest", &text, err);

    if (rc == 0)
        rc = li_sha256(text, strlen(text), c.digest, err);
    if (rc < 0)
        return rc;
    memcpy(c.config, c.digest, sizeof(c.config));
    memcpy(c.group, in->depth ? in->group : c.digest, sizeof(c.group));
    snprintf(c.unread, sizeof(c.unread), "%.*s", (int)strcspn(text, ":"), text);
    c.by_digest = in->by_digest || (want && !strcmp(text, want));
    if (!in->name && strlen(text) > LI_IMAGE_MAX_REFERENCE)
        return 0;
    return li_image_candidate_add(choice, &c, in->name ? in->name : text, err);
}

/* Adds what the descriptor names: an index or a manifest. */
static int take_descriptor(struct li_image_choice *choice, const struct li_image_json *object,
                           const struct context *in, const struct li_image_platform *platform,
                           struct li_error *err)
{
    struct li_image_descriptor d;
    struct context c = *in;
    int rc = read_names(choice, object, &c, err);

    if (rc < 0)
        return rc;
    rc = li_image_descriptor_read(object, &d, err);
    if (rc == LI_EUNSUPPORTED)
        return add_unread(choice, object, &c, platform, err);
    if (rc < 0)
        return rc;
    if (choice->options->image && li_image_digest_match(d.digest, choice->options->image))
        c.by_digest = true;
    return li_image_is_index(d.media_type) ? walk_within(choice, &d, &c, err)
                                           : add_candidate(choice, &d, &c, platform, err);
}

static int walk_descriptor(struct li_image_choice *choice, const struct li_image_json *object,
                           const struct context *in, struct li_error *err)
{
    struct li_image_platform platform = {"", "", ""};
    struct li_image_json node;
    const char *media_type;
    bool attestation = false;
    int rc;

    if (++choice->descriptors > LI_IMAGE_MAX_MANIFESTS)
        return li_fail(err, LI_ELIMIT, "the image's indexes name more than %d manifests",
                       LI_IMAGE_MAX_MANIFESTS);
    rc = li_image_json_string(object, "mediaType", &media_type, err);
    if (rc < 0)
        return rc;
    if (!li_image_is_index(media_type) && !li_image_manifest_type(media_type)) {
        snprintf(choice->skipped, sizeof(choice->skipped), "%.100s", media_type);
        return 0;
    }
    rc = li_image_json_get(object, "platform", JSON_OBJECT, &node, err);
    if (rc == 0)
        rc = li_image_platform_read(&node, &platform, err);
    if (rc >= 0)
        rc = is_attestation(object, &platform, &attestation, err);
    if (rc < 0 || attestation)
        return rc < 0 ? rc : 0;
    return take_descriptor(choice, object, in, &platform, err);
}

static int walk_index(struct li_image_choice *choice, const struct li_image_json *index,
                      const struct context *in, struct li_error *err)
{
    struct li_image_json manifests, object;
    int rc = li_image_json_get(index, "manifests", JSON_ARRAY, &manifests, err);

    if (rc != 0)
        return rc == LI_END ? 0 : rc;
    for (size_t i = 0; i < li_image_json_length(&manifests); i++) {
        rc = li_image_json_item(&manifests, i, JSON_OBJECT, &object, err);
        if (rc == 0)
            rc = walk_descriptor(choice, &object, in, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int li_image_oci_walk(struct li_image_choice *choice, struct li_error *err)
{
    static const char media_type[] = "application/vnd.oci.image.index.v1+json";
    const struct context outermost = {.name = NULL};
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
        rc = walk_index(choice, &doc.root, &outermost, err);
    }
    li_image_oci_close(&doc);
    return rc;
}
