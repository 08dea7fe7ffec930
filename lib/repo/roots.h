/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots: the generations of a repository, and the rules for reading and writing them (D5).
 *
 * A root is `roots/ID/root.json` and all objects below `roots/ID/`. Anybody who writes to the store
 * can write a root.json; see identity.h for the proof that a root belongs to a repository. Roots
 * are ordered by generation, then by creation time, then by ID, so that everybody agrees on the
 * order. A push writes into the newest active root. A reader looks in the root that a manifest
 * names and then in newer ones.
 *
 * Functions that take a struct li_repo may be called from any thread. Functions that take only a
 * store do not need an open repository; they are for creating and for collecting one.
 */
#ifndef LI_REPO_ROOTS_H
#define LI_REPO_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "kms/kms.h"
#include "repo/repo.h"
#include "store/store.h"

enum {
    LI_REPO_ROOTS_MAX = 1000,  /* roots of a repository (LI_ELIMIT) */
    LI_REPO_ROTATED_MAX = 100, /* li_root_rotate() makes no more than these */
    LI_REPO_GRACE =
        24 * 60 * 60, /* seconds that everything in a retired root must stay, at least (D5) */
};

/* Nothing is removed from an active root. A retired root accepts no push. An expired root is to be
 * deleted. */
enum li_root_state { LI_ROOT_ACTIVE, LI_ROOT_RETIRED, LI_ROOT_EXPIRED };

struct li_root {
    uint8_t id[LI_ID_SIZE];
    uint8_t salt[LI_ID_SIZE]; /* the current salt: see salt.h */
    enum li_root_state state;
    uint32_t generation; /* 1 is the first */
    int64_t created;     /* seconds since 1970 */
    bool owned;          /* it names its repository; roots of older versions do not: */
    uint8_t repository[LI_ID_SIZE];
};

/* All roots, the oldest first. */
struct li_roots {
    struct li_root *root;
    size_t count;
    size_t cap;
    bool lost; /* a root without a description holds objects */
    uint8_t lost_id[LI_ID_SIZE];
};

/* Lists the roots in STORE, of any repository. Those in KNOWN, which may be NULL, are not read
 * again: only their state ever changes. LI_ECORRUPT if a description cannot be parsed. If one is
 * missing and the root holds objects, LOST is set instead. The caller frees OUT with
 * li_roots_free(). */
int li_roots_load(struct li_store *store, const struct li_roots *known, struct li_roots *out,
                  struct li_error *err);
void li_roots_free(struct li_roots *roots); /* zeros are allowed */

/* The index of ID in ROOTS, or their number. */
size_t li_roots_position(const struct li_roots *roots, const uint8_t id[LI_ID_SIZE]);

/* Returns LI_ECORRUPT with a text that names the root in ROOTS whose description is lost. */
int li_roots_lost(const struct li_store *store, const struct li_roots *roots, struct li_error *err);

/* Reads one root by its ID. If it has no description, *THERE is false, OUT is not set, and 0 is
 * returned. LI_ECORRUPT, LI_EUNSUPPORTED (a newer format), and the store's failures. */
int li_root_read(struct li_store *store, const uint8_t id[LI_ID_SIZE], struct li_root *out,
                 bool *there, struct li_error *err);

/* Writes the description of ROOT to OUT, whose contents are replaced. The caller frees OUT also on
 * failure. LI_ENOMEM. */
int li_root_encode(const struct li_root *root, struct li_buffer *out, struct li_error *err);

/* Whether ROOT belongs to the repository ID. A root that names no repository belongs to any. */
bool li_root_is_of(const struct li_root *root, const uint8_t id[LI_ID_SIZE]);

/* Finds the root that accepts pushes: the newest active one, as the store has it now. If REPO has
 * an identity, only roots with a proof count (identity.h). REPO needs its KMS. LI_EINVALID if there
 * is none; LI_ECORRUPT if a root has lost its description, or no active root has a proof; the text
 * says what to do. The errors of li_repo_identity(), and the store's failures. */
int li_root_active(struct li_repo *repo, struct li_root *out, struct li_error *err);

/* Finds out whether li_root_rotate() can make a root, and sets *BEFORE to the one that accepts
 * pushes now. Writes nothing, and wraps nothing. LI_EINVALID if REPO has no identity; LI_ELIMIT if
 * there are too many roots; the errors of li_root_active(). */
int li_root_rotate_check(struct li_repo *repo, struct li_root *before, struct li_error *err);

/* Makes a root with a new salt, which is wrapped for all keys of REPO's KMS, and into which pushes
 * go from then on. The roots that are there stay as they are. Whoever dies here leaves objects that
 * count for nothing. Each key wraps and unwraps zeros before anything is written, and the salt is
 * opened before the root is made. The errors of li_root_rotate_check(), and the failures of the
 * store and of the KMS. */
int li_root_rotate(struct li_repo *repo, struct li_root *out, struct li_error *err);

/* Sets *ACCEPTS to whether the root ID accepts pushes, as the store has it now, by the same rules.
 * REPO needs its KMS. LI_ECORRUPT, LI_EUNSUPPORTED, and the failures of li_root_active(). */
int li_root_accepts(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], bool *accepts,
                    struct li_error *err);

/* An object to look for below the roots. */
struct li_root_search {
    const char *rest; /* its key in a root: see keys.h */
    size_t limit;     /* its largest size in bytes */
    struct li_buffer *out;
    /* The answer: whether a root has the object, even if it could not be read, and which root. */
    bool there;
    uint8_t root[LI_ID_SIZE];
};

/* Fetches the object from the root HINT or, if that does not have it, from a newer root, the newest
 * first; if HINT is NULL, from any root. That no root has it is an answer: THERE is false, and 0 is
 * returned. On failure with THERE set, the object could not be read; without, the roots could not.
 * The caller frees search->out, also on failure. */
int li_root_fetch(struct li_repo *repo, const uint8_t *hint, struct li_root_search *search,
                  struct li_error *err);

/* The same from ROOT alone: no other root is looked for, so roots need not be listed. */
int li_root_fetch_from(struct li_repo *repo, const uint8_t root[LI_ID_SIZE],
                       struct li_root_search *search, struct li_error *err);

/* Sets *FOLLOWS to whether an object that was made in the root BIRTH may be in ROOT: they are the
 * same, or ROOT is newer, or BIRTH no longer exists. */
int li_root_follows(struct li_repo *repo, const uint8_t birth[LI_ID_SIZE],
                    const uint8_t root[LI_ID_SIZE], bool *follows, struct li_error *err);

#endif
