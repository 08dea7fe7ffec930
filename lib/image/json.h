/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON documents of an image: getters that check the type and say in the error where in
 * which document something is wrong ("config: rootfs.diff_ids[2] is not a string").
 *
 * Nodes and strings belong to the document; they are valid until li_image_json_free(). A value of
 * null counts as absent, as the Go programs that write these documents mean it.
 */
#ifndef LI_IMAGE_JSON_H
#define LI_IMAGE_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_image_json {
    const json_t *value;
    char where[192]; /* "DOCUMENT" or "DOCUMENT: path.to[0].it" */
};

/* Parses LEN bytes as DOCUMENT, whose root must be of type TYPE: an object or an array. Duplicate
 * keys and strings with NUL in them are refused. LI_ECORRUPT. */
int li_image_json_parse(const char *document, const void *data, size_t len, json_type type,
                        struct li_image_json *out, struct li_error *err);

/* Frees a whole document, by the node that the parse gave. Zeroes are allowed. */
void li_image_json_free(struct li_image_json *root);

/* The member KEY of an object. LI_END where it is absent, LI_ECORRUPT where it is not of TYPE. */
int li_image_json_get(const struct li_image_json *object, const char *key, json_type type,
                      struct li_image_json *out, struct li_error *err);

/* The same, where absence is LI_ECORRUPT. */
int li_image_json_need(const struct li_image_json *object, const char *key, json_type type,
                       struct li_image_json *out, struct li_error *err);

/* The length of an array, and one of its items. */
size_t li_image_json_length(const struct li_image_json *array);
int li_image_json_item(const struct li_image_json *array, size_t index, json_type type,
                       struct li_image_json *out, struct li_error *err);

/* The string of a node that is one. */
const char *li_image_json_text(const struct li_image_json *string);

/* The string KEY of an object; "" where it is absent. */
int li_image_json_string(const struct li_image_json *object, const char *key, const char **out,
                         struct li_error *err);

/* A string "sha256:" and 64 digits. LI_EUNSUPPORTED where it names another algorithm. */
int li_image_json_digest(const struct li_image_json *string, uint8_t out[32], struct li_error *err);

#endif
