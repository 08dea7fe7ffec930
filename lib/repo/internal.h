/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of lib/repo. What a function shares with one of repo.h is said there. */
#ifndef LI_REPO_INTERNAL_H
#define LI_REPO_INTERNAL_H

#include <jansson.h>
#include <pthread.h>

#include "repo/repo.h"

enum {
    LI_REPO_FORMAT = 1,
    LI_REPO_JSON_MAX = 64 * 1024, /* bytes of lambdaimg.json, root.json and pointers */
    LI_REPO_WRAP_MAX = LI_KMS_BLOB_MAX + 64,
    LI_REPO_ROOTS_MAX = 1000,
    LI_REPO_GRACE = 24 * 60 * 60, /* seconds that all in a retired root must stay, at least (D5) */
    LI_HEX_ID_SIZE = 2 * LI_ID_SIZE + 1, /* with the NUL */
};

enum li_root_state { LI_ROOT_ACTIVE, LI_ROOT_RETIRED, LI_ROOT_EXPIRED };

struct li_root {
    uint8_t id[LI_ID_SIZE];
    uint8_t salt[LI_ID_SIZE];
    enum li_root_state state;
    uint32_t generation; /* 1 is the first */
    int64_t created;     /* seconds since 1970 */
    bool owned;          /* it says of which repository it is, as older ones do not: */
    uint8_t repository[LI_ID_SIZE];
};

/* All roots, the oldest first. */
struct li_roots {
    struct li_root *root;
    size_t count;
    bool lost; /* something lies in a root that has no description */
    uint8_t lost_id[LI_ID_SIZE];
};

struct li_repo {
    struct li_store *store;
    struct li_kms *kms; /* or NULL */
    const struct li_env *env;
    uint8_t id[LI_ID_SIZE];
    pthread_mutex_t lock;
    bool roots_loaded;     /* under lock */
    struct li_roots roots; /* under lock: as they were when last listed */
};

/* Keys. Each is the longest of its kind and always fits. */
struct li_key {
    char text[LI_STORE_KEY_MAX + 1];
};

extern const char li_key_description[];
struct li_key li_key_root(const uint8_t root[LI_ID_SIZE], const char *rest);
struct li_key li_key_salt(const uint8_t salt[LI_ID_SIZE]);
struct li_key li_key_image(const struct li_reference *reference);

/* The parts of a key below its root. */
struct li_key li_key_chunk(const uint8_t name[LI_NAME_SIZE]);
struct li_key li_key_manifest(const uint8_t id[LI_ID_SIZE]);
struct li_key li_key_wrap(const uint8_t id[LI_ID_SIZE], const char *kms);

/* Small JSON objects. The parser wants an object with a "format" no newer than LI_REPO_FORMAT
 * (LI_EUNSUPPORTED); the caller releases *OUT with json_decref(). The encoder takes over JSON,
 * which may be NULL for want of memory. */
int li_json_parse(const struct li_buffer *text, json_t **out, struct li_error *err);
int li_json_encode(json_t *json, struct li_buffer *out, struct li_error *err);
int li_json_id(const json_t *json, const char *field, uint8_t id[LI_ID_SIZE], struct li_error *err);

/* The repository's id, as its description has it. LI_ENOTFOUND. */
int li_description_read(struct li_store *store, uint8_t id[LI_ID_SIZE], struct li_error *err);

/* Whether ROOT is of the repository ID, as far as it says. */
bool li_root_is_of(const struct li_root *root, const uint8_t id[LI_ID_SIZE]);

/* Lists the roots that lie there, whosever they are. The caller frees OUT with li_roots_free(). */
int li_roots_load(struct li_store *store, struct li_roots *out, struct li_error *err);
void li_roots_free(struct li_roots *roots);

/* LI_ECORRUPT, and which description of ROOTS was lost. */
int li_roots_lost(const struct li_store *store, const struct li_roots *roots, struct li_error *err);

/* One root by its id; THERE is false, and OUT is not set, where it has no description. */
int li_root_read(struct li_store *store, const uint8_t id[LI_ID_SIZE], struct li_root *out,
                 bool *there, struct li_error *err);
int li_root_encode(const struct li_root *root, struct li_buffer *out, struct li_error *err);

/* The root that takes pushes: the newest that is active. LI_EINVALID where there is none,
 * LI_ECORRUPT where one has lost its description; the text says what to do. */
int li_root_active(struct li_repo *repo, struct li_root *out, struct li_error *err);

/* Something that is looked for below the roots. */
struct li_root_search {
    const char *rest; /* its key in a root */
    size_t limit;     /* bytes */
    struct li_buffer *out;
    /* The answer: whether a root has it, also where it could not be read there; and which one. */
    bool there;
    uint8_t root[LI_ID_SIZE];
};

