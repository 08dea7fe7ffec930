/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header is JSON because it will grow: unknown members are ignored, and the members that this
 * version needs are strictly typed. It is sorted and compact, so that the same manifest has the
 * same bytes.
 *
 * The config is in it as a string, not as JSON, so that whoever runs the image gets the document
 * with the image's config digest, byte for byte.
 *
 * Encoder and decoder use one function that checks fields, so that nothing is written that cannot
 * be read.
 */
#include "manifest/manifest_json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/hex.h"
#include "base/text.h"
#include "image/image.h"
#include "manifest/reference.h"

enum { FORMAT = 1, DIGEST_TEXT_SIZE = sizeof(((struct li_manifest *)0)->config_digest) };

static bool is_digest(const char *text)
{
    uint8_t bytes[LI_DIGEST_SIZE];

    return strncmp(text, "sha256:", 7) == 0 && li_hex_decode(text + 7, bytes, sizeof(bytes)) == 0;
}

static bool is_reference(const char *text)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_reference ref;
    size_t name_len;

    if (!text || li_reference_parse(text, &ref, &ignored) < 0 || ref.pinned)
        return false;
    name_len = strlen(ref.name);
    return text[name_len] == ':' && strcmp(text + name_len + 1, ref.tag) == 0;
}

/* The format allows characters that a terminal may not show (li_text_visible()). NULL counts as "".
 */
static bool is_text(const char *text)
{
    size_t left = text ? strlen(text) : 0, len;
    uint32_t point;

    if (left > LI_MANIFEST_MAX_TEXT)
        return false;
    for (; left > 0; text += len, left -= len) {
        len = li_text_character(text, left, &point);
        if (len == 0 || li_text_is_control(point))
            return false;
    }
    return true;
}

static int check_layers(const struct li_manifest *m, int code, struct li_error *err)
{
    if (m->layer_count > LI_IMAGE_MAX_LAYERS)
        return li_fail(err, code, "the manifest has %zu layers; %d are allowed", m->layer_count,
                       LI_IMAGE_MAX_LAYERS);
    for (size_t i = 0; i < m->layer_count; i++) {
        const struct li_manifest_layer *layer = &m->layers[i];

        if (!is_digest(layer->diff_id) || (layer->digest[0] && !is_digest(layer->digest)))
            return li_fail(err, code, "layer %zu of the manifest has no sha256 digests", i);
    }
    return 0;
}

static int check_config(const struct li_manifest *m, int code, struct li_error *err)
{
    uint8_t digest[LI_DIGEST_SIZE];
    char text[DIGEST_TEXT_SIZE] = "sha256:";
    int rc = li_sha256(m->config, m->config_len, digest, err);

    if (rc < 0)
        return rc;
    li_hex_encode(digest, sizeof(digest), text + 7);
    if (strcmp(text, m->config_digest) != 0)
        return li_fail(err, code, "the config in the manifest does not have the digest it says");
    return 0;
}

/* Checks a header; CODE is the error if a check fails. */
static int check_header(const struct li_manifest *m, int code, struct li_error *err)
{
    int rc;

    if (!is_reference(m->reference))
        return li_fail(err, code, "the manifest does not name an image as name:tag");
    if (!is_text(m->os) || !is_text(m->architecture) || !is_text(m->tool) || !is_text(m->libraries))
        return li_fail(err, code, "a text in the manifest is too long or has control characters");
    if (m->size % LI_CHUNK_SIZE != 0 || m->size / LI_CHUNK_SIZE > LI_CHUNK_MAX_COUNT)
        return li_fail(err, code, "%llu bytes cannot be the length of an image",
                       (unsigned long long)m->size);
    rc = check_layers(m, code, err);
    return rc < 0 ? rc : check_config(m, code, err);
}

static json_t *encode_layers(const struct li_manifest *m)
{
    json_t *layers = json_array();

    for (size_t i = 0; layers && i < m->layer_count; i++) {
        json_t *layer =
            json_pack("{s:s,s:s}", "digest", m->layers[i].digest, "diff_id", m->layers[i].diff_id);

        if (json_array_append_new(layers, layer) < 0) {
            json_decref(layers);
            return NULL;
        }
    }
    return layers;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static int encode_fields(const struct li_manifest *m, json_t *layers, json_t **out,
                         struct li_error *err)
{
    json_error_t why = {.line = 0};
    json_t *json = json_pack_ex(
        &why, 0, "{s:i,s:s,s:s,s:s,s:s%,s:s,s:O,s:I,s:I,s:I,s:s,s:s}", "format", FORMAT,
        "reference", m->reference, "os", or_empty(m->os), "architecture", or_empty(m->architecture),
        "config", or_empty(m->config), m->config_len, "config_digest", m->config_digest, "layers",
        layers, "size", (json_int_t)m->size, "created", (json_int_t)m->created, "layout",
        (json_int_t)m->layout, "tool", or_empty(m->tool), "libraries", or_empty(m->libraries));

    if (!json && json_error_code(&why) == json_error_invalid_utf8)
        return li_fail(err, LI_EUNSUPPORTED,
                       "the image's config, or a text about it, is not valid UTF-8");
    if (!json)
        return li_fail_memory(err);
    *out = json;
    return 0;
}

int li_manifest_json_encode(const struct li_manifest *manifest, struct li_buffer *out,
                            struct li_error *err)
{
    json_t *layers = NULL;
    json_t *json = NULL;
    char *text = NULL;
    size_t len = 0;
    int rc = check_header(manifest, LI_EINVALID, err);

    if (rc < 0)
        return rc;
    layers = encode_layers(manifest);
    rc = layers ? encode_fields(manifest, layers, &json, err) : li_fail_memory(err);
    if (rc < 0)
        goto out;
    text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text) {
        rc = li_fail_memory(err);
        goto out;
    }
    len = strlen(text);
    if (len > LI_MANIFEST_MAX_JSON)
        rc = li_fail(err, LI_ELIMIT, "the manifest's header has %zu bytes; %d are allowed", len,
                     LI_MANIFEST_MAX_JSON);
    else
        rc = li_buffer_append(out, text, len, err);
out:
    li_wipe(text, len);
    free(text);
    json_decref(json);
    json_decref(layers);
    return rc;
}

