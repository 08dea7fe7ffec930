/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of lib/repo. */
#ifndef LI_REPO_INTERNAL_H
#define LI_REPO_INTERNAL_H

#include <jansson.h>
#include <pthread.h>

#include "repo/authentic.h"
#include "repo/repo.h"
#include "repo/roots.h"

enum {
    LI_REPO_FORMAT = 1,
    LI_REPO_JSON_MAX = 64 * 1024, /* bytes of lambdaimg.json, root.json and pointers */
};

/* The roots as they were listed last. Listings are numbered from 1 in the order in which they
 * began; one runs at a time, without the lock. */
struct li_roots_kept {
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t settled;
    uint64_t begun, ended; /* listings */
    struct li_error why;   /* of the last that ended; its code is 0 if it succeeded */
    uint64_t of;           /* the listing that ROOTS are of; 0: there was none */
    struct li_roots roots; /* of all repositories */
};

/* The identity, once it was read. */
struct li_identity_kept {
    pthread_mutex_t lock; /* of all that follows */
    bool asked;
    struct li_repo_identity identity;
    struct li_repo_key *key; /* of li_secret_alloc(); NULL: there is none, or it was forgotten */
};

/* A salt that was opened, and is needed once more. */
struct li_salt_kept {
    pthread_mutex_t lock; /* of all that follows */
    uint8_t id[LI_ID_SIZE];
    struct li_secret *salt; /* of li_secret_alloc(); NULL: none */
};

struct li_repo {
    struct li_store *store;
    struct li_kms *kms; /* or NULL */
    const struct li_env *env;
    uint8_t id[LI_ID_SIZE];
    struct li_store *fork; /* STORE, if this handle is a fork, which owns it; else NULL */
    struct li_roots_kept roots;
    struct li_identity_kept identity;
    struct li_salt_kept salt;
};

/* Makes a handle on the repository ID without asking STORE whether it is there. The caller frees
 * OUT with li_repo_free(). */
int li_repo_new(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                const uint8_t id[LI_ID_SIZE], struct li_repo **out, struct li_error *err);

/* Parses a small JSON object, which must have a "format" that is at most LI_REPO_FORMAT
 * (LI_EUNSUPPORTED). LI_ECORRUPT. The caller releases *OUT with json_decref(). */
int li_json_parse(const struct li_buffer *text, json_t **out, struct li_error *err);

/* Writes JSON to OUT, whose contents are replaced, with a newline at the end. Takes ownership of
 * JSON, which may be NULL if memory ran out (LI_ENOMEM). */
int li_json_encode(json_t *json, struct li_buffer *out, struct li_error *err);

/* Reads the ID in FIELD of JSON. LI_ECORRUPT if there is none; ID is then not set. */
int li_json_id(const json_t *json, const char *field, uint8_t id[LI_ID_SIZE], struct li_error *err);

/* root_json.c. NULL if memory ran out. */
json_t *li_root_to_json(const struct li_root *root);

/* Sets everything in ROOT but its ID. LI_ECORRUPT. */
int li_root_from_json(const json_t *json, struct li_root *root, struct li_error *err);

/* Below 0 if X is older than Y, above if it is newer. */
int li_root_order(const struct li_root *x, const struct li_root *y);

/* identity.c. No other thread may use REPO meanwhile. */
void li_identity_init(struct li_identity_kept *kept);
void li_identity_forget_key(struct li_identity_kept *kept);
void li_identity_destroy(struct li_identity_kept *kept);

/* salt.c. The same. */
void li_salt_init(struct li_salt_kept *kept);
void li_salt_forget(struct li_salt_kept *kept);
void li_salt_destroy(struct li_salt_kept *kept);

/* roots_kept.c. Each caller gets a copy of the list, without roots of other repositories, and frees
 * it with li_roots_free(). The errors are those of li_roots_load(). Any thread. */
void li_roots_init(struct li_roots_kept *kept);
void li_roots_destroy(struct li_roots_kept *kept);

/* The point in time for li_roots_since(). */
uint64_t li_roots_time(struct li_repo *repo);

/* The roots as they were listed some time ago. Lists them if nobody has. */
int li_roots_known(struct li_repo *repo, struct li_roots *out, struct li_error *err);

/* The roots as of a listing that began after the time SINCE. Callers that need one at the same time
 * share it, and its failure. */
int li_roots_since(struct li_repo *repo, uint64_t since, struct li_roots *out,
                   struct li_error *err);

/* The roots with their states, all read anew. */
int li_roots_now(struct li_repo *repo, struct li_roots *out, struct li_error *err);

/* Reads the repository's ID from its description. LI_ENOTFOUND, LI_ECORRUPT, LI_EUNSUPPORTED. */
int li_description_read(struct li_store *store, uint8_t id[LI_ID_SIZE], struct li_error *err);

#endif
