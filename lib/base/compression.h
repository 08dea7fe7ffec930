/* SPDX-License-Identifier: Apache-2.0 */
/* The compressions of images and layers, recognised by their first bytes. */
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

/* How many bytes these functions need. */
enum { LI_COMPRESSION_HEAD = 16 };

/* The compression that the LEN bytes at HEAD begin. */
enum li_compression li_compression_of(const uint8_t *head, size_t len);

/* The name of a compression that lambdaimg cannot read ("bzip2"), if the LEN bytes at HEAD begin
 * one, for an error text; else NULL. No tar begins like that. */
const char *li_compression_unread(const uint8_t *head, size_t len);

#endif
