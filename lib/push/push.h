/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pushes an image into a repository (D5): first its chunks, then its manifest and the wrap of the
 * manifest's key, then root.json once more, then the pointer. Nothing is locked. A push that dies
 * leaves objects that nothing points at.
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

/* What is pushed, and under which name. Everything is borrowed. */
struct li_push_image {
    const struct li_reference *reference; /* a tag, not a pin */
    /* What the manifest says: os, architecture, config, layers, size, layout, tool, libraries.
     * Other fields are ignored. */
    const struct li_manifest *about;
    const struct li_chunk_source *source;
};

/* How a push found out whether the repository has a chunk. */
enum li_push_way {
    LI_PUSH_UNASKED,  /* not at all: the image has the same chunk elsewhere */
    LI_PUSH_MANIFEST, /* the tag's last manifest has it, or that of a tag close to it */
    LI_PUSH_KEPT,     /* this host knew it: see struct li_push_options.memo */
    LI_PUSH_LISTING,  /* by a listing of all chunks, whether it is there or not */
    LI_PUSH_ASKED,    /* by a request for this chunk */
};

/* What became of a chunk. */
enum li_push_fate {
    LI_PUSH_NEW,      /* stored by this push; in a dry run, to be stored */
    LI_PUSH_KNOWN,    /* the repository has it already */
    LI_PUSH_REPEATED, /* the same as another chunk of the image, which is new, known or mended */
    LI_PUSH_MENDED,   /* damaged in the repository; replaced, or, in a dry run, to be replaced */
};

struct li_push_chunk {
    uint32_t index;      /* position in the image, in chunks of LI_CHUNK_SIZE */
    const uint8_t *name; /* LI_NAME_SIZE bytes; the push owns them */
    enum li_push_fate fate;
    enum li_push_way way;
    bool recalled; /* the memo knew its digest, so it was not read */
    size_t sealed; /* bytes of the object, for NEW and MENDED; else 0 */
};

/* Receives a chunk. A negative return ends the push with it. */
typedef int li_push_report(void *arg, const struct li_push_chunk *chunk, struct li_error *err);

/* How to push. A seal policy of zeros is not valid; everything else may be zero. */
struct li_push_options {
    struct li_seal_policy seal; /* but its padding: the repository's policy has that (D3) */
    bool dry_run;               /* store nothing, count what would be stored */
    bool check_existing;        /* fetch and check existing chunks, replace those that fail */
    /* Called before each object is stored, from any thread but one at a time. It says whether the
     * data read so far is right: 0, or why the image must not be kept. It may wait; chunks are read
     * and named meanwhile. May be NULL. */
    li_chunk_confirm *confirm;
    void *confirm_arg;
    /* Chunks whose digest the memo knows are read only if the repository does not have them; it
     * learns the others. Not used under another salt, nor with check_existing. May be NULL. */
    struct li_memo *memo;
    const struct li_progress *progress; /* of reading; may be NULL */
    /* Receives each chunk of the image that is not all zeros, once it is stored, or is known to be.
     * A repeated chunk may come before the chunk that it repeats. It is called from any thread of
     * the push, one at a time, and in no order: sort by index. It must not wait, because the other
     * threads wait for it. All calls are over when the push returns. If the root is retired
     * meanwhile, the push starts again and reports each chunk again: the last report for an index
     * counts. If the push fails, no report is certain. May be NULL. */
    li_push_report *report;
    void *report_arg;
};

/* How many chunks the push found in each way. */
struct li_push_ways {
    uint64_t manifest;
    uint64_t kept;
    uint64_t listing;
    uint64_t asked;
};

struct li_push_result {
    uint8_t manifest[LI_ID_SIZE];
    uint64_t chunks;       /* chunks of the image that are not all zeros */
    uint64_t new_chunks;   /* chunks that this push stored, or would store */
    uint64_t new_bytes;    /* sealed bytes of these */
    uint64_t known_chunks; /* chunks that the repository had, or that recur within the image */
    uint64_t memo_chunks;  /* chunks whose digest the memo knew, and that were not read */
    uint64_t mended;       /* chunks replaced by check_existing */
    uint64_t metadata;     /* bytes of manifest, wraps and pointer */
    struct li_push_ways ways;
};

/* Pushes IMAGE into the newest active root of REPO, which needs its KMS. A repository without an
 * identity gets one, without padding, unless this is a dry run. RESULT is set on success
 * only. LI_EINVALID (a pin, no KMS, a size that does not fit), LI_ELIMIT (too many chunks),
 * LI_ECHANGED if roots were retired again and again meanwhile, the errors of the source and of
 * CONFIRM, and the errors of
 * li_repo_identity(). Several pushes may run at once. */
int li_push_image(struct li_repo *repo, const struct li_push_image *image,
                  const struct li_push_options *options, struct li_push_result *result,
                  struct li_error *err);

/* Opens the memo in DIR for pushes into REPO, under the current salt: see li_memo_open(), also for
 * MADE_BY. REPO's env must outlive it. LI_EINVALID without a KMS, the errors of li_root_active()
 * and li_salt_open(), and the file system's failures. */
int li_push_memo(struct li_repo *repo, const char *dir, const char *made_by, struct li_memo **out,
                 struct li_error *err);

#endif
