/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a push of an image would cost, and why: a dry run of the push, and the blame for what is
 * new. Nothing is stored.
 */
#ifndef LI_REPORT_IMAGE_H
#define LI_REPORT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/seal.h"
#include "flatten/flatten.h"
#include "manifest/reference.h"
#include "report/blame.h"
#include "report/costs.h"
#include "report/report.h"
#include "report/waste.h"

/* What the image is compared with: an image of the repository, or another that is not stored. */
struct li_report_base {
    bool there;     /* if not, the other fields are 0 */
    bool flattened; /* it is not stored, and has neither of these: */
    struct li_reference reference;
    uint8_t manifest[LI_ID_SIZE];
    uint64_t table;   /* chunks of the base, zeros apart */
    uint64_t chunks;  /* of these, different ones */
    uint64_t common;  /* of these, chunks that the image has, too */
    uint64_t changed; /* different chunks of the image that the base does not have */
};

struct li_image_report {
    uint64_t size;                  /* of the ext4 image, bytes */
    uint64_t chunks[LI_COST_KINDS]; /* by kind; their sum is the number of all chunks */
    struct li_report_sum fresh;     /* new chunks, and the bytes of their objects */
    uint64_t requests;              /* of a push: objects that it would write */
    uint64_t sent;                  /* bytes of these objects */
    struct li_report_base base;
    struct li_blame blame;
    struct li_waste waste;
};

struct li_image_report_options {
    const struct li_reference *reference; /* the tag that would be pushed to */
    const struct li_reference *base; /* NULL: the tag of REFERENCE's name that was pushed last */
    struct li_flattened *base_image; /* in place of BASE, if not NULL; it is confirmed, too */
    struct li_seal_policy seal;
    struct li_memo *memo;               /* as for a push; may be NULL */
    const struct li_progress *progress; /* may be NULL */
    unsigned deadline;                  /* seconds to wait for a chunk of the base */
};

/* Reports on FLATTENED, whose layers are confirmed before anything is returned. REPO needs its KMS.
 * Errors: li_push_image()'s; li_repo_manifest()'s for the base, LI_ENOTFOUND only if BASE does not
 * exist; LI_ENOMEM. The caller frees OUT with li_image_report_free(). */
int li_report_on_image(struct li_repo *repo, struct li_flattened *flattened,
                       const struct li_image_report_options *options, struct li_image_report *out,
                       struct li_error *err);

void li_image_report_free(struct li_image_report *report); /* NULL and zeros are allowed */

#endif
