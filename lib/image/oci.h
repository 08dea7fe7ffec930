/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of an OCI layout: indexes are walked (oci_index.c), each manifest is looked at to see
 * whether it is an image (oci_look.c), and one image is read (oci.c). */
#ifndef LI_IMAGE_OCI_H
#define LI_IMAGE_OCI_H

#include "image/choice.h"

struct li_image_descriptor {
    const char *media_type; /* the document's; "" where it states none */
    uint8_t digest[32];
    uint64_t size;
};

/* A document with its bytes. Zero-initialise it; li_image_oci_close() frees it. */
struct li_image_oci_document {
    struct li_buffer bytes;
    struct li_image_json root;
    const char *says; /* its own media type where that is another than its descriptor's, or NULL */
};

enum { LI_IMAGE_BLOB_NAME = 80 };

/* Writes "blobs/sha256/HEX" to OUT, which has LI_IMAGE_BLOB_NAME bytes. */
void li_image_blob_name(const uint8_t digest[32], char *out);

/* Whether the layout has the blob. */
int li_image_oci_there(const struct li_image_choice *choice, const uint8_t digest[32], bool *out,
                       struct li_error *err);

/* Reads a descriptor: media type, digest and size. LI_ECORRUPT; LI_EUNSUPPORTED where the digest is
 * of another algorithm. */
int li_image_descriptor_read(const struct li_image_json *object, struct li_image_descriptor *out,
                             struct li_error *err);

/* Whether a media type is that of an index, OCI's or Docker's. */
bool li_image_is_index(const char *media_type);
/* A constant equal to MEDIA_TYPE where that is a manifest's, or NULL. */
const char *li_image_manifest_type(const char *media_type);

/* Reads and checks a document: its digest and size, that it is an object, that it has schemaVersion
 * 2 and no media type of another kind than its descriptor says, and no member FOREIGN, by which
 * another reader might take it for something else. */
int li_image_oci_open(struct li_image_choice *choice, const char *what,
                      const struct li_image_descriptor *d, const char *foreign,
                      struct li_image_oci_document *out, struct li_error *err);
void li_image_oci_close(struct li_image_oci_document *doc);

/* Opens a candidate's manifest. */
int li_image_oci_manifest(struct li_image_choice *choice, const struct li_image_candidate *c,
                          struct li_image_oci_document *out, struct li_error *err);

/* Notes that a document calls itself something else than its descriptor does. */
void li_image_oci_note(struct li_image *image, const struct li_image_oci_document *doc,
                       const char *media_type);

/* Walks index.json and all within into the list. */
int li_image_oci_walk(struct li_image_choice *choice, struct li_error *err);

/* Reads what only manifest and config say of the candidates: what is not an image, and what is not
 * there, is dropped. */
int li_image_oci_look(struct li_image_choice *choice, struct li_error *err);

#endif
