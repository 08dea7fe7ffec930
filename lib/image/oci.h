/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI layout while an image is chosen from it: index.json and the indexes in it are walked into
 * a flat list of candidates (oci_index.c), all but one of those are dropped (oci_choose.c), and
 * that one's manifest is read (oci.c).
 */
#ifndef LI_IMAGE_OCI_H
#define LI_IMAGE_OCI_H

#include "image/names.h"
#include "image/parts.h"

enum {
    LI_IMAGE_MAX_MANIFESTS = 4096,      /* descriptors in all indexes, so also of candidates */
    LI_IMAGE_MAX_REFERENCE = 512,       /* bytes of a name; longer ones are passed over */
    LI_IMAGE_MAX_JSON_TOTAL = 128 << 20 /* bytes of all documents read to choose an image */
};

struct li_image_candidate {
    uint8_t digest[32]; /* of the manifest */
    uint64_t size;
    const char *media_type; /* a constant: what li_image_manifest_type() gives */
    char *name; /* io.containerd.image.name, or org.opencontainers.image.ref.name, or NULL */
    enum li_image_match match;         /* with options->image */
    bool has_platform;                 /* by its descriptor, or else filled in from the config */
    struct li_image_platform platform; /* zeroes where it is not known */
    bool dropped;
};

struct li_image_oci {
    struct li_image_container *container;
    const struct li_image_options *options;
    struct li_image_candidate *list;
    size_t count;
    size_t descriptors;
    uint64_t json_bytes;
    char skipped[80]; /* a media type that is none of an image, for the error text */
};

struct li_image_descriptor {
    const char *media_type; /* the document's */
    uint8_t digest[32];
    uint64_t size;
};

/* A document with its bytes. Zero-initialise it; li_image_oci_close() frees it. */
struct li_image_oci_document {
    struct li_buffer bytes;
    struct li_image_json root;
};

enum { LI_IMAGE_BLOB_NAME = 80 };

/* Writes "blobs/sha256/HEX" to OUT, which has LI_IMAGE_BLOB_NAME bytes. */
void li_image_blob_name(const uint8_t digest[32], char *out);

int li_image_descriptor_read(const struct li_image_json *object, struct li_image_descriptor *out,
                             struct li_error *err);

bool li_image_is_index(const char *media_type);
/* A constant equal to MEDIA_TYPE where that is a manifest's, or NULL. */
const char *li_image_manifest_type(const char *media_type);
bool li_image_is_config(const char *media_type);

/* Reads and checks a document: its digest and size, that it is an object, that it has schemaVersion
 * 2 and no other media type than its descriptor says, and no member FOREIGN, by which another
 * reader might take it for something else. */
int li_image_oci_open(struct li_image_oci *oci, const char *what, const uint8_t digest[32],
                      uint64_t size, const char *media_type, const char *foreign,
                      struct li_image_oci_document *out, struct li_error *err);
void li_image_oci_close(struct li_image_oci_document *doc);

/* Opens a candidate's manifest, and reads its config's descriptor. */
int li_image_oci_manifest(struct li_image_oci *oci, const struct li_image_candidate *c,
                          struct li_image_oci_document *out, struct li_image_descriptor *config,
                          struct li_error *err);

/* Walks index.json and all within into oci->list. */
int li_image_oci_walk(struct li_image_oci *oci, struct li_error *err);

/* The one candidate that the options ask for, and its name for a tag, or NULL; both stay OCI's. */
int li_image_oci_choose(struct li_image_oci *oci, const struct li_image_candidate **out,
                        const char **name, struct li_error *err);

#endif
