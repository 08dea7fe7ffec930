/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repositories: a store, a KMS, and the rules that make an image repository of them.
 *
 *     lambdaimg.json                       format version and repository id
 *     salts/ID                             a salt, wrapped
 *     roots/ID/root.json                   a generation: state, salt in force, creation time
 *     roots/ID/chunks/ab/NAME              sealed chunks; ab are the name's first two digits
 *     roots/ID/manifests/ID                manifests
 *     roots/ID/manifests/ID.wraps/WRAP     a manifest's data key, wrapped; one for each KMS key
 *     images/NAME/TAG                      a pointer: JSON with the manifest's id and root; '/' in
 * an image's name is written '~'
 *
 * Nothing is locked and nothing is counted. A push writes chunks, then the manifest and its wraps,
 * reads root.json again, and then the pointer: one that dies leaves objects that nothing points at.
 * A handle may be used from many threads.
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
#include "memo/memo.h"
#include "store/store.h"

struct li_repo;

/* Creates a repository in STORE: its description, the first root, and a salt wrapped by KMS.
 * LI_EEXISTS where there is one; one that an earlier call did not finish is finished. LI_EINVALID
 * where the store holds something else; LI_ECORRUPT where a part of one was lost. */
int li_repo_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   struct li_error *err);

/* Opens the repository in STORE. STORE, KMS and ENV are borrowed and must outlive it; KMS may be
 * NULL for what needs no key (li_repo_each_image(), li_repo_remove()). LI_ENOTFOUND where there is
 * none, LI_EUNSUPPORTED where its format is newer. */
int li_repo_open(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                 struct li_repo **out, struct li_error *err);
void li_repo_free(struct li_repo *repo); /* NULL is allowed */

const uint8_t *li_repo_id(const struct li_repo *repo); /* LI_ID_SIZE bytes */

/* Fetches the manifest that REFERENCE names, unwraps its key, opens and checks it, the reference
 * inside included. LI_ENOTFOUND where there is no such tag or, for a pin, no such manifest;
 * LI_EDENIED where the key does not fit; LI_ECORRUPT, also where what a tag points at is gone. The
 * caller frees OUT with li_manifest_free(). */
int li_repo_manifest(struct li_repo *repo, const struct li_reference *reference,
                     struct li_manifest *out, struct li_error *err);

/* A tag and where it points. */
struct li_repo_image {
    const char *name;
    const char *tag;
    uint8_t manifest[LI_ID_SIZE];
    uint8_t root[LI_ID_SIZE];
};

/* Calls VISIT for all images, sorted by name and tag. A negative return ends it. A pointer that
 * cannot be read does not: it is passed over, and the first such failure is returned at the end.
 * One that is listed, and is not there when it is looked for twice, is such a failure
 * (LI_ECORRUPT); one that another removes meanwhile is none. Those that were looked for twice come
 * last. */
int li_repo_each_image(struct li_repo *repo,
                       int (*visit)(void *arg, const struct li_repo_image *image,
                                    struct li_error *err),
                       void *arg, struct li_error *err);

/* Removes the pointer of `name:tag`. LI_ENOTFOUND; LI_EINVALID for a pin. */
int li_repo_remove(struct li_repo *repo, const struct li_reference *reference,
                   struct li_error *err);

struct li_push_options {
    struct li_seal_policy seal;
    bool dry_run;        /* store nothing, count what would be */
    bool check_existing; /* fetch and check chunks that are there, replace those that fail */
    /* Asked before each object is stored, from any thread but one at a time, whether what was read
     * before is what it should be; returns 0 or why the image must not be kept. It may wait: chunks
     * are read and named meanwhile. May be NULL. */
    li_chunk_confirm *confirm;
    void *confirm_arg;
    /* Chunks whose digest it knows are read only where the repository has not got them, and the
     * others are learnt. Not asked under another salt, nor with check_existing. May be NULL. */
    struct li_memo *memo;
};

/* Opens the memo in DIR for pushes to REPO: see li_memo_open(). REPO's env must outlive it. */
int li_repo_memo(struct li_repo *repo, const char *dir, const char *made_by, struct li_memo **out,
                 struct li_error *err);

/* How it was found out which chunks a repository has: chunks by each way. */
struct li_push_ways {
    uint64_t manifest; /* the tag's last manifest, or one of a tag close to it, has them */
    uint64_t kept;     /* this host knew of them: see struct li_push_options.memo */
    uint64_t listing;  /* of all chunks: there or not */
    uint64_t asked;    /* one by one */
};

struct li_push_result {
    uint8_t manifest[LI_ID_SIZE];
    uint64_t chunks;       /* of the image that are not all zeros */
    uint64_t new_chunks;   /* stored, or to be stored, by this push */
    uint64_t new_bytes;    /* sealed bytes of these */
    uint64_t known_chunks; /* that the repository had, or that recur within the image */
    uint64_t memo_chunks;  /* whose digest the memo knew, and that were not read */
    uint64_t mended;       /* replaced by check_existing */
    uint64_t metadata;     /* bytes of manifest, wraps and pointer */
    struct li_push_ways ways;
};

/* Pushes SOURCE under REFERENCE (a tag). ABOUT holds what the manifest shall say: os, architecture,
 * config, layers, size, layout, tool, libraries; the rest of it is ignored, and it stays the
 * caller's. */
int li_repo_push(struct li_repo *repo, const struct li_reference *reference,
                 const struct li_manifest *about, const struct li_chunk_source *source,
                 const struct li_push_options *options, const struct li_progress *progress,
                 struct li_push_result *result, struct li_error *err);

#endif
