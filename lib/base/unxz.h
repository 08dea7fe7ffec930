/* SPDX-License-Identifier: Apache-2.0 */
/* xz, for decompress.c. The functions are like those of decompress.h. */
#ifndef LI_BASE_UNXZ_H
#define LI_BASE_UNXZ_H

#include "base/decompress.h"

struct li_unxz;

/* Begins to read what SOURCE gives for ARG. Dictionaries are taken from BUDGET, which may be NULL.
 * The caller frees *OUT. LI_ENOMEM. */
int li_unxz_new(li_decompress_source *source, void *arg, struct li_budget *budget,
                struct li_unxz **out, struct li_error *err);

/* Reads up to LEN bytes; *GOT is 0 only at the end. LI_ECORRUPT, LI_EUNSUPPORTED, LI_ENOMEM, and
 * the errors of the source. */
int li_unxz_read(struct li_unxz *x, void *buf, size_t len, size_t *got, struct li_error *err);

/* NULL is allowed. The source is not freed. */
void li_unxz_free(struct li_unxz *x);

#endif
