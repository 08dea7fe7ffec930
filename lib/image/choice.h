/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive while an image is chosen from it. The names in index.json and its nested indexes (OCI)
 * and in manifest.json (docker save) make one flat list of candidates. An image has one candidate
 * for each of its names; two candidates with the same config are the same image. All but one are
 * dropped, and that one is read by the format that named it: index.json first, because it states
 * digests.
 *
 * A choice belongs to one thread. All functions return LI_ENOMEM in addition to the errors they
 * list.
 */
#ifndef LI_IMAGE_CHOICE_H
#define LI_IMAGE_CHOICE_H

#include "image/names.h"
#include "image/parts.h"

enum {
    LI_IMAGE_MAX_MANIFESTS = 4096, /* descriptors in all indexes, and names in manifest.json */
    LI_IMAGE_MAX_CANDIDATES = 2 * LI_IMAGE_MAX_MANIFESTS,
    LI_IMAGE_MAX_REFERENCE = 512, /* bytes of a name; longer ones are ignored */
    /* Bytes, and values or what looks like one, of all documents that are read to choose an image.
     * One that is named twice counts twice. A million values take some seconds. */
    LI_IMAGE_MAX_JSON_TOTAL = 64 << 20,
    LI_IMAGE_MAX_VALUES_TOTAL = 1 << 20,
};

struct li_image_candidate {
    bool docker;        /* only manifest.json names it */
    size_t entry;       /* its index there, if DOCKER is set */
    uint8_t digest[32]; /* of the manifest, else zeroes */
    uint64_t size;
    const char *media_type; /* a constant: a result of li_image_manifest_type() */
    uint8_t config[32];     /* the config's SHA-256, which identifies the image */
    uint8_t
        group[32]; /* of the index below index.json that it comes from, or else its own digest */
    char *name;    /* the candidate owns it; NULL: none */
    uint64_t name_hash; /* li_image_name_hash() of it */
    bool is_tag;        /* NAME is a tag, and not just any word */
    bool alone;     /* manifest.json also lists its group without a name, as an image of its own */
    bool by_digest; /* options->image is a digest of it */
    enum li_image_match match;         /* how well NAME matches options->image */
    bool has_platform;                 /* from its descriptor, or else from the config */
    struct li_image_platform platform; /* zeroes if it is not known */
    bool artifact;                     /* not an image; dropped */
    bool incomplete; /* its config or a layer is missing, or has a digest that cannot be checked */
    bool dropped;
    char unread[16]; /* the type of its manifest's or index's digest, if that is not sha256 */
};

struct li_image_choice {
    struct li_image *image;
    const struct li_image_options *options;
    struct li_image_candidate *list;
    size_t count;
    size_t descriptors; /* in all indexes */
    size_t names;       /* in manifest.json: images and tags */
    uint64_t json_bytes, json_values;
    struct li_image_json manifest_json; /* the array; zeroes if there is none */
    bool has_missing;                   /* a manifest or index that is missing */
    uint8_t missing[32];
    char skipped[128]; /* a media type that is not an image's, for the error text */
};

/* candidates.c */

/* Adds a copy of C with the name NAME, which may be NULL; LI_ELIMIT. */
int li_image_candidate_add(struct li_image_choice *choice, const struct li_image_candidate *c,
                           const char *name, struct li_error *err);
/* Whether C has this name, in any form. HASH is the hash of NAME. */
bool li_image_candidate_is(const struct li_image_candidate *c, const char *name, uint64_t hash);
/* Gives C the name NAME, and rates how well that matches options->image. */
int li_image_candidate_name(const struct li_image_choice *choice, struct li_image_candidate *c,
                            const char *name, struct li_error *err);

/* Frees the candidates and the JSON, but not the image and the options. */
void li_image_choice_free(struct li_image_choice *choice);
/* Counts a document, before it is parsed; LI_ELIMIT if all documents have too many bytes or values.
 */
int li_image_choice_count(struct li_image_choice *choice, const struct li_buffer *text,
                          struct li_error *err);

/* Remembers a missing manifest or index. */
void li_image_choice_miss(struct li_image_choice *choice, const uint8_t digest[32]);

typedef bool li_image_same_fn(const struct li_image_candidate *a,
                              const struct li_image_candidate *b);
li_image_same_fn li_image_same_name, li_image_same_image, li_image_same_pair, li_image_same_group,
    li_image_same_platform;

/* Whether candidate I is left, and is the first of those that are the SAME. */
bool li_image_is_first(const struct li_image_choice *choice, size_t i, li_image_same_fn *same);
/* How many are left, counting those that are the SAME once. */
size_t li_image_count_different(const struct li_image_choice *choice, li_image_same_fn *same);

/* choose.c: the one candidate that the options ask for, and its tag or NULL; CHOICE owns both.
 * LI_EINVALID if no or several candidates match, LI_EUNSUPPORTED if there are only other artifacts,
 * LI_ECORRUPT if no manifest is there. */
int li_image_choose(struct li_image_choice *choice, const struct li_image_candidate **out,
                    const char **tag, struct li_error *err);

/* The formats: they add what they name to the list, then read the chosen image. */

/* Adds what index.json and its nested indexes name. LI_ECORRUPT, LI_ELIMIT, LI_EUNSUPPORTED,
 * LI_ENOMEM. */
int li_image_oci_list(struct li_image_choice *choice, struct li_error *err);

/* Reads config and layers of C, which li_image_oci_list() has found, into the image. Errors as
 * above. */
int li_image_oci_load(struct li_image_choice *choice, const struct li_image_candidate *c,
                      struct li_error *err);
/* Call it after the OCI function: an image that both name is listed once. */
int li_image_docker_list(struct li_image_choice *choice, struct li_error *err);
int li_image_docker_load(struct li_image_choice *choice, const struct li_image_candidate *c,
                         struct li_error *err);

#endif
