/* SPDX-License-Identifier: Apache-2.0 */
/* convert --explain. */
#ifndef LI_CMD_EXPLAIN_H
#define LI_CMD_EXPLAIN_H

#include <stdbool.h>

#include "cmd/common/context.h"

/* Prints where everything lies in the image. */
int explain(const struct flattened *flattened, bool as_json, struct li_error *err);

#endif
