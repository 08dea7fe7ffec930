/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jansson parses: it bounds the depth, and refuses bytes that are not UTF-8, NULs in strings and
 * anything behind the document. It takes the last of two equal keys unless told not to; other
 * readers take the first, and a document must not mean two things, so it is told not to.
 */
#include "image/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"

static const char *type_name(json_type type)
{
    switch (type) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    default:
        return "of the right type";
    }
}

/* WHERE is cut at the end if it is too long; it is for messages only. */
static void put_where(struct li_image_json *node, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void put_where(struct li_image_json *node, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(node->where, sizeof(node->where), fmt, ap);
    va_end(ap);
}

static int check_type(const struct li_image_json *node, json_type type, struct li_error *err)
{
    if (json_typeof(node->value) == type)
        return 0;
    return li_fail(err, LI_ECORRUPT, "%s is not %s", node->where, type_name(type));
}

int li_image_json_parse(const char *document, const void *data, size_t len, json_type type,
                        struct li_image_json *out, struct li_error *err)
{
    struct li_image_json node;
    json_error_t why;
    json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);

    if (!root && json_error_code(&why) == json_error_out_of_memory)
        return li_fail_memory(err);
    if (!root)
        return li_fail(err, LI_ECORRUPT, "%s is not valid JSON: line %d, column %d: %s", document,
                       why.line, why.column, why.text);
    node.value = root;
    put_where(&node, "%s", document);
    if (check_type(&node, type, err) < 0) {
        json_decref(root);
        return LI_ECORRUPT;
    }
    *out = node;
    return 0;
}

void li_image_json_free(struct li_image_json *root)
{
    json_decref((json_t *)root->value);
    root->value = NULL;
}

int li_image_json_get(const struct li_image_json *object, const char *key, json_type type,
                      struct li_image_json *out, struct li_error *err)
{
    struct li_image_json node = {json_object_get(object->value, key), ""};
    int rc;

    if (!node.value || json_is_null(node.value))
        return LI_END;
    put_where(&node, "%s%s%s", object->where, strstr(object->where, ": ") ? "." : ": ", key);
    rc = check_type(&node, type, err);
    if (rc == 0)
        *out = node;
    return rc;
}

int li_image_json_need(const struct li_image_json *object, const char *key, json_type type,
                       struct li_image_json *out, struct li_error *err)
{
    int rc = li_image_json_get(object, key, type, out, err);

    if (rc == LI_END)
        return li_fail(err, LI_ECORRUPT, "%s has no \"%s\"", object->where, key);
    return rc;
}

size_t li_image_json_length(const struct li_image_json *array)
{
    return json_array_size(array->value);
}

int li_image_json_item(const struct li_image_json *array, size_t index, json_type type,
                       struct li_image_json *out, struct li_error *err)
{
    struct li_image_json node = {json_array_get(array->value, index), ""};
    int rc;

    put_where(&node, "%s%s[%zu]", array->where, strstr(array->where, ": ") ? "" : ": ", index);
    if (!node.value)
        return li_fail(err, LI_ECORRUPT, "%s is missing", node.where);
    rc = check_type(&node, type, err);
    if (rc == 0)
        *out = node;
    return rc;
}

const char *li_image_json_text(const struct li_image_json *string)
{
    return json_string_value(string->value);
}

int li_image_json_string(const struct li_image_json *object, const char *key, const char **out,
                         struct li_error *err)
{
    struct li_image_json node;
    int rc = li_image_json_get(object, key, JSON_STRING, &node, err);

    if (rc < 0)
        return rc;
    *out = rc == LI_END ? "" : li_image_json_text(&node);
    return 0;
}

int li_image_json_digest(const struct li_image_json *string, uint8_t out[32], struct li_error *err)
{
    const char *text = li_image_json_text(string);
    size_t algorithm = strcspn(text, ":");
    uint8_t digest[32];

    if (text[algorithm] == ':' && (algorithm != 6 || memcmp(text, "sha256", 6) != 0))
        return li_fail(err, LI_EUNSUPPORTED, "%s is a digest of kind %.*s; only sha256 can be read",
                       string->where, algorithm > 40 ? 40 : (int)algorithm, text);
    if (text[algorithm] != ':' || li_hex_decode(text + 7, digest, 32) < 0)
        return li_fail(err, LI_ECORRUPT, "%s is not a digest: %.80s", string->where, text);
    memcpy(out, digest, 32);
    return 0;
}
