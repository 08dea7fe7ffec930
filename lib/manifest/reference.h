/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References: `name:tag`, or `name@ID`, which pins a manifest.
 *
 * A name is one or more components of [a-z0-9._-] separated by '/', each beginning and ending with
 * a letter or digit. The first component may end with a port (":5000") if another follows. A tag is
 * 1 to 128 of [A-Za-z0-9._-], not beginning with '.' or '-'. An ID is 32 hexadecimal digits. `name`
 * alone means `name:latest`.
 */
#ifndef LI_MANIFEST_REFERENCE_H
#define LI_MANIFEST_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kms/kms.h"

enum { LI_REFERENCE_NAME_MAX = 200, LI_REFERENCE_TAG_MAX = 128 };

struct li_reference {
    char name[LI_REFERENCE_NAME_MAX + 1];
    char tag[LI_REFERENCE_TAG_MAX + 1]; /* "" if pinned */
    bool pinned;
    uint8_t id[LI_ID_SIZE]; /* if pinned */
};

/* Parses TEXT; LI_EINVALID says what is wrong with it. */
int li_reference_parse(const char *text, struct li_reference *out, struct li_error *err);

#endif
