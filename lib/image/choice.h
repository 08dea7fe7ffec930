/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive while an image is chosen from it. What index.json and the indexes in it name (OCI) and
 * what manifest.json names (docker save) make one flat list of candidates, in which an image stands
 * once for each of its names; two candidates with the same config are the same image. Then all but
 * one are dropped, and that one is read by the format that named it, index.json first, since it
 * states digests.
 *
 * A choice belongs to one thread. All functions return LI_ENOMEM besides what they name.
 */
#ifndef LI_IMAGE_CHOICE_H
#define LI_IMAGE_CHOICE_H

#include "image/names.h"
#include "image/parts.h"

enum {
    LI_IMAGE_MAX_MANIFESTS = 4096, /* descriptors in all indexes, and names in manifest.json */
    LI_IMAGE_MAX_CANDIDATES = 2 * LI_IMAGE_MAX_MANIFESTS,
    LI_IMAGE_MAX_REFERENCE = 512,       /* bytes of a name; longer ones are passed over */
    LI_IMAGE_MAX_JSON_TOTAL = 128 << 20 /* bytes of all documents read to choose an image */
};

struct li_image_candidate {
    bool docker;        /* named by manifest.json alone */
    size_t entry;       /* its index there, where DOCKER is set */
    uint8_t digest[32]; /* of the manifest, else zeroes */
    uint64_t size;
    const char *media_type; /* a constant: what li_image_manifest_type() gives */
    uint8_t config[32];     /* the config's SHA-256, by which images are told apart */
    uint8_t group[32];  /* of the index below index.json that it comes from, or else of itself */
    char *name;         /* the candidate's own; NULL: none */
    uint64_t name_hash; /* li_image_name_hash() of it */
    bool is_tag;        /* NAME is a tag rather than any word */
    bool alone;         /* manifest.json lists its group without a name, as an image of its own */
    bool by_digest;     /* options->image is a digest of it */
    enum li_image_match match;         /* of NAME with options->image */
    bool has_platform;                 /* by its descriptor, or else filled in from the config */
    struct li_image_platform platform; /* zeroes where it is not known */
    bool artifact;                     /* not an image; dropped */
    bool incomplete; /* its config or a layer is missing, or has a digest that cannot be checked */
    bool dropped;
    char unread[16]; /* of what kind the digest of its manifest or index is, where not sha256 */
};

struct li_image_choice {
    struct li_image *image;
    const struct li_image_options *options;
    struct li_image_candidate *list;
    size_t count;
    size_t descriptors; /* in all indexes */
    size_t names;       /* in manifest.json: images and tags */
    uint64_t json_bytes;
    struct li_image_json manifest_json; /* the array; zeroes where there is none */
    bool has_missing;                   /* a manifest or index is not there: this one */
    uint8_t missing[32];
    char skipped[128]; /* a media type that is none of an image, for the error text */
};

/* candidates.c */

/* Adds a copy of C called NAME, which may be NULL; LI_ELIMIT. */
int li_image_candidate_add(struct li_image_choice *choice, const struct li_image_candidate *c,
                           const char *name, struct li_error *err);
/* Whether C has this name, in whatever form; HASH is that of NAME. */
bool li_image_candidate_is(const struct li_image_candidate *c, const char *name, uint64_t hash);
/* Calls C by NAME, and sees how well that answers to options->image. */
int li_image_candidate_name(const struct li_image_choice *choice, struct li_image_candidate *c,
                            const char *name, struct li_error *err);

/* Frees the candidates and the JSON; the image and the options stay their owners'. */
void li_image_choice_free(struct li_image_choice *choice);
/* Counts the bytes of a document; LI_ELIMIT where all have too many. */
int li_image_choice_count(struct li_image_choice *choice, size_t bytes, struct li_error *err);

/* Remembers a manifest or an index that is not there. */
void li_image_choice_miss(struct li_image_choice *choice, const uint8_t digest[32]);

typedef bool li_image_same_fn(const struct li_image_candidate *a,
                              const struct li_image_candidate *b);
li_image_same_fn li_image_same_name, li_image_same_image, li_image_same_pair, li_image_same_group,
    li_image_same_platform;

/* Whether candidate I is left, and the first of those that are the SAME. */
bool li_image_is_first(const struct li_image_choice *choice, size_t i, li_image_same_fn *same);
/* How many different ones are left. */
size_t li_image_count_different(const struct li_image_choice *choice, li_image_same_fn *same);

/* choose.c: the one candidate that the options ask for, and the tag it is called by, or NULL; both
 * stay CHOICE's. LI_EINVALID where none or several would do, LI_EUNSUPPORTED where there are only
 * other artifacts, LI_ECORRUPT where no manifest is there. */
int li_image_choose(struct li_image_choice *choice, const struct li_image_candidate **out,
                    const char **tag, struct li_error *err);

/* The formats: what they name goes into the list; then the chosen one is read into the image. */

/* Adds what index.json and the indexes within it name. LI_ECORRUPT, LI_ELIMIT, LI_EUNSUPPORTED,
 * LI_ENOMEM. */
int li_image_oci_list(struct li_image_choice *choice, struct li_error *err);

/* Reads config and layers of C, which oci_list() has found, into the image. Errors as above. */
int li_image_oci_load(struct li_image_choice *choice, const struct li_image_candidate *c,
                      struct li_error *err);
/* After OCI's: what both name is there once. */
int li_image_docker_list(struct li_image_choice *choice, struct li_error *err);
int li_image_docker_load(struct li_image_choice *choice, const struct li_image_candidate *c,
                         struct li_error *err);

#endif
