/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON documents of an image. Getters check the type, and errors say what is wrong where in
 * which document ("config: rootfs.diff_ids[2] is not a string").
 *
 * Documents are read as container engines do, with Go's encoding/json: a key matches in any case,
 * null counts as absent, and oddities in members that nobody reads are ignored (json_lenient.c). A
 * member that is read and appears twice with different values is an error: Go takes the last value,
 * others the first, and a document must not mean two things.
 *
 * Nodes and strings belong to the document; they are valid until li_image_json_free(). Functions
 * are safe in any thread, on documents that no other thread frees.
 */
#ifndef LI_IMAGE_JSON_H
#define LI_IMAGE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum { LI_IMAGE_MAX_VALUES = 1 << 17 }; /* in a document's arrays and objects */

struct li_image_json {
    const json_t *value;
    char where[192]; /* "DOCUMENT" or "DOCUMENT: path.to[0].it" */
};

/* Parses LEN bytes as DOCUMENT, whose root must have the type TYPE: an object or an array.
 * LI_ECORRUPT if it is not JSON, is nested more than 2,048 deep, or has another root; LI_ELIMIT if
 * it has more than LI_IMAGE_MAX_VALUES. */
int li_image_json_parse(const char *document, const void *data, size_t len, json_type type,
                        struct li_image_json *out, struct li_error *err);

/* Frees a whole document. NODE is the root that the parse gave. Zeroes are allowed. */
void li_image_json_free(struct li_image_json *root);

/* Appends the JSON of LEN bytes at DATA to OUT, with everything replaced that Jansson refuses and
 * Go accepts. Parse it with JSON_ALLOW_NUL. NUMBERED puts a number and ':' before each key, as
 * json.c needs it. The caller frees OUT, also on failure. LI_ENOMEM. */
int li_image_json_lenient(const void *data, size_t len, bool numbered, struct li_buffer *out,
                          struct li_error *err);

/* The member KEY of an object. LI_END if it is absent. LI_ECORRUPT if it is not of TYPE, is a
 * string with a NUL in it, or appears twice with different values. */
int li_image_json_get(const struct li_image_json *object, const char *key, json_type type,
                      struct li_image_json *out, struct li_error *err);

/* The same, but absence is LI_ECORRUPT. */
int li_image_json_need(const struct li_image_json *object, const char *key, json_type type,
                       struct li_image_json *out, struct li_error *err);

/* The string KEY of an object whose keys are data, such as annotations: the case of KEY counts. ""
 * if it is absent. */
int li_image_json_entry(const struct li_image_json *object, const char *key, const char **out,
                        struct li_error *err);

/* Whether an object has the member KEY, whatever its type. */
int li_image_json_has(const struct li_image_json *object, const char *key, bool *out,
                      struct li_error *err);

/* The length of an array, and one of its items. */
size_t li_image_json_length(const struct li_image_json *array);
int li_image_json_item(const struct li_image_json *array, size_t index, json_type type,
                       struct li_image_json *out, struct li_error *err);

/* The string of a node that is a string. */
const char *li_image_json_text(const struct li_image_json *string);

/* The string KEY of an object; "" if it is absent. */
int li_image_json_string(const struct li_image_json *object, const char *key, const char **out,
                         struct li_error *err);

/* A string "sha256:" and 64 digits. LI_EUNSUPPORTED if it names another algorithm. */
int li_image_json_digest(const struct li_image_json *string, uint8_t out[32], struct li_error *err);

#endif
