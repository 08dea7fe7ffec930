/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container images as they arrive: docker-save archives and OCI layouts.
 *
 * Understood are: a docker-save tar as Docker wrote it before version 25 (manifest.json, layers as
 * ID/layer.tar or DIGEST.tar, also layers that are links to others) and since (an OCI layout with a
 * manifest.json; the images are those that either names); an OCI layout as a directory or as a
 * tar, with nested indexes and several platforms; each of the tars also compressed as a whole with
 * gzip, zstd or xz. Sources: the OCI image-spec 1.1 (image-layout, index, manifest, config),
 * Docker's image specification v1.2, and what containerd and Docker do where these are silent.
 *
 * Opening reads and checks all JSON (index, manifest, config), and the digest of each document that
 * a descriptor states one for. It reads no layer: a layer's digest and diff ID are checked by
 * lib/layer while it reads the bytes.
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
     * manifest or config digest ("sha256:..."). NULL: the only one, or an error that lists them. */
    const char *image;
    /* "os/architecture" or "os/architecture/variant": where there is none for that, the one that
     * containerd would run there (amd64/v1 for amd64/v2). NULL: the host's, and where an image
     * comes for one platform only, that. */
    const char *platform;
};

/* Where a layer's bytes lie as stored, maybe compressed. */
struct li_blob {
    int fd; /* the image's, for pread() from any thread; not to be closed */
    uint64_t offset;
    uint64_t length;
    bool has_digest;
    uint8_t digest[32];  /* SHA-256 of these bytes, where the image states it */
    uint8_t diff_id[32]; /* SHA-256 that the uncompressed tar must have, from the config */
    const char *name;    /* for messages: the blob's path in the archive */
};

struct li_image;

/* Opens the image at PATH: a file, a directory, or "-" for standard input (a pipe is spooled to an
 * unlinked file in env->tmpdir, and so is what is compressed as a whole). ENV and OPTIONS need not
 * outlive the call. Errors: LI_ENOTFOUND, LI_ECORRUPT (broken archive or JSON, a wrong digest, a
 * missing blob), LI_EUNSUPPORTED (not an image; a media type that cannot be read), LI_EINVALID
 * (several images or no such one; the text lists them), LI_ELIMIT. */
int li_image_open(const char *path, const struct li_image_options *options,
                  const struct li_env *env, struct li_image **out, struct li_error *err);

/* NULL is allowed. */
void li_image_free(struct li_image *image);

/* Layers, lowest first. The blob belongs to the image. INDEX is below the count. */
size_t li_image_layers(const struct li_image *image);
const struct li_blob *li_image_layer(const struct li_image *image, size_t index);

/* The image's config document, byte for byte; it belongs to the image. */
const char *li_image_config(const struct li_image *image, size_t *len);

/* SHA-256 of the config document. */
const uint8_t *li_image_config_digest(const struct li_image *image);

/* From the config; "" where it says none. */
const char *li_image_os(const struct li_image *image);
const char *li_image_architecture(const struct li_image *image);

/* The tag the image carries ("app:1"); where it has several, the one that it was chosen by, or else
 * NULL. */
const char *li_image_tag(const struct li_image *image);

/* What a user should know of the image although it could be opened: whole sentences without a full
 * stop, of printable characters. They belong to the image. INDEX is below the count. */
size_t li_image_notes(const struct li_image *image);
const char *li_image_note(const struct li_image *image, size_t index);

#endif
