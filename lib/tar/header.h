/* SPDX-License-Identifier: Apache-2.0 */
/* One block of a tar: a header, zeros, or something else. */
#ifndef LI_TAR_HEADER_H
#define LI_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LI_TAR_NAME_MAX = 100 + 1 + 155, /* bytes of a header's name with its prefix */
    LI_TAR_LINK_MAX = 100,
};

enum li_tar_form { LI_TAR_V7, LI_TAR_USTAR, LI_TAR_STAR, LI_TAR_GNU };

struct li_tar_header {
    enum li_tar_form form;
    char type; /* the type flag */
    int64_t mode, uid, gid, size, mtime, dev_major, dev_minor;
    char name[LI_TAR_NAME_MAX + 1];
    char link[LI_TAR_LINK_MAX + 1];
};

/* Whether BLOCK, of LI_TAR_BLOCK bytes, is all zeros. */
bool li_tar_is_zero(const uint8_t *block);

/* Whether BLOCK is a header: its checksum, of signed or of unsigned bytes, matches. */
bool li_tar_is_header(const uint8_t *block);

/* Reads a block that is a header. The name is filled in even if the rest fails; LI_ECORRUPT. */
int li_tar_header_read(const uint8_t *block, struct li_tar_header *out, struct li_error *err);

#endif
