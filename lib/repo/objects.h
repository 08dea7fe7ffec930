/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that lies below a repository's roots, as listings show it. No key is needed. */
#ifndef LI_REPO_OBJECTS_H
#define LI_REPO_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "manifest/manifest.h"
#include "repo/repo.h"
#include "repo/roots.h"

enum li_repo_object_kind {
    LI_REPO_CHUNK,
    LI_REPO_MANIFEST,
    LI_REPO_OTHER, /* a description, a wrap, or something that lambdaimg did not make */
};

/* Valid during the visit only. */
struct li_repo_object {
    enum li_repo_object_kind kind;
    size_t root; /* its position in the list of roots: 0 is the oldest */
    uint8_t root_id[LI_ID_SIZE];
    uint8_t name[LI_NAME_SIZE]; /* of a chunk; the first LI_ID_SIZE bytes: the ID of a manifest */
    uint64_t size;              /* bytes of the object */
    int64_t modified;           /* see struct li_store_object */
};

/* A negative return ends the listing with it. */
typedef int li_repo_visit_object(void *arg, const struct li_repo_object *object,
                                 struct li_error *err);

/* Visits the objects of all roots of REPO, in no order. Objects that come or go meanwhile may be
 * missed. Fails as the store does, and as li_roots_load(); LI_ECORRUPT if a root has lost its
 * description. Any thread. */
int li_repo_each_object(struct li_repo *repo, li_repo_visit_object *visit, void *arg,
                        struct li_error *err);

/* Fetches what can be read without a key of MANIFEST, which li_repo_each_object() has visited, into
 * RAW, whose contents are replaced, with one request. CLEAR and ENTRIES are as in
 * li_manifest_table(); ENTRIES lies in RAW. LI_ECORRUPT if it is damaged, is missing, or is another
 * manifest; and the store's failures. The caller frees RAW, also on failure. Any thread. */
int li_repo_manifest_table(struct li_repo *repo, const struct li_repo_object *manifest,
                           struct li_buffer *raw, struct li_manifest_clear *clear,
                           const uint8_t **entries, struct li_error *err);

#endif
