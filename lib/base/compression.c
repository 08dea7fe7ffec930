/* SPDX-License-Identifier: Apache-2.0 */
/* A zstd stream may begin with a skippable frame (RFC 8878, 3.1.2), as those of pzstd do. */
#include "base/compression.h"

#include <string.h>

#include "base/bytes.h"

enum li_compression li_compression_of(const uint8_t *head, size_t len)
{
    static const uint8_t gzip[] = {0x1f, 0x8b}, xz[] = {0xfd, '7', 'z', 'X', 'Z', 0};
    static const uint32_t zstd = 0xfd2fb528, zstd_skippable = 0x184d2a5;
    uint32_t word = len >= sizeof(word) ? li_get_le32(head) : 0;

    if (len >= sizeof(gzip) && memcmp(head, gzip, sizeof(gzip)) == 0)
        return LI_COMPRESSION_GZIP;
    if (word == zstd || word >> 4 == zstd_skippable)
        return LI_COMPRESSION_ZSTD;
    if (len >= sizeof(xz) && memcmp(head, xz, sizeof(xz)) == 0)
        return LI_COMPRESSION_XZ;
    return LI_COMPRESSION_NONE;
}
