/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX ACLs as text, and in the external form of the kernel, version 2 of posix_acl_xattr (Linux,
 * include/uapi/linux/posix_acl_xattr.h). */
#ifndef LI_LAYER_ACL_H
#define LI_LAYER_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum {
    LI_ACL_HEADER = 4, /* bytes of an ACL without entries */
    LI_ACL_ENTRY = 8,
};

/* Replaces OUT by the external form of TEXT, as star and libarchive write it in PAX records:
 * entries "user::rw-", "user:1000:r--" or "user:name:r--:1000", separated by commas or line breaks,
 * with comments from '#' to the end of a line. LI_END if an entry has a name and no number, as GNU
 * tar writes it; NAME is then replaced by the first such entry, "user:name", and a NUL. Errors:
 * LI_ECORRUPT if TEXT is not an ACL, LI_EUNSUPPORTED for an owner that Linux does not have,
 * LI_ELIMIT, LI_ENOMEM. */
int li_acl_from_text(const char *text, size_t len, struct li_buffer *out, struct li_buffer *name,
                     struct li_error *err);

/* Adds the entries for the owner, the group and others that an access ACL in the external form
 * lacks, from MODE, as libarchive does. An ACL without entries does not change. LI_ELIMIT,
 * LI_ENOMEM. */
int li_acl_complete(struct li_buffer *acl, uint16_t mode, struct li_error *err);

/* Whether the kernel accepts the external form (posix_acl_valid). *MODE gets the permission bits;
 * *EXTENDED says whether the ACL says more than they do. */
bool li_acl_is_valid(const uint8_t *value, size_t size, uint16_t *mode, bool *extended);

#endif
