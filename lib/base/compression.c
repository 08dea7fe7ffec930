/* SPDX-License-Identifier: Apache-2.0 */
/* A zstd stream may begin with a skippable frame (RFC 8878, 3.1.2), as pzstd's streams do. */
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

/* Its header has no magic number: a byte of properties, nearly always the same, and the size of the
 * dictionary, in practice a multiple of 64 KiB. A tar could begin like that with a file called "]",
 * but its name is followed by zeros. */
static int is_lzma(const uint8_t *head, size_t len)
{
    uint32_t dictionary = len >= 13 ? li_get_le32(head + 1) : 0;

    return dictionary != 0 && head[0] == 0x5d && dictionary % 65536 == 0;
}

const char *li_compression_unread(const uint8_t *head, size_t len)
{
    static const struct {
        const char *name;
        size_t len;
        uint8_t magic[8];
    } forms[] = {
        {"lz4", 4, {0x04, 0x22, 0x4d, 0x18}},
        {"lzip", 5, {'L', 'Z', 'I', 'P', 1}},
        {"lzop", 8, {0x89, 'L', 'Z', 'O', 0, 0x0d, 0x0a, 0x1a}},
        {"7-Zip", 6, {'7', 'z', 0xbc, 0xaf, 0x27, 0x1c}},
        {"zip", 4, {'P', 'K', 3, 4}},
    };
    static const uint8_t block[] = {0x31, 0x41, 0x59, 0x26, 0x53, 0x59}, end[] = {0x17, 0x72, 0x45};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (len >= forms[i].len && memcmp(head, forms[i].magic, forms[i].len) == 0)
            return forms[i].name;
    if (len >= 10 && memcmp(head, "BZh", 3) == 0 &&
        (memcmp(head + 4, block, sizeof(block)) == 0 || memcmp(head + 4, end, sizeof(end)) == 0))
        return "bzip2";
    if (len >= 3 && head[0] == 0x1f && head[1] == 0x9d && (head[2] & 0x60) == 0)
        return "compress";
    return is_lzma(head, len) ? "lzma" : NULL;
}
