/* SPDX-License-Identifier: Apache-2.0 */
/* The names of images, and lists of them for messages. */
#ifndef LI_IMAGE_NAMES_H
#define LI_IMAGE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How well a name matches the one that was asked for. */
enum li_image_match {
    LI_IMAGE_MATCH_NONE,
    LI_IMAGE_MATCH_SHORT, /* the same in another form: "app" for "docker.io/library/app:latest" */
    LI_IMAGE_MATCH_EXACT,
};

/* How well the name HAVE matches WANT; both are as a user or an image writes them. */
enum li_image_match li_image_name_match(const char *have, const char *want);

/* A hash that is the same for names that match; others mostly have different ones. */
uint64_t li_image_name_hash(const char *name);

/* EXACT if WANT is "sha256:" and the digits of DIGEST. */
enum li_image_match li_image_digest_match(const uint8_t digest[32], const char *want);

/* Without a leading "docker.io/library/"; points into NAME. */
const char *li_image_name_short(const char *name);

/* "a, b, c and 4 more": a list for a message, of bounded length. Zero-initialise it. */
struct li_image_list {
    char text[512];
    size_t shown;
    size_t omitted;
};

/* Adds a name, or only counts it if there is no room. */
void li_image_list_add(struct li_image_list *list, const char *name);

/* The same for "sha256:" and the first digits of a digest. */
void li_image_list_add_digest(struct li_image_list *list, const uint8_t digest[32]);

/* The whole text. No more can be added. */
const char *li_image_list_text(struct li_image_list *list);

#endif
