/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files of randomtar, in the four forms that GNU tar has had for them. */
#ifndef LI_TESTS_TARSPARSE_H
#define LI_TESTS_TARSPARSE_H

#include <stdbool.h>

#include "tests/tools/tarmake.h"

/* An entry with the header's name, owner and so on. ODD allows maps that are broken. */
void tar_put_sparse(struct li_buffer *tar, struct tar_header *header, bool odd);

#endif
