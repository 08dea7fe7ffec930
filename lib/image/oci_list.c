/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one index lists. A descriptor becomes a candidate, whether it names a manifest or an index
 * that is still to be read: what an index says about another, its name, holds for what that lists.
 */
#include "image/oci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sha256.h"

/* Takes NAME, which one annotation gives C. The first one counts, but any may be asked for. */
static int take_name(const struct li_image_choice *choice, const char *name,
                     struct li_image_candidate *c, struct li_error *err)
{
    const char *want = choice->options->image;

    if (!c->name)
        c->name = strdup(name);
    if (!c->name)
        return li_fail_memory(err);
    if (want && li_image_name_match(name, want) > c->match)
        c->match = li_image_name_match(name, want);
    return 0;
}

/* Gives C the name of the index that lists it, or else one of the descriptor's annotations. */
static int read_names(const struct li_image_choice *choice, const struct li_image_json *object,
                      const char *inherited, struct li_image_candidate *c, struct li_error *err)
{
    static const char *const keys[] = {"io.containerd.image.name",
                                       "org.opencontainers.image.ref.name"};
    const char *name;
    struct li_image_json annotations;
    int rc = inherited ? take_name(choice, inherited, c, err) : 0;

    if (rc == 0)
        rc = li_image_json_get(object, "annotations", JSON_OBJECT, &annotations, err);
    if (rc != 0)
        return rc == LI_END ? 0 : rc;
    for (size_t i = 0; i < 2 && rc == 0; i++) {
        rc = li_image_json_entry(&annotations, keys[i], &name, err);
        if (rc == 0 && name[0] && strlen(name) <= LI_IMAGE_MAX_REFERENCE && !inherited)
            rc = take_name(choice, name, c, err);
    }
    return rc;
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

/* Reads what the digest names that is not a sha256, which is an error if it is chosen. Without a
 * name it goes by that digest; *USABLE is false if that is too long. */
static int read_foreign_digest(const struct li_image_choice *choice,
                               const struct li_image_json *object, struct li_image_candidate *c,
                               bool *usable, struct li_error *err)
{
    const char *want = choice->options->image, *text;
    int rc = li_image_json_string(object, "digest", &text, err);

    if (rc == 0)
        rc = li_sha256(text, strlen(text), c->digest, err);
    if (rc < 0)
        return rc;
    c->incomplete = true;
    c->media_type = NULL;
    memcpy(c->config, c->digest, sizeof(c->config));
    snprintf(c->unread, sizeof(c->unread), "%.*s", (int)strcspn(text, ":"), text);
    c->by_digest |= want && !strcmp(text, want);
    *usable = c->name || strlen(text) <= LI_IMAGE_MAX_REFERENCE;
    return c->name || !*usable ? 0 : take_name(choice, text, c, err);
}

/* Reads what the descriptor says beside its media type and platform. */
static int read_candidate(const struct li_image_choice *choice, const struct li_image_json *object,
                          struct li_image_candidate *c, bool *usable, struct li_error *err)
{
    const char *want = choice->options->image;
    struct li_image_descriptor d;
    int rc = li_image_descriptor_read(object, &d, err);

    *usable = true;
    c->is_tag = c->name && is_tag(c->name);
    if (rc == LI_EUNSUPPORTED)
        return read_foreign_digest(choice, object, c, usable, err);
    if (rc < 0)
        return rc;
    memcpy(c->digest, d.digest, sizeof(c->digest));
    c->size = d.size;
    c->by_digest |= want && li_image_digest_match(d.digest, want);
    c->has_platform = c->platform.os[0] || c->platform.architecture[0];
    return 0;
}

/* The constant for a media type that is an index's or a manifest's; NULL for others. */
static const char *known_type(const char *media_type)
{
    const char *index = li_image_index_type(media_type);

    return index ? index : li_image_manifest_type(media_type);
}

/* Reads the descriptor OBJECT into C. *USABLE says whether it is to be listed. */
static int read_descriptor(struct li_image_choice *choice, const struct li_image_json *object,
                           const struct li_image_candidate *in, struct li_image_candidate *c,
                           bool *usable, struct li_error *err)
{
    struct li_image_json node;
    const char *media_type;
    bool attestation = false;
    int rc = li_image_json_string(object, "mediaType", &media_type, err);

    if (rc < 0)
        return rc;
    c->media_type = known_type(media_type);
    if (!c->media_type) {
        snprintf(choice->skipped, sizeof(choice->skipped), "%.100s", media_type);
        return 0;
    }
    rc = li_image_json_get(object, "platform", JSON_OBJECT, &node, err);
    if (rc == 0)
        rc = li_image_platform_read(&node, &c->platform, err);
    if (rc >= 0)
        rc = is_attestation(object, &c->platform, &attestation, err);
    if (rc < 0 || attestation)
        return rc < 0 ? rc : 0;
    c->match = in->match;
    c->by_digest = in->by_digest;
    memcpy(c->group, in->group, sizeof(c->group));
    rc = read_names(choice, object, in->name, c, err);
    return rc == 0 ? read_candidate(choice, object, c, usable, err) : rc;
}

/* Appends what the descriptor OBJECT names. */
static int list_descriptor(struct li_image_choice *choice, const struct li_image_json *object,
                           const struct li_image_candidate *in, struct li_image_oci_list *list,
                           struct li_error *err)
{
    struct li_image_candidate c = {.name = NULL};
    bool usable = false;
    int rc;

    if (++choice->descriptors > LI_IMAGE_MAX_MANIFESTS)
        return li_fail(err, LI_ELIMIT, "the image's indexes name more than %d manifests",
                       LI_IMAGE_MAX_MANIFESTS);
    rc = li_array_reserve(&list->items, &list->cap, list->count + 1, sizeof(*list->items), err);
    if (rc == 0)
        rc = read_descriptor(choice, object, in, &c, &usable, err);
    if (rc == 0 && usable)
        list->items[list->count++] = c;
    else
        free(c.name);
    return rc;
}

int li_image_oci_list_index(struct li_image_choice *choice, const struct li_image_json *index,
                            const struct li_image_candidate *in, struct li_image_oci_list *list,
                            struct li_error *err)
{
    struct li_image_json manifests, object;
    int rc = li_image_json_get(index, "manifests", JSON_ARRAY, &manifests, err);

    if (rc != 0)
        return rc == LI_END ? 0 : rc;
    for (size_t i = 0; rc == 0 && i < li_image_json_length(&manifests); i++) {
        rc = li_image_json_item(&manifests, i, JSON_OBJECT, &object, err);
        if (rc == 0)
            rc = list_descriptor(choice, &object, in, list, err);
    }
    return rc;
}

void li_image_oci_list_free(struct li_image_oci_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].name);
    free(list->items);
}
