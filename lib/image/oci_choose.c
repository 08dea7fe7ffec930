/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One of the candidates is wanted. They are several for three reasons, which are told apart because
 * the user can do different things about each: several images (choose by name or digest), several
 * platforms of one image (the host's, or choose), and manifests that an index names but the layout
 * does not hold, as when only one platform was pulled before the image was saved (passed over).
 *
 * Two names are two images unless they name the same manifests. Taking the pairs of name and
 * manifest, that is so exactly where there are as many pairs as names times manifests.
 *
 * Where a descriptor states no platform the image's config does; it is read only where the answer
 * makes a difference.
 */
#include "image/oci.h"

#include <stdlib.h>
#include <string.h>

static const char *name_of(const struct li_image_candidate *c)
{
    return c->name ? c->name : "";
}

static bool same_name(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    return strcmp(name_of(a), name_of(b)) == 0;
}

static bool same_manifest(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    return memcmp(a->digest, b->digest, 32) == 0;
}

static bool same_pair(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    return same_manifest(a, b) && same_name(a, b);
}

static bool same_platform(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    return li_image_platform_equal(&a->platform, &b->platform);
}

typedef bool same_fn(const struct li_image_candidate *a, const struct li_image_candidate *b);

/* Whether candidate I is left, and the first of those that are the SAME. */
static bool is_first(const struct li_image_oci *oci, size_t i, same_fn *same)
{
    if (oci->list[i].dropped)
        return false;
    for (size_t k = 0; k < i; k++)
        if (!oci->list[k].dropped && same(&oci->list[k], &oci->list[i]))
            return false;
    return true;
}

/* How many different ones are left. */
static size_t count_different(const struct li_image_oci *oci, same_fn *same)
{
    size_t n = 0;

    for (size_t i = 0; i < oci->count; i++)
        n += is_first(oci, i, same);
    return n;
}

static const struct li_image_candidate *first_left(const struct li_image_oci *oci)
{
    for (size_t i = 0; i < oci->count; i++)
        if (!oci->list[i].dropped)
            return &oci->list[i];
    return NULL;
}

/* By name where names tell them apart; what has none is listed by its manifest's digest. */
static void list_images(const struct li_image_oci *oci, bool by_name, struct li_image_list *names)
{
    for (size_t i = 0; i < oci->count; i++) {
        const struct li_image_candidate *c = &oci->list[i];

        if (c->name && by_name && is_first(oci, i, same_name))
            li_image_list_add(names, c->name);
        if (!(c->name && by_name) && is_first(oci, i, same_manifest))
            li_image_list_add_digest(names, c->digest);
    }
}

static int fail_several(const struct li_image_oci *oci, bool by_name, struct li_error *err)
{
    struct li_image_list names = {0};

    list_images(oci, by_name, &names);
    return li_fail(err, LI_EINVALID, "it holds several images; choose with --image: %s",
                   li_image_list_text(&names));
}

/* Reads what only manifest and config say: the platform, and whether the config is WANT, which may
 * be NULL. A candidate that is no image is dropped. */
static int look_inside(struct li_image_oci *oci, struct li_image_candidate *c, const char *want,
                       struct li_error *err)
{
    struct li_image_oci_document manifest = {0};
    struct li_image_descriptor config;
    struct li_image_json root = {0};
    struct li_buffer text = {0};
    char name[LI_IMAGE_BLOB_NAME];
    int rc;

    rc = li_image_oci_manifest(oci, c, &manifest, &config, err);
    if (rc < 0)
        return rc;
    if (!li_image_is_config(config.media_type)) {
        c->dropped = true;
        goto out;
    }
    if (want && li_image_digest_match(config.digest, want))
        c->match = LI_IMAGE_MATCH_EXACT;
    if (c->has_platform)
        goto out;
    li_image_blob_name(config.digest, name);
    rc = li_image_read_document(oci->container, name, config.digest, config.size, &text, err);
    if (rc < 0)
        li_context(err, "config");
    else
        rc = li_image_json_parse("config", text.data, text.len, JSON_OBJECT, &root, err);
    if (rc == 0)
        rc = li_image_platform_read(&root, &c->platform, err);
    oci->json_bytes += text.len;
    c->has_platform = true;
out:
    li_image_json_free(&root);
    li_buffer_free(&text);
    li_image_oci_close(&manifest);
    return rc;
}

/* Drops the manifests that the layout does not hold. */
static int drop_absent(struct li_image_oci *oci, struct li_error *err)
{
    size_t here = 0;
    char name[LI_IMAGE_BLOB_NAME];

    for (size_t i = 0; i < oci->count; i++) {
        struct li_image_candidate *c = &oci->list[i];
        struct li_image_extent extent;
        int rc;

        li_image_blob_name(c->digest, name);
        rc = li_image_find(oci->container, name, &extent, err);
        if (rc < 0)
            return rc;
        c->dropped = rc == LI_END;
        if (c->dropped)
            continue;
        li_image_close(&extent);
        here++;
    }
    if (here)
        return 0;
    li_image_blob_name(oci->list[0].digest, name);
    return li_fail(err, LI_ECORRUPT, "the manifest %s is missing; the image is not complete", name);
}

static enum li_image_match best_match(const struct li_image_oci *oci)
{
    enum li_image_match best = LI_IMAGE_MATCH_NONE;

    for (size_t i = 0; i < oci->count; i++)
        if (!oci->list[i].dropped && oci->list[i].match > best)
            best = oci->list[i].match;
    return best;
}

/* Leaves what options->image asks for. */
static int choose_image(struct li_image_oci *oci, struct li_error *err)
{
    const char *want = oci->options->image;
    struct li_image_list names = {0};
    enum li_image_match best;
    size_t pairs;
    int rc;

    best = best_match(oci);
    for (size_t i = 0; want && best == LI_IMAGE_MATCH_NONE && i < oci->count; i++) {
        if (strncmp(want, "sha256:", 7) != 0 || oci->list[i].dropped)
            continue;
        rc = look_inside(oci, &oci->list[i], want, err);
        if (rc < 0)
            return rc;
    }
    best = best_match(oci);
    if (want && best == LI_IMAGE_MATCH_NONE) {
        list_images(oci, true, &names);
        return li_fail(err, LI_EINVALID,
                       "no image in it is called \"%.150s\"; --image can choose from: %s", want,
                       li_image_list_text(&names));
    }
    for (size_t i = 0; want && i < oci->count; i++)
        if (oci->list[i].match < best)
            oci->list[i].dropped = true;
    pairs = count_different(oci, same_pair);
    if (pairs == count_different(oci, same_name) * count_different(oci, same_manifest))
        return 0;
    return fail_several(oci, true, err);
}

static int fail_platform(const struct li_image_oci *oci, const struct li_image_platform *want,
                         struct li_error *err)
{
    struct li_image_list names = {0};
    char text[LI_IMAGE_PLATFORM_TEXT];

    for (size_t i = 0; i < oci->count; i++)
        if (is_first(oci, i, same_platform))
            li_image_list_add(&names, li_image_platform_text(&oci->list[i].platform, text));
    return li_fail(err, LI_EINVALID, "the image is not for %s; --platform can choose from: %s",
                   li_image_platform_text(want, text), li_image_list_text(&names));
}

/* Leaves the candidates for WANT: equal ones, or else such as serve. */
static int keep_platform(struct li_image_oci *oci, const struct li_image_platform *want,
                         struct li_error *err)
{
    bool any_equal = false, any = false;

    for (size_t i = 0; i < oci->count; i++) {
        if (oci->list[i].dropped)
            continue;
        any_equal |= li_image_platform_equal(&oci->list[i].platform, want);
        any |= li_image_platform_serves(&oci->list[i].platform, want);
    }
    if (!any)
        return fail_platform(oci, want, err);
    for (size_t i = 0; i < oci->count; i++) {
        struct li_image_candidate *c = &oci->list[i];

        if (any_equal ? !li_image_platform_equal(&c->platform, want)
                      : !li_image_platform_serves(&c->platform, want))
            c->dropped = true;
    }
    return 0;
}

static int choose_platform(struct li_image_oci *oci, struct li_error *err)
{
    const char *wanted = oci->options->platform;
    struct li_image_platform want;
    int rc = 0;

    if (wanted)
        rc = li_image_platform_parse(wanted, &want, err);
    else if (count_different(oci, same_manifest) <= 1)
        return 0;
    else
        li_image_platform_host(&want);
    for (size_t i = 0; rc == 0 && i < oci->count; i++)
        if (!oci->list[i].dropped && !oci->list[i].has_platform)
            rc = look_inside(oci, &oci->list[i], NULL, err);
    if (rc < 0)
        return rc;
    if (!first_left(oci))
        return li_fail(err, LI_EUNSUPPORTED, "it holds no container image, only other artifacts");
    if (!wanted && count_different(oci, same_platform) <= 1)
        return 0;
    return keep_platform(oci, &want, err);
}

int li_image_oci_choose(struct li_image_oci *oci, const struct li_image_candidate **out,
                        const char **name, struct li_error *err)
{
    const struct li_image_candidate *first;
    int rc;

    if (!oci->count && oci->skipped[0])
        return li_fail(err, LI_EUNSUPPORTED, "it holds no image, but %s", oci->skipped);
    if (!oci->count)
        return li_fail(err, LI_EINVALID, "index.json names no image");
    rc = drop_absent(oci, err);
    if (rc == 0)
        rc = choose_image(oci, err);
    if (rc == 0)
        rc = choose_platform(oci, err);
    if (rc < 0)
        return rc;
    first = first_left(oci);
    if (count_different(oci, same_manifest) > 1)
        return fail_several(oci, false, err);
    *name = count_different(oci, same_name) == 1 ? first->name : NULL;
    *out = first;
    return 0;
}
