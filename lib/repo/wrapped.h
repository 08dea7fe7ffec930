/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that have wraps (D4e): manifests, salts and the repository's key. Each has a secret, and
 * a wrap of it for each key that may open it.
 */
#ifndef LI_REPO_WRAPPED_H
#define LI_REPO_WRAPPED_H

#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "kms/kms.h"
#include "repo/keys.h"
#include "repo/repo.h"

enum { LI_REPO_WRAPS_MAX = 64 }; /* wraps of one object that are looked at */

struct li_wrapped {
    const char *purpose;
    const char *what;   /* for messages: "its manifest" */
    const char *secret; /* "the key of its manifest" */
    uint8_t object[LI_ID_SIZE];
    struct li_key unnamed; /* the wrap whose key has no name: of salts; "": there is none */
    struct li_key wraps;   /* the prefix of all others, whose names are those of their keys */
};

/* The data key of a manifest in the root ROOT. */
struct li_wrapped li_wrapped_manifest(const uint8_t root[LI_ID_SIZE], const uint8_t id[LI_ID_SIZE]);

struct li_wrapped li_wrapped_salt(const uint8_t id[LI_ID_SIZE]);

/* The key ID of the repository, which proves its identity and its roots. */
struct li_wrapped li_wrapped_repository(const uint8_t id[LI_ID_SIZE]);

/* Where the wrap by the key NAME is. */
struct li_key li_wrapped_at(const struct li_wrapped *wrapped, const char *name);

/* Where the wrap by the key number INDEX, named NAME, is made: the first one at the place without a
 * name, where there is one, since released programs look there. */
struct li_key li_wrapped_place(const struct li_wrapped *wrapped, const char *name, size_t index);

/* What is wrapped, and where wraps go. Everything is borrowed. */
struct li_wrapping {
    struct li_kms *kms;
    const uint8_t *repository; /* its ID, LI_ID_SIZE bytes */
    const struct li_wrapped *wrapped;
    /* Stores OBJECT at AT. LI_END if there is one. */
    int (*put)(void *arg, const struct li_key *at, const struct li_buffer *object,
               struct li_error *err);
    void *arg;
};

/* Wraps SECRET once for each key of the KMS that is for this purpose, and stores that. LI_EEXISTS
 * if there is a wrap already, which means that randomness is broken, since IDs are random; the
 * failures of the KMS and of PUT. */
int li_wrapped_make(const struct li_wrapping *wrapping, const struct li_secret *secret,
                    struct li_error *err);

/* The put of a struct li_wrapping whose ARG is a struct li_store. */
int li_wrapped_put(void *arg, const struct li_key *at, const struct li_buffer *object,
                   struct li_error *err);

/* Opens the secret with the keys of REPO's KMS, which it must have: each is tried on the wrap of
 * its name, and then on those of other names; where there is an unnamed wrap, on that first. The
 * caller wipes SECRET. LI_EDENIED if no key opens it; the text says what each of several keys said.
 * LI_ECORRUPT if there is no wrap, or if the wrap is damaged; the failures of the store and of the
 * KMS. Any thread. */
int li_wrapped_open(struct li_repo *repo, const struct li_wrapped *wrapped,
                    struct li_secret *secret, struct li_error *err);

/* The same with KEYS, instead of REPO's KMS. */
int li_wrapped_open_by(struct li_repo *repo, struct li_kms *keys, const struct li_wrapped *wrapped,
                       struct li_secret *secret, struct li_error *err);

#endif
