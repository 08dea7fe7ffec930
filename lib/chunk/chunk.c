/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a chunk is all zeros is asked of every chunk of every image, and nearly always the answer
 * is no, after a few bytes: a chunk mostly begins with data. So the first word is looked at before
 * anything else. Where it is zero, comparing the buffer with itself one word further on says that
 * each word equals the one before it, at the speed of the C library's memcmp().
 */
#include "chunk/chunk.h"

#include <string.h>

bool li_chunk_is_zero(const uint8_t *buf)
{
    uint64_t word;

    memcpy(&word, buf, sizeof(word));
    return word == 0 && memcmp(buf, buf + sizeof(word), LI_CHUNK_SIZE - sizeof(word)) == 0;
}
