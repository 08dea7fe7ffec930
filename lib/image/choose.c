/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses one of the candidates. There may be several for four reasons, each with its own rule:
 *
 * - Several images: the user chooses by name or digest.
 * - Several platforms of one image: the host's, unless the user chooses another.
 * - One platform twice in one index, as with layers in gzip and in zstd: the first.
 * - Images that the archive names but does not hold, because only one platform was pulled before
 *   the image was saved: they are skipped.
 *
 * Several names are one image only if each of them names all the same images. That is so if
 * and only if the number of pairs of name and image is the number of names times that of images.
 */
#include "image/choice.h"

#include <limits.h>
#include <string.h>

#include "base/hex.h"

static const struct li_image_candidate *first_left(const struct li_image_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        if (!choice->list[i].dropped)
            return &choice->list[i];
    return NULL;
}

/* By name if names are distinct. An image without a name is listed by a digest that --image
 * accepts. */
static void list_images(const struct li_image_choice *choice, bool by_name,
                        struct li_image_list *names)
{
    for (size_t i = 0; i < choice->count; i++) {
        const struct li_image_candidate *c = &choice->list[i];

        if (c->name && by_name && li_image_is_first(choice, i, li_image_same_name))
            li_image_list_add(names, c->name);
        if (!(c->name && by_name) && li_image_is_first(choice, i, li_image_same_image))
            li_image_list_add_digest(names, c->docker ? c->config : c->digest);
    }
}

static int fail_several(const struct li_image_choice *choice, bool by_name, struct li_error *err)
{
    struct li_image_list names = {0};

    list_images(choice, by_name, &names);
    return li_fail(err, LI_EINVALID, "it holds several images; choose with --image: %s",
                   li_image_list_text(&names));
}

static int fail_none(const struct li_image_choice *choice, struct li_error *err)
{
    char hex[65];

    li_hex_encode(choice->missing, 32, hex);
    if (choice->has_missing)
        return li_fail(
            err, LI_ECORRUPT,
            "the manifest or index blobs/sha256/%s is missing; the image is not complete", hex);
    if (choice->skipped[0])
        return li_fail(err, LI_EUNSUPPORTED, "it holds no container image, only %s",
                       choice->skipped);
    return li_fail(err, LI_EINVALID, "it names no image");
}

static enum li_image_match match_of(const struct li_image_candidate *c)
{
    return c->by_digest ? LI_IMAGE_MATCH_EXACT : c->match;
}

/* Keeps the candidates that match WANT best. */
static int keep_named(struct li_image_choice *choice, const char *want, struct li_error *err)
{
    enum li_image_match best = LI_IMAGE_MATCH_NONE;
    struct li_image_list names = {0};

    for (size_t i = 0; i < choice->count; i++)
        if (!choice->list[i].dropped && match_of(&choice->list[i]) > best)
            best = match_of(&choice->list[i]);
    if (best == LI_IMAGE_MATCH_NONE) {
        list_images(choice, true, &names);
        return li_fail(err, LI_EINVALID,
                       "no image in it is called \"%.150s\"; --image can choose from: %s", want,
                       li_image_list_text(&names));
    }
    for (size_t i = 0; i < choice->count; i++)
        if (match_of(&choice->list[i]) < best)
            choice->list[i].dropped = true;
    return 0;
}

/* Whether another candidate of the same name is complete. */
static bool has_complete(const struct li_image_choice *choice, const struct li_image_candidate *c)
{
    for (size_t i = 0; i < choice->count; i++) {
        const struct li_image_candidate *other = &choice->list[i];

        if (!other->dropped && !other->incomplete && li_image_same_name(other, c))
            return true;
    }
    return false;
}

/* A platform whose layers were never pulled, beside one whose layers were. */
static void drop_incomplete(struct li_image_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++) {
        struct li_image_candidate *c = &choice->list[i];

        if (!c->dropped && c->incomplete && has_complete(choice, c))
            c->dropped = true;
    }
}

/* Keeps the candidates that options->image asks for. */
static int choose_image(struct li_image_choice *choice, struct li_error *err)
{
    const struct li_image_options *options = choice->options;
    size_t pairs;
    int rc = options->image ? keep_named(choice, options->image, err) : 0;

    if (rc < 0)
        return rc;
    if (!options->platform)
        drop_incomplete(choice);
    pairs = li_image_count_different(choice, li_image_same_pair);
    if (pairs == li_image_count_different(choice, li_image_same_name) *
                     li_image_count_different(choice, li_image_same_image))
        return 0;
    return fail_several(choice, true, err);
}

static int fail_platform(const struct li_image_choice *choice, const struct li_image_platform *want,
                         struct li_error *err)
{
    struct li_image_list names = {0};
    char text[LI_IMAGE_PLATFORM_TEXT];

    for (size_t i = 0; i < choice->count; i++)
        if (li_image_is_first(choice, i, li_image_same_platform))
            li_image_list_add(&names, li_image_platform_text(&choice->list[i].platform, text));
    return li_fail(err, LI_EINVALID, "the image is not for %s; --platform can choose from: %s",
                   li_image_platform_text(want, text), li_image_list_text(&names));
}

/* Keeps the candidates that serve WANT best. */
static int keep_platform(struct li_image_choice *choice, const struct li_image_platform *want,
                         struct li_error *err)
{
    int best = INT_MAX;

    for (size_t i = 0; i < choice->count; i++) {
        int rank = li_image_platform_rank(&choice->list[i].platform, want);

        if (!choice->list[i].dropped && rank >= 0 && rank < best)
            best = rank;
    }
    if (best == INT_MAX)
        return fail_platform(choice, want, err);
    for (size_t i = 0; i < choice->count; i++)
        if (li_image_platform_rank(&choice->list[i].platform, want) != best)
            choice->list[i].dropped = true;
    return 0;
}

static int choose_platform(struct li_image_choice *choice, struct li_error *err)
{
    const char *wanted = choice->options->platform;
    struct li_image_platform want;

    if (!wanted && li_image_count_different(choice, li_image_same_platform) <= 1)
        return 0;
    if (!wanted)
        li_image_platform_host(&want);
    else if (li_image_platform_parse(wanted, &want, err) < 0)
        return err->code;
    return keep_platform(choice, &want, err);
}

/* The only tag left; NULL if there are several. */
static const char *only_tag(const struct li_image_choice *choice)
{
    const struct li_image_candidate *tagged = NULL;

    for (size_t i = 0; i < choice->count; i++) {
        const struct li_image_candidate *c = &choice->list[i];

        if (c->dropped || !c->name || !c->is_tag)
            continue;
        if (tagged && !li_image_same_name(tagged, c))
            return NULL;
        tagged = c;
    }
    return tagged ? tagged->name : NULL;
}

int li_image_choose(struct li_image_choice *choice, const struct li_image_candidate **out,
                    const char **tag, struct li_error *err)
{
    int rc;

    if (!first_left(choice))
        return fail_none(choice, err);
    rc = choose_image(choice, err);
    if (rc == 0)
        rc = choose_platform(choice, err);
    if (rc < 0)
        return rc;
    drop_incomplete(choice);
    if (li_image_count_different(choice, li_image_same_image) > 1 &&
        li_image_count_different(choice, li_image_same_group) > 1)
        return fail_several(choice, false, err);
    *tag = only_tag(choice);
    *out = first_left(choice);
    return 0;
}
