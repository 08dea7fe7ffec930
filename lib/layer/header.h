/* SPDX-License-Identifier: Apache-2.0 */
/* A second look at the raw headers of a tar's entry, for what libarchive does not tell of them. */
#ifndef LI_LAYER_HEADER_H
#define LI_LAYER_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_header {
    char type;       /* the type flag */
    uint64_t end;    /* the first byte behind the entry's own header, in the layer */
    uint64_t length; /* bytes that are stored behind it; a sparse map of PAX 1.0 is among them */
    bool time_is_negative; /* what a PAX record says of the time begins with a minus */
};

/* Sets *BYTES to LEN bytes of the layer from OFFSET on; they are valid up to the next call. */
typedef int li_header_look(void *arg, uint64_t offset, size_t len, const uint8_t **bytes,
                           struct li_error *err);

/* Reads the headers that begin at OFFSET, which libarchive has read without an error. Errors:
 * LI_EUNSUPPORTED (a type that is not known), LI_ECORRUPT (a NUL in a name, an ACL that cannot be
 * read, PAX records that are none). */
int li_header_read(li_header_look *look, void *arg, uint64_t offset, struct li_header *out,
                   struct li_error *err);

#endif
