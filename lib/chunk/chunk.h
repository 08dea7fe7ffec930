/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks: 512 KiB of an image, the unit that is named, stored and fetched. */
#ifndef LI_CHUNK_CHUNK_H
#define LI_CHUNK_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

enum { LI_CHUNK_SIZE = 512 * 1024 };

/* The most chunks an image may have: 1 TiB. */
enum { LI_CHUNK_MAX_COUNT = 1 << 21 };

/* Whether the LI_CHUNK_SIZE bytes at BUF are all zero. Such chunks are not stored. */
bool li_chunk_is_zero(const uint8_t *buf);

#endif
