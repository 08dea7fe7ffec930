/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker writes "app:1", containerd writes "docker.io/library/app:1", and users write "app". All
 * are compared in their short form: without the registry and the folder that Docker implies, and
 * with the tag that it implies. An exact match wins over such a match, because an archive may hold
 * both "app" as a plain annotation and "app:latest".
 */
#include "image/names.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"

static const char *skip(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : text;
}

const char *li_image_name_short(const char *name)
{
    return skip(name, "docker.io/library/");
}

static const char *without_registry(const char *name)
{
    return skip(skip(skip(name, "index.docker.io/"), "docker.io/"), "library/");
}

static const char *implied_tag(const char *name)
{
    const char *last = strrchr(name, '/');

    return strpbrk(last ? last : name, ":@") ? "" : ":latest";
}

/* Whether A followed by A_MORE equals B followed by B_MORE. */
static bool equal_joined(const char *a, const char *a_more, const char *b, const char *b_more)
{
    size_t len = strlen(a), b_len = strlen(b);

    if (len > b_len)
        return equal_joined(b, b_more, a, a_more);
    return strncmp(a, b, len) == 0 && strlen(a_more) == b_len - len + strlen(b_more) &&
           strncmp(a_more, b + len, b_len - len) == 0 &&
           strcmp(a_more + (b_len - len), b_more) == 0;
}

enum li_image_match li_image_name_match(const char *have, const char *want)
{
    if (strcmp(have, want) == 0)
        return LI_IMAGE_MATCH_EXACT;
    have = without_registry(have);
    want = without_registry(want);
    return equal_joined(have, implied_tag(have), want, implied_tag(want)) ? LI_IMAGE_MATCH_SHORT
                                                                          : LI_IMAGE_MATCH_NONE;
}

static uint64_t add_hash(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3U; /* FNV-1a */
    return hash;
}

uint64_t li_image_name_hash(const char *name)
{
    name = without_registry(name);
    return add_hash(add_hash(0xcbf29ce484222325U, name), implied_tag(name));
}

enum li_image_match li_image_digest_match(const uint8_t digest[32], const char *want)
{
    char hex[65];

    li_hex_encode(digest, 32, hex);
    if (strncmp(want, "sha256:", 7) != 0 || strcmp(want + 7, hex) != 0)
        return LI_IMAGE_MATCH_NONE;
    return LI_IMAGE_MATCH_EXACT;
}

void li_image_list_add(struct li_image_list *list, const char *name)
{
    size_t len = strlen(list->text);
    const size_t reserve = 40; /* for "and N more" */

    if (list->omitted || len + strlen(name) + reserve > sizeof(list->text)) {
        list->omitted++;
        return;
    }
    snprintf(list->text + len, sizeof(list->text) - len, "%s%s", len ? ", " : "", name);
    list->shown++;
}

void li_image_list_add_digest(struct li_image_list *list, const uint8_t digest[32])
{
    char name[72] = "sha256:";

    li_hex_encode(digest, 32, name + 7);
    li_image_list_add(list, name);
}

const char *li_image_list_text(struct li_image_list *list)
{
    size_t len = strlen(list->text);

    if (list->omitted)
        snprintf(list->text + len, sizeof(list->text) - len, "%s%zu more", len ? " and " : "",
                 list->omitted);
    return list->text;
}