static int wrong_member(struct li_error *err, const char *name)
{
    return li_fail(err, LI_ECORRUPT, "\"%s\" is missing in the manifest, or of the wrong type",
                   name);
}

/* The string NAME; JSON owns its bytes. */
static int get_string(const json_t *json, const char *name, const char **text, size_t *len,
                      struct li_error *err)
{
    const json_t *member = json_object_get(json, name);

    if (!json_is_string(member))
        return wrong_member(err, name);
    *text = json_string_value(member);
    *len = json_string_length(member);
    return 0;
}

static int copy_bytes(const json_t *json, const char *name, char **out, size_t *len,
                      struct li_error *err)
{
    const char *text;
    char *copy;
    int rc = get_string(json, name, &text, len, err);

    if (rc < 0)
        return rc;
    copy = malloc(*len + 1);
    if (!copy)
        return li_fail_memory(err);
    memcpy(copy, text, *len);
    copy[*len] = '\0';
    *out = copy;
    return 0;
}

static int copy_text(const json_t *json, const char *name, char **out, struct li_error *err)
{
    size_t len;
    int rc = copy_bytes(json, name, out, &len, err);

    if (rc == 0 && memchr(*out, '\0', len))
        rc = wrong_member(err, name);
    return rc;
}

/* Into an array of DIGEST_TEXT_SIZE. check_header() checks that it is a digest. */
static int copy_digest(const json_t *json, const char *name, char *out, struct li_error *err)
{
    const char *text;
    size_t len;
    int rc = get_string(json, name, &text, &len, err);

    if (rc < 0)
        return rc;
    if (len >= DIGEST_TEXT_SIZE || memchr(text, '\0', len))
        return wrong_member(err, name);
    memcpy(out, text, len + 1);
    return 0;
}

static int get_integer(const json_t *json, const char *name, int64_t min, int64_t max, int64_t *out,
                       struct li_error *err)
{
    const json_t *member = json_object_get(json, name);

    if (!json_is_integer(member) || json_integer_value(member) < min ||
        json_integer_value(member) > max)
        return wrong_member(err, name);
    *out = json_integer_value(member);
    return 0;
}

static int decode_integers(const json_t *json, struct li_manifest *out, struct li_error *err)
{
    int64_t format = 0;
    int64_t size = 0;
    int64_t layout = 0;
    int rc = get_integer(json, "format", 0, INT64_MAX, &format, err);

    if (rc == 0 && format != FORMAT)
        return li_fail(err, LI_EUNSUPPORTED,
                       "manifests of format %lld are not known to this lambdaimg; a newer "
                       "lambdaimg may read it",
                       (long long)format);
    if (rc == 0)
        rc = get_integer(json, "size", 0, INT64_MAX, &size, err);
    if (rc == 0)
        rc = get_integer(json, "layout", 0, UINT32_MAX, &layout, err);
    if (rc == 0)
        rc = get_integer(json, "created", INT64_MIN, INT64_MAX, &out->created, err);
    out->size = (uint64_t)size;
    out->layout = (uint32_t)layout;
    return rc;
}

static int decode_texts(const json_t *json, struct li_manifest *out, struct li_error *err)
{
    int rc = copy_text(json, "reference", &out->reference, err);

    if (rc == 0)
        rc = copy_text(json, "os", &out->os, err);
    if (rc == 0)
        rc = copy_text(json, "architecture", &out->architecture, err);
    if (rc == 0)
        rc = copy_text(json, "tool", &out->tool, err);
    if (rc == 0)
        rc = copy_text(json, "libraries", &out->libraries, err);
    if (rc == 0)
        rc = copy_bytes(json, "config", &out->config, &out->config_len, err);
    if (rc == 0)
        rc = copy_digest(json, "config_digest", out->config_digest, err);
    return rc;
}

static int decode_layers(const json_t *json, struct li_manifest *out, struct li_error *err)
{
    const json_t *layers = json_object_get(json, "layers");
    size_t count = json_array_size(layers);
    int rc = 0;

    if (!json_is_array(layers) || count > LI_IMAGE_MAX_LAYERS)
        return wrong_member(err, "layers");
    out->layers = calloc(count + 1, sizeof(out->layers[0]));
    if (!out->layers)
        return li_fail_memory(err);
    out->layer_count = count;
    for (size_t i = 0; i < count && rc == 0; i++) {
        const json_t *layer = json_array_get(layers, i);

        rc = copy_digest(layer, "digest", out->layers[i].digest, err);
        if (rc == 0)
            rc = copy_digest(layer, "diff_id", out->layers[i].diff_id, err);
    }
    return rc;
}

int li_manifest_json_decode(const uint8_t *json, size_t len, struct li_manifest *out,
                            struct li_error *err)
{
    json_error_t why;
    json_t *root =
        json_loadb((const char *)json, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    int rc;

    if (!root)
        return li_fail(err, LI_ECORRUPT, "the manifest's header is not JSON: see its byte %d",
                       why.position);
    rc = decode_integers(root, out, err);
    if (rc == 0)
        rc = decode_texts(root, out, err);
    if (rc == 0)
        rc = decode_layers(root, out, err);
    if (rc == 0)
        rc = check_header(out, LI_ECORRUPT, err);
    json_decref(root);
    return rc;
}
