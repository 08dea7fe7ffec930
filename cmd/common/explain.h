/* SPDX-License-Identifier: Apache-2.0 */
/* convert --explain. */
#ifndef LI_CMD_EXPLAIN_H
#define LI_CMD_EXPLAIN_H

#include <stdbool.h>

#include "base/error.h"
#include "flatten/flatten.h"

/* Prints where everything lies in the image. */
int explain(const struct li_flattened *flattened, bool as_json, struct li_error *err);

#endif
