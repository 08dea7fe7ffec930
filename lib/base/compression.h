/* SPDX-License-Identifier: Apache-2.0 */
/* The compressions that images and their layers come in, told by their first bytes. */
#ifndef LI_BASE_COMPRESSION_H
#define LI_BASE_COMPRESSION_H

#include <stddef.h>
#include <stdint.h>

enum li_compression {
    LI_COMPRESSION_NONE,
    LI_COMPRESSION_GZIP,
    LI_COMPRESSION_ZSTD,
    LI_COMPRESSION_XZ,
};

/* How many bytes these functions want to see. */
enum { LI_COMPRESSION_HEAD = 16 };

/* What begins with the LEN bytes at HEAD. */
enum li_compression li_compression_of(const uint8_t *head, size_t len);

/* What begins with the LEN bytes at HEAD, where it is compressed in a way that is not read
 * ("bzip2"), for an error text; NULL where it is not known to be. No tar begins so. */
const char *li_compression_unread(const uint8_t *head, size_t len);

#endif
