/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image that is being opened, and the steps that both formats share: a format finds the config
 * and the paths of the layers, and these functions check them and add them to the image.
 */
#ifndef LI_IMAGE_PARTS_H
#define LI_IMAGE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "image/container.h"
#include "image/image.h"
#include "image/json.h"
#include "image/platform.h"

struct li_image_slot {
    struct li_blob blob; /* the slot owns blob.name */
    int owned;           /* a descriptor to close, or -1 */
};

enum { LI_IMAGE_MAX_NOTES = 8 };

struct li_image {
    struct li_image_container *container;
    struct li_image_slot *layers;
    size_t count;
    struct li_buffer config;
    uint8_t config_digest[32];
    struct li_image_platform platform;
    char *tag;
    char *notes[LI_IMAGE_MAX_NOTES];
    size_t note_count;
};

/* Adds a note. It is dropped if there are too many, or no memory. */
void li_image_add_note(struct li_image *image, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The digest in the name of a config, as Docker and others name it: "HEX.json", "blobs/sha256/HEX"
 * or "sha256:HEX". It is only a name: it need not be the file's digest. */
bool li_image_name_digest(const char *path, uint8_t out[32]);

/* The platform in a config that is only examined; zeroes if it says nothing, or cannot be read.
 * True if it can be read as the config of an image of LAYERS layers. */
bool li_image_reads_as_config(const struct li_buffer *text, size_t layers,
                              struct li_image_platform *platform);

/* Reads the whole document NAME. DIGEST is its SHA-256, or NULL; SIZE is its length in bytes, or
 * UINT64_MAX. LI_ECORRUPT if either differs, or the document is missing. */
int li_image_read_document(struct li_image_container *c, const char *name, const uint8_t *digest,
                           uint64_t size, struct li_buffer *out, struct li_error *err);

/* Makes CONFIG (moved out of it) the image's config: checks it, sets the platform, and makes a slot
 * with its diff ID for each of LAYERS layers. The config must have that many layers. */
int li_image_take_config(struct li_image *image, struct li_buffer *config, size_t layers,
                         struct li_error *err);

/* Finds the file NAME and makes it layer INDEX; DIGEST is the digest stated for it, or NULL. LI_END
 * if there is no such file. */
int li_image_take_layer(struct li_image *image, size_t index, const char *name,
                        const uint8_t *digest, struct li_error *err);

/* image.c: LI_EUNSUPPORTED, for a root file system. */
int li_image_fail_root(struct li_error *err);

#endif
