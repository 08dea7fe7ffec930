/* SPDX-License-Identifier: Apache-2.0 */
/* zstd (RFC 8878), for decompress.c. The functions are like those of decompress.h. */
#ifndef LI_BASE_UNZSTD_H
#define LI_BASE_UNZSTD_H

#include "base/decompress.h"

struct li_unzstd;

/* Begins to read what SOURCE gives for ARG. Windows are taken from BUDGET, which may be NULL. The
 * caller frees *OUT. LI_ENOMEM. */
int li_unzstd_new(li_decompress_source *source, void *arg, struct li_budget *budget,
                  struct li_unzstd **out, struct li_error *err);

/* Reads up to LEN bytes; *GOT is 0 only at the end. LI_ECORRUPT, LI_EUNSUPPORTED, LI_ENOMEM, and
 * the errors of the source. */
int li_unzstd_read(struct li_unzstd *z, void *buf, size_t len, size_t *got, struct li_error *err);

/* NULL is allowed. The source is not freed. */
void li_unzstd_free(struct li_unzstd *z);

#endif
