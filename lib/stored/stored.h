/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored image, opened for reading: the files of an image in a repository. It stands for the
 * sources of chunks, the reader and the files that belong together, and frees them in the right
 * order.
 */
#ifndef LI_STORED_STORED_H
#define LI_STORED_STORED_H

#include "base/env.h"
#include "base/error.h"
#include "files/files.h"
#include "kms/kms.h"
#include "manifest/manifest.h"
#include "reader/reader.h"
#include "repo/repo.h"
#include "store/store.h"

struct li_stored;
struct li_diskcache;

/* How an image is read. Everything is borrowed, and must outlive it. */
struct li_stored_options {
    struct li_reader_options reading;
    struct li_diskcache *cache; /* a cache on a disk (diskcache/diskcache.h); NULL: none */
};

/* Opens the files of IMAGE, "name:tag" or "name@ID", in the repository that STORE holds, with KMS,
 * which is not needed any more when this returns. STORE and ENV are borrowed, and must outlive
 * it. Starts threads: call it after any fork. LI_EINVALID if IMAGE is not a reference; the errors
 * of li_repo_open(), li_repo_manifest() and li_stored_manifest(). It does not find out whether this
 * host knows another repository at the address (repo/known.h). */
int li_stored_open(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const char *image, struct li_stored **out, struct li_error *err);

/* Opens the files of the image whose manifest in REPO is MANIFEST. Both are borrowed, and must
 * outlive it. Starts threads. The errors of li_reader_open() and li_files_open(). */
int li_stored_manifest(struct li_repo *repo, const struct li_manifest *manifest,
                       const struct li_stored_options *options, struct li_stored **out,
                       struct li_error *err);

/* The files, and the reader that they are read by. They belong to STORED. Any thread. */
struct li_files *li_stored_files(struct li_stored *stored);
struct li_reader *li_stored_reader(struct li_stored *stored);

/* Waits for running fetches, as li_reader_free() does. NULL is allowed. */
void li_stored_free(struct li_stored *stored);

#endif
