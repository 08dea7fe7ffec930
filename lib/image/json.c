/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jansson parses the output of json_lenient.c: it bounds the depth, and refuses anything after the
 * document. There, keys have a number before them, so that equal keys both survive, and a member is
 * searched among all of them: Go matches a key in any case, by simple case folding, in which U+017F
 * is an s and U+212A a k.
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
    if (json_typeof(node->value) != type)
        return li_fail(err, LI_ECORRUPT, "%s is not %s", node->where, type_name(type));
    if (type == JSON_STRING &&
        strlen(json_string_value(node->value)) != json_string_length(node->value))
        return li_fail(err, LI_ECORRUPT, "%s has a NUL in it", node->where);
    return 0;
}

static int fail_syntax(const char *document, const void *data, size_t len, json_error_t *why,
                       struct li_error *err)
{
    /* Only the original document has the right columns. */
    json_decref(json_loadb(len ? data : "", len, JSON_ALLOW_NUL, why));
    return li_fail(err, LI_ECORRUPT, "%s is not valid JSON: line %d, column %d: %s", document,
                   why->line, why->column, why->text);
}

int li_image_json_parse(const char *document, const void *data, size_t len, json_type type,
                        struct li_image_json *out, struct li_error *err)
{
    struct li_image_json node = {NULL, ""};
    struct li_buffer text = {.wiped = true};
    json_error_t why;
    json_t *root = NULL;
    int rc = li_image_json_lenient(data, len, true, &text, err);

    if (rc < 0)
        li_context(err, "%s", document);
    if (rc == 0) {
        root = json_loadb((const char *)text.data, text.len, JSON_ALLOW_NUL, &why);
        if (!root && json_error_code(&why) == json_error_out_of_memory)
            rc = li_fail_memory(err);
        else if (!root)
            rc = fail_syntax(document, data, len, &why, err);
    }
    li_buffer_wipe_free(&text);
    node.value = root;
    put_where(&node, "%s", document);
    if (rc == 0)
        rc = check_type(&node, type, err);
    if (rc == 0)
        *out = node;
    else
        json_decref(root);
    return rc;
}

void li_image_json_free(struct li_image_json *root)
{
    json_decref((json_t *)root->value);
    root->value = NULL;
}

/* The letter that the key begins with, as ASCII if Go treats it like an ASCII letter, and in *len
 * its bytes. */
static int fold(const char *key, size_t *len)
{
    static const char long_s[] = "\xc5\xbf", kelvin[] = "\xe2\x84\xaa";

    *len = 2;
    if (strncmp(key, long_s, *len) == 0)
        return 's';
    *len = 3;
    if (strncmp(key, kelvin, *len) == 0)
        return 'k';
    *len = 1;
    return *key >= 'A' && *key <= 'Z' ? *key - 'A' + 'a' : (unsigned char)*key;
}

static bool same_folded(const char *a, const char *b)
{
    size_t a_len, b_len;

    while (*a && fold(a, &a_len) == fold(b, &b_len)) {
        a += a_len;
        b += b_len;
    }
    return !*a && !*b;
}

/* A key as in the document, after its number. */
static const char *name_of(const char *numbered)
{
    return numbered + strcspn(numbered, ":") + 1;
}

/* json_equal() without the numbers before keys. Objects are equal only with their members in the
 * same order. The document's depth bounds the recursion. */
static bool same_value(const json_t *a, const json_t *b)
{
    json_t *one = (json_t *)(uintptr_t)a, *two = (json_t *)(uintptr_t)b;
    void *x = json_object_iter(one), *y = json_object_iter(two);
    bool same = json_typeof(a) == json_typeof(b);

    if (same && json_is_array(a)) {
        same = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; same && i < json_array_size(a); i++)
            same = same_value(json_array_get(a, i), json_array_get(b, i));
        return same;
    }
    if (!same || !json_is_object(a))
        return same && json_equal(one, two);
    for (; same && x && y; x = json_object_iter_next(one, x), y = json_object_iter_next(two, y))
        same = !strcmp(name_of(json_object_iter_key(x)), name_of(json_object_iter_key(y))) &&
               same_value(json_object_iter_value(x), json_object_iter_value(y));
    return same && !x && !y;
}

/* The value of the member KEY, or NULL if it is absent. */
static int find(const struct li_image_json *object, const char *key, bool any_case,
                const json_t **out, struct li_error *err)
{
    const json_t *found = NULL;
    json_t *members = (json_t *)(uintptr_t)object->value, *value;
    const char *numbered;

    json_object_foreach(members, numbered, value)
    {
        const char *name = name_of(numbered);

        if (any_case ? !same_folded(name, key) : strcmp(name, key) != 0)
            continue;
        if (json_is_null(value))
            continue;
        if (found && !same_value(found, value))
            return li_fail(err, LI_ECORRUPT, "%s has \"%s\" twice, with different values",
                           object->where, key);
        found = value;
    }
    *out = found;
    return 0;
}

static int get(const struct li_image_json *object, const char *key, bool any_case, json_type type,
               struct li_image_json *out, struct li_error *err)
{
    struct li_image_json node = {NULL, ""};
    int rc = find(object, key, any_case, &node.value, err);

    if (rc < 0 || !node.value)
        return rc < 0 ? rc : LI_END;
    put_where(&node, "%s%s%s", object->where, strstr(object->where, ": ") ? "." : ": ", key);
    rc = check_type(&node, type, err);
    if (rc == 0)
        *out = node;
    return rc;
}

int li_image_json_get(const struct li_image_json *object, const char *key, json_type type,
                      struct li_image_json *out, struct li_error *err)
{
    return get(object, key, true, type, out, err);
}

int li_image_json_has(const struct li_image_json *object, const char *key, bool *out,
                      struct li_error *err)
{
    const json_t *value = NULL;
    int rc = find(object, key, true, &value, err);

    *out = value != NULL;
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

int li_image_json_entry(const struct li_image_json *object, const char *key, const char **out,
                        struct li_error *err)
{
    struct li_image_json node;
    int rc = get(object, key, false, JSON_STRING, &node, err);

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
        return li_fail(err, LI_EUNSUPPORTED, "%s is a digest of type %.*s; only sha256 can be read",
                       string->where, algorithm > 40 ? 40 : (int)algorithm, text);
    if (text[algorithm] != ':' || li_hex_decode(text + 7, digest, 32) < 0)
        return li_fail(err, LI_ECORRUPT, "%s is not a digest: %.80s", string->where, text);
    memcpy(out, digest, 32);
    return 0;
}
