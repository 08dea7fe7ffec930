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

/* Opens the secret with the keys of REPO's KMS, which it must have: each is tried on the wrap of
 * its name, and then on those of other names; where there is an unnamed wrap, on that first. The
 * caller wipes SECRET. LI_EDENIED if no key opens it; the text says what each of several keys said.
 * LI_ECORRUPT if there is no wrap, or if the wrap is damaged; the failures of the store and of the
 * KMS. Any thread. */
int li_wrapped_open(struct li_repo *repo, const struct li_wrapped *wrapped,
                    struct li_secret *secret, struct li_error *err);

#endif
