/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pushing an image into a repository (D5): its chunks, then its manifest and the wrap of that one's
 * key, then root.json once more, then the pointer. Nothing is locked: a push that dies leaves
 * objects that nothing points at.
 */
#ifndef LI_PUSH_PUSH_H
#define LI_PUSH_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "chunk/source.h"
#include "crypto/seal.h"
#include "kms/kms.h"
#include "manifest/manifest.h"
#include "manifest/reference.h"
#include "memo/memo.h"
#include "repo/repo.h"

/* What is pushed, and under which name. All is borrowed. */
struct li_push_image {
    const struct li_reference *reference; /* a tag, not a pin */
    /* What the manifest shall say: os, architecture, config, layers, size, layout, tool, libraries.
     * The rest of it is ignored. */
    const struct li_manifest *about;
    const struct li_chunk_source *source;
};

/* How a push found out whether the repository has a chunk. */
enum li_push_way {
    LI_PUSH_UNASKED,  /* it did not: the chunk was met before within the image */
    LI_PUSH_MANIFEST, /* the tag's last manifest, or that of a tag close to it, has it */
    LI_PUSH_KEPT,     /* this host knew: see struct li_push_options.memo */
    LI_PUSH_LISTING,  /* by a list of all chunks: there or not */
    LI_PUSH_ASKED,    /* by a question about this chunk */
};

/* What became of a chunk. */
enum li_push_fate {
    LI_PUSH_NEW,      /* the push stored it or, in a dry run, would have */
    LI_PUSH_KNOWN,    /* the repository has it */
    LI_PUSH_REPEATED, /* another chunk of the image is the same: that one is new, known or mended */
    LI_PUSH_MENDED, /* the repository had it damaged; replaced, or, in a dry run, to be replaced */
};

struct li_push_chunk {
    uint32_t index;      /* in the image, in chunks of LI_CHUNK_SIZE */
    const uint8_t *name; /* LI_NAME_SIZE bytes; the push's */
    enum li_push_fate fate;
    enum li_push_way way;
    bool recalled; /* the memo knew its digest, so it was not read */
    size_t sealed; /* bytes of the object that NEW and MENDED are about; else 0 */
};

/* Told of a chunk; a negative return ends the push with it. */
typedef int li_push_report(void *arg, const struct li_push_chunk *chunk, struct li_error *err);

/* How to push. Zeros are no seal policy; all else may be zero. */
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
    const struct li_progress *progress; /* of reading; may be NULL */
    /* Told of each chunk of the image that is not all zeros, once it is stored, or is known to be.
     * It is called from any thread of the push, but by one at a time, and in no order: sort by
     * index. It must not wait, since the others wait for it. All calls are over when the push
     * returns. Where the root is retired meanwhile the push starts again, and tells of each chunk
     * once more: what was told last of an index counts. Nothing that it is told of a push that
     * fails is certain. May be NULL. */
    li_push_report *report;
    void *report_arg;
};

/* How many chunks the push found out about by each way. */
struct li_push_ways {
    uint64_t manifest;
    uint64_t kept;
    uint64_t listing;
    uint64_t asked;
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

/* Pushes IMAGE into the newest active root of REPO, which needs its KMS. RESULT is set on success
 * only. LI_EINVALID (a pin, no KMS, a size that does not fit), LI_ELIMIT (too many chunks),
 * LI_ECHANGED where roots were retired again and again meanwhile, what the source and CONFIRM
 * return, and the failures of store and KMS. Several pushes may run at once. */
int li_push_image(struct li_repo *repo, const struct li_push_image *image,
                  const struct li_push_options *options, struct li_push_result *result,
                  struct li_error *err);

/* Opens the memo in DIR for pushes into REPO, under the salt in force: see li_memo_open(), also for
 * MADE_BY. REPO's env must outlive it. LI_EINVALID without a KMS, what li_root_active() and
 * li_salt_open() return, and the file system's failures. */
int li_push_memo(struct li_repo *repo, const char *dir, const char *made_by, struct li_memo **out,
                 struct li_error *err);

#endif
