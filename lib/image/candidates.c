/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of candidates, and which of them are the same.
 *
 * A name is the same in all its forms ("app:1", "docker.io/library/app:1"), because one archive has
 * both forms for one image. A candidate without a name belongs to where it is listed: all
 * candidates of index.json are one image for several platforms, unless manifest.json lists them as
 * images of their own.
 */
#include "image/choice.h"

#include <stdlib.h>
#include <string.h>

bool li_image_candidate_is(const struct li_image_candidate *c, const char *name, uint64_t hash)
{
    return c->name && c->name_hash == hash &&
           li_image_name_match(c->name, name) != LI_IMAGE_MATCH_NONE;
}

int li_image_candidate_name(const struct li_image_choice *choice, struct li_image_candidate *c,
                            const char *name, struct li_error *err)
{
    const char *want = choice->options->image;
    char *own = strdup(name);

    if (!own)
        return li_fail_memory(err);
    free(c->name);
    c->name = own;
    c->name_hash = li_image_name_hash(own);
    if (want && li_image_name_match(name, want) > c->match)
        c->match = li_image_name_match(name, want);
    return 0;
}

int li_image_candidate_add(struct li_image_choice *choice, const struct li_image_candidate *c,
                           const char *name, struct li_error *err)
{
    struct li_image_candidate *to;

    if (choice->count == LI_IMAGE_MAX_CANDIDATES)
        return li_fail(err, LI_ELIMIT, "it names more than %d images", LI_IMAGE_MAX_CANDIDATES);
    if (!choice->list)
        choice->list = calloc(LI_IMAGE_MAX_CANDIDATES, sizeof(*choice->list));
    if (!choice->list)
        return li_fail_memory(err);
    to = &choice->list[choice->count];
    *to = *c;
    to->name = NULL;
    choice->count++;
    return name ? li_image_candidate_name(choice, to, name, err) : 0;
}

void li_image_choice_free(struct li_image_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        free(choice->list[i].name);
    free(choice->list);
    li_image_json_free(&choice->manifest_json);
}

/* As json_lenient.c counts: commas, and what may hold values. */
static size_t count_values(const struct li_buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->len; i++)
        count += text->data[i] == ',' || text->data[i] == '[' || text->data[i] == '{';
    return count;
}

int li_image_choice_count(struct li_image_choice *choice, const struct li_buffer *text,
                          struct li_error *err)
{
    choice->json_bytes += text->len;
    choice->json_values += count_values(text);
    if (choice->json_bytes > LI_IMAGE_MAX_JSON_TOTAL)
        return li_fail(err, LI_ELIMIT,
                       "its indexes, manifests and configs have over %d bytes in all",
                       LI_IMAGE_MAX_JSON_TOTAL);
    if (choice->json_values > LI_IMAGE_MAX_VALUES_TOTAL)
        return li_fail(err, LI_ELIMIT,
                       "its indexes, manifests and configs have over %d values in all",
                       LI_IMAGE_MAX_VALUES_TOTAL);
    return 0;
}

void li_image_choice_miss(struct li_image_choice *choice, const uint8_t digest[32])
{
    choice->has_missing = true;
    memcpy(choice->missing, digest, sizeof(choice->missing));
}

bool li_image_same_group(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    return memcmp(a->group, b->group, sizeof(a->group)) == 0;
}

bool li_image_same_name(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    if (a->name && b->name)
        return li_image_candidate_is(a, b->name, b->name_hash);
    if (a->name || b->name)
        return false;
    return (!a->alone && !b->alone) || li_image_same_group(a, b);
}

bool li_image_same_image(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    return memcmp(a->config, b->config, sizeof(a->config)) == 0;
}

bool li_image_same_pair(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    return li_image_same_image(a, b) && li_image_same_name(a, b);
}

bool li_image_same_platform(const struct li_image_candidate *a, const struct li_image_candidate *b)
{
    return li_image_platform_equal(&a->platform, &b->platform);
}

bool li_image_is_first(const struct li_image_choice *choice, size_t i, li_image_same_fn *same)
{
    if (choice->list[i].dropped)
        return false;
    for (size_t k = 0; k < i; k++)
        if (!choice->list[k].dropped && same(&choice->list[k], &choice->list[i]))
            return false;
    return true;
}

size_t li_image_count_different(const struct li_image_choice *choice, li_image_same_fn *same)
{
    size_t n = 0;

    for (size_t i = 0; i < choice->count; i++)
        n += li_image_is_first(choice, i, same);
    return n;
}
