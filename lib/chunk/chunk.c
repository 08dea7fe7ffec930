/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every chunk of every image is tested for zeros, and nearly always the first bytes show that it
 * has data. So the first word is tested first. If it is zero, the buffer is compared with itself
 * shifted by one word, which shows at memcmp()'s speed that each word equals the one before it.
 */
#include "chunk/chunk.h"

#include <string.h>

bool li_chunk_is_zero(const uint8_t *buf)
{
    uint64_t word;

    memcpy(&word, buf, sizeof(word));
    return word == 0 && memcmp(buf, buf + sizeof(word), LI_CHUNK_SIZE - sizeof(word)) == 0;
}
