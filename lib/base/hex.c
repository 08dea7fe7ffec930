/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include "base/error.h"

void li_hex_encode(const uint8_t *bytes, size_t len, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * len] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int li_hex_decode(const char *text, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int hi = digit(text[2 * i]);
        int lo = hi < 0 ? -1 : digit(text[2 * i + 1]);

        if (lo < 0)
            return LI_EINVALID;
        bytes[i] = (uint8_t)(hi << 4 | lo);
    }
    return text[2 * len] == '\0' ? 0 : LI_EINVALID;
}
