/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container images as they arrive: docker-save archives and OCI layouts.
 *
 * These are read: a docker-save tar of Docker before version 25 (manifest.json, layers as
 * ID/layer.tar or DIGEST.tar, also layers that are links to others) and since (an OCI layout with a
 * manifest.json; the images are those that either names); an OCI layout as a directory or as a tar,
 * with nested indexes and several platforms; and each of the tars compressed as a whole with gzip,
 * zstd or xz. Sources: the OCI image-spec 1.1 (image-layout, index, manifest, config), Docker's
 * image specification v1.2, and the behaviour of containerd and Docker where these are silent.
 *
 * Opening reads and checks all JSON (index, manifest, config), and the digest of each document for
 * which a descriptor states one. It reads no layer: lib/layer checks a layer's digest and diff ID
 * while it reads the bytes.
 */
#ifndef LI_IMAGE_IMAGE_H
#define LI_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"

enum {
    LI_IMAGE_MAX_LAYERS = 4096,
    LI_IMAGE_MAX_JSON = 8 << 20,    /* bytes of one JSON document */
    LI_IMAGE_MAX_MEMBERS = 1 << 20, /* files in an archive */
    LI_IMAGE_MAX_INDEX_DEPTH = 8,   /* indexes within indexes */
};

struct li_image_options {
    /* Which of several images: a tag ("app:1") as docker-save and OCI annotations give it, or a
     * manifest or config digest ("sha256:..."). NULL: the only image; if there are several, an
     * error lists them. */
    const char *image;
    /* "os/architecture" or "os/architecture/variant". If there is no image for it, the one that
     * containerd would run there (amd64/v1 for amd64/v2). NULL: the host's platform; but if an
     * image has only one platform, that one. */
    const char *platform;
};

/* The position of a layer's bytes as stored, maybe compressed. */
struct li_blob {
    int fd; /* the image owns it; for pread() from any thread; do not close it */
    uint64_t offset;
    uint64_t length;
    bool has_digest;
    uint8_t digest[32];  /* SHA-256 of these bytes, if the image states it */
    uint8_t diff_id[32]; /* the SHA-256 that the uncompressed tar must have, from the config */
    const char *name;    /* for messages: the blob's path in the archive */
};

struct li_image;

/* Opens the image at PATH: a file, a directory, or "-" for standard input. A pipe, or a file that
 * is compressed as a whole, is spooled to an unlinked file in env->tmpdir. ENV and OPTIONS need not
 * outlive the call. Errors: LI_ENOTFOUND, LI_ECORRUPT (broken archive or JSON, a wrong digest, a
 * missing blob), LI_EUNSUPPORTED (not an image; a media type that cannot be read), LI_EINVALID
 * (several images, or none that matches; the text lists them), LI_ELIMIT. */
int li_image_open(const char *path, const struct li_image_options *options,
                  const struct li_env *env, struct li_image **out, struct li_error *err);

/* NULL is allowed. */
void li_image_free(struct li_image *image);

/* Layers, lowest first. The image owns the blob. INDEX is below the count. */
size_t li_image_layers(const struct li_image *image);
const struct li_blob *li_image_layer(const struct li_image *image, size_t index);

/* The image's config document, byte for byte; the image owns it. */
const char *li_image_config(const struct li_image *image, size_t *len);

/* SHA-256 of the config document. */
const uint8_t *li_image_config_digest(const struct li_image *image);

/* From the config; "" if it does not say. */
const char *li_image_os(const struct li_image *image);
const char *li_image_architecture(const struct li_image *image);

/* The image's tag ("app:1"). If it has several: the one that it was chosen by, else NULL. */
const char *li_image_tag(const struct li_image *image);

/* What a user should know about the image although it could be opened: whole sentences without a
 * full stop, of printable characters. The image owns them. INDEX is below the count. */
size_t li_image_notes(const struct li_image *image);
const char *li_image_note(const struct li_image *image, size_t index);

#endif
