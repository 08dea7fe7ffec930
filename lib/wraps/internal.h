/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of lib/wraps. */
#ifndef LI_WRAPS_INTERNAL_H
#define LI_WRAPS_INTERNAL_H

#include <pthread.h>

#include "repo/roots.h"
#include "repo/wrapped.h"
#include "wraps/wraps.h"

/* Where the wraps of OBJECT are. */
struct li_wrapped li_wraps_place(const struct li_wraps_object *object);

/* Whether OBJECT has a wrap of the name NAME. */
bool li_wraps_has(const struct li_wraps *wraps, const struct li_wraps_object *object,
                  const char *name);

/* Fetches the wrap at AT, and sets *BLOB and *LEN to the KMS's bytes in OBJECT, which the caller
 * frees, also on failure. LI_ECORRUPT, also if it is gone, and the failures of the store. */
int li_wraps_fetch(struct li_repo *repo, const struct li_key *at, struct li_buffer *object,
                   const uint8_t **blob, size_t *len, struct li_error *err);

/* One wrap, and a key to open it. Everything is borrowed. */
struct li_wraps_attempt {
    const struct li_wrapped *wrapped;
    const struct li_key *at;
    struct li_kms *kms;
    bool refused; /* the result: the wrap was read, and the KMS failed */
};

/* Opens the wrap of ATTEMPT into SECRET, which the caller wipes. The failures of li_wraps_fetch()
 * and of the KMS. */
int li_wraps_open(struct li_repo *repo, struct li_wraps_attempt *attempt, struct li_secret *secret,
                  struct li_error *err);

/* Whether a failure with one object would be the same with the next. */
bool li_wraps_is_fatal(int rc);

/* OBJECT has failed with ERR, which is cleared. A stray becomes LI_WRAPS_STRAY. */
void li_wraps_note_failure(struct li_wraps *wraps, struct li_wraps_object *object,
                           struct li_error *err);

/* Sets in each object of WRAPS whether it is a stray, from ROOTS and, if REPO has a key, from what
 * their proofs say. LI_ENOMEM, and the failures of the store and of li_repo_identity(). */
int li_wraps_mark_strays(struct li_repo *repo, const struct li_roots *roots, struct li_wraps *wraps,
                         struct li_error *err);

/* ---- applying -------------------------------------------------------------------------------- */

struct li_wraps_applying {
    struct li_repo *repo;
    const struct li_wraps_change *change;
    struct li_wraps *wraps;
    uint32_t blind[LI_WRAPS_KINDS]; /* for each kind, a bit for each new key that is unproven */
    pthread_mutex_t lock;           /* of NEXT, and of the failures in WRAPS */
    size_t next;
};

/* Whether there is anything to do for OBJECT. If wraps by a key are only added, those that it has
 * already are compared, too, since an operator who adds a key will remove another. */
bool li_wraps_is_work(const struct li_wraps_applying *a, const struct li_wraps_object *object);

/* try.c: tries each new key for each kind of object that it is needed for, and sets BLIND. The
 * failures of the keys. */
int li_wraps_try_keys(struct li_wraps_applying *a, struct li_error *err);

/* secret.c: where the wrap of OBJECT is that is to be replaced. */
struct li_key li_wraps_old(const struct li_wraps_applying *a, const struct li_wraps_object *object);

/* Opens what opens OBJECT now into OUT, which the caller wipes, by keys that are not added. Where
 * several of them have a wrap, all that open must hold the same (LI_ECORRUPT). If only a key that
 * is added opens it, *PROVEN is false: then nothing can be compared with its wrap. The failures of
 * li_wrapped_open(). */
int li_wraps_secret(struct li_wraps_applying *a, const struct li_wraps_object *object,
                    struct li_secret *out, bool *proven, struct li_error *err);

/* Whether the wrap at AT, by TO, that somebody has made holds SECRET; if that is NULL, what the
 * wrap holds that is replaced. LI_ECORRUPT, and the failures of li_wraps_open(). */
int li_wraps_compare(struct li_wraps_applying *a, const struct li_wraps_object *object,
                     struct li_kms *to, const struct li_key *at, const struct li_secret *secret,
                     struct li_error *err);

#endif
