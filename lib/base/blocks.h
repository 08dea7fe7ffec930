/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of an image by their offset: what the ext4 reader stands on.
 *
 * It lies in base because those that give blocks (the reader of a repository, a plain file) and
 * those that take them (the ext4 reader, the mount) must not see each other.
 */
#ifndef LI_BASE_BLOCKS_H
#define LI_BASE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct li_blocks {
    void *self;
    uint64_t size; /* bytes */
    /* Reads LEN bytes at OFFSET, both within the size. Whatever it returns but 0 is a failure, and
     * passes through li_as_failure(). Called from many threads at once. */
    int (*read)(void *self, uint64_t offset, size_t len, void *buf, struct li_error *err);
};

#endif
