/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a repository proves about itself (D5g): its ID and policy, in its identity, and that a root
 * belongs to it, in a proof for each root.
 *
 * Both are authentic documents (authentic.h) under a key of the repository, which is wrapped by the
 * KMS for readers and pushers alike. They stand beside the description and root.json, which never
 * change their meaning. The identity is written last, so where it is, everything that it needs is.
 * Keys have random IDs, and proofs and wraps are stored under them, so makers at the same time
 * never overwrite each other's: the identity decides which of them count.
 *
 * Repositories of older versions have none of this. Any thread.
 */
#ifndef LI_REPO_IDENTITY_H
#define LI_REPO_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "repo/authentic.h"
#include "repo/repo.h"
#include "repo/roots.h"

/* Makes the identity of REPO, which has a KMS, with POLICY, and proofs for the COUNT roots in
 * ROOTS. If another process is faster, its identity counts. Either way li_repo_identity() then
 * returns what the store has. LI_EINVALID (no KMS, or POLICY), LI_ECORRUPT if it cannot be read
 * back, the failures of the KMS and of the store. */
int li_identity_make(struct li_repo *repo, const struct li_repo_policy *policy,
                     const struct li_root *roots, size_t count, struct li_error *err);

/* Makes the identity of a repository of an older version, without padding if POLICY is NULL, if it
 * has none. Its roots are taken for what they say they are. Nothing is made while a root has lost
 * its description, because that root would then be without a proof for ever. *MADE is whether an
 * identity was missing and is there now. The errors of li_root_active() and li_salt_open(), because
 * only who can push may make one, and of li_identity_make(). */
int li_identity_ensure(struct li_repo *repo, const struct li_repo_policy *policy, bool *made,
                       struct li_error *err);

/* Copies the key of REPO's identity, which must be there, to OUT; the caller wipes it. LI_EINVALID
 * after li_repo_forget_kms(). */
int li_identity_key(struct li_repo *repo, struct li_repo_key *out, struct li_error *err);

/* Stores a proof that ROOT, with all that it says of itself, belongs to REPO. LI_EEXISTS if there
 * is one under KEY; LI_ENOMEM, and the store's failures. */
int li_proof_write(struct li_repo *repo, const struct li_repo_key *key, const struct li_root *root,
                   struct li_error *err);

/* Reads and checks the proof of the root ID under KEY. OUT is the root as the proof describes it.
 * If the store has no such object, *THERE is false and 0 is returned. LI_ECORRUPT if it proves
 * nothing; LI_ELIMIT (its length), LI_EUNSUPPORTED, and the store's failures. */
int li_proof_read(struct li_repo *repo, const struct li_repo_key *key, const uint8_t id[LI_ID_SIZE],
                  struct li_root *out, bool *there, struct li_error *err);

#endif
