/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the waste. */
#ifndef LI_REPORT_WASTE_INTERNAL_H
#define LI_REPORT_WASTE_INTERNAL_H

#include <stdbool.h>

#include "base/sha256.h"
#include "report/waste.h"

/* A regular file whose contents are compared. */
struct li_waste_candidate {
    uint32_t inode;
    bool known; /* DIGEST is that of its contents */
    uint8_t digest[LI_SHA256_SIZE];
};

/* waste_left.c: whether what is in the directory NODE, and below it, was left behind. */
bool li_waste_is_left(const struct li_tree *tree, uint32_t node);

/* waste_digest.c: fills in the digests of the COUNT candidates, in any order, of which those that
 * MEMO knows are not read. It changes their order. */
int li_waste_digest(const struct li_tree *tree, struct li_memo *memo,
                    struct li_waste_candidate *candidate, size_t count, struct li_error *err);

#endif
