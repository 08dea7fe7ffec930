/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config is kept byte for byte, because its digest is the image's identity. It is read for
 * three things only: the platform, that the root file system is made of layers, and the diff IDs.
 * These are the anchor of everything that follows: whatever a path or a media type claims, a
 * layer's bytes must have its diff ID in the end.
 *
 * A layer that appears twice (old Docker stored the empty layer many times, by links) has one
 * descriptor, so the number of open files is the number of different files.
 */
#include "image/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/sha256.h"
#include "base/text.h"

void li_image_add_note(struct li_image *image, const char *fmt, ...)
{
    struct li_error text;
    char *note;
    va_list ap;

    if (image->note_count == LI_IMAGE_MAX_NOTES)
        return;
    va_start(ap, fmt);
    if (vasprintf(&note, fmt, ap) < 0)
        note = NULL;
    va_end(ap);
    if (!note)
        return;
    li_fail(&text, LI_OK, "%s",
            note); /* characters that could control a terminal are replaced in it */
    free(note);
    note = strdup(text.text);
    if (note)
        image->notes[image->note_count++] = note;
}

bool li_image_name_digest(const char *path, uint8_t out[32])
{
    static const char algorithm[] = "sha256:", ending[] = ".json";
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    char hex[65] = "";

    if (!strncmp(last, algorithm, sizeof(algorithm) - 1))
        last += sizeof(algorithm) - 1;
    if (strlen(last) < 64 || (last[64] && strcmp(last + 64, ending) != 0))
        return false;
    memcpy(hex, last, 64);
    return li_hex_decode(hex, out, 32) == 0;
}

bool li_image_reads_as_config(const struct li_buffer *text, size_t layers,
                              struct li_image_platform *platform)
{
    struct li_image_json root = {0}, rootfs, ids;
    struct li_error ignored;
    const char *type = "";
    bool reads;

    *platform = (struct li_image_platform){"", "", ""};
    if (li_image_json_parse("config", text->data, text->len, JSON_OBJECT, &root, &ignored) < 0)
        return false;
    (void)li_image_platform_read(&root, platform, &ignored);
    reads = li_image_json_get(&root, "rootfs", JSON_OBJECT, &rootfs, &ignored) == 0 &&
            li_image_json_string(&rootfs, "type", &type, &ignored) == 0 && !strcmp(type, "layers");
    if (reads && li_image_json_get(&rootfs, "diff_ids", JSON_ARRAY, &ids, &ignored) == 0)
        reads = li_image_json_length(&ids) == layers;
    else
        reads = reads && layers == 0;
    li_image_json_free(&root);
    return reads;
}

static int check_document(const struct li_buffer *b, const char *name, const uint8_t *digest,
                          uint64_t size, struct li_error *err)
{
    uint8_t is[32];
    char hex[65];
    int rc;

    if (size != UINT64_MAX && b->len != size)
        return li_fail(err, LI_ECORRUPT, "%.200s has %zu byte%s, but should have %llu", name,
                       b->len, li_text_s(b->len), (unsigned long long)size);
    if (!digest)
        return 0;
    rc = li_sha256(b->data, b->len, is, err);
    if (rc < 0 || !memcmp(is, digest, 32))
        return rc;
    li_hex_encode(is, 32, hex);
    return li_fail(err, LI_ECORRUPT,
                   "%.200s has the wrong digest, sha256:%s; the image is damaged or was altered",
                   name, hex);
}

int li_image_read_document(struct li_image_container *c, const char *name, const uint8_t *digest,
                           uint64_t size, struct li_buffer *out, struct li_error *err)
{
    struct li_buffer b = {0};
    int rc;

    rc = li_image_read(c, name, LI_IMAGE_MAX_JSON, &b, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_ECORRUPT, "%.200s is missing; the image is not complete", name);
    if (rc == 0)
        rc = check_document(&b, name, digest, size, err);
    if (rc == 0)
        *out = b;
    else
        li_buffer_wipe_free(&b);
    return rc;
}

