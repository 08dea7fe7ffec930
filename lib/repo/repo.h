/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repositories: a store, a KMS, and the rules that make an image repository of them.
 *
 *     lambdaimg.json                       format version and repository id
 *     identities/ID                        the repository's identity: its ID and policy, with a MAC
 *     keys/ID.wraps/WRAP                   the key of these MACs, wrapped; one for each KMS key
 *     salts/ID                             a salt, wrapped
 *     roots/ID/root.json                   a generation: state, salt in force, creation time
 *     roots/ID/proofs/KEY                  the same, with a MAC under that key
 *     roots/ID/chunks/ab/NAME              sealed chunks; ab are the name's first two digits
 *     roots/ID/manifests/ID                manifests
 *     roots/ID/manifests/ID.wraps/WRAP     a manifest's data key, wrapped; one for each KMS key
 *     images/NAME/TAG                      a pointer: JSON with the manifest's ID and root; '/' in
 *                                          an image's name becomes '~'
 *
 * Nothing is locked and nothing is counted. lib/push pushes images. Many threads may use a handle.
 */
#ifndef LI_REPO_REPO_H
#define LI_REPO_REPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "chunk/source.h"
#include "crypto/seal.h"
#include "kms/kms.h"
#include "manifest/manifest.h"
#include "manifest/reference.h"
#include "store/store.h"

struct li_repo;

/* Finds out whether each key of KMS does what a repository takes: it wraps 32 zeros as a salt, as
 * the key of a repository and as that of a manifest, and unwraps the first two, under IDs of no
 * repository. Nothing is stored. The failures of li_kms_try(). */
int li_repo_try_kms(struct li_kms *kms, const struct li_env *env, struct li_error *err);

/* What all pushes into a repository follow. It is chosen when the identity is made. */
struct li_repo_policy {
    uint32_t pad; /* sealed sizes are multiples of this, at most LI_SEAL_PAD_MAX; 0 and 1: any */
};

/* The padding of a new repository, unless another is chosen (D3). */
enum { LI_REPO_PAD = 4096 };

/* Creates a repository in STORE: its description, a salt and a key of its own wrapped by KMS, its
 * identity with POLICY, and the first root. POLICY may be NULL: LI_REPO_PAD for a new repository.
 * If an earlier call did not finish one, this call does. *OUT is the repository that it made, open
 * as by li_repo_open(); OUT may be NULL. LI_EEXISTS if there is one, which is left as it is, except
 * that its description may be restored; LI_EINVALID if the store holds anything else; LI_ECORRUPT
 * if a part of a repository was lost; LI_EDENIED if another repository was put in its place
 * meanwhile. */
int li_repo_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const struct li_repo_policy *policy, struct li_repo **out, struct li_error *err);

/* Opens the repository in STORE. STORE, KMS and ENV are borrowed and must outlive it. KMS may be
 * NULL if no key is needed (li_repo_each_image(), li_repo_remove()). LI_ENOTFOUND if there is none,
 * LI_EUNSUPPORTED if its format is newer. */
int li_repo_open(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                 struct li_repo **out, struct li_error *err);
void li_repo_free(struct li_repo *repo); /* NULL is allowed */

/* A handle on the repository ID in STORE, which another process has opened and checked. It sends no
 * request. Otherwise like li_repo_open(). LI_ENOMEM. */
int li_repo_adopt(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                  const uint8_t id[LI_ID_SIZE], struct li_repo **out, struct li_error *err);

/* Opens a second handle on REPO, which must outlive it, for work that may be cancelled as a whole:
 * see li_store_fork(). Sends no request. The caller frees OUT. LI_ENOMEM, and the store's failures.
 */
int li_repo_fork(struct li_repo *repo, struct li_repo **out, struct li_error *err);

/* Cancels all work of the handle FORK, which may be NULL: see li_store_cancel(). Does nothing if no
 * call of the store waits for long. Any thread. */
void li_repo_cancel(struct li_repo *fork);

/* What a handle was opened with, and the repository's ID, LI_ID_SIZE bytes. They belong to the
 * repository or to their owners. Any thread. */
