/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of an OCI layout: indexes are walked (oci_index.c, oci_list.c), each manifest is looked
 * at to see whether it is an image (oci_look.c), and one image is read (oci.c). */
#ifndef LI_IMAGE_OCI_H
#define LI_IMAGE_OCI_H

#include "image/choice.h"

struct li_image_descriptor {
    const char *media_type; /* of the document; "" if it states none */
    uint8_t digest[32];
    uint64_t size;
};

/* A document with its bytes. Zero-initialise it; li_image_oci_close() frees it. */
struct li_image_oci_document {
    struct li_buffer bytes;
    struct li_image_json root;
    const char *says; /* its own media type, if that is not its descriptor's; else NULL */
};

enum { LI_IMAGE_BLOB_NAME = 80 };

/* Writes "blobs/sha256/HEX" to OUT, which has LI_IMAGE_BLOB_NAME bytes. */
void li_image_blob_name(const uint8_t digest[32], char *out);

/* Whether the layout has the blob. */
int li_image_oci_there(const struct li_image_choice *choice, const uint8_t digest[32], bool *out,
                       struct li_error *err);

/* Reads a descriptor: media type, digest and size. LI_ECORRUPT; LI_EUNSUPPORTED if the digest has
 * another algorithm. */
int li_image_descriptor_read(const struct li_image_json *object, struct li_image_descriptor *out,
                             struct li_error *err);

/* A constant equal to MEDIA_TYPE if that is an index's, of OCI or Docker, or NULL. */
const char *li_image_index_type(const char *media_type);
/* The same for a manifest. */
const char *li_image_manifest_type(const char *media_type);

/* Reads and checks a document: its digest and size, that it is an object with schemaVersion 2, that
 * its media type has the kind that its descriptor says, and that it has no member FOREIGN, which
 * could make another reader take it for something else. */
int li_image_oci_open(struct li_image_choice *choice, const char *what,
                      const struct li_image_descriptor *d, const char *foreign,
                      struct li_image_oci_document *out, struct li_error *err);
void li_image_oci_close(struct li_image_oci_document *doc);

/* Opens a candidate's manifest. */
int li_image_oci_manifest(struct li_image_choice *choice, const struct li_image_candidate *c,
                          struct li_image_oci_document *out, struct li_error *err);

/* Adds a note that a document's media type differs from its descriptor's. */
void li_image_oci_note(struct li_image *image, const struct li_image_oci_document *doc,
                       const char *media_type);

/* What one index names: manifests, and indexes that are still to be read, told by their media type.
 * Zero-initialise it; li_image_oci_list_free() frees it. */
struct li_image_oci_list {
    struct li_image_candidate *items;
    size_t count, cap;
};

/* Appends what INDEX names to LIST. What IN says, which names INDEX, holds for all of it: its name,
 * group, and how well it matches what is asked for. Nothing in LIST refers to INDEX. */
int li_image_oci_list_index(struct li_image_choice *choice, const struct li_image_json *index,
                            const struct li_image_candidate *in, struct li_image_oci_list *list,
                            struct li_error *err);
void li_image_oci_list_free(struct li_image_oci_list *list);

/* Adds what index.json and all its nested indexes name to the list. */
int li_image_oci_walk(struct li_image_choice *choice, struct li_error *err);

/* Reads what only manifest and config say about the candidates. Drops those that are not images,
 * and those that are missing. */
int li_image_oci_look(struct li_image_choice *choice, struct li_error *err);

#endif
