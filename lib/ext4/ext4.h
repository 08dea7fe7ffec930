/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ext4 image: a plan of where everything lies, from which any chunk can be produced at any
 * time.
 *
 * The plan is a function of the tree and of the image's size. No image is kept anywhere: a chunk of
 * metadata is made from the plan's arrays, and a chunk of data is read from the layers. See
 * DESIGN.md for the layout, and the kernel's Documentation/filesystems/ext4 for the structures.
 */
#ifndef LI_EXT4_EXT4_H
#define LI_EXT4_EXT4_H

#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "chunk/source.h"
#include "layer/tree.h"

enum { LI_EXT4_BLOCK_SIZE = 4096 };

/* How large the file system becomes. Its free space is for writable mounts. */
enum li_ext4_sizing {
    LI_EXT4_ROOM_DEFAULT, /* free: a quarter of what is used, at least 64 MiB; the size is a
                             multiple of 128 MiB */
    LI_EXT4_ROOM_SIZE,    /* size: AMOUNT bytes, rounded up to chunks; at most 1 TiB */
    LI_EXT4_ROOM_FREE,    /* free: at least AMOUNT bytes; the size is a multiple of 128 MiB */
    LI_EXT4_ROOM_PERCENT, /* free: at least AMOUNT percent of what is used; the same */
};

enum { LI_EXT4_PERCENT_MAX = 10000 };

struct li_ext4_room {
    enum li_ext4_sizing sizing;
    uint64_t amount;
};

struct li_ext4;

/* Plans the image of TREE, by the layout that the tree was built for. TREE must outlive the plan.
 * ROOM may be NULL for the default. One size has one plan, whatever ROOM led to it:
 * LI_EXT4_ROOM_SIZE with the li_ext4_size() of another plan of the tree gives the same plan.
 * Errors: LI_ELIMIT (a directory, an attribute set or the whole is larger than ext4 or lambdaimg
 * allows), LI_EINVALID (the files do not fit the size; the text says what they need), LI_ENOMEM. */
int li_ext4_plan(const struct li_tree *tree, const struct li_ext4_room *room, struct li_ext4 **out,
                 struct li_error *err);

/* NULL is allowed. */
void li_ext4_free(struct li_ext4 *ext4);

/* The image's length in bytes, a multiple of the chunk size. */
uint64_t li_ext4_size(const struct li_ext4 *ext4);

/* The plan as a source of chunks, for any number of threads. It borrows the plan. */
struct li_chunk_source li_ext4_source(const struct li_ext4 *ext4);

#endif
