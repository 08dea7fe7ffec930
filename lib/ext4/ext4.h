/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ext4 image: a plan of where everything lies, from which any chunk can be produced at any
 * time.
 *
 * The plan is a function of the tree alone. No image is kept anywhere: a chunk of metadata is made
 * from the plan's arrays, a chunk of data is read from the layers. See DESIGN.md for the layout,
 * and the kernel's Documentation/filesystems/ext4 for the structures.
 */
#ifndef LI_EXT4_EXT4_H
#define LI_EXT4_EXT4_H

#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "chunk/source.h"
#include "layer/tree.h"

/* Changes whenever the same layers would give other bytes. */
enum { LI_EXT4_LAYOUT_VERSION = 2 };

enum { LI_EXT4_BLOCK_SIZE = 4096 };

struct li_ext4;

/* Plans the image of TREE, which must outlive the plan. Errors: LI_ELIMIT (a directory, an
 * attribute set or the whole is larger than ext4 or lambdaimg allows), LI_ENOMEM. */
int li_ext4_plan(const struct li_tree *tree, struct li_ext4 **out, struct li_error *err);

/* NULL is allowed. */
void li_ext4_free(struct li_ext4 *ext4);

/* The image's length in bytes, a multiple of the chunk size. */
uint64_t li_ext4_size(const struct li_ext4 *ext4);

/* The plan as a source of chunks, for any number of threads; it borrows the plan. */
struct li_chunk_source li_ext4_source(const struct li_ext4 *ext4);

#endif