struct li_store *li_repo_store(const struct li_repo *repo);
struct li_kms *li_repo_kms(const struct li_repo *repo); /* NULL if there is none */
const struct li_env *li_repo_env(const struct li_repo *repo);
const uint8_t *li_repo_id(const struct li_repo *repo);

/* What a repository proves about itself with a key that only the KMS opens (D5g). */
struct li_repo_identity {
    bool there;              /* false: an older version made it, and nobody has pushed since */
    uint8_t key[LI_ID_SIZE]; /* the ID of the key, which is random */
    struct li_repo_policy policy;
};

/* Fetches and checks REPO's identity, the first time; later calls return the same. LI_EINVALID
 * without a KMS; LI_EDENIED if the key was not wrapped for it, or the store denies access;
 * LI_ECORRUPT if it fails its check or its key is gone; LI_EUNSUPPORTED; the failures of the store
 * and of the KMS. Any thread. */
int li_repo_identity(struct li_repo *repo, struct li_repo_identity *out, struct li_error *err);

/* From now on REPO has no KMS, and its owner may free the KMS (D17). What was opened by it for
 * writing is wiped; an identity that was read is still known. Forks of REPO keep it. No
 * other thread may use REPO meanwhile. */
void li_repo_forget_kms(struct li_repo *repo);

/* Returns LI_EINVALID if REPO has no KMS, else 0. */
int li_repo_need_kms(const struct li_repo *repo, struct li_error *err);

/* Fetches the manifest that REFERENCE names, unwraps its key, then opens and checks it, including
 * the reference inside. LI_ENOTFOUND if there is no such tag or, for a pin, no such manifest;
 * LI_EDENIED if the key does not match; LI_ECORRUPT, also if a tag points to a manifest that is
 * gone. The caller frees OUT with li_manifest_free(). */
int li_repo_manifest(struct li_repo *repo, const struct li_reference *reference,
                     struct li_manifest *out, struct li_error *err);

/* A tag and its target. */
struct li_repo_image {
    const char *name;
    const char *tag;
    uint8_t manifest[LI_ID_SIZE];
    uint8_t root[LI_ID_SIZE];
};

/* Calls VISIT for all images, sorted by name and tag. A negative return ends it. A pointer that
 * cannot be read does not end it: it is skipped, and the first such failure is returned at the end.
 * A pointer that is listed, but is missing at two attempts to read it, is such a failure
 * (LI_ECORRUPT), unless it was removed meanwhile. Pointers that were tried twice come last. */
int li_repo_each_image(struct li_repo *repo,
                       int (*visit)(void *arg, const struct li_repo_image *image,
                                    struct li_error *err),
                       void *arg, struct li_error *err);

/* The same visits, for who wants to know which pointers cannot be read. */
struct li_repo_tag_visitor {
    void *arg;
    int (*image)(void *arg, const struct li_repo_image *image, struct li_error *err);
    /* NAME:TAG is listed, but its pointer cannot be read, for the reason WHY. */
    int (*unread)(void *arg, const char *name_and_tag, const struct li_error *why,
                  struct li_error *err);
};

/* Calls one of the functions of VISITOR for each tag. A negative return ends it. That a pointer
 * cannot be read is not a failure, unless the store does not answer (LI_ENETWORK, LI_ECANCELLED) or
 * LI_ENOMEM. */
int li_repo_each_tag(struct li_repo *repo, const struct li_repo_tag_visitor *visitor,
                     struct li_error *err);

/* Finds the tag of NAME that was pushed last, by the times of the store's objects; of several with
 * the same time, the last in the order of versions. *FOUND is false, and OUT is not set, if there
 * is none. Fails as the store does. */
int li_repo_latest(struct li_repo *repo, const char *name, struct li_reference *out, bool *found,
                   struct li_error *err);

/* Removes the pointer of `name:tag`. LI_ENOTFOUND; LI_EINVALID for a pin. */
int li_repo_remove(struct li_repo *repo, const struct li_reference *reference,
                   struct li_error *err);

#endif
