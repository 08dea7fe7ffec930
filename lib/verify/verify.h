/* SPDX-License-Identifier: Apache-2.0 */
/* Checks every stored chunk of an image, and repairs bad chunks from the original image. */
#ifndef LI_VERIFY_VERIFY_H
#define LI_VERIFY_VERIFY_H

#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "chunk/source.h"
#include "crypto/seal.h"
#include "manifest/manifest.h"
#include "repo/repo.h"

/* Each may be NULL. */
struct li_verify_options {
    const struct li_chunk_source *repair; /* the original image, to make bad chunks from */
    const struct li_seal_policy *seal;    /* how to seal these, but for the padding, which the
                                     repository's policy    has; needed with REPAIR only */
    const struct li_progress *progress;
};

struct li_verify_result {
    uint64_t chunks;
    uint64_t bytes;  /* sealed bytes fetched */
    uint64_t bad;    /* chunks that were missing or failed a check */
    uint64_t mended; /* of these, replaced */
};

/* Fetches and checks every chunk of MANIFEST, from REPO's store and without any cache. With an
 * image to repair from, each bad chunk is made from it again, compared with the manifest's digest,
 * sealed and replaced; REPO needs its KMS for that. Returns LI_ECORRUPT if bad chunks remain; the
 * text names the first. LI_EINVALID if REPAIR is another image. Any other failure says nothing
 * about the chunks. RESULT is always set. */
int li_verify(struct li_repo *repo, const struct li_manifest *manifest,
              const struct li_verify_options *options, struct li_verify_result *result,
              struct li_error *err);

#endif