/* Fetches it from the root HINT, or from a newer one where it is not there; with HINT NULL from
 * any, the newest first. That no root has it is an answer, and 0; a failure with THERE is about the
 * object, and without about the roots. */
int li_root_fetch(struct li_repo *repo, const uint8_t *hint, struct li_root_search *search,
                  struct li_error *err);

/* Whether something that was born in BIRTH may be in ROOT: they are the same, or ROOT is newer, or
 * BIRTH is no more. */
int li_root_follows(struct li_repo *repo, const uint8_t birth[LI_ID_SIZE],
                    const uint8_t root[LI_ID_SIZE], bool *follows, struct li_error *err);

/* Salts, wrapped by the repository's KMS. */
int li_salt_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const uint8_t repository[LI_ID_SIZE], uint8_t id[LI_ID_SIZE],
                   struct li_error *err);
int li_salt_open(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], struct li_secret *salt,
                 struct li_error *err);

/* Reads the wrap at KEY and unwraps it. THERE is false where the store has none; whatever else is
 * wrong, with the key of the KMS too, is a failure. */
int li_wrap_open(struct li_repo *repo, const char *key, const struct li_kms_context *context,
                 struct li_secret *secret, bool *there, struct li_error *err);
/* The wrap object of SECRET, in OUT. */
int li_wrap_make(struct li_kms *kms, const struct li_kms_context *context,
                 const struct li_secret *secret, struct li_buffer *out, struct li_error *err);

/* Pointers. */
struct li_pointer {
    uint8_t manifest[LI_ID_SIZE];
    uint8_t root[LI_ID_SIZE];
};

int li_pointer_encode(const struct li_pointer *pointer, struct li_buffer *out,
                      struct li_error *err);
/* Reads the one at KEY, and its bytes into RAW, which the caller frees also on failure. */
int li_pointer_read(struct li_store *store, const char *key, struct li_pointer *out,
                    struct li_buffer *raw, struct li_error *err);
/* Makes KEY point there, whatever it pointed at before, and flushes. */
int li_pointer_write(struct li_store *store, const char *key, const struct li_pointer *pointer,
                     struct li_error *err);

/* LI_EINVALID where the repository was opened without a KMS. */
int li_repo_need_kms(const struct li_repo *repo, struct li_error *err);

/* What this host knows of the server that REPO's store speaks to: a set of LI_STORE_LACKS, and when
 * each was found, in seconds since 1970. */
enum { LI_SERVER_FLAGS = 2, LI_SERVER_LIFETIME = 7 * 24 * 60 * 60 };

struct li_server_known {
    unsigned lacks;
    int64_t found[LI_SERVER_FLAGS];
};

/* Lets the store expect what MEMO, which may be NULL, has of its server. */
int li_server_recall(struct li_repo *repo, const struct li_memo *memo, struct li_server_known *out,
                     struct li_error *err);

/* Keeps in MEMO what has been found since, besides KNOWN, which was recalled. */
int li_server_keep(struct li_repo *repo, const struct li_memo *memo,
                   const struct li_server_known *known, struct li_error *err);

/* A set of chunk names. Not safe for two threads at once. Zero-initialise all but CHUNK, the array
 * that has the names; it stays the caller's. */
struct li_names {
    const struct li_manifest_chunk *chunk;
    uint32_t *slot; /* number of a chunk and 1 more, or 0 */
    size_t cap;     /* a power of two, or 0 */
    size_t used;
};

/* Adds the name of chunk NUMBER of the array, below 2^32 - 1; LI_END where it was there already. */
int li_names_add(struct li_names *names, uint32_t number, struct li_error *err);
void li_names_free(struct li_names *names);

/* What reading the chunks of a source for a push gave. FIRST is the caller's, and may be NULL: it
 * is called before the first object is stored, in STORE, and once at most. */
struct li_push_chunks {
    int (*first)(void *arg, struct li_store *store, struct li_error *err);
    void *first_arg;
    struct li_manifest_chunk *chunk; /* ascending by index */
    size_t count;
    size_t cap; /* allocated, and to be wiped */
};

/* Names all chunks of SOURCE and stores those that ROOT does not have; REFERENCE is where the
 * image goes, and what may be like it. Counts in RESULT. */
int li_push_store_chunks(struct li_repo *repo, const struct li_root *root,
                         const struct li_reference *reference, const struct li_chunk_source *source,
                         const struct li_push_options *options, const struct li_progress *progress,
                         struct li_push_chunks *out, struct li_push_result *result,
                         struct li_error *err);
void li_push_chunks_free(struct li_push_chunks *chunks);

/* Whether ERR, of reading a stored chunk, says that it is damaged, and not merely out of reach: it
 * fails its checks, is too long, or on a bad sector. */
bool li_chunk_is_bad(const struct li_error *err);

#endif
