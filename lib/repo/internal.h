/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of lib/repo. */
#ifndef LI_REPO_INTERNAL_H
#define LI_REPO_INTERNAL_H

#include <jansson.h>
#include <pthread.h>

#include "repo/repo.h"
#include "repo/roots.h"

enum {
    LI_REPO_FORMAT = 1,
    LI_REPO_JSON_MAX = 64 * 1024, /* bytes of lambdaimg.json, root.json and pointers */
};

struct li_repo {
    struct li_store *store;
    struct li_kms *kms; /* or NULL */
    const struct li_env *env;
    uint8_t id[LI_ID_SIZE];
    struct li_store *fork; /* STORE, if this handle is a fork, which owns it; else NULL */
    pthread_mutex_t lock;
    bool roots_loaded;     /* under lock */
    struct li_roots roots; /* under lock: as of the last listing */
};

/* Parses a small JSON object, which must have a "format" that is at most LI_REPO_FORMAT
 * (LI_EUNSUPPORTED). LI_ECORRUPT. The caller releases *OUT with json_decref(). */
int li_json_parse(const struct li_buffer *text, json_t **out, struct li_error *err);

/* Writes JSON to OUT, whose contents are replaced, with a newline at the end. Takes ownership of
 * JSON, which may be NULL if memory ran out (LI_ENOMEM). */
int li_json_encode(json_t *json, struct li_buffer *out, struct li_error *err);

/* Reads the ID in FIELD of JSON. LI_ECORRUPT if there is none; ID is then not set. */
int li_json_id(const json_t *json, const char *field, uint8_t id[LI_ID_SIZE], struct li_error *err);

/* Reads the repository's ID from its description. LI_ENOTFOUND, LI_ECORRUPT, LI_EUNSUPPORTED. */
int li_description_read(struct li_store *store, uint8_t id[LI_ID_SIZE], struct li_error *err);

#endif
