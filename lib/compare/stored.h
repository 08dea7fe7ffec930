/* SPDX-License-Identifier: Apache-2.0 */
/* An image in a repository against the archive that it was pushed from. */
#ifndef LI_COMPARE_STORED_H
#define LI_COMPARE_STORED_H

#include "base/env.h"
#include "base/error.h"
#include "compare/compare.h"
#include "image/image.h"
#include "manifest/manifest.h"
#include "repo/repo.h"

/* What is compared. Everything is borrowed for the call. */
struct li_compare_stored {
    struct li_repo *repo; /* opened with a KMS */
    const struct li_manifest *manifest;
    const char *path; /* of the original, see li_image_open() */
    struct li_image_options image;
    const struct li_env *env;
    /* Called for each note on the original (see li_image_notes()) before its layers are read. TEXT
     * is valid during the call only. May be NULL. */
    void (*note)(void *arg, const char *text);
    void *note_arg;
};

/* Opens both sides and compares them: see li_compare(). Errors: those of li_image_open(), of
 * fetching chunks and of li_compare(); LI_EUNSUPPORTED if the manifest's layout is not known. */
int li_compare_stored(const struct li_compare_stored *what,
                      const struct li_compare_reports *reports, struct li_compare_result *out,
                      struct li_error *err);

#endif
