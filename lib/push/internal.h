/* SPDX-License-Identifier: Apache-2.0 */
/* One push into one root, as shared by the files of lib/push. */
#ifndef LI_PUSH_INTERNAL_H
#define LI_PUSH_INTERNAL_H

#include <pthread.h>

#include "push/push.h"
#include "repo/roots.h"

struct li_push {
    struct li_repo *repo;
    const struct li_push_image *image;
    const struct li_push_options *options;
    struct li_seal_policy seal; /* that of the options, with the repository's padding */
    struct li_root root;
    struct li_manifest_chunk *chunk; /* ascending by index */
    size_t chunk_count;
    struct li_secret *key; /* of the manifest; of li_secret_alloc() */
    pthread_mutex_t gate;  /* held while the caller is asked whether an object may be stored */
    bool wrapped;          /* under gate: the wrap of KEY is stored */
    struct li_push_result result;
};

/* ---- chunks.c: names all chunks of the image and stores those that the root does not have ---- */

/* Sets CHUNK and CHUNK_COUNT, and the counts in RESULT. */
int li_push_chunks(struct li_push *push, struct li_error *err);

/* Frees CHUNK, and wipes it. */
void li_push_chunks_free(struct li_push *push);

/* ---- metadata.c: what makes an image of the chunks ------------------------------------------- */

/* Chooses the manifest's ID, which is set in RESULT, and its key. */
int li_push_choose_key(struct li_push *push, struct li_error *err);

/* Call it before each chunk is stored in STORE, a handle on the repository's store. Any thread, and
 * it may wait. Returns 0, or why the image must not be kept. */
int li_push_may_store(struct li_push *push, struct li_store *store, struct li_error *err);

/* Stores the manifest, and the wrap of its key unless that is stored already. */
int li_push_store_manifest(struct li_push *push, struct li_error *err);

/* Points the tag at the manifest. */
int li_push_store_pointer(struct li_push *push, struct li_error *err);

#endif
