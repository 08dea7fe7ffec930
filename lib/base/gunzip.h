/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952), for decompress.c. The functions are like those of decompress.h. */
#ifndef LI_BASE_GUNZIP_H
#define LI_BASE_GUNZIP_H

#include "base/decompress.h"

struct li_gunzip;

/* Begins to read what SOURCE gives for ARG. The caller frees *OUT. LI_ENOMEM. */
int li_gunzip_new(li_decompress_source *source, void *arg, struct li_gunzip **out,
                  struct li_error *err);

/* Reads up to LEN bytes; *GOT is 0 only at the end. LI_ECORRUPT, and the errors of the source. */
int li_gunzip_read(struct li_gunzip *g, void *buf, size_t len, size_t *got, struct li_error *err);

/* NULL is allowed. The source is not freed. */
void li_gunzip_free(struct li_gunzip *g);

#endif