static int read_diff_ids(struct li_image *image, const struct li_image_json *config, size_t layers,
                         struct li_error *err)
{
    struct li_image_json rootfs, type, ids, id;
    int rc;

    rc = li_image_json_need(config, "rootfs", JSON_OBJECT, &rootfs, err);
    if (rc == 0)
        rc = li_image_json_need(&rootfs, "type", JSON_STRING, &type, err);
    if (rc == 0 && strcmp(li_image_json_text(&type), "layers") != 0)
        rc = li_fail(err, LI_EUNSUPPORTED, "%s is \"%.40s\", not \"layers\"", type.where,
                     li_image_json_text(&type));
    if (rc < 0)
        return rc;
    rc = li_image_json_get(&rootfs, "diff_ids", JSON_ARRAY, &ids, err);
    if (rc < 0)
        return rc;
    image->count = rc == LI_END ? 0 : li_image_json_length(&ids);
    if (image->count != layers)
        return li_fail(err, LI_ECORRUPT, "config: rootfs.diff_ids has %zu %s for %zu layer%s",
                       image->count, image->count == 1 ? "entry" : "entries", layers,
                       li_text_s(layers));
    for (size_t i = 0; i < layers; i++) {
        rc = li_image_json_item(&ids, i, JSON_STRING, &id, err);
        if (rc == 0)
            rc = li_image_json_digest(&id, image->layers[i].blob.diff_id, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int make_slots(struct li_image *image, size_t layers, struct li_error *err)
{
    if (layers > LI_IMAGE_MAX_LAYERS)
        return li_fail(err, LI_ELIMIT, "the image has %zu layers; at most %d are read", layers,
                       LI_IMAGE_MAX_LAYERS);
    image->layers = calloc(layers + 1, sizeof(*image->layers));
    if (!image->layers)
        return li_fail_memory(err);
    for (size_t i = 0; i < layers; i++)
        image->layers[i].owned = -1;
    return 0;
}

int li_image_take_config(struct li_image *image, struct li_buffer *config, size_t layers,
                         struct li_error *err)
{
    struct li_image_json root = {0};
    int rc;

    rc = make_slots(image, layers, err);
    if (rc == 0)
        rc = li_image_json_parse("config", config->data, config->len, JSON_OBJECT, &root, err);
    if (rc == 0)
        rc = li_image_platform_read(&root, &image->platform, err);
    if (rc == 0)
        rc = read_diff_ids(image, &root, layers, err);
    if (rc == 0)
        rc = li_sha256(config->data, config->len, image->config_digest, err);
    li_image_json_free(&root);
    if (rc < 0) {
        image->count = 0;
        return rc;
    }
    image->config = *config;
    *config = (struct li_buffer){0};
    return 0;
}

int li_image_take_layer(struct li_image *image, size_t index, const char *name,
                        const uint8_t *digest, struct li_error *err)
{
    struct li_image_slot *slot = &image->layers[index];
    struct li_image_extent extent;
    char *own;
    int rc;

    for (size_t i = 0; i < index; i++) {
        const struct li_blob *same = &image->layers[i].blob;

        if (strcmp(same->name, name) != 0)
            continue;
        extent = (struct li_image_extent){same->fd, same->offset, same->length, -1};
        goto found;
    }
    rc = li_image_find(image->container, name, &extent, err);
    if (rc != 0)
        return rc;
found:
    own = strdup(name);
    if (!own) {
        li_image_close(&extent);
        return li_fail_memory(err);
    }
    slot->owned = extent.owned;
    slot->blob.fd = extent.fd;
    slot->blob.offset = extent.offset;
    slot->blob.length = extent.length;
    slot->blob.name = own;
    slot->blob.has_digest = digest != NULL;
    if (digest)
        memcpy(slot->blob.digest, digest, 32);
    return 0;
}
